# The audit trail: a line in the system log for each signature, failed login and refused message.
load helper

setup_file() {
	suite_key_in_token ops
	suite_pin_file
	start_standin --pub-key-file "$PUB"
}

setup() {
	private_environment
	LOG=$BATS_TEST_TMPDIR/log
	: >"$LOG"
	unshare --mount true 2>/dev/null || skip "no mount namespace of one's own here, so no log of one's own"
}

# logged KIND ARGUMENT…: chronoctl on a machine whose system log is the journal, a syslog daemon, or missing, and is ours:
# what is sent there is in $LOG.
logged() {
	run --separate-stderr unshare --mount bash -euc '
		listen() {
			perl -MIO::Socket::UNIX -e "
				\$s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => shift) or die;
				\$| = 1;
				while (defined \$s->recv(\$m, 65536)) { print \"\$m\n\" }" "$1" >>"$log" &
			listener=$!
			while [ ! -S "$1" ]; do sleep 0.01; done
		}
		fill() {
			perl -MIO::Socket::UNIX -e "
				\$s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => \$ARGV[0]) or die;
				\$c = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Peer => \$ARGV[0]) or die;
				\$c->blocking(0);
				while (defined \$c->send(\"x\")) {}
				open \$f, \">\", \"\$ARGV[0].full\" or die;
				select undef, undef, undef, \$ARGV[1];
				\$| = 1;
				while (defined \$s->recv(\$m, 65536)) { print \"\$m\n\" }" "$1" "$2" >>"$log" &
			filled+=" $!"
			while [ ! -e "$1.full" ]; do sleep 0.01; done
		}
		stream() {
			perl -MIO::Socket::UNIX -e "
				\$s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => shift, Listen => 5) or die;
				\$| = 1;
				\$/ = \"\0\";
				while (\$c = \$s->accept) { print s/\0\z/ NUL/r, \"\n\" while <\$c> }" "$1" >>"$log" &
			listener=$!
			while [ ! -S "$1" ]; do sleep 0.01; done
		}
		crowd() {
			perl -MIO::Socket::UNIX -e "
				\$s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => \$ARGV[0], Listen => 1) or die;
				do {
					socket(my \$c, AF_UNIX, SOCK_STREAM, 0) or die;
					\$c->blocking(0);
					push @c, \$c;
					\$more = connect(\$c, pack_sockaddr_un(\$ARGV[0]));
				} while (\$more);
				open \$f, \">\", \"\$ARGV[0].full\" or die;
				sleep 60" "$1" &
			filled+=" $!"
			while [ ! -e "$1.full" ]; do sleep 0.01; done
		}
		log=$1 kind=$2
		shift 2
		mount -t tmpfs none /run
		mkdir /run/dev
		for node in null zero urandom random tty; do
			touch "/run/dev/$node"
			mount --bind "/dev/$node" "/run/dev/$node"
		done
		mkdir /run/dev/pts
		mount --bind /dev/pts /run/dev/pts
		ln -s /proc/self/fd /run/dev/fd
		mount --move /run /mnt
		mount --rbind /mnt/dev /dev
		mount -t tmpfs none /run
		case $kind in
		journal)
			mkdir -p /run/systemd/journal
			listen /run/systemd/journal/socket
			;;
		syslog) listen /dev/log ;;
		stream) stream /dev/log ;;
		crowded)
			crowd /dev/log
			set -- timeout 20 "$@"
			;;
		broken)
			mkdir -p /run/systemd/journal
			ln -s socket /run/systemd/journal/socket
			;;
		stuck)
			mkdir -p /run/systemd/journal
			fill /run/systemd/journal/socket 60
			fill /dev/log 60
			set -- timeout 20 "$@"
			;;
		paused)
			mkdir -p /run/systemd/journal
			fill /run/systemd/journal/socket 0.3
			;;
		esac
		[ -z "${LOGIN_UID-}" ] || echo "$LOGIN_UID" >/proc/self/loginuid
		status=0
		"$@" || status=$?
		[ "$kind" != paused ] || sleep 1
		[ -z "${filled-}" ] || kill $filled
		if [ -n "${listener-}" ]; then
			sleep 0.1
			kill "$listener"
		fi
		exit "$status"' bash "$LOG" "$1" "$CHRONOCTL" "${@:2}"
}

has() { grep -qE -e "$1" "$LOG" || fail "no /$1/ in:" "$(cat "$LOG")"; }

has_not() { ! grep -qF -e "$1" "$LOG" || fail "'$1' is in:" "$(cat "$LOG")"; }

sign() { # KIND ARGUMENT…
	logged "$1" token --chronograf-url "$URL" --priv-key-file 'pkcs11:token=ops;object=chronograf' \
		--pkcs11-module "$TOKENS" --pin-source "$PIN_FILE" "${@:2}"
}

