# Many servers: one login, a line each in the given order, and a dead one does not affect the others.
load helper

setup_file() {
	suite_key_in_token estate
	suite_pin_file
}

# urls N: of the stand-in's numbered servers.
urls() {
	local i
	for ((i = 0; i < $1; i++)); do
		echo "$URL/s/$i"
	done
}

with_token() {
	chronoctl token --priv-key-file 'pkcs11:object=chronograf' --pin-source "$PIN_FILE" "$@"
}

# Each line's token is that of its own server's nonce.
tokens_are_of_their_servers() {
	local url token
	while IFS=$'\t' read -r url token; do
		[ "$token" = "$(expected_token "$KEY" "$(curl -sS "$url/nonce")")" ] || fail "wrong token for $url" || return
	done <<<"$output"
}

@test "--chronograf-url may be repeated: a line each, URL and token, in the order given" {
	start_standin --servers 3
	chronoctl token --priv-key-file "$KEY" --chronograf-url "$URL/s/2" --chronograf-url "$URL/s/0" \
		--chronograf-url "$URL/s/1"
	[ "$status" -eq 0 ]
	[ "$(cut -f 1 <<<"$output")" = "$URL/s/2"$'\n'"$URL/s/0"$'\n'"$URL/s/1" ] || fail "not in order"
	tokens_are_of_their_servers
	is_silent
}

@test "a flag replaces the variable, and does not add to it" {
	start_standin
	CHRONOGRAF_URL=http://127.0.0.1:1 chronoctl token --priv-key-file "$KEY" --chronograf-url "$URL"
	prints_token "$KEY"
}

@test "--chronograf-urls-from reads a URL a line, without comments, blanks and empty lines" {
	start_standin --servers 3
	printf '# the estate\r\n\n  %s \r\n%s\n\t# old one\n%s' "$URL/s/1" "$URL/s/0" "$URL/s/2" \
		>"$BATS_TEST_TMPDIR/list"
	chronoctl token --priv-key-file "$KEY" --chronograf-urls-from "$BATS_TEST_TMPDIR/list"
	[ "$status" -eq 0 ]
	[ "$(cut -f 1 <<<"$output" | tr '\n' ' ')" = "$URL/s/1 $URL/s/0 $URL/s/2 " ] || fail "not the list"
	tokens_are_of_their_servers
}

@test "--chronograf-urls-from - reads standard input, after the URLs of the command line" {
	start_standin --servers 2
	run --separate-stderr bash -c 'echo "$1/s/1" | "$2" token --priv-key-file "$3" --chronograf-urls-from - \
		--chronograf-url "$1/s/0"' - "$URL" "$CHRONOCTL" "$KEY"
	[ "$status" -eq 0 ]
	[ "$(cut -f 1 <<<"$output" | tr '\n' ' ')" = "$URL/s/0 $URL/s/1 " ] || fail "not both"
}

@test "a list that is endless, or too large to be one: exit 2 and why, and no URL before it is asked" {
	local endless
	start_standin
	for endless in 'cat /dev/zero|line 2 has a NUL byte' 'yes | tr -d "\n"|line 2 is longer than 8192 bytes' \
		'yes http://127.0.0.1:1|line [0-9]+ begins after 16 MiB' 'yes ""|line [0-9]+ begins after 16 MiB'; do
		run --separate-stderr bash -c '[ "$SANITIZED" = ON ] || ulimit -v 300000; (echo "$1"; eval "$4") 2>/dev/null |
			timeout 20 "$2" token --priv-key-file "$3" --chronograf-urls-from -' - "$URL" "$CHRONOCTL" "$KEY" "${endless%|*}"
		refused 2 "standard input: ${endless##*|}"
	done
	[ "$(requests)" -eq 0 ]
	(echo "#$(printf %8191s '')"; echo "$URL$(printf %8000s '')") >"$BATS_TEST_TMPDIR/list"
	chronoctl token --priv-key-file "$KEY" --chronograf-urls-from "$BATS_TEST_TMPDIR/list"
	[ "$status" -eq 0 ] || fail "a line of 8192 bytes is not read"
}

