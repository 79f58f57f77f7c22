# What the system shows of the command's processes: no PIN in a command line, an environment, or swap.
load helper
load secrets

# The process and all that descend from it.
family() {
	cat /proc/[0-9]*/stat 2>/dev/null | awk -v first="$1" '
		{ pid = $1; sub(/^.*\) /, ""); parent[pid] = $2 }
		END {
			for (pid in parent) {
				ancestor = pid
				while (ancestor != first && ancestor in parent)
					ancestor = parent[ancestor]
				if (ancestor == first)
					print pid
			}
		}'
}

# While the server is waited for, no process of the command shows the PIN. What may not be read shows nothing.
waiting_shows_nothing() {
	local process pid file shown=
	: >"$SILENT_LOG"
	"$CHRONOCTL" token --chronograf-url "$SILENT_URL" --no-prompt --timeout "$PATIENCE" "$@" \
		>"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null 3>&- &
	process=$!
	echo "$process" >>"$SCRATCH/pids"
	wait_for waits_or_ended "$process" || true
	if ! is_waiting "$process"; then
		fail "chronoctl does not wait for the server: $(cat "$SCRATCH/err")"
		return
	fi
	sleep 0.5
	for pid in $(family "$process"); do
		for file in cmdline environ; do
			! tr '\0' '\n' <"/proc/$pid/$file" 2>/dev/null | grep -qE "$CANARY|$ENCODED" ||
				shown+=" $file of process $pid ($([ "$pid" = "$process" ] && echo first || echo child))"
		done
	done
	kill "$process" 2>/dev/null || true
	wait "$process" || true
	[ -z "$shown" ] || fail "$* ${CHRONOCTL_PIN:+CHRONOCTL_PIN} ${PRIV_KEY_FILE:+PRIV_KEY_FILE}: found in$shown"
}

# A request of the mode `never` is logged when it is over: two processes are the sign.
is_waiting() { [ "$(family "$1" | wc -l)" -ge 2 ]; }

waits_or_ended() { is_waiting "$1" || [[ ! -e /proc/$1/stat || $(</proc/$1/stat) == *') Z '* ]]; }

@test "while the server is waited for, no process shows the PIN in its command line or environment" {
	each_way waiting_shows_nothing
}

@test "a PIN is overwritten whatever it begins with, in whatever case its name and source are written" {
	ENCODED=k4nary
	waiting_shows_nothing --priv-key-file "$KEY" --pin-source "$URI?pin-value=**k4nary"
	waiting_shows_nothing --priv-key-file "$KEY" --pin-source "$URI?PIN-Value=$CANARY"
	MY_PIN=$CANARY waiting_shows_nothing --priv-key-file "$URI" --pin-source ENV:MY_PIN
	MY_PIN=$CANARY waiting_shows_nothing --priv-key-file "$URI" "--pin-source=Env:MY_PIN"
	OTHER="$URI?pin-value=$CANARY" waiting_shows_nothing --priv-key-file "$KEY"
}

@test "every variable that a PIN source names is overwritten, whichever source counts" {
	MY_PIN=$CANARY waiting_shows_nothing --priv-key-file "$KEY" --pin-source env:MY_PIN --pin-source "$D/pin"
	MY_PIN=$CANARY waiting_shows_nothing --priv-key-file "$URI" --pin-sou ENV:MY_PIN --pin-source env:NONE --pin-source "$D/pin"
}

# twice NAME ARGUMENT…: as waiting_shows_nothing, with the variable twice in the environment.
twice() {
	local real=$CHRONOCTL
	[ -x "$SCRATCH/twice" ] || "${CC:-cc}" -o "$SCRATCH/twice" "$BATS_TEST_DIRNAME/twice.c"
	printf '#!/bin/sh\nexec "%s" "%s" "%s" "$@"\n' "$SCRATCH/twice" "$1" "$real" >"$SCRATCH/chronoctl"
	chmod +x "$SCRATCH/chronoctl"
	CHRONOCTL=$SCRATCH/chronoctl waiting_shows_nothing "${@:2}"
}

@test "a variable is overwritten wherever the environment has it" {
	CHRONOCTL_PIN=$CANARY twice CHRONOCTL_PIN --priv-key-file "$URI"
	MY_PIN=$CANARY twice MY_PIN --priv-key-file "$URI" --pin-source env:MY_PIN
	PRIV_KEY_FILE="$URI?pin-value=$CANARY" twice PRIV_KEY_FILE
	CHRONOGRAF_URL="http://me:$CANARY@${SILENT_URL#*://}" twice CHRONOGRAF_URL --priv-key-file "$KEY"
}

@test "a pin-value in a command or a path is overwritten, and used as it was given" {
	local folder=$SCRATCH/pin-value=here
	mkdir "$folder"
	cp "$D/pin" "$KEY" "$folder"
	waiting_shows_nothing --priv-key-file "$URI" --pin-source "|cat '$D/pin'; : 'pkcs11:?pin-value=$CANARY'"
	chronoctl_token --priv-key-file "$URI" --no-prompt --pin-source "|echo 'pin-value=$CANARY' | sed 's/.*=//'"
	prints_token "$KEY"
	chronoctl_token --priv-key-file "$URI" --no-prompt --pin-source "$folder/pin"
	prints_token "$KEY"
	ln -s "$SOFTHSM2_CONF" "$folder/softhsm2.conf"
	SOFTHSM2_CONF=$folder/softhsm2.conf chronoctl_token --priv-key-file "$URI" --no-prompt --pin-source "$D/pin"
	prints_token "$KEY"
	chronoctl pub-key --priv-key-file "$KEY" --out "$folder/public"
	[ -s "$folder/public" ]
	chronoctl gen-keypair --out "$SCRATCH/pin-value=new"
	[ -s "$SCRATCH/pin-value=new.pub" ]
	echo "$NONCE" >"$folder/nonce"
	chronoctl token --priv-key-file "$KEY" --nonce-from "$folder/nonce"
	prints_token "$KEY"
}

