# --min-life: near the end of a nonce the next one is awaited, once, so that a token lasts.
load helper

setup_file() {
	suite_key
	export OPEN=$D/open
	encrypt_key "$KEY" "$OPEN" secret
}

# start_near_end SECONDS-LEFT PERIOD ARGUMENT…: a server whose first nonce ends in so many seconds, and a part of one.
start_near_end() {
	start_standin --nonce-expiration "$2" --pub-key-file "$PUB" "${@:3}"
	sleep $(($2 - $1))
}

# token ARGUMENT…: sets TOOK, in milliseconds.
token() {
	local before
	before=$(date +%s%3N)
	chronoctl_token --priv-key-file "$KEY" "$@"
	TOOK=$(($(date +%s%3N) - before))
	[ "$status" -eq 0 ] || fail "exit status 0 expected"
}

is_of_first() { [ "$output" = "$(expected_token "$KEY")" ] || fail "not the token of the first nonce"; }
is_of_next() {
	local nonce
	nonce=$(curl -s "$URL/nonce")
	[ "$nonce" != "$NONCE" ] && [ "$output" = "$(expected_token "$KEY" "$nonce")" ] || fail "not the token of the next nonce"
}
at_once() { [ "$TOOK" -lt 2000 ] || fail "it took $TOOK ms"; }

field() { jq -r ".$1" <<<"$output"; }

accepted() { # TOKEN
	[ "$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: CHRONOGRAF-SHA256 $1" "$URL/chronograf/v1/mappings")" = 200 ]
}

@test "near the end of a nonce the token is for the next one, and lives as long as asked for" {
	start_near_end 3 8
	token
	is_of_next
	[ "$TOOK" -gt 1000 ] && [ "$TOOK" -lt 6500 ] || fail "it took $TOOK ms"
	sleep 5
	accepted "$output"
	is_silent
}

@test "5 seconds are waited for unless it says otherwise; 0 takes what comes" {
	start_near_end 4 9
	token --min-life 0
	is_of_first
	at_once
	token --min-life 1
	is_of_first
	at_once
	token --min-life 5
	is_of_next
}

@test "a nonce that lives long enough is signed at once, and the server is asked once" {
	start_standin --nonce-expiration 60 --pub-key-file "$PUB"
	token --min-life 50
	is_of_first
	at_once
	[ "$(requests)" -eq 1 ] || fail "$(requests) requests"
}

@test "the wait is no part of --timeout, and costs the server few questions" {
	# Longer, too, than an honest network program is silent without.
	start_standin --nonce-expiration 14
	token --timeout 1 --min-life 20
	is_of_next
	[ "$TOOK" -gt 12000 ] || fail "it took $TOOK ms"
	[ "$(requests)" -le 14 ] || fail "$(requests) requests"
}

@test "a server whose nonces never live so long gives a warning and its token, after one wait" {
	start_standin --nonce-expiration 3 --pub-key-file "$PUB"
	token
	is_of_next
	accepted "$output"
	[ "$TOOK" -lt 5000 ] || fail "it took $TOOK ms"
	says "warning: $URL: the token may expire within 5 s.*--min-life"
	[ "$(grep -c . <<<"$stderr")" -eq 1 ]
}

@test "a nonce that does not change in time is signed with a warning" {
	start_near_end 1 3 --late-nonce 60000
	token
	is_of_first
	says 'warning: .*--min-life'
}

@test "the wait is reported with --verbose and on a terminal, otherwise not" {
	start_near_end 2 8
	token --verbose
	says "waiting for the next nonce of $URL for [2-4] s at most"
	stop_standin
	start_near_end 2 8
	TERM=xterm on_terminal "'$CHRONOCTL' token --chronograf-url $URL --priv-key-file '$KEY'"
	[ "$status" -eq 0 ]
	shows "waiting for the next nonce of ${URL#http://}, [12] s; --min-life 5"
}

stop_standin() { end_processes "$SCRATCH"; }

@test "with an ambiguous zone the lower bound of the life decides, and JSON says that it is one" {
	local zone
	for zone in Asia/Kolkata Asia/Shanghai; do
		start_near_end 2 8 --zone "$zone"
		token -o json
		[ "$(field token)" = "$(expected_token "$KEY" "$(curl -s "$URL/nonce")")" ] || fail "not of the next nonce"
		[ "$(field valid_for_seconds)" = null ] && [ "$(field nonce_expires)" = null ]
		[ "$(field valid_for_at_least)" -ge 6 ] && [ "$(field valid_for_at_least)" -le 8 ] || fail "no lower bound"
		stop_standin
	done
	start_standin --zone Asia/Kolkata
	token
	is_of_first
	at_once
}