@test "a list of one is a list: the line has its URL, and the default server is not asked" {
	start_standin
	echo "$URL" >"$BATS_TEST_TMPDIR/list"
	chronoctl token --priv-key-file "$KEY" --chronograf-urls-from "$BATS_TEST_TMPDIR/list"
	[ "$output" = "$URL"$'\t'"$(expected_token "$KEY")" ] || fail "not one line with its URL"
}

@test "an empty list, one that is not there, and one with a line that is no URL: exit 2" {
	start_standin
	chronoctl token --priv-key-file "$KEY" --chronograf-urls-from /dev/null
	refused 2 "empty"
	chronoctl token --priv-key-file "$KEY" --chronograf-urls-from "$BATS_TEST_TMPDIR/none"
	refused 2 "No such file"
	printf '%s\nlocalhost:8888\n' "$URL" >"$BATS_TEST_TMPDIR/list"
	chronoctl token --priv-key-file "$KEY" --chronograf-urls-from "$BATS_TEST_TMPDIR/list"
	refused 2 "localhost:8888"
	[ "$(requests)" -eq 0 ]
}

@test "of many servers JSON has a line each, and the header form its URL" {
	start_standin --servers 20
	urls 20 >"$BATS_TEST_TMPDIR/list"
	chronoctl token --priv-key-file "$KEY" --chronograf-urls-from "$BATS_TEST_TMPDIR/list" -o json
	[ "$(jq -r .url <<<"$output")" = "$(urls 20)" ] || fail "not in order"
	chronoctl token --priv-key-file "$KEY" --chronograf-urls-from "$BATS_TEST_TMPDIR/list" -o header
	[ "$(grep -c $'^http://[^\t]*/s/[0-9]*\tAuthorization: CHRONOGRAF-SHA256 ' <<<"$output")" -eq 20 ]
}

@test "a user and password in a URL reach the server and no output" {
	start_standin --basic-auth user:geheim
	printf '%s\nhttp://user:geheim@127.0.0.1:1\n' "${URL/:\/\//://user:geheim@}" >"$BATS_TEST_TMPDIR/list"
	chronoctl token --priv-key-file "$KEY" --chronograf-urls-from "$BATS_TEST_TMPDIR/list" -v
	[ "$status" -eq 4 ]
	[ "$output" = "$URL"$'\t'"$(expected_token "$KEY")" ] || fail "not the one line"
	never_says geheim
}