@test "a pin-value in the name of --out-file changes no name" {
	local file=$SCRATCH/pin-value=token process
	"$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY" --watch --out-file "$file" \
		>/dev/null 2>&1 </dev/null 3>&- &
	process=$!
	echo "$process" >>"$SCRATCH/pids"
	wait_for [ -s "$file" ]
	kill -KILL "$(pgrep -P "$process" | head -n 1)"
	wait "$process" || true
	[ ! -e "$file" ]
}

@test "user and password of a URL are overwritten, in the argument and the variable" {
	local host=${SILENT_URL#*://}
	waiting_shows_nothing --priv-key-file "$KEY" --chronograf-url "http://me:$CANARY@$host"
	waiting_shows_nothing --priv-key-file "$KEY" "--chronograf-url=http://$CANARY@$host"
	CHRONOGRAF_URL="http://me:$CANARY@$host" waiting_shows_nothing --priv-key-file "$KEY"
}

@test "the server gets user and password all the same" {
	start_standin
	chronoctl token --chronograf-url "http://me:secret@${URL#*://}" --priv-key-file "$KEY"
	prints_token "$KEY"
	CHRONOGRAF_URL="http://me:secret@${URL#*://}" chronoctl token --priv-key-file "$KEY"
	prints_token "$KEY"
}

# No reader, and no room: a message waits.
full_pipe() {
	mkfifo "$SCRATCH/full"
	exec 8<>"$SCRATCH/full"
	fill_pipe "$SCRATCH/full"
}

@test "a message that nobody reads does not keep a PIN in the command line" {
	local status arguments
	full_pipe
	for arguments in --no-such-option --pin-source=fd:77 "--watch --out-file=$SCRATCH/none/token" -oxml; do
		status=0
		# shellcheck disable=SC2086
		timeout "$PATIENCE" "$CHRONOCTL" token --priv-key-file "$URI?pin-value=$CANARY" $arguments 2>&8 >/dev/null ||
			status=$?
		[ "$status" -ne 124 ] || fail "$arguments: waits"
		[ "$status" -ne 0 ] || fail "$arguments: exit status 0"
	done
	timeout "$PATIENCE" "$CHRONOCTL" tokne "$URI?pin-value=$CANARY" 2>&8 || [ "$?" -eq 2 ]
}

@test "a help that nobody reads does not keep a PIN in the command line" {
	local process
	full_pipe
	"$CHRONOCTL" token --priv-key-file "$URI?pin-value=$CANARY" --help >&8 2>/dev/null </dev/null 3>&- &
	process=$!
	echo "$process" >>"$SCRATCH/pids"
	shows() { tr '\0' '\n' <"/proc/$process/cmdline" | grep -q "$1"; }
	wait_for shows 'pin-value=\*' || fail "$(tr '\0' ' ' <"/proc/$process/cmdline")"
}

@test "nothing else is touched" {
	local process pid child
	: >"$SILENT_LOG"
	HARMLESS=env:HARMLESS OTHER=some@thing "$CHRONOCTL" token --chronograf-url "$SILENT_URL" --priv-key-file "$KEY" \
		--pkcs11-module env:OTHER --timeout "$PATIENCE" >/dev/null 2>&1 </dev/null 3>&- &
	process=$!
	echo "$process" >>"$SCRATCH/pids"
	wait_for is_waiting "$process"
	sleep 0.5
	for pid in $process $(pgrep -P "$process"); do
		[[ "$(tr '\0' '\n' <"/proc/$pid/environ")" == *HARMLESS=env:HARMLESS*OTHER=some@thing* ||
			"$(tr '\0' '\n' <"/proc/$pid/environ")" == *OTHER=some@thing*HARMLESS=env:HARMLESS* ]]
		[[ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" == *"--chronograf-url $SILENT_URL --priv-key-file $KEY --pkcs11-module env:OTHER"* ]]
	done
}

@test "a PIN source that is a command does not get another PIN in its environment" {
	export CHRONOCTL_PIN=other-canary PRIV_KEY_FILE="$URI?pin-value=other-canary"
	chronoctl_token --no-prompt --priv-key-file "$URI" --pin-source "|cat /proc/self/environ >'$SCRATCH/environ'; cat '$D/pin'"
	prints_token "$KEY"
	! shown=$(tr '\0' '\n' <"$SCRATCH/environ" | grep other-canary) || fail "the command has it:" "$shown"
}

@test "the key process locks memory for the PIN" {
	local process pid
	[ "${SANITIZED:-OFF}" = OFF ] || skip "AddressSanitizer does not let memory be locked"
	[ "$(ulimit -l)" = unlimited ] || [ "$(ulimit -l)" -gt 0 ] || skip "no memory may be locked here"
	CHRONOCTL_PIN=$CANARY "$CHRONOCTL" token --chronograf-url "$SILENT_URL" --priv-key-file "$URI" \
		>/dev/null 2>&1 </dev/null 3>&- &
	process=$!
	echo "$process" >>"$SCRATCH/pids"
	memory_is_locked() {
		for pid in $(family "$process"); do
			grep -q '^VmLck:.*[1-9]' "/proc/$pid/status" && return
		done
		return 1
	}
	PATIENCE=10 wait_for memory_is_locked || fail "no process locks memory"
}