@test "a signature is a record in the journal: key, server, nonce, by whom; no PIN, no token" {
	sign journal
	prints_token "$KEY"
	has '^MESSAGE=signed a nonce: key=pkcs11:.*object=chronograf server=http://.* nonce=[0-9a-f]{8} accepted=not-checked uid=0'
	has '^SYSLOG_IDENTIFIER=chronoctl$'
	has '^SYSLOG_FACILITY=10$'
	has '^CHRONOCTL_KEY=pkcs11:'
	has '^CHRONOCTL_NONCE=[0-9a-f]{8}$'
	[ "$(grep -c '^MESSAGE=' "$LOG")" -eq 1 ]
	has_not "$PIN"
	has_not "$output"
	has_not "${output:0:20}"
}

@test "without a journal the line goes to syslog, facility authpriv" {
	sign syslog
	prints_token "$KEY"
	has '^<85>.* chronoctl\[[0-9]+\]: signed a nonce: key=pkcs11:.* nonce=[0-9a-f]{8} accepted=not-checked'
	has_not "$PIN"
	has_not "$output"
}

@test "a syslog daemon with a stream socket gets each line with the NUL that ends it" {
	sign stream --check
	prints_token "$KEY"
	never_says 'warning:'
	has '^<85>[A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} chronoctl\[[0-9]+\]: signed a nonce: key=pkcs11:.* accepted=to-be-checked uid=0.* NUL$'
	has '^<85>.* chronoctl\[[0-9]+\]: checked a token: .* accepted=yes uid=0.* NUL$'
	[ "$(wc -l <"$LOG")" -eq 2 ] || fail "$(cat "$LOG")"
	has_not "$output"
}

@test "without a system log there is no line, and no error" {
	sign none
	prints_token "$KEY"
	is_silent
}

@test "--no-log and CHRONOCTL_LOG=off: no line" {
	sign journal --no-log
	prints_token "$KEY"
	CHRONOCTL_LOG=off sign journal
	prints_token "$KEY"
	[ ! -s "$LOG" ] || fail "$(cat "$LOG")"
}

@test "with --check a second line says whether the server accepted the token" {
	sign journal --check
	prints_token "$KEY"
	has '^MESSAGE=signed a nonce: .* nonce=[0-9a-f]{8} accepted=to-be-checked'
	has '^MESSAGE=checked a token: key=pkcs11:.*object=chronograf server=http://.* nonce=[0-9a-f]{8} accepted=yes uid=0'
	[ "$(grep -c '^MESSAGE=' "$LOG")" -eq 2 ]
	has_not "$output"
}

# end_when_signed: from now on chronoctl is sent SIGTERM as soon as the log has a signature.
end_when_signed() {
	cat >"$BATS_TEST_TMPDIR/ended" <<-END
		#!/bin/bash
		"$CHRONOCTL" "\$@" &
		for _ in {1..1000}; do
			grep -q 'signed a nonce' "$LOG" && break
			sleep 0.01
		done
		kill -TERM \$!
		wait \$!
	END
	chmod +x "$BATS_TEST_TMPDIR/ended"
	CHRONOCTL=$BATS_TEST_TMPDIR/ended
}

@test "a signature is logged even if the command ends while the server checks the token" {
	start_standin --pub-key-file "$PUB" --delay 3000
	end_when_signed
	sign journal --check
	[ "$status" -ne 0 ]
	has 'signed a nonce: .* accepted=to-be-checked'
	has_not 'checked a token'

	: >"$LOG"
	sign journal --check --watch --out-file "$BATS_TEST_TMPDIR/token"
	has 'signed a nonce: .* accepted=to-be-checked'
	has_not 'checked a token'

	: >"$LOG"
	logged journal doctor --chronograf-url "$URL" --priv-key-file "$KEY"
	has 'signed a nonce: .* accepted=to-be-checked'
	has_not 'checked a token'
}

@test "a nonce that was given by hand: a line without a server" {
	logged syslog token --priv-key-file "$KEY" --nonce "$NONCE"
	prints_token "$KEY"
	has "signed a nonce: key=$KEY nonce=${NONCE:0:8} accepted=not-checked uid=0"
	has_not "$NONCE"
}

@test "a name with blanks, quotes or = in it forges no field of the line" {
	local name="$BATS_TEST_TMPDIR/x accepted=yes \"uid=7 \\"
	cp "$KEY" "$name"
	chmod 600 "$name"
	logged syslog token --priv-key-file "$name" --nonce "$NONCE"
	prints_token "$KEY"
	grep -qF "signed a nonce: key=\"$BATS_TEST_TMPDIR/x accepted=yes \\\"uid=7 \\\\\" nonce=${NONCE:0:8} accepted=not-checked uid=0" "$LOG" ||
		fail "$(cat "$LOG")"
	: >"$LOG"
	logged journal token --priv-key-file "$name" --nonce "$NONCE"
	prints_token "$KEY"
	grep -qxF "CHRONOCTL_KEY=$name" "$LOG" || fail "$(cat "$LOG")"
}

