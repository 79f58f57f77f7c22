#!/usr/bin/env bats
# What the stand-in promises to the tests that trust it: it judges as Chronograf does, and its bad answers are bad.
load helper

@test "a public key file in Chronograf's form is taken, any other is refused with the reason" {
	openssl rsa -in "$BATS_FILE_TMPDIR/key" -pubout -out spki
	openssl rsa -in "$BATS_FILE_TMPDIR/key" -RSAPublicKey_out -out pkcs1

	start --pub-key-file "$BATS_FILE_TMPDIR/key.pub"
	run "$STANDIN" --pub-key-file spki
	[ "$status" -eq 1 ]
	[[ $output == *'level=error msg="Unable to set public key x509: failed to parse public key'* ]]
	[[ $output == *"spki: this PUBLIC KEY block holds a SubjectPublicKeyInfo"* ]]
	run "$STANDIN" --pub-key-file pkcs1
	[ "$status" -eq 1 ]
	[[ $output == *'unsupported key type "RSA PUBLIC KEY"'* ]]
	run "$STANDIN" --pub-key-file /dev/null
	[ "$status" -eq 1 ]
	[[ $output == *"no key found"* ]]
}

@test "the nonce is 36 bytes of text with the server's Expires" {
	start --nonce $NONCE --nonce-expiration 90 --base-path /chronograf --zone CET

	[[ $URL =~ ^http://127\.0\.0\.1:[0-9]+/chronograf$ ]]
	[ "$(status_of "$URL/nonce")" = 200 ]
	[ "$(od -An -c body)" = "$(printf %s $NONCE | od -An -c)" ]
	[ "$(header Content-Type)" = text/plain ]
	[[ $(header Expires) == *" CET" ]]
	[[ $(header Date) == *" GMT" ]]
	local life=$(($(date -d "$(header Expires)" +%s) - $(date +%s)))
	((life > 80 && life <= 90))
}

@test "a good token is accepted, and nothing else" {
	start --nonce $NONCE --pub-key-file "$BATS_FILE_TMPDIR/key.pub"
	local good
	good=$(token_for $NONCE)

	[ "$(check "$good" "$URL")" = 200 ]
	[ "$(status_of "$URL/$MAPPINGS")" = 403 ]
	[ "$(check "" "$URL")" = 403 ]
	[ "$(check "${good%=}" "$URL")" = 403 ]
	[ "$(check "${good}A" "$URL")" = 403 ]
	[ "$(check "$(token_for other)" "$URL")" = 403 ]
	[ "$(check "$(token_for "$NONCE
")" "$URL")" = 403 ]
	[ "$(status_of --header "Authorization: Bearer $good" "$URL/$MAPPINGS")" = 403 ]
	! grep -F "$good" log
}

@test "the word before the signature may be missing, and white space may be around it" {
	start --nonce $NONCE --pub-key-file "$BATS_FILE_TMPDIR/key.pub"
	local good value
	good=$(token_for $NONCE)
	for value in "$good" "CHRONOGRAF-SHA256$good" "CHRONOGRAF-SHA256   $good  " " $good"; do
		[ "$(status_of --header "Authorization:$value" "$URL/$MAPPINGS")" = 200 ]
	done
	! grep -F "$good" log
}

@test "a server without a public key hands out nonces and refuses every token" {
	start --nonce $NONCE
	[ "$(curl --silent "$URL/nonce")" = $NONCE ]
	[ "$(check "$(token_for $NONCE)" "$URL")" = 403 ]
}

@test "without authentication everybody passes the check" {
	start --open
	[ "$(status_of "$URL/$MAPPINGS")" = 200 ]
	[ "$(check "$(token_for $NONCE)" "$URL")" = 200 ]
}

@test "a refusal is 403 with an empty body" {
	start --pub-key-file "$BATS_FILE_TMPDIR/key.pub"
	[ "$(status_of "$URL/$MAPPINGS")" = 403 ]
	[ ! -s body ]
	[ "$(header Content-Length /$MAPPINGS)" = 0 ]
	[ -z "$(header Content-Type /$MAPPINGS)" ]
	has_headers_of_chronograf /$MAPPINGS
}

@test "all that Chronograf answers has its headers" {
	start --base-path /mon --open
	local path
	for path in /nonce /$MAPPINGS /unknown /../nonce; do
		has_headers_of_chronograf "$path" --path-as-is
		[ "$(grep -c Strict-Transport-Security headers)" -eq 0 ]
	done
	has_headers_of_chronograf /nonce --request POST
	stop

	start --tls-cert "$BATS_FILE_TMPDIR/tls.pem" --tls-key "$BATS_FILE_TMPDIR/tls.key"
	has_headers_of_chronograf /nonce --insecure
	grep -q '^Strict-Transport-Security: max-age=' headers
}

@test "outside the base path all is 404" {
	start --base-path /mon
	local path
	for path in / /nonce /$MAPPINGS; do
		[ "$(status_of "${URL%/mon}$path")" = 404 ]
		[ "$(cat body)" = "404 page not found" ]
	done
}

@test "every unknown path is the web page, and says 200" {
	local base path
	for base in '' /mon; do
		start --base-path "$base"
		for path in / /chronograf /chronograf/nonce /s/1/nonce //nonce /nonce/; do
			[ "$(status_of "$URL$path")" = 200 ]
			grep -qi '<html>' body
			[ "$(header Content-Type "$path")" = "text/html; charset=utf-8" ]
		done
		stop
	done
}

@test "each of many servers has a nonce of its own, and the same key" {
	start --servers 10000 --pub-key-file "$BATS_FILE_TMPDIR/key.pub"
	local first last
	first=$(curl --silent "$URL/s/0/nonce")
	last=$(curl --silent "$URL/s/9999/nonce")

	[ "$first" != "$last" ]
	[ "$(check "$(token_for "$last")" "$URL/s/9999")" = 200 ]
	[ "$(check "$(token_for "$last")" "$URL/s/0")" = 403 ]
}

@test "it speaks HTTPS with the certificate given" {
	start --tls-cert "$BATS_FILE_TMPDIR/tls.pem" --tls-key "$BATS_FILE_TMPDIR/tls.key"
	[[ $URL == https://localhost:* ]]
	[ "$(status_of --cacert "$BATS_FILE_TMPDIR/tls.pem" "$URL/nonce")" = 200 ]
}

@test "http to its TLS port is answered in words" {
	start --tls-cert "$BATS_FILE_TMPDIR/tls.pem" --tls-key "$BATS_FILE_TMPDIR/tls.key"
	[ "$(status_of "http://localhost:${URL##*:}/nonce")" = 400 ]
	[ "$(cat body)" = "Client sent an HTTP request to an HTTPS server." ]
	[ "$(status_of --insecure "$URL/nonce")" = 200 ]
}

@test "idle connections are closed after their time" {
	start --idle 1
	exec 9<> "/dev/tcp/127.0.0.1/${URL##*:}"
	printf 'GET /nonce HTTP/1.1\r\nHost: localhost\r\n\r\n' >&9
	timeout 10 cat <&9 > answer
	exec 9>&-
	grep -q '^HTTP/1.1 200' answer
}

@test "with --htpasswd Chronograf answers 401 everywhere, and lets in whoever has the password" {
	start --htpasswd user:pass --nonce $NONCE --pub-key-file "$BATS_FILE_TMPDIR/key.pub"
	local path
	for path in /nonce /$MAPPINGS / /unknown; do
		[ "$(status_of "$URL$path")" = 401 ]
		has_headers_of_chronograf "$path"
		grep -qx 'WWW-Authenticate: Basic realm="Chronograf"' headers
		[ "$(status_of --user user:pass "$URL$path")" = 200 ]
	done
	[ "$(check "$(token_for $NONCE)" "$URL")" = 401 ]
}

@test "a delayed answer delays no other" {
	start --delay 500
	local from to
	for _ in {1..100}; do
		printf 'url=%s/nonce\noutput=/dev/null\n' "$URL"
	done > urls
	from=$(date +%s%N)
	curl --silent --parallel --parallel-immediate --parallel-max 100 --config urls 2> /dev/null
	to=$(date +%s%N)
	[ "$(grep -c ' 200 -$' log)" -eq 100 ]
	((to - from > 500000000 && to - from < 5000000000))
}

@test "of all modes only those that say so lead to the nonce" {
	local mode what got
	while read -r mode what; do
		start --nonce $NONCE --mode "$mode"
		got=$(curl --silent --location --max-redirs 10 --proto-redir =http,https \
			--max-time 1 --write-out '|%{http_code}|' "$URL/nonce" | head -c 4096 |
			tr '\0' '?') || :
		stop
		case $mode:$what in
		ok:* | *": good" | replaced-once:* | other-replica:* | check-*)
			[[ $got == "$NONCE|200|" ]] ;;
		redirect-elsewhere:*)
			[[ $got == "$NONCE|200|" ]] ;;
		cut:*)
			[[ ${#got} -eq 23 ]] ;;
		*)
			[[ $got != "$NONCE|200|" ]] ;;
		esac || { echo "$mode: $got"; false; }
	done < <("$STANDIN" --list-modes)
}

@test "it ends with the process that started it" {
	bash -c '"$STANDIN" > url & echo $! > pid; until [ -s url ]; do sleep 0.1; done'
	local tries=50
	while grep -qs '^State:.[^Z]' "/proc/$(cat pid)/status"; do
		((tries-- > 0))
		sleep 0.1
	done
}
