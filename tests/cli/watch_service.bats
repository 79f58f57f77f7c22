# --watch as a service: what its manager is told, and the unit in docs.
load helper
load watching

# notified REGEX: what a service manager has been told.
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

@test "the unit in docs passes systemd-analyze verify, and takes no more than it needs" {
	command -v systemd-analyze >/dev/null || skip "there is no systemd-analyze"
	local unit=$BATS_TEST_TMPDIR/chronoctl-watch.service
	grep -q "^ExecStart=chronoctl token" "$SOURCE_DIR/docs/chronoctl-watch.service" || fail "the command is named otherwise"
	sed "s|^ExecStart=chronoctl|ExecStart=$CHRONOCTL|" "$SOURCE_DIR/docs/chronoctl-watch.service" >"$unit"
	run systemd-analyze verify --man=no "$unit"
	[ "$status" -eq 0 ] && [ -z "$output" ] || fail "systemd-analyze objects"
	run systemd-analyze security --offline=true --threshold=25 "$unit"
	[ "$status" -eq 0 ] || fail "the unit is exposed"
}
