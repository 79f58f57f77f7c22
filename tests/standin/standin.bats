#!/usr/bin/env bats
# What the stand-in promises to the tests that trust it: it judges as Chronograf does, and its bad answers are bad.

NONCE=6ba7b810-9dad-4de1-80b4-00c04fd430c8
MAPPINGS=chronograf/v1/mappings

setup_file()
{
	openssl genrsa -traditional -out "$BATS_FILE_TMPDIR/key" 2048
	openssl rsa -in "$BATS_FILE_TMPDIR/key" -RSAPublicKey_out |
		sed 's/RSA PUBLIC KEY/PUBLIC KEY/' > "$BATS_FILE_TMPDIR/key.pub"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost \
		-keyout "$BATS_FILE_TMPDIR/tls.key" -out "$BATS_FILE_TMPDIR/tls.pem"
}

setup()
{
	cd "$BATS_TEST_TMPDIR"
}

teardown()
{
	[[ -z ${PID-} ]] || stop
}

# Sets URL and PID. No subshell: the stand-in dies with its parent.
start()
{
	mkfifo ready
	"$STANDIN" --log log "$@" > ready 2> stderr 3>&- &
	PID=$!
	read -r URL < ready
	rm ready
}

stop()
{
	local pid=$PID

	PID=
	kill "$pid"
	wait "$pid"
}

status_of()
{
	curl --silent --output body --write-out '%{http_code}' "$@"
}

token_for()
{
	printf %s "$1" | openssl dgst -sha256 -sign "$BATS_FILE_TMPDIR/key" | base64 -w 0
}

# check TOKEN URL: the status of the check with this token
check()
{
	status_of --header "Authorization: CHRONOGRAF-SHA256 $1" "$2/$MAPPINGS"
}

header()
{
	curl --silent --include "$URL/nonce" | tr -d '\r' | sed -n "s/^$1: //p"
}

@test "a public key file in Chronograf's form is taken, any other is refused with the reason" {
	openssl rsa -in "$BATS_FILE_TMPDIR/key" -pubout -out spki
	openssl rsa -in "$BATS_FILE_TMPDIR/key" -RSAPublicKey_out -out pkcs1

	start --pub-key-file "$BATS_FILE_TMPDIR/key.pub"
	run "$STANDIN" --pub-key-file spki
	[ "$status" -eq 1 ]
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
	[ "$(status_of --header "Authorization: $good" "$URL/$MAPPINGS")" = 403 ]
	! grep -F "$good" log
}

@test "without authentication everybody passes the check" {
	start --open
	[ "$(status_of "$URL/$MAPPINGS")" = 200 ]
}

@test "every path but the two is a page that says 404" {
	start --base-path /chronograf
	local path
	for path in / /nonce /chronograf /chronograf/ /chronograf//nonce /chronograf/s/1/nonce; do
		[ "$(status_of "${URL%/chronograf}$path")" = 404 ]
		grep -qi '<html>' body
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

@test "a nonce ends with its time, and at SIGHUP, and with it its token" {
	start --nonce $NONCE --nonce-expiration 1 --pub-key-file "$BATS_FILE_TMPDIR/key.pub"
	sleep 1.2
	local second
	second=$(curl --silent "$URL/nonce")
	[ "$second" != $NONCE ]
	[ "$(check "$(token_for $NONCE)" "$URL")" = 403 ]
	stop

	start --nonce $NONCE
	kill -HUP "$PID"
	sleep 0.2
	[ "$(curl --silent "$URL/nonce")" != $NONCE ]
}

@test "it speaks HTTPS with the certificate given" {
	start --tls-cert "$BATS_FILE_TMPDIR/tls.pem" --tls-key "$BATS_FILE_TMPDIR/tls.key"
	[[ $URL == https://localhost:* ]]
	[ "$(status_of --cacert "$BATS_FILE_TMPDIR/tls.pem" "$URL/nonce")" = 200 ]
}

@test "basic authentication guards the nonce" {
	start --basic-auth user:pass
	[ "$(status_of "$URL/nonce")" = 401 ]
	[ "$(status_of --user user:wrong "$URL/nonce")" = 401 ]
	[ "$(status_of --user user:pass "$URL/nonce")" = 200 ]
	[ "$(tail -n 1 log)" = "GET /nonce HTTP/1.1 200 Basic" ]
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
