# --watch as a service: the notifications to its manager, and the unit in docs.
load helper
load watching

# notified REGEX: what the service manager was sent.
notified() { grep -qE -e "$1" "$BATS_TEST_TMPDIR/notified"; }

listen_for_notice() { # ADDRESS, as $NOTIFY_SOCKET has it
	perl -MSocket -e '
		$| = 1; my ($socket, $text); my $name = $ARGV[0]; $name =~ s/^@/\0/;
		socket($socket, AF_UNIX, SOCK_DGRAM, 0) or die $!;
		bind($socket, sockaddr_un($name)) or die $!;
		print "listening\n";
		print "$text\n" while defined recv($socket, $text, 4096, 0)' "$1" \
		>"$BATS_TEST_TMPDIR/notified" 3>&- 4>&- &
	echo $! >>"$SCRATCH/pids"
	wait_for notified listening
}

@test "a service manager is told READY when the file is there, STATUS, RELOADING and STOPPING" {
	export NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify
	listen_for_notice "$NOTIFY_SOCKET"
	start_server
	signal_server STOP
	watch --priv-key-file "$KEY" --timeout 1
	sleep 1
	kill -HUP "$WATCH"
	sleep 1
	! notified READY || fail "READY without a file"
	signal_server CONT
	wait_for notified '^READY=1$'
	[ -s "$FILE" ]
	notified '^STATUS=valid tokens for 1 of 1 servers$'
	kill -HUP "$WATCH"
	wait_for notified '^RELOADING=1$'
	wait_for notified '^MONOTONIC_USEC=[0-9]+$'
	! notified STOPPING
	kill -TERM "$WATCH"
	ended_with 0
	wait_for notified '^STOPPING=1$'
}

@test "a service manager is told STOPPING at once, even if a module keeps the end waiting" {
	use_shim
	export NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify
	listen_for_notice "$NOTIFY_SOCKET"
	start_server
	SHIM_DEAF=C_Sign:2 SHIM_HANG=C_Sign:2 watch_token
	wait_for notified '^READY=1$'
	replace_nonce
	wait_for called C_Sign 2
	kill -TERM "$WATCH"
	PATIENCE=2 wait_for notified '^STOPPING=1$' || fail "it was not told"
	PATIENCE=30 ended_with 0
	[ "$(grep -c '^STOPPING=1$' "$BATS_TEST_TMPDIR/notified")" -eq 1 ]
}

@test "READY waits until every server has answered or failed once" {
	local good
	export NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify
	listen_for_notice "$NOTIFY_SOCKET"
	start_server
	good=$URL
	start_standin --mode never
	watch --chronograf-url "$good" --priv-key-file "$KEY" --timeout 3
	sleep 1.5
	lives
	! notified READY || fail "READY before the second server has failed"
	wait_for notified '^READY=1$'
	[ -s "$FILE" ]
	notified '^STATUS=valid tokens for 1 of 2 servers$'
}

@test "the socket of the service manager may be an abstract one" {
	export NOTIFY_SOCKET=@chronoctl-test-$$
	listen_for_notice "$NOTIFY_SOCKET"
	start_server
	watch --priv-key-file "$KEY"
	wait_for notified '^READY=1$'
}

# ---- The watchdog: sd_watchdog_enabled(3) ----

# watch_as_service MICROSECONDS ARGUMENT…: as systemd starts it, which names the process that its watchdog watches.
watch_as_service() {
	local chronoctl=$CHRONOCTL
	printf '#!/bin/sh\nWATCHDOG_USEC=%s WATCHDOG_PID=$$ exec "%s" "$@"\n' "$1" "$chronoctl" >"$SCRATCH/service"
	chmod +x "$SCRATCH/service"
	CHRONOCTL=$SCRATCH/service watch --priv-key-file "$KEY" "${@:2}"
}

beats() { grep -cx WATCHDOG=1 "$BATS_TEST_TMPDIR/notified" || true; }
beaten() { [ "$(beats)" -ge "$1" ]; } # TIMES

# still SECONDS: no beat in that time.
still() {
	local before
	before=$(beats)
	sleep "$1"
	[ "$(beats)" -eq "$before" ] || fail "$(($(beats) - before)) beats"
}

listen() {
	export NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify
	listen_for_notice "$NOTIFY_SOCKET"
}

@test "the watchdog of the service manager hears from it at half its interval" {
	local start took
	listen
	start_server
	watch_as_service 2000000
	wait_for beaten 2 || fail "it hears nothing"
	start=$(date +%s%N)
	wait_for beaten 6 || fail "it hears no more"
	took=$((($(date +%s%N) - start) / 1000000))
	[ "$took" -ge 3800 ] && [ "$took" -lt 8000 ] || fail "four beats took $took ms"
	kill -TERM "$WATCH"
	ended_with 0
}

