# A server that relays another's nonce gets no token for it, and one server by two URLs is one.
load helper
load watching

# two_of_one NONCE: starts two servers that give out one nonce, and a third with its own, in a list. Sets ONE, TWO, THREE.
two_of_one() {
	start_standin --pub-key-file "$PUB" "$@"
	ONE=$URL ONE_LOG=$STANDIN_LOG
	start_standin --pub-key-file "$PUB"
	TWO=$URL TWO_LOG=$STANDIN_LOG
	start_standin --pub-key-file "$PUB" --nonce "$OTHER_NONCE"
	THREE=$URL
	printf '%s\n' "$ONE" "$THREE" "$TWO" >"$BATS_TEST_TMPDIR/list"
}

with_list() { chronoctl token --priv-key-file "$KEY" --chronograf-urls-from "$BATS_TEST_TMPDIR/list" "$@"; }

not_tried() { ! grep -q mappings "$@" || fail "a token was sent:" "$(cat "$@")"; }

@test "URLs that are one server are one entry: one question, one line, by the first of them" {
	start_standin
	chronoctl token --priv-key-file "$KEY" --chronograf-url "$URL/" --chronograf-url "${URL/http/HTTP}" \
		--chronograf-url "$URL"
	[ "$status" -eq 0 ]
	[ "$output" = "$URL/"$'\t'"$(expected_token "$KEY")" ] || fail "not one line"
	[ "$(requests)" -eq 1 ]
}

@test "one nonce from two entries of a list: exit 4, no token for either, and why" {
	two_of_one
	with_list
	[ "$status" -eq 4 ] || fail "exit status 4 expected"
	[ "$output" = "$THREE"$'\t'"$(expected_token "$KEY" "$OTHER_NONCE")" ] || fail "not the one line"
	says "$ONE gets no token, for its nonce is that of $TWO, too" "$TWO gets no token, for its nonce is that of $ONE, too" \
		"one server by two names" "relays the other's nonce" "2 of 3 servers failed"
}

@test "the list waits for its last answer, which may be the other's" {
	two_of_one --delay 1500
	with_list
	[ "$status" -eq 4 ] || fail "exit status 4 expected"
	[ "$(wc -l <<<"$output")" -eq 1 ]
	says "$TWO gets no token"
}

@test "--check sends no token to either of them" {
	two_of_one --delay 1500
	with_list --check
	[ "$status" -eq 4 ] || fail "exit status 4 expected"
	[ "$(cut -f 1 <<<"$output")" = "$THREE" ] || fail "not the one line"
	not_tried "$ONE_LOG" "$TWO_LOG"
}

@test "doctor sends no token to either of them" {
	two_of_one --delay 500
	chronoctl doctor --priv-key-file "$KEY" --chronograf-urls-from "$BATS_TEST_TMPDIR/list"
	[ "$status" -eq 4 ] || fail "exit status 4 expected"
	[ "$(grep -c 'its nonce is that of' <<<"$output")" -eq 2 ] || fail "not told of both"
	grep -q "acceptance.*$THREE.*accepts" <<<"$output"
	not_tried "$ONE_LOG" "$TWO_LOG"
}

@test "--watch writes neither, with --check and without, and says so once of each" {
	local option
	two_of_one --delay 500
	URL=$THREE
	for option in --verbose --check; do
		watch --priv-key-file "$KEY" --chronograf-urls-from "$BATS_TEST_TMPDIR/list" "$option"
		appears
		[ "$(cut -f 1 "$FILE")" = "$THREE" ] || fail "not the one line: $(cat "$FILE")"
		sleep 2.5
		[ "$(cut -f 1 "$FILE")" = "$THREE" ] || fail "not the one line: $(cat "$FILE")"
		[ "$(times_said 'its nonce is that of')" -eq 2 ] || fail "$(cat "$BATS_TEST_TMPDIR/said")"
		kill -TERM "$WATCH"
		ended_with 0
	done
	not_tried "$ONE_LOG" "$TWO_LOG"
}

@test "--watch: servers that have given out other nonces since are trusted again" {
	start_server --servers 1
	{ echo "$URL/s/0" && echo "${URL/127.0.0.1/localhost}/s/0"; } >"$BATS_TEST_TMPDIR/list"
	URL=$URL/s/0 watch --priv-key-file "$KEY" --chronograf-urls-from "$BATS_TEST_TMPDIR/list"
	wait_for said 'one server by two names'
	replace_nonce
	sleep 3
	is_gone || fail "a token is written: $(cat "$FILE")"
	lives
}

@test "http to another machine: one warning that names the risk; none for this machine, nor for https" {
	chronoctl token --priv-key-file "$KEY" --timeout 1 --chronograf-url http://chronograf.invalid \
		--chronograf-url http://other.invalid
	[ "$(grep -c "warning: http://chronograf.invalid.*not encrypted.*can use the token" <<<"$stderr")" -eq 1 ] ||
		fail "not one warning"
	chronoctl token --priv-key-file "$KEY" --timeout 1 --chronograf-url https://chronograf.invalid
	never_says "not encrypted"
	start_standin
	chronoctl_token --priv-key-file "$KEY"
	prints_token "$KEY"
	is_silent
}
