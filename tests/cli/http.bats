# The request: its URL, who may ask, redirects, a server that is slow or not there.
load helper

setup_file() { suite_key; }

@test "a server that is slow, but not too slow" {
	start_standin --delay 1500
	chronoctl_token --priv-key-file "$KEY" --timeout 20
	prints_token "$KEY"
}

@test "at most 10 redirects, and only to http or https" {
	asked redirect-10
	prints_token "$KEY"
	asked redirect-11
	refused 4 'redirect'
	asked redirect-loop
	refused 4 'redirect'
	asked redirect-file
	refused 4
	never_says root:
	asked redirect-ftp
	refused 4
}

@test "a redirect within the host is followed, to another it is an error that names the URL to give" {
	local other
	new_tls_key "$BATS_TEST_TMPDIR/tls" IP:127.0.0.1,DNS:localhost
	start_standin --tls-cert "$BATS_TEST_TMPDIR/tls.crt" --tls-key "$BATS_TEST_TMPDIR/tls.key"
	other=$URL
	start_standin --redirect "${other/localhost/127.0.0.1}"
	chronoctl_token --priv-key-file "$KEY" --ca-file "$BATS_TEST_TMPDIR/tls.crt"
	prints_token "$KEY"
	start_standin --redirect "$other"
	chronoctl_token --priv-key-file "$KEY" --ca-file "$BATS_TEST_TMPDIR/tls.crt"
	refused 4 'another host' "--chronograf-url '$other'\$"
}

@test "the URL of a redirect is given as one word of a shell" {
	start_standin --redirect 'http://127.0.0.2:1/$(id);id|sh&`id`'
	chronoctl_token --priv-key-file "$KEY"
	refused 4 'another host' "--chronograf-url 'http://127\.0\.0\.2:1/\\$\\(id\\);id\\|sh&(\`|%60)id(\`|%60)'\$"
}

@test "a redirect from https to http is an error that names the URL to give" {
	local plain
	new_tls_key "$BATS_TEST_TMPDIR/tls" DNS:localhost
	start_standin
	plain=${URL/127.0.0.1/localhost}
	start_standin --redirect "$plain" --tls-cert "$BATS_TEST_TMPDIR/tls.crt" --tls-key "$BATS_TEST_TMPDIR/tls.key"
	chronoctl_token --priv-key-file "$KEY" --ca-file "$BATS_TEST_TMPDIR/tls.crt"
	refused 4 'from https to http' "--chronograf-url '$plain'\$"
}

@test "a redirect loop is not followed further" {
	start_standin --mode redirect-loop
	chronoctl_token --priv-key-file "$KEY"
	refused 4
	[ "$(requests)" -le 11 ]
}

@test "one request by HTTP/1.1 or later, for {url}/nonce, with no key or token in it" {
	start_standin
	chronoctl_token --priv-key-file "$KEY"
	prints_token "$KEY"
	[ "$(cat "$STANDIN_LOG")" = "GET /nonce HTTP/1.1 200 -" ] || fail "$(cat "$STANDIN_LOG")"
}

@test "a base path, with and without a slash at its end" {
	start_standin --base-path /monitoring/chronograf
	chronoctl_token --priv-key-file "$KEY"
	prints_token "$KEY"
	chronoctl token --chronograf-url "$URL/" --priv-key-file "$KEY"
	prints_token "$KEY"
	[ "$(cut -d ' ' -f 2 "$STANDIN_LOG" | sort -u)" = /monitoring/chronograf/nonce ] ||
		fail "$(cat "$STANDIN_LOG")"
	chronoctl token --chronograf-url "${URL%/monitoring/chronograf}" --priv-key-file "$KEY"
	refused 4 404
}

@test "a trailing slash without a base path" {
	start_standin
	chronoctl token --chronograf-url "$URL/" --priv-key-file "$KEY"
	prints_token "$KEY"
}

@test "user:password in the URL" {
	start_standin --basic-auth 'ops:p@ss w/rd:'
	chronoctl token --chronograf-url "http://ops:p%40ss%20w%2Frd%3A@${URL#http://}" --priv-key-file "$KEY"
	prints_token "$KEY"
	grep -q ' Basic$' "$STANDIN_LOG"
	chronoctl_token --priv-key-file "$KEY"
	refused 4 401
	chronoctl token --chronograf-url "http://ops:wrong@${URL#http://}" --priv-key-file "$KEY"
	refused 4 401
}

@test "a server that is not there: exit 4, named" {
	chronoctl token --chronograf-url http://127.0.0.1:1 --priv-key-file "$KEY"
	refused 4 '127\.0\.0\.1'
	chronoctl token --chronograf-url http://chronograf.invalid:8888 --priv-key-file "$KEY" --timeout 10
	refused 4 'chronograf\.invalid'
}

