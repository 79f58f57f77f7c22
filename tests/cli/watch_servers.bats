# --watch and its servers: those that are gone, fail, refuse the token, or are many.
load helper
load watching

@test "a server that is gone: the file stays exactly as long as its nonce lives, and comes back with the server" {
	start_server --nonce-expiration 5
	watch --priv-key-file "$KEY" --timeout 1
	appears
	signal_server STOP
	sleep 1.5
	[ -s "$FILE" ] || fail "removed before its time"
	goes
	lives
	wait_for said "$URL: no complete answer"
	said "no valid token is left"
	signal_server CONT
	appears
	wait_for accepted
	wait_for said "answers again"
	[ "$(times_said "$URL: ")" -eq 1 ] || fail "it repeats itself"
}

@test "a server that fails is asked every second" {
	local before
	start_standin --mode status-503
	watch --priv-key-file "$KEY" --poll-interval 60
	wait_for logged /nonce 1
	before=$(requests)
	sleep 8
	lives
	is_gone
	[ "$(requests)" -ge $((before + 6)) ] || fail "$(requests) requests, $before of them before 8 seconds"
	[ "$(requests)" -le $((before + 11)) ] || fail "$(requests) requests, $before of them before 8 seconds"
}

@test "a replaced nonce is found at once when a few were seen, and the server is not flooded" {
	local counted median requests
	read -r counted median requests < <(STANDIN=$STANDIN GAPS_SERVERS=10 GAPS_LIFE=3 GAPS_SECONDS=20 \
		"$SOURCE_DIR/tests/gaps" - "$CHRONOCTL" 2>"$BATS_TEST_TMPDIR/said" |
		awk -F '|' 'END { print $3, $4, $7 }')
	[ "$counted" -ge 20 ] || fail "only $counted replacements: $(cat "$BATS_TEST_TMPDIR/said")"
	[ "$median" -le 200 ] || fail "a median of $median ms"
	# In 20 seconds: 7 windows of 40 looks, and a question a second.
	[ "$requests" -le 3100 ] || fail "$requests requests"
}

@test "a restarted server is asked within a second and a half of its return" {
	local old port since
	start_server
	watch --priv-key-file "$KEY" --poll-interval 1
	appears
	old=$(cat "$FILE")
	port=${URL##*:}
	signal_server TERM
	wait_for said "$URL: "
	sleep 5
	NONCE=$(cat /proc/sys/kernel/random/uuid) start_server --port "$port"
	since=$(date +%s%N)
	wait_for differs "$old" || fail "it stays the same"
	since=$((($(date +%s%N) - since) / 1000000))
	accepted
	[ "$since" -le 1900 ] || fail "it took $since ms"
}

@test "--check: a token that is refused is not written, and that is reported once" {
	start_server --mode other-replica
	watch --priv-key-file "$KEY" --check
	wait_for said "does not accept"
	wait_for logged /nonce 4
	is_gone
	lives
	[ "$(times_said 'does not accept')" -eq 1 ]
}

@test "--check: a token that is accepted is written, and a nonce that was replaced in between does not count as a refusal" {
	start_server --mode replaced-once
	watch --priv-key-file "$KEY" --check
	appears
	accepted
	replace_nonce
	wait_for accepted
	[ "$(times_said 'does not accept')" -eq 0 ]
}

@test "--check: a server in trouble is tried again at the next poll" {
	start_server --mode check-500
	watch --priv-key-file "$KEY" --check
	wait_for said "status 500"
	wait_for logged mappings 3
	is_gone
	[ "$(times_said 'status 500')" -eq 1 ]
}

@test "many servers: a line each in the order given, and none for one that is dead" {
	start_server --servers 30
	for i in $(seq 29 -1 0); do
		echo "$URL/s/$i"
	done >"$BATS_TEST_TMPDIR/list"
	watch --chronograf-url http://127.0.0.1:1 --chronograf-urls-from "$BATS_TEST_TMPDIR/list" --priv-key-file "$KEY"
	complete() { [ "$(cut -f 1 "$FILE" | tail -n 30)" = "$(cat "$BATS_TEST_TMPDIR/list")" ]; }
	wait_for complete || fail "not all: $(cut -f 1 "$FILE")"
	[ "$(wc -l <"$FILE")" -eq 31 ]
	replaced() { [ "$(cut -f 2 "$FILE" | sort -u | wc -l)" -eq 31 ] && ! grep -qF "$old" "$FILE"; }
	old=$(tail -n 1 "$FILE")
	replace_nonce
	wait_for replaced || fail "not all are replaced"
	[ "$(times_said 'http://127.0.0.1:1: connection refused')" -eq 1 ]
}

@test "many servers with --check and SIGHUP: all are signed again, and none waits for ever" {
	use_shim
	start_server --servers 201
	for i in $(seq 1 200); do
		echo "$URL/s/$i"
	done >"$BATS_TEST_TMPDIR/list"
	URL=$URL/s/0
	watch_token --check --chronograf-urls-from "$BATS_TEST_TMPDIR/list"
	complete() { [ -e "$FILE" ] && [ "$(wc -l <"$FILE")" -eq 201 ]; }
	wait_for complete || fail "only $(wc -l <"$FILE") lines"
	kill -HUP "$WATCH"
	signed_again() { [ "$(calls C_Sign)" -ge 402 ]; }
	wait_for signed_again || fail "$(calls C_Sign) signatures"
	complete
	kill -TERM "$WATCH"
	ended_with 0
	called C_Login 2
}

@test "a proxy that answers CONNECT with a page without end keeps no other server from its token" {
	start_standin --mode endless-tunnel
	export https_proxy=$URL
	start_standin
	watch --chronograf-url https://chronograf.invalid --timeout 3 --priv-key-file "$KEY"
	appears
	[ "$(cat "$FILE")" = "$URL"$'\t'"$(expected_token "$KEY")" ] || fail "not the other server's token"
	wait_for said '^chronoctl: https://chronograf.invalid: the proxy refuses the tunnel'
	sleep 3
	lives
	[ -s "$FILE" ] || fail "the token is gone"
	! said 'silent' || fail "the network program is blamed: $(cat "$BATS_TEST_TMPDIR/said")"
}

@test "a server that asks for a TLS handshake without end keeps no other server from its token" {
	start_standin --mode endless-handshake
	local endless=${URL/http:/https:}
	start_standin
	watch --chronograf-url "$endless" --timeout 3 --priv-key-file "$KEY"
	appears
	[ "$(cat "$FILE")" = "$URL"$'\t'"$(expected_token "$KEY")" ] || fail "not the other server's token"
	wait_for said "^chronoctl: $endless: the server sends messages of TLS without end"
	sleep 3
	lives
	[ -s "$FILE" ] || fail "the token is gone"
	! said 'silent' || fail "the network program is blamed: $(cat "$BATS_TEST_TMPDIR/said")"
}