@test "at a terminal the line has its name, and under sudo who logged in first" {
	local tty
	script -qfc "tty >'$BATS_TEST_TMPDIR/tty'; sleep 60" /dev/null >/dev/null 2>&1 </dev/null 3>&- 4>&- &
	echo $! >>"$SCRATCH/pids"
	wait_for [ -s "$BATS_TEST_TMPDIR/tty" ] || fail "no terminal"
	tty=$(tr -d '\r' <"$BATS_TEST_TMPDIR/tty")
	printf '#!/bin/sh\nexec setsid -w sh -c '\''exec "$@" </dev/null'\'' sh "%s" "$@"\n' "$CHRONOCTL" >"$SCRATCH/none"
	sed 's/setsid -w/setsid -w -c/' "$SCRATCH/none" >"$SCRATCH/controlling"
	chmod +x "$SCRATCH/none" "$SCRATCH/controlling"
	CHRONOCTL=$SCRATCH/controlling sign journal <"$tty"
	prints_token "$KEY"
	has "^CHRONOCTL_TERMINAL=$tty$"
	has " uid=0.* terminal=$tty$"
	: >"$LOG"
	CHRONOCTL=$SCRATCH/none sign journal <"$tty"
	prints_token "$KEY"
	has_not terminal=
	[ -w /proc/self/loginuid ] || skip "this kernel knows no login uid"
	LOGIN_UID=4711 sign journal
	has '^CHRONOCTL_LOGIN_UID=4711$'
}

# liar LINE…: from now on chronoctl's network program says that (tests/hostile/liar.c).
liar() {
	local program
	[ -d "$BATS_TEST_TMPDIR/libexec" ] || cp -r "$HOSTILE/bin" "$HOSTILE/libexec" "$BATS_TEST_TMPDIR"
	program=$(find "$BATS_TEST_TMPDIR/libexec" -name chronoctl-network)
	printf '%s\n' "$@" >"${program%/*}/script"
	CHRONOCTL=$BATS_TEST_TMPDIR/bin/chronoctl
}

@test "a message of the network program that was refused is a line, and no line of its making" {
	liar 'text failure http://x\x0achronoctl: forged' 'lost 0'
	sign journal
	[ "$status" -eq 1 ]
	has '^MESSAGE=the network program sent what it must not send: what=.*a text that is to look like'
	has '^PRIORITY=1$'
	has_not forged

	: >"$LOG"
	sign journal --watch --out-file "$BATS_TEST_TMPDIR/token"
	[ "$status" -eq 1 ]
	has '^MESSAGE=the network program sent what it must not send: what=.*a text that is to look like'
	has_not forged
}

# one_refusal WHAT: the command ended with exit 1, and the log has one line of one message that was refused, for that.
one_refusal() {
	[ "$status" -eq 1 ] || fail "exit status 1 expected" || return
	has "^MESSAGE=the network program sent what it must not send: what=.*$1" || return
	[ "$(grep -c '^MESSAGE=the network' "$LOG")" -eq 1 ] || fail "$(cat "$LOG")" || return
	: >"$LOG"
}

# then_says LINE…: the network program, once a nonce has been signed.
then_says() {
	for _ in {1..3000}; do
		grep -q 'signed a nonce' "$LOG" && break
		sleep 0.01
	done
	liar "$@"
}

# each_refuses WHAT: token, --watch and doctor.
each_refuses() {
	sign journal
	one_refusal "$1"
	sign journal --watch --out-file "$BATS_TEST_TMPDIR/token"
	one_refusal "$1"
	logged journal doctor --chronograf-url "$URL" --priv-key-file "$KEY"
	one_refusal "$1"
}

@test "so is one in place of the network program's hello or its answer to the job: to token, doctor, and --watch after a restart" {
	local of
	for of in hello job; do
		local what="answer to its job"
		[ $of = job ] || what="not chronoctl's"
		liar "first $of" 'accepted 0 a'
		each_refuses "$what"
		liar 'nonce 0 a' 'sleep 1000' die
		then_says "first $of" 'accepted 0 a' 3>&- &
		sign journal --watch --out-file "$BATS_TEST_TMPDIR/token"
		one_refusal "$what"
	done
}

@test "a message that is not due is one line: of token, doctor and --watch" {
	liar 'accepted 0 a'
	each_refuses 'a verdict on a token'
}