@test "a port that is closed, and a name that is not known: what to look at" {
	chronoctl token --chronograf-url http://127.0.0.1:1 --priv-key-file "$KEY"
	refused 4 'Connection refused' 'Chronograf running' 'public key in the standard form'
	chronoctl token --chronograf-url http://chronograf.invalid:8888 --priv-key-file "$KEY" --timeout 10
	refused 4 'name right'
	never_says 'Chronograf running'
	if ! (: </dev/tcp/127.0.0.1/80) 2>/dev/null; then
		chronoctl token --chronograf-url http://127.0.0.1 --priv-key-file "$KEY"
		refused 4 'http://127.0.0.1: connection refused. .*listens on 8888.*add :8888'
	fi
}

@test "a URL with one slash or three, which would miss the warning of http and the comparison of entries: exit 2" {
	start_standin
	for slashes in / /// ////; do
		chronoctl token --chronograf-url "http:$slashes${URL#http://}" --priv-key-file "$KEY"
		refused 2 'slashes'
		chronoctl token --chronograf-url "http:${slashes}me:geheim@${URL#http://}" --priv-key-file "$KEY"
		refused 2
		never_says geheim
	done
	[ "$(requests)" -eq 0 ]
}

@test "a server whose name is nonce is asked" {
	chronoctl token --chronograf-url http://nonce --priv-key-file "$KEY" --timeout 1
	[ "$status" -eq 4 ] || fail "exit status 4 expected"
}

@test "a URL with /nonce or a query: exit 2, and the URL to give" {
	local given
	for given in /nonce /nonce/ '/nonce?a=b' '/?a=b' '#a'; do
		chronoctl token --chronograf-url "http://ops:secret@localhost:8888/mon$given" --priv-key-file "$KEY"
		refused 2 "write 'http://localhost:8888/mon/?'\$"
		never_says secret
	done
}

# token_within LEAST MOST ARGUMENT…: exit 4, after so many seconds.
token_within() {
	SECONDS=0
	chronoctl_token --priv-key-file "$KEY" --timeout 2 "${@:3}"
	refused 4 'within 2 s|timed out'
	[ "$SECONDS" -ge "$1" ] && [ "$SECONDS" -le "$2" ] || fail "after $SECONDS seconds"
}

@test "a byte now and then, and redirects that take their time, cost --timeout in all" {
	start_standin --mode slow
	token_within 2 4
	start_standin --mode redirect-10 --delay 400
	token_within 2 4
}

@test "with --check the trial has --timeout for both its requests, and four times as long is the most that all may take" {
	start_standin --pub-key-file "$PUB" --delay 1300
	token_within 3 5 --check
	start_standin --pub-key-file "$PUB" --mode replaced-once --delay 1300
	token_within 5 9 --check
}

# Of the line of --verbose about the nonce: the milliseconds of all, and until the name was found, the connection stood, TLS stood, the first byte came.
read_times() {
	local numbers
	numbers=$(sed -nE 's/^chronoctl: .*GET .*, ([0-9]+) ms \(name ([0-9]+), connect ([0-9]+), TLS ([0-9]+), first byte ([0-9]+)\).*/\1 \2 \3 \4 \5/p' <<<"$stderr" | head -n 1)
	read -r ALL NAME CONNECT TLS FIRST <<<"$numbers" && [ -n "$FIRST" ] || fail "no times are shown"
}

@test "--verbose shows where the time went, in milliseconds: each is a time since the beginning, and all of it no less than its parts" {
	start_standin --delay 700
	chronoctl_token --priv-key-file "$KEY" -v
	prints_token "$KEY"
	read_times
	[ "$NAME" -le "$CONNECT" ] && [ "$CONNECT" -le "$FIRST" ] && [ "$FIRST" -le $((ALL + 1)) ] || fail "$ALL $NAME $CONNECT $TLS $FIRST"
	[ "$FIRST" -ge 690 ] && [ "$ALL" -lt $((PATIENCE * 1000)) ] || fail "$ALL $FIRST"
	[ "$TLS" -eq 0 ]
	new_tls_key "$SCRATCH/tls" IP:127.0.0.1,DNS:localhost
	start_standin --tls-cert "$SCRATCH/tls.crt" --tls-key "$SCRATCH/tls.key"
	chronoctl_token --priv-key-file "$KEY" -v --ca-file "$SCRATCH/tls.crt"
	prints_token "$KEY"
	read_times
	[ "$CONNECT" -le "$TLS" ] && [ "$TLS" -gt 0 ] && [ "$TLS" -le "$FIRST" ] || fail "$ALL $NAME $CONNECT $TLS $FIRST"
}
