# --watch if its file cannot be written: reported once, and tried again.
load helper
load watching

@test "a file that cannot be written: that is reported once, the old one goes, and it is tried again" {
	local lock="chmod 500" unlock="chmod 700"
	[ "$(id -u)" -ne 0 ] || lock="chattr +i" unlock="chattr -i"
	$lock "$BATS_TEST_TMPDIR/run" 2>/dev/null || skip "root may write everywhere"
	$unlock "$BATS_TEST_TMPDIR/run"
	start_server
	watch --priv-key-file "$KEY"
	appears
	$lock "$BATS_TEST_TMPDIR/run"
	replace_nonce
	sleep 3
	lives
	$unlock "$BATS_TEST_TMPDIR/run"
	appears
	wait_for accepted
	[ "$(times_said 'cannot make a file')" -eq 1 ]
}

@test "a disk that fails once: that is reported, and it is tried again" {
	local -x ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0"
	start_server
	DISK_FAIL=fsync:1 LD_PRELOAD=$DISKFAIL watch --priv-key-file "$KEY"
	appears
	[ "$(cat "$FILE")" = "$(expected_token "$KEY")" ]
	[ "$(ls -A "${FILE%/*}")" = token ]
	[ "$(times_said "cannot write '.*/token': Input/output error")" -eq 1 ]
}

@test "a folder in place of the file is left alone, and reported once" {
	start_server --nonce-expiration 3
	watch --priv-key-file "$KEY"
	appears
	rm "$FILE"
	mkdir "$FILE"
	wait_for said 'not a regular file'
	sleep 2
	rmdir "$FILE"
	appears
	[ "$(times_said 'not a regular file')" -eq 1 ]
	[ "$(ls -A "${FILE%/*}")" = token ]
}

@test "while the disk keeps it waiting, no file stays whose tokens have ended; later it is there again" {
	local -x ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0"
	local call slow=$BATS_TEST_TMPDIR/slow
	start_server --nonce-expiration 5
	for call in fsync renameat2; do
		DISK_SLOW=$call:$slow LD_PRELOAD=$DISKFAIL watch --priv-key-file "$KEY"
		appears
		: >"$slow"
		PATIENCE=12 goes || fail "$call"
		pgrep -P "$WATCH"
		sleep 2
		is_gone || fail "$call: it is there while the disk hangs"
		rm "$slow"
		appears
		wait_for accepted
		kill -TERM "$WATCH"
		ended_with 0
	done
}

@test "a signal that ends a process, even one that a fault sends, leaves no file: it ends by that signal" {
	local signal
	start_server
	for signal in ALRM VTALRM PROF IO PWR XCPU SEGV BUS ILL FPE TRAP SYS USR1 USR2 RTMIN+3 RTMAX; do
		watch --priv-key-file "$KEY"
		appears
		kill "-$signal" "$WATCH"
		PATIENCE=10 ended_with $((128 + $(kill -l "$signal"))) || fail "SIG$signal"
	done
}

@test "SIGALRM ends it even if a module takes signals and hangs: no file" {
	use_shim
	start_server
	SHIM_DEAF=C_Sign:2 SHIM_HANG=C_Sign:2 watch_token
	appears
	replace_nonce
	wait_for called C_Sign 2
	kill -ALRM "$WATCH"
	PATIENCE=10 ended_with 142
}

@test "a fault of the supervisor itself leaves no file" {
	local -x ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0"
	start_server
	DISK_FAULT=$BATS_TEST_TMPDIR/fault LD_PRELOAD=$DISKFAIL watch --priv-key-file "$KEY"
	appears
	: >"$BATS_TEST_TMPDIR/fault"
	kill -HUP "$WATCH"
	status=0
	wait "$WATCH" || status=$?
	[ "$status" -eq 132 ] || [ "$status" -eq 133 ] || fail "status $status"
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/run")" ] || fail "left: $(ls -A "$BATS_TEST_TMPDIR/run")"
}