@test "a network program that is not confined as --require-sandbox wants it, or that dies, is no line" {
	CHRONOCTL=${CHRONOCTL%/bin/*}/tests/figures/bin/chronoctl sign journal --require-sandbox
	[ "$status" -eq 1 ]
	liar die
	sign journal
	[ "$status" -eq 1 ]
	has_not 'must not send'
}

has_engine() { [ -e "$(openssl version -e | cut -d '"' -f 2)/pkcs11.so" ]; }

# refuses ARGUMENT…: a wrong PIN is one line, with that signer.
refuses() {
	: >"$LOG"
	echo 99999999 >"$BATS_TEST_TMPDIR/wrong"
	sign journal --pin-source "$BATS_TEST_TMPDIR/wrong" "$@"
	[ "$status" -eq 3 ] || fail "exit status 3 expected" || return
	has '^MESSAGE=a token refused a login: key=pkcs11:.*object=chronograf uid=0' || return
	has '^PRIORITY=4$' || return
	[ "$(grep -c '^MESSAGE=' "$LOG")" -eq 1 ] || fail "$(cat "$LOG")" || return
	has_not 99999999
}

@test "a login that the token refuses is a line" {
	refuses
	refuses --watch --out-file "$BATS_TEST_TMPDIR/token"
}

@test "a login that the token refuses is a line, with the signer libp11" {
	built_in libp11 || skip "the signer libp11 is not built in"
	refuses --signer libp11
}

@test "a login that the token refuses is a line, with the signer engine" {
	built_in engine || skip "the signer engine is not built in"
	has_engine || skip "no libengine-pkcs11-openssl"
	ASAN_OPTIONS+=:detect_leaks=0 # the engine's own
	refuses --signer engine
}

@test "a login that the token refuses is a line, with the signer provider" {
	built_in provider || skip "the signer provider is not built in"
	[ -e "$(openssl version -m | cut -d '"' -f 2)/pkcs11.so" ] || skip "no pkcs11-provider"
	refuses --signer provider --provider pkcs11
}

@test "a PIN for one signature that the token refuses is a line, with each signer" {
	local signer
	for signer in pkcs11 libp11 engine; do
		built_in "$signer" || continue
		[ "$signer" != engine ] || has_engine || continue
		: >"$LOG"
		use_shim
		TOKENS=$SHIM SHIM_ATTRIBUTE=CKA_ALWAYS_AUTHENTICATE=1 SHIM_CONTEXT_PIN=12345678 sign journal --signer "$signer"
		[ "$status" -eq 3 ]
		has '^MESSAGE=a token refused a login: key=pkcs11:.*object=chronograf uid=0'
		has_not "$PIN"
	done
}

@test "a log that nobody reads delays no token, and a warning says what is lost" {
	logged stuck token --chronograf-url "$URL" --priv-key-file "$KEY" --check
	prints_token "$KEY"
	says '^chronoctl: warning: the system log does not keep up; lines lost: 2$'
}

@test "so is a syslog daemon whose stream socket accepts nobody" {
	logged crowded token --chronograf-url "$URL" --priv-key-file "$KEY" --check
	prints_token "$KEY"
	says '^chronoctl: warning: the system log does not keep up; lines lost: 2$'
}

@test "a log that pauses for less than a second misses nothing" {
	logged paused token --chronograf-url "$URL" --priv-key-file "$KEY"
	prints_token "$KEY"
	is_silent
	has '^MESSAGE=signed a nonce'
}

@test "a value that is too long for a line is cut, between characters" {
	local path name
	path=$(printf '/%.0s' {1..110000})
	logged journal token --chronograf-url "$URL$path" --priv-key-file "$KEY"
	prints_token "$KEY"
	is_silent
	has '^CHRONOCTL_SERVER=http://.*///…$'
	[ "$(grep '^CHRONOCTL_SERVER=' "$LOG" | wc -c)" -lt 1100 ]
	for name in ä aä; do
		mkdir -p "$BATS_TEST_TMPDIR/$name"
		cp "$KEY" "$BATS_TEST_TMPDIR/$name"
		path=$BATS_TEST_TMPDIR$(printf "/$name/..%.0s" {1..300})/$name
		: >"$LOG"
		logged journal token --nonce "$NONCE" --priv-key-file "$path/key"
		prints_token "$KEY"
		LC_ALL=C.UTF-8 grep -qE '^CHRONOCTL_KEY=.{500,}…$' "$LOG" || fail "$(cat "$LOG")"
	done
}

@test "a log that cannot be written to causes a warning that says why" {
	logged broken token --chronograf-url "$URL" --priv-key-file "$KEY"
	prints_token "$KEY"
	says '^chronoctl: warning: cannot write to the system log: .*symbolic links; lines lost: 1$'
}
