# Commands that are not ours: add-superadmin, list-users and migrate run InfluxData's chronoctl, which ours replaces.
load helper

setup() {
	private_environment
	export CHRONOCTL_INFLUXDATA=$SCRATCH/influxdata
}

# influxdata LINE…: a shell script in place of InfluxData's program.
influxdata() {
	printf '%s\n' '#!/bin/sh' "$@" >"$CHRONOCTL_INFLUXDATA"
	chmod +x "$CHRONOCTL_INFLUXDATA"
}

@test "its three commands get their arguments unchanged, and their exit status is ours" {
	local command
	influxdata 'printf "[%s]" "$@"' 'exit 7'
	for command in add-superadmin list-users migrate; do
		chronoctl "$command" --help '' 'a b' $'c\nd' --bolt-path=/x -k token
		[ "$status" -eq 7 ]
		[ "$output" = "[$command][--help][][a b][c"$'\n'"d][--bolt-path=/x][-k][token]" ]
		is_silent
	done
}

@test "no other command is handed over, nor anything that is not a command" {
	influxdata 'echo theirs'
	chronoctl --version
	never_says theirs
	chronoctl token --help
	never_says theirs
	chronoctl list-user
	refused 2 'list-user'
	chronoctl --verbose list-users
	refused 2 '--verbose'
}

@test "it replaces our process, and a signal that ends it ends what was started" {
	influxdata 'echo $$' 'kill -TERM $$'
	status=0
	output=$(exec "$CHRONOCTL" list-users & echo "$!" >"$SCRATCH/pid"; wait $!) || status=$?
	[ "$status" -eq 143 ]
	[ "$output" = "$(cat "$SCRATCH/pid")" ]
}

# inherits LINE…: what a program finds itself in is the same, started by a shell that has run these lines, or handed over to.
inherits() {
	influxdata \
		'tr "\0" "\n" </proc/self/environ | grep -v "^_=" | sort' \
		'grep -E "^(Sig(Blk|Ign|Cgt)|NoNewPrivs|Seccomp|Cap...):" /proc/self/status' \
		'cat /proc/self/limits' \
		'for number in 0 1 2 3 4 5 6 7; do readlink "/proc/$$/fd/$number" || echo "no $number"; done' \
		'stat -c "owner %U" /proc/$$/fd' \
		'pwd; umask'
	printf '%s\n' "$@" "exec $CHRONOCTL_INFLUXDATA list-users" >"$SCRATCH/direct.sh"
	printf '%s\n' "$@" "exec $CHRONOCTL list-users" >"$SCRATCH/handed.sh"
	(as_user bash "$SCRATCH/direct.sh" <&- >"$SCRATCH/found" 2>&1) || true
	mv "$SCRATCH/found" "$SCRATCH/directly"
	(as_user bash "$SCRATCH/handed.sh" <&- >"$SCRATCH/found" 2>&1) || true
	grep -q '^Max core file size' "$SCRATCH/directly"
	differences=$(diff "$SCRATCH/directly" "$SCRATCH/found") ||
		fail "< started by the shell, > handed over to" "$differences"
}

@test "it has the signals, limits, descriptors and environment that we had" {
	ASAN_OPTIONS+=:disable_coredump=0 # else the sanitizer sets the limit of core files
	inherits :
	inherits "trap '' PIPE INT" 'ulimit -S -c 1000' 'umask 077' 'cd /'
	inherits 'ulimit -f 100' 'export http_proxy=x A="b c"' 'exec 5</dev/null'
}

@test "CHRONOCTL_PIN stays with us, and nothing else does" {
	influxdata 'env'
	CHRONOCTL_PIN=$PIN BOLT_PATH=/b chronoctl list-users
	[ "$status" -eq 0 ]
	never_says "$PIN" CHRONOCTL_PIN=
	grep -qx 'BOLT_PATH=/b' <<<"$output"
	env=$(env CHRONOCTL_PIN="$PIN" CHRONOCTL_PIN=again CHRONOCTL_SIGNER=file "$CHRONOCTL" list-users)
	[[ $env != *CHRONOCTL_PIN=* && $env == *CHRONOCTL_SIGNER=file* ]]
}

@test "it is never this program itself, by whatever name" {
	local name
	cp "$CHRONOCTL" "$SCRATCH/chronoctl"
	ln "$SCRATCH/chronoctl" "$SCRATCH/hard"
	ln -s chronoctl "$SCRATCH/soft"
	CHRONOCTL=$SCRATCH/chronoctl
	for name in "$SCRATCH/chronoctl" "$SCRATCH/hard" "$SCRATCH/soft" /proc/self/exe; do
		CHRONOCTL_INFLUXDATA=$name chronoctl migrate
		refused 1 "is this program"
	done
}

@test "if it is not installed, the message says what the command is, and where it comes from" {
	local command
	for command in add-superadmin list-users migrate; do
		chronoctl "$command" -b /var/lib/chronograf/chronograf-v1.db
		refused 1 "'$command'" "InfluxData's .* package chronograf" 'database file of a stopped server' \
			"$CHRONOCTL_INFLUXDATA: No such file" 'CHRONOCTL_INFLUXDATA gives another path'
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
	: >"$CHRONOCTL_INFLUXDATA"
	chronoctl list-users
	refused 1 'Permission denied'
}

@test "without CHRONOCTL_INFLUXDATA, or with an empty one, the path is that of the build" {
	[ ! -e /usr/bin/chronoctl ] || skip "InfluxData's chronoctl, or ours, is installed here"
	unset CHRONOCTL_INFLUXDATA
	chronoctl list-users
	refused 1 '\(/usr/bin/chronoctl(\.influxdata)?: No such file'
	CHRONOCTL_INFLUXDATA='' chronoctl list-users
	refused 1 '\(/usr/bin/chronoctl(\.influxdata)?: No such file'
}

@test "their help is theirs, and ours names the commands" {
	influxdata 'echo "theirs: $*"'
	chronoctl migrate --help
	[ "$output" = "theirs: migrate --help" ]
	chronoctl help migrate
	[ "$status" -eq 0 ]
	[[ $output == *"by InfluxData's chronoctl"* ]]
	chronoctl --help
	[[ $output == *"commands of InfluxData's own chronoctl"*add-superadmin*list-users*migrate* ]]
}
