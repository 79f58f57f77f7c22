# --watch keeps a file that holds a valid token, whole and new in time, or is not there.
load helper
load watching

@test "the file holds the token, is whole, and is its owner's alone whatever the umask" {
	umask 000
	start_server
	watch --priv-key-file "$KEY"
	appears
	[ "$(cat "$FILE")" = "$(expected_token "$KEY")" ]
	[ "$(stat -c '%a %F' "$FILE")" = "600 regular file" ]
	[ "$(ls -A "${FILE%/*}")" = token ]
	[ ! -s "$BATS_TEST_TMPDIR/printed" ] && [ ! -s "$BATS_TEST_TMPDIR/said" ]
	kill -TERM "$WATCH"
	ended_with 0
}

@test "the file holds the tokens in the form of --output, too" {
	start_server
	watch --priv-key-file "$KEY" -o header
	appears
	[ "$(cat "$FILE")" = "Authorization: CHRONOGRAF-SHA256 $(expected_token "$KEY")" ]
	[ "$(curl -sS -o /dev/null -w '%{http_code}' -H @"$FILE" "$URL/chronograf/v1/mappings")" = 200 ]
	kill -INT "$WATCH"
	ended_with 0
	watch --priv-key-file "$KEY" -o json
	appears
	[ "$(jq -r .token "$FILE")" = "$(expected_token "$KEY")" ]
}

# The times that one of its three processes has gone to sleep.
sleeps() {
	local key network
	read -r key <"/proc/$WATCH/task/$WATCH/children"
	read -r network <"/proc/$key/task/$key/children"
	sed -n 's/^voluntary_ctxt_switches:\s*//p' /proc/{"$WATCH",$key,$network}/status | awk '{ sum += $1 } END { print sum }'
}

@test "between its questions none of its processes wakes up" {
	local before
	start_server
	watch --priv-key-file "$KEY" --poll-interval 60
	appears
	sleep 1
	before=$(sleeps)
	sleep 5
	[ "$(sleeps)" -le "$((before + 2))" ] || fail "$(($(sleeps) - before)) times in 5 seconds"
}

@test "--watch and --out-file go together, and only a regular file is replaced: exit 2" {
	start_server
	chronoctl_token --priv-key-file "$KEY" --watch
	refused 2 "--out-file"
	chronoctl_token --priv-key-file "$KEY" --out-file "$FILE"
	refused 2 "--watch"
	ln -s /proc/self/fd/1 "$SCRATCH/stdout"
	chronoctl_token --priv-key-file "$KEY" --watch --out-file "$SCRATCH/stdout"
	refused 2 "not a regular file"
	[ -L "$SCRATCH/stdout" ]
	ln -s "$KEY" "$FILE"
	chronoctl_token --priv-key-file "$KEY" --watch --out-file "$FILE"
	refused 2 "not a regular file"
	[ -s "$KEY" ]
}

@test "the file of an earlier run is removed before the server has answered" {
	of_earlier_run "$FILE"
	start_standin --mode never
	watch --priv-key-file "$KEY"
	goes
	lives
}

@test "each new nonce is signed soon after the old one has ended, all in one login" {
	local old round
	use_shim
	start_server --nonce-expiration 2
	watch_token --poll-interval 60
	for round in 1 2 3; do
		appears
		wait_for accepted || fail "it is not accepted"
		old=$(cat "$FILE")
		wait_for differs "$old" || fail "it stays the same"
	done
	called C_Login 1
	called C_OpenSession 1
	[ "$(calls C_Sign)" -ge 4 ]
}

@test "a server that restarts has a new nonce before the old one's time: it is found at the next poll" {
	local old
	start_server
	watch --priv-key-file "$KEY"
	appears
	old=$(cat "$FILE")
	replace_nonce
	wait_for differs "$old" || fail "it stays the same"
	accepted
}

# Reads the file over and over until it has seen four different texts: how many there were, or what was not whole.
read_fast() { # LENGTH
	perl -e '
		my %seen;
		for (my $end = time + $ARGV[2]; keys(%seen) < 4 && time < $end;) {
			open(my $file, "<", $ARGV[0]) or print("it is not there\n"), exit;
			my $text = join("", <$file>);
			length($text) == $ARGV[1] or print("not whole: $text\n"), exit;
			$seen{$text} = 1;
		}
		print scalar(keys %seen), "\n"' "$FILE" "$1" "$PATIENCE"
}

@test "a reader of the file finds one whole token, at any time" {
	local found reader
	start_server
	watch --priv-key-file "$KEY"
	appears
	read_fast "$(wc -c <"$FILE")" >"$BATS_TEST_TMPDIR/found" 3>&- 4>&- &
	reader=$!
	while kill -0 "$reader" 2>/dev/null; do
		replace_nonce
		sleep 0.5
	done
	found=$(cat "$BATS_TEST_TMPDIR/found")
	[ "$found" -ge 4 ] || fail "the reader says: $found"
}

dropped() { tr -d '\0' <"$BATS_TEST_TMPDIR/read" | grep -qE '^chronoctl: nobody read standard error: [0-9]+ messages? dropped$'; }

@test "nobody reads a full standard error: the file still goes with its nonce, SIGTERM ends it, and later the loss is said" {
	local pipe=$BATS_TEST_TMPDIR/said
	mkfifo "$pipe"
	exec 9<>"$pipe"
	fill_pipe "$pipe"
	start_server --nonce-expiration 5 9>&-
	watch --priv-key-file "$KEY" --timeout 1 9>&-
	wait_for [ -s "$FILE" ] || fail "there is no file"
	signal_server STOP
	wait_for is_gone || fail "the file stays"
	cat <&9 >"$BATS_TEST_TMPDIR/read" 9>&- &
	echo $! >>"$SCRATCH/pids"
	signal_server CONT
	wait_for dropped || fail "the loss is not said:" "$(tr -d '\0' <"$BATS_TEST_TMPDIR/read")"
	kill "$(tail -n 1 "$SCRATCH/pids")"
	fill_pipe "$pipe"
	signal_server STOP
	wait_for is_gone || fail "the file stays"
	kill -TERM "$WATCH"
	# Else a failure reads from the pipe for ever.
	timeout "$PATIENCE" tail --pid="$WATCH" -s 0.05 -f /dev/null || { kill -KILL "$WATCH"; fail "SIGTERM does not end it"; }
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/run")" ] || fail "something is left"
	exec 9>&-
}
