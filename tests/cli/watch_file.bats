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

# is_whole: it holds this key's token for the server's nonce.
is_whole() { [ "$(cat "$FILE" 2>/dev/null)" = "$(expected_token "$KEY")" ]; }

@test "a file that was removed, or replaced by one with another token, is written again, with a warning" {
	start_server
	watch --priv-key-file "$KEY"
	appears
	rm "$FILE"
	wait_for is_whole || fail "it is not written again"
	wait_for [ "$(times_said "warning: '.*/token' was removed or replaced by another program, and is written again")" -eq 1 ]
	of_earlier_run "$FILE.new"
	mv "$FILE.new" "$FILE"
	wait_for is_whole || fail "the other one stays"
	wait_for [ "$(times_said 'warning: .* is written again')" -eq 2 ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/said")" -eq 2 ] || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	kill -TERM "$WATCH"
	ended_with 0
}

@test "a file of somebody else in its place is found without a new nonce, told of once, and stays; later ours is there again" {
	start_server
	watch --priv-key-file "$KEY"
	appears
	echo 'important notes' >"$FILE.new"
	mv "$FILE.new" "$FILE"
	wait_for said "'.*/token' exists and holds something other than tokens"
	sleep 2
	lives
	[ "$(cat "$FILE")" = 'important notes' ]
	rm "$FILE"
	wait_for is_whole
	[ "$(times_said 'something other than tokens')" -eq 1 ]
}

@test "at its end it removes only the file that it has written itself" {
	start_server
	watch --priv-key-file "$KEY" --poll-interval 60
	appears
	of_earlier_run "$FILE.new"
	mv "$FILE.new" "$FILE"
	kill -TERM "$WATCH"
	wait "$WATCH"
	[ "$(cat "$FILE")" = "$(expected_token "$KEY" other-nonce)" ] || fail "the other's file is gone"
}

@test "a folder that was renamed, and another that has its name: the file is in that one, and goes from both" {
	start_server
	watch --priv-key-file "$KEY"
	appears
	mv "$BATS_TEST_TMPDIR/run" "$BATS_TEST_TMPDIR/old"
	wait_for said "cannot open the folder of '.*/token'"
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/old")" ] || fail "left in the old one"
	mkdir "$BATS_TEST_TMPDIR/run"
	wait_for is_whole || fail "it is not in the new one"
	mv "$BATS_TEST_TMPDIR/run" "$BATS_TEST_TMPDIR/older"
	mkdir "$BATS_TEST_TMPDIR/run"
	wait_for is_whole || fail "it is not in the newer one"
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/older")" ] || fail "left in the older one"
	lives
	kill -TERM "$WATCH"
	ended_with 0
}

@test "a file that cannot be removed at the end: that is told, and the exit status is 1" {
	local -x ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0"
	start_server
	DISK_READ_ONLY=$BATS_TEST_TMPDIR/ro LD_PRELOAD=$DISKFAIL watch --priv-key-file "$KEY"
	appears
	: >"$BATS_TEST_TMPDIR/ro"
	kill -TERM "$WATCH"
	status=0
	wait "$WATCH" || status=$?
	[ "$status" -eq 1 ] || fail "status $status"
	[ -s "$FILE" ]
	[ "$(times_said "cannot remove '.*/token': Read-only file system")" -eq 1 ] || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	said 'may still be valid'
}

# ---- Another chronoctl ----

second() { # ARGUMENT…
	chronoctl_token --watch --out-file "$FILE" --no-prompt --priv-key-file "$KEY" "$@"
}

@test "a second one on the same file is a usage error, before a PIN is read, and the first one's file stays" {
	local inode
	start_server
	watch --priv-key-file "$KEY"
	appears
	inode=$(stat -c %i "$FILE")
	second --pin-source "|touch $BATS_TEST_TMPDIR/asked"
	refused 2 "another chronoctl keeps '.*/token'"
	[ "$(stat -c %i "$FILE")" = "$inode" ] || fail "it is another file"
	[ ! -e "$BATS_TEST_TMPDIR/asked" ] && [ ! -s "$BATS_TEST_TMPDIR/said" ]
	kill -TERM "$WATCH"
	ended_with 0
}