@test "JSON has no lower bound if the life is known, or if nothing is" {
	local mode
	for mode in ok no-expires; do
		start_standin --mode "$mode"
		token -o json
		[ "$(jq 'has("valid_for_at_least")' <<<"$output")" = false ]
	done
}

@test "if the server does not say how long its nonce lives, there is no wait" {
	local mode
	for mode in no-expires bad-expires past-expires; do
		start_standin --mode "$mode"
		token --min-life 86400
		is_of_first
		at_once
		is_silent
	done
}

@test "with many servers each waits for itself" {
	local server nonce
	# They change 8 s apart: the last in 4 s, the others later.
	start_standin --servers 3 --nonce-expiration 24 --spread --pub-key-file "$PUB"
	sleep 4
	: >"$STANDIN_LOG"
	chronoctl token --priv-key-file "$KEY" --chronograf-url "$URL/s/0" --chronograf-url "$URL/s/1" --chronograf-url "$URL/s/2"
	[ "$status" -eq 0 ] || fail "exit status 0 expected"
	for server in 0 1 2; do
		nonce=$(curl -s "$URL/s/$server/nonce")
		grep -qxF "$URL/s/$server"$'\t'"$(expected_token "$KEY" "$nonce")" <<<"$output" || fail "server $server"
	done
	# Who has asked again is the one whose nonce was near its end.
	[ "$(grep -c '/s/2/nonce' "$STANDIN_LOG")" -ge 3 ] || fail "no wait: $(cat "$STANDIN_LOG")"
	[ "$(grep -c '/s/0/nonce' "$STANDIN_LOG")" -eq 2 ] && [ "$(grep -c '/s/1/nonce' "$STANDIN_LOG")" -eq 2 ]
}

@test "with --check the token of the next nonce is tried, and no other" {
	start_near_end 2 8
	: >"$STANDIN_LOG"
	token --check
	is_of_next
	[ "$(grep -c 'mappings.* CHRONOGRAF-SHA256' "$STANDIN_LOG")" -eq 1 ] || fail "$(cat "$STANDIN_LOG")"
}

@test "a nonce that has grown old while the key was opened is not signed" {
	start_standin --nonce-expiration 8 --pub-key-file "$PUB"
	chronoctl_token --priv-key-file "$OPEN" --pin-source '|sleep 5; echo secret'
	[ "$status" -eq 0 ]
	is_of_next
	accepted "$output"
}

@test "the life in JSON is counted from the server's answer" {
	start_standin --nonce-expiration 60 --pub-key-file "$PUB"
	chronoctl_token --priv-key-file "$OPEN" --pin-source '|sleep 3; echo secret' -o json
	[ "$(field valid_for_seconds)" -le 57 ] || fail "seconds that are over are counted"
}

@test "a server that fails while its next nonce is awaited counts as failed" {
	start_near_end 4 8
	(sleep 1.5 && end_processes "$SCRATCH") 3>&- 4>&- &
	chronoctl_token --priv-key-file "$KEY"
	refused 4 'connect'
}

@test "SIGINT and SIGTERM end the wait" {
	local signal
	start_standin --nonce-expiration 30
	for signal in INT TERM; do
		"$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY" --min-life 60 >/dev/null 2>&1 3>&- 4>&- </dev/null &
		sleep 1
		SECONDS=0
		kill -s "$signal" $!
		wait $! || status=$?
		[ "$SECONDS" -lt 2 ] && [ "$status" -ge 128 ]
	done
}

@test "--min-life needs a number of seconds, and a server that is asked once" {
	local wrong
	for wrong in -1 ten 10x '' 86401 99999999999999999999; do
		chronoctl token --priv-key-file "$KEY" "--min-life=$wrong"
		refused 2 'min-life takes a whole number of seconds from 0 to 86400'
	done
	chronoctl token --priv-key-file "$KEY" --min-life 5 --nonce "$NONCE"
	refused 2 '--nonce and --min-life exclude each other'
	chronoctl token --priv-key-file "$KEY" --min-life 5 --nonce-from - </dev/null
	refused 2 '--nonce-from and --min-life exclude each other'
	chronoctl token --priv-key-file "$KEY" --min-life 5 --watch --out-file "$BATS_TEST_TMPDIR/tokens"
	refused 2 '--watch and --min-life exclude each other'
}
