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