@test "servers that fail: exit 4, each is named, and all good tokens are printed" {
	start_standin --servers 3
	{ echo http://127.0.0.1:1/first && urls 3 && echo "$URL/wrong"; } >"$BATS_TEST_TMPDIR/list"
	chronoctl token --priv-key-file "$KEY" --chronograf-urls-from "$BATS_TEST_TMPDIR/list"
	[ "$status" -eq 4 ]
	[ "$(cut -f 1 <<<"$output")" = "$(urls 3)" ] || fail "not all good ones"
	tokens_are_of_their_servers
	says "http://127.0.0.1:1/first: connection refused" "$URL/wrong: the answer is not a nonce" "2 of 5 servers failed"
}

@test "a server that never answers costs its own time-out, once, and delays no other" {
	local good
	start_standin --servers 100
	good=$URL
	start_standin --mode never
	{ echo "$URL" && echo "$URL/again" && URL=$good urls 100; } >"$BATS_TEST_TMPDIR/list"
	SECONDS=0
	chronoctl token --priv-key-file "$KEY" --chronograf-urls-from "$BATS_TEST_TMPDIR/list" --timeout 3
	[ "$SECONDS" -lt 15 ] || fail "it took $SECONDS s"
	[ "$status" -eq 4 ]
	[ "$(wc -l <<<"$output")" -eq 100 ]
	says "$URL: no complete answer within 3 seconds"
}

@test "--check of many: those that refuse are named and not printed, exit 5; with a dead one, exit 4" {
	local good
	start_standin --servers 3 --pub-key-file "$PUB"
	good=$URL
	start_standin --mode other-replica --pub-key-file "$PUB"
	{ echo "$URL" && URL=$good urls 3; } >"$BATS_TEST_TMPDIR/list"
	chronoctl token --priv-key-file "$KEY" --check --chronograf-urls-from "$BATS_TEST_TMPDIR/list"
	[ "$status" -eq 5 ]
	[ "$(cut -f 1 <<<"$output")" = "$(URL=$good urls 3)" ] || fail "not the three good ones"
	says "$URL does not accept the token" "1 of 4 servers failed"
	echo http://127.0.0.1:1 >>"$BATS_TEST_TMPDIR/list"
	chronoctl token --priv-key-file "$KEY" --check --chronograf-urls-from "$BATS_TEST_TMPDIR/list"
	[ "$status" -eq 4 ]
	[ "$(wc -l <<<"$output")" -eq 3 ]
}

@test "300 servers: one login, one session, one signature each" {
	use_shim
	start_standin --servers 300
	urls 300 >"$BATS_TEST_TMPDIR/list"
	with_token --chronograf-urls-from "$BATS_TEST_TMPDIR/list"
	[ "$status" -eq 0 ]
	[ "$(cut -f 1 <<<"$output")" = "$(urls 300)" ] || fail "not in order"
	called C_Initialize 1
	called C_Login 1
	called C_OpenSession 1
	called C_SignInit 300
	called C_Sign 300
}

@test "100 servers, --check: every token is tried once" {
	start_standin --servers 100 --pub-key-file "$PUB"
	urls 100 >"$BATS_TEST_TMPDIR/list"
	with_token --pkcs11-module "$SOFTHSM" --check --chronograf-urls-from "$BATS_TEST_TMPDIR/list"
	[ "$status" -eq 0 ]
	[ "$(cut -f 1 <<<"$output")" = "$(urls 100)" ] || fail "not in order"
	[ "$(grep -c 'mappings .* 200 CHRONOGRAF' "$STANDIN_LOG")" -eq 100 ]
}

@test "a key that fails half way: exit 3, and what was signed is printed" {
	use_shim
	start_standin --servers 10
	urls 10 >"$BATS_TEST_TMPDIR/list"
	SHIM_FAIL=C_Sign:4=CKR_DEVICE_MEMORY with_token --chronograf-urls-from "$BATS_TEST_TMPDIR/list"
	[ "$status" -eq 3 ]
	[ "$(grep -c . <<<"$output")" -eq 3 ]
	says "the token is full" "not all were reached"
	called C_Sign 4
}

@test "a key that fails half way, and works at the second try: everything is signed" {
	use_shim
	start_standin --servers 10
	urls 10 >"$BATS_TEST_TMPDIR/list"
	SHIM_FAIL=C_Sign:4=CKR_DEVICE_ERROR with_token --chronograf-urls-from "$BATS_TEST_TMPDIR/list"
	[ "$status" -eq 0 ]
	[ "$(grep -c . <<<"$output")" -eq 10 ]
	says "CKR_DEVICE_ERROR" "trying once more"
	called C_Sign 11
}

@test "standard output that cannot be written: exit 1, reported once" {
	start_standin --servers 200
	urls 200 >"$BATS_TEST_TMPDIR/list"
	run --separate-stderr bash -c '"$1" token --priv-key-file "$2" --chronograf-urls-from "$3" >/dev/full' - \
		"$CHRONOCTL" "$KEY" "$BATS_TEST_TMPDIR/list"
	[ "$status" -eq 1 ]
	[ "$(grep -c "cannot write the result" <<<"$stderr")" -eq 1 ]
}

@test "progress is shown on a terminal, and nowhere else" {
	start_standin --servers 300 --delay 1000
	urls 300 >"$BATS_TEST_TMPDIR/list"
	TERM=xterm on_terminal 'of 300 servers' '' "$CHRONOCTL token --priv-key-file $KEY --chronograf-urls-from \
		$BATS_TEST_TMPDIR/list >$BATS_TEST_TMPDIR/out"
	[ "$status" -eq 0 ]
	shows 'of 300 servers, 0 failed'
	[ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -eq 300 ]
	chronoctl token --priv-key-file "$KEY" --chronograf-urls-from "$BATS_TEST_TMPDIR/list"
	is_silent
}