@test "a restart that overlaps with the end of the first one waits for that" {
	local first
	start_server
	watch --priv-key-file "$KEY"
	appears
	first=$WATCH
	watch --priv-key-file "$KEY"
	sleep 1
	kill -TERM "$first"
	wait "$first"
	wait_for is_whole || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	lives
	kill -TERM "$WATCH"
	ended_with 0
}

@test "two that were both started without a file: one keeps it, the other says so, and takes over when that has ended" {
	local first
	start_server
	signal_server STOP
	watch --priv-key-file "$KEY" --timeout 1
	first=$WATCH
	wait_for [ -e "$BATS_TEST_TMPDIR/said" ]
	mv "$BATS_TEST_TMPDIR/said" "$BATS_TEST_TMPDIR/said.first"
	watch --priv-key-file "$KEY" --timeout 1
	sleep 1
	signal_server CONT
	wait_for is_whole
	wait_for grep -q "another chronoctl keeps '.*/token'" "$BATS_TEST_TMPDIR/said" "$BATS_TEST_TMPDIR/said.first"
	sleep 2
	is_whole
	if said 'another chronoctl keeps'; then
		kill -TERM "$first"
		wait "$first"
	else
		kill -TERM "$WATCH"
		wait "$WATCH"
		WATCH=$first
	fi
	wait_for is_whole || fail "the other one does not take over"
	kill -TERM "$WATCH"
	ended_with 0
}

is_new() { [ -n "$(find "$FILE" -mmin -30 2>/dev/null)" ]; }

@test "one that was killed with all its processes holds nothing: its file is that of an earlier run" {
	local key_process network
	start_server
	watch --priv-key-file "$KEY"
	appears
	key_process=$(pgrep -P "$WATCH")
	network=$(pgrep -P "$key_process")
	kill -STOP "$WATCH" "$key_process"
	kill -KILL "$key_process" "$network" "$WATCH"
	wait "$WATCH" || true
	[ -s "$FILE" ]
	touch -d '1 hour ago' "$FILE"
	watch --priv-key-file "$KEY"
	wait_for is_new
	wait_for is_whole
	lives
	kill -TERM "$WATCH"
	ended_with 0
}

@test "what an earlier run has left goes before a PIN is read, and if the start fails" {
	start_server
	of_earlier_run "$FILE"
	second --priv-key-file "$BATS_TEST_TMPDIR/none.pem"
	[ "$status" -ne 0 ] && is_gone
	of_earlier_run "$FILE"
	second --priv-key-file 'pkcs11:object=chronograf' --pin-source "|test ! -e $FILE && touch $BATS_TEST_TMPDIR/gone; exit 1"
	[ "$status" -ne 0 ] && is_gone && [ -e "$BATS_TEST_TMPDIR/gone" ]
	of_earlier_run "$FILE"
	second --chronograf-url 'http://[x/'
	[ "$status" -ne 0 ] && is_gone
}

# ---- Sleep of the machine ----

# watch_asleep ARGUMENT…: the machine sleeps for an hour once $SLEPT is there. The network program gets no LD_PRELOAD.
watch_asleep() {
	local -x ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0"
	SLEPT=$BATS_TEST_TMPDIR/slept
	CLOCK_SLEPT=$SLEPT LD_PRELOAD=$CLOCKJUMP watch --priv-key-file "$KEY" "$@"
	appears
}

@test "when the machine has slept, a token that has ended meanwhile goes at once, though no server answers" {
	start_server
	watch_asleep --poll-interval 60
	signal_server STOP
	: >"$SLEPT"
	PATIENCE=3 goes
	wait_for said 'no valid token is left'
	lives
	kill -TERM "$WATCH"
	ended_with 0
}

@test "when the machine has slept, the supervisor removes the file if the key process cannot" {
	start_server
	watch_asleep --poll-interval 60
	kill -STOP "$(pgrep -P "$WATCH")"
	# It hears of that, and rests again.
	sleep 1
	: >"$SLEPT"
	PATIENCE=3 goes
	kill -TERM "$WATCH"
	ended_with 0
}

@test "the sleep of the machine is no silence of the network program" {
	start_server
	watch_asleep --poll-interval 30 --timeout 1
	sleep 2
	: >"$SLEPT"
	goes
	sleep 18
	[ "$(times_said 'has been silent')" -eq 0 ] || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	kill -TERM "$WATCH"
	ended_with 0
}