@test "a watchdog of another process, none, and one that is no number hear nothing; without WATCHDOG_PID it is ours" {
	local variables
	listen
	start_server
	for variables in WATCHDOG_USEC=200000\ WATCHDOG_PID=1 WATCHDOG_USEC=200000\ WATCHDOG_PID=x WATCHDOG_USEC=0 WATCHDOG_USEC=-1 \
		WATCHDOG_USEC=0.2s WATCHDOG_USEC=99999999999999999999 WATCHDOG_PID=1; do
		(export $variables && watch --priv-key-file "$KEY")
		WATCH=$(tail -n 1 "$SCRATCH/pids")
		wait_for notified '^READY=1$'
		still 1 || fail "by $variables"
		kill -TERM "$WATCH"
		wait_for notified '^STOPPING=1$'
		: >"$BATS_TEST_TMPDIR/notified"
	done
	WATCHDOG_USEC=200000 watch --priv-key-file "$KEY"
	wait_for beaten 3 || fail "nothing without WATCHDOG_PID"
}

@test "a server that fails and a key that is lost do not silence the watchdog: a restart would help neither" {
	listen
	use_shim
	export SHIM_CONTROL=$BATS_TEST_TMPDIR/control
	: >"$SHIM_CONTROL"
	start_server
	watch_as_service 400000 --priv-key-file 'pkcs11:object=chronograf' --pin-source "$PIN_FILE" --timeout 1
	appears
	control 'SHIM_FAIL=C_Sign:*=CKR_DEVICE_REMOVED,C_Initialize:*=CKR_DEVICE_REMOVED'
	replace_nonce
	wait_for said "the token was removed or does not answer; check that it is plugged in"
	beaten_on() { local before; before=$(beats); wait_for beaten $((before + 5)); }
	beaten_on || fail "silent with a key that is lost"
	signal_server STOP
	wait_for said 'no complete answer'
	beaten_on || fail "silent with a server that fails"
	signal_server CONT
	lives
}

@test "a module that hangs silences the watchdog" {
	listen
	use_shim
	start_server
	SHIM_HANG=C_Sign:2 watch_as_service 400000 --priv-key-file 'pkcs11:object=chronograf' --pin-source "$PIN_FILE"
	wait_for beaten 2
	replace_nonce
	wait_for called C_Sign 2
	sleep 0.3
	still 2 || fail "while a module hangs"
}

@test "what the watchdog ends by SIGABRT leaves no file, and says which module it was in" {
	use_shim
	start_server
	SHIM_HANG=C_Sign:2 watch_token
	appears
	replace_nonce
	wait_for called C_Sign 2
	kill -ABRT "$WATCH"
	ended_with 134
	said "ended by SIGABRT while the PKCS#11 module '.*' was in C_Sign"
	: >"$SHIM_LOG"
	SHIM_HANG=C_Sign:2 watch_token
	appears
	replace_nonce
	wait_for called C_Sign 2
	# As systemd does: all processes of the service, the main one first; here the other ends first.
	kill -STOP "$WATCH"
	kill -ABRT "$WATCH"
	pkill -ABRT -P "$WATCH"
	sleep 0.2
	kill -CONT "$WATCH"
	ended_with 134
	said "ended by SIGABRT while the PKCS#11 module '.*' was in C_Sign"
	watch_token
	appears
	kill -ABRT "$WATCH"
	ended_with 134
}

@test "the unit in docs passes systemd-analyze verify, and takes no more than it needs" {
	command -v systemd-analyze >/dev/null || skip "there is no systemd-analyze"
	local unit=$BATS_TEST_TMPDIR/chronoctl-watch.service
	grep -qE "^WatchdogSec=[0-9]" "$SOURCE_DIR/docs/chronoctl-watch.service" || fail "it has no watchdog"
	grep -qE "^TasksMax=[0-9]" "$SOURCE_DIR/docs/chronoctl-watch.service" || fail "its threads have no limit"
	grep -q "^ExecStart=chronoctl token" "$SOURCE_DIR/docs/chronoctl-watch.service" || fail "the command is named otherwise"
	grep -q "^ExecReload=sh " "$SOURCE_DIR/docs/chronoctl-watch.service" || fail "its reload needs procps"
	sed "s|^ExecStart=chronoctl|ExecStart=$CHRONOCTL|" "$SOURCE_DIR/docs/chronoctl-watch.service" >"$unit"
	run systemd-analyze verify --man=no "$unit"
	[ "$status" -eq 0 ] && [ -z "$output" ] || fail "systemd-analyze objects"
	run systemd-analyze security --offline=true --threshold=25 "$unit"
	[ "$status" -eq 0 ] || fail "the unit is exposed"
}
