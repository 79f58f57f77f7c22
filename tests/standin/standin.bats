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

# header NAME [PATH] [CURL-ARGUMENT...]
header()
{
	curl --silent --include "${@:3}" "$URL${2-/nonce}" | tr -d '\r' | sed -n "s/^$1: //p"
}

# has_headers_of_chronograf PATH [CURL-ARGUMENT...]
has_headers_of_chronograf()
{
	[ "$(header X-Chronograf-Version "$@")" = 1.11.4 ]
	[ "$(header X-Frame-Options "$@")" = SAMEORIGIN ]
	[ "$(header Cross-Origin-Resource-Policy "$@")" = same-origin ]
}

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
		[ -z "$(header Strict-Transport-Security "$path" --path-as-is)" ]
	done
	has_headers_of_chronograf /nonce --request POST
	stop

	start --tls-cert "$BATS_FILE_TMPDIR/tls.pem" --tls-key "$BATS_FILE_TMPDIR/tls.key"
	has_headers_of_chronograf /nonce --insecure
	[[ $(header Strict-Transport-Security /nonce --insecure) == max-age=* ]]
}

@test "what comes from something in front of Chronograf has none of its headers" {
	local mode
	for mode in html json status-401 status-502 redirect-once; do
		start --mode "$mode"
		[ -n "$(header Date)" ]
		[ -z "$(header X-Chronograf-Version)" ]
		[ -z "$(header X-Frame-Options)" ]
		stop
	done
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

# next_change [PATH]: the time of the next change in milliseconds, seen by asking often.
next_change()
{
	local old path=${1-/nonce}
	old=$(curl --silent "$URL$path")
	while [ "$(curl --silent "$URL$path")" = "$old" ]; do
		sleep 0.01
	done
	date +%s%3N
}

@test "nonces change at start + k periods, whether anybody asks or not" {
	local started first second
	until [[ $(date +%3N) =~ ^[56] ]]; do sleep 0.01; done # not at a whole second, as Expires is
	started=$(date +%s%3N)
	start --nonce-expiration 2
	first=$(next_change)
	((first - started >= 2000 && first - started < 2400))
	sleep 3
	second=$(next_change)
	# Replaced by those who ask, it would be 5,000 ms.
	((second - first > 3600 && second - first < 4400))
}

@test "the nonces of many servers change all at once, or in turn" {
	start --servers 2 --nonce-expiration 2
	local first second
	first=$(next_change /s/0/nonce)
	second=$(next_change /s/1/nonce)
	((second - first > 1600 && second - first < 2400))
	stop
	start --servers 2 --nonce-expiration 2 --spread
	first=$(next_change /s/0/nonce)
	second=$(next_change /s/1/nonce)
	((second - first > 600 && second - first < 1400))
}

@test "Expires is the time of the next change, cut to whole seconds" {
	start --nonce-expiration 2
	local expires change
	expires=$(date -d "$(header Expires)" +%s)
	change=$(next_change)
	((change >= expires * 1000 && change < expires * 1000 + 1300))
}

@test "a restart starts the ticker anew" {
	start --nonce-expiration 2
	local nonce
	sleep 1.2
	kill -HUP "$PID"
	sleep 0.1
	nonce=$(curl --silent "$URL/nonce")
	sleep 1.2
	[ "$(curl --silent "$URL/nonce")" = "$nonce" ]
}

@test "the old nonce stays with the new time for as long as it is told to" {
	start --nonce $NONCE --nonce-expiration 2 --late-nonce 1500 --pub-key-file "$BATS_FILE_TMPDIR/key.pub"
	local before
	before=$(date -d "$(header Expires)" +%s)
	sleep 2.2
	[ "$(date -d "$(header Expires)" +%s)" -eq $((before + 2)) ]
	[ "$(curl --silent "$URL/nonce")" = $NONCE ]
	[ "$(check "$(token_for $NONCE)" "$URL")" = 200 ]
	sleep 1.5
	[ "$(curl --silent "$URL/nonce")" != $NONCE ]
	[ "$(check "$(token_for $NONCE)" "$URL")" = 403 ]
}

# zone ZONE LABEL MINUTES-EAST: Expires, read as if it were UTC, is later by what the zone is east.
zone()
{
	start --nonce-expiration 3600 --zone "$1"
	local expires east
	expires=$(header Expires)
	[[ $expires =~ ^[A-Z][a-z]{2},\ [0-9]{2}\ [A-Z][a-z]{2}\ [0-9]{4}\ [0-9:]{8}\ [A-Z]+$ ]]
	[ "${expires##* }" = "$2" ]
	east=$(($(date -d "${expires% *} UTC" +%s) - $(date +%s) - 3600 - $3 * 60))
	stop
	((east > -10 && east < 10))
}

@test "Expires is in the zone of choice" {
	zone UTC UTC 0
	zone CET CET 60
	zone IST IST 330
	zone EST EST -300
	zone XYZ XYZ 0
	zone Asia/Kolkata IST 330
	zone Asia/Shanghai CST 480
	run "$STANDIN" --zone Nowhere/Town
	[ "$status" -eq 2 ]
	run "$STANDIN" --zone 'a b'
	[ "$status" -eq 2 ]
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
		[ "$(header WWW-Authenticate "$path")" = 'Basic realm="Chronograf"' ]
		has_headers_of_chronograf "$path"
		[ "$(status_of --user user:pass "$URL$path")" = 200 ]
	done
	[ "$(check "$(token_for $NONCE)" "$URL")" = 401 ]
}

@test "a proxy that asks for Basic answers 401 itself, and lets no token through" {
	start --basic-auth user:pass --nonce $NONCE --pub-key-file "$BATS_FILE_TMPDIR/key.pub"
	[ "$(status_of "$URL/nonce")" = 401 ]
	[[ $(header WWW-Authenticate) == Basic\ * ]]
	[ -z "$(header X-Chronograf-Version)" ]
	[ "$(status_of --user user:wrong "$URL/nonce")" = 401 ]
	[ "$(status_of --user user:pass "$URL/nonce")" = 200 ]
	[ "$(tail -n 1 log)" = "GET /nonce HTTP/1.1 200 Basic" ]
	[ "$(check "$(token_for $NONCE)" "$URL")" = 401 ]
	[ "$(status_of --user user:pass "$URL/$MAPPINGS")" = 403 ]
	has_headers_of_chronograf /nonce --user user:pass
}

@test "oauth2-proxy answers 403 and a page of its own, to all or to all but the nonce" {
	local token
	token=$(token_for $NONCE)
	start --oauth2-proxy --nonce $NONCE --pub-key-file "$BATS_FILE_TMPDIR/key.pub"
	[ "$(status_of "$URL/nonce")" = 403 ]
	grep -q '<html>' body
	[ -z "$(header X-Chronograf-Version)" ]
	[ "$(check "$token" "$URL")" = 403 ]
	stop

	start --oauth2-proxy-nonce --nonce $NONCE --pub-key-file "$BATS_FILE_TMPDIR/key.pub"
	[ "$(curl --silent "$URL/nonce")" = $NONCE ]
	has_headers_of_chronograf /nonce
	[ "$(check "$token" "$URL")" = 403 ]
	grep -q '<html>' body
	[ -z "$(header X-Chronograf-Version /$MAPPINGS)" ]
}

@test "a proxy redirects all that it gets to another origin" {
	start --tls-cert "$BATS_FILE_TMPDIR/tls.pem" --tls-key "$BATS_FILE_TMPDIR/tls.key" --nonce $NONCE
	local tls=$URL tls_pid=$PID
	start --redirect "$tls"
	[ "$(curl --silent --insecure --location "$URL/nonce")" = $NONCE ]
	kill "$tls_pid"
	stop

	start --redirect https://localhost:8443
	[ "$(status_of "$URL/nonce?a=b")" = 302 ]
	[ "$(header Location '/nonce?a=b')" = "https://localhost:8443/nonce?a=b" ]
	[ "$(status_of "$URL/$MAPPINGS")" = 302 ]
	[ -z "$(header X-Chronograf-Version)" ]
}

# start_api [ARGUMENT...]: a server with a fixed nonce, and a file that is the token's header.
start_api()
{
	start --nonce $NONCE --pub-key-file "$BATS_FILE_TMPDIR/key.pub" "$@"
	echo "Authorization: CHRONOGRAF-SHA256 $(token_for $NONCE)" > token
}

# api METHOD PATH [JSON [CURL-ARGUMENT...]]: the status of a request with the token; its body is in `body`.
api()
{
	status_of --request "$1" --header @token ${3:+--data "$3"} "${@:4}" "$URL/chronograf/v1/$2"
}

# message METHOD PATH [JSON]: what the error of such a request says
message()
{
	api "$@" > status
	[ "$(jq .code body)" = "$(cat status)" ]
	jq -r .message body
}

@test "the API: what a token may read" {
	start_api
	local path
	for path in mappings users organizations organizations/default config config/auth sources \
		dashboards layouts protoboards env org_config/logviewer flux; do
		[ "$(status_of "$URL/chronograf/v1/$path")" = 403 ]
		[ ! -s body ]
		[ "$(api GET "$path")" = 200 ]
		jq -e . body
		[ "$(header Content-Type "/chronograf/v1/$path" --header @token)" = application/json ]
		has_headers_of_chronograf "/chronograf/v1/$path" --header @token
	done
}

@test "the API refuses everything without a good token, with 403 and nothing in it" {
	start_api
	local method path
	while read -r method path; do
		[ "$(status_of --request "$method" --data '{}' "$URL/chronograf/v1/$path")" = 403 ]
		[ ! -s body ]
		[ "$(status_of --request "$method" --header "Authorization: CHRONOGRAF-SHA256 YQ==" \
			"$URL/chronograf/v1/$path")" = 403 ]
		[ ! -s body ]
	done <<- 'ROWS'
		GET me
		PUT me
		POST users
		PATCH users/1
		DELETE users/1
		POST organizations
		PATCH organizations/default
		GET organizations/default/users
		POST mappings
		PUT mappings/default
		DELETE mappings/default
		PUT config/auth
		POST dashboards
		POST sources
		POST sources/1/proxy
		POST sources/1/queries
		GET unknown
	ROWS
	[ "$(api GET users/1)" = 200 ]
	[ "$(api GET mappings/default)" = 405 ]
}

@test "the API: a token is nobody" {
	start_api
	[ "$(message GET me)" = "Token not found" ]
	[ "$(cat status)" = 422 ]
	[ "$(message PUT me '{"organization": "default"}')" = "invalid principal" ]
	[ "$(cat status)" = 403 ]
	[ "$(message GET organizations/default/users)" = "User is not authorized" ]
	[ "$(cat status)" = 403 ]
	[ "$(message PATCH users/1 '{"superAdmin": true}')" = "failed to retrieve user from context" ]
	[ "$(cat status)" = 500 ]
	[ "$(message POST organizations '{"name": "ops"}')" = "failed to retrieve user from context" ]
	[ "$(cat status)" = 500 ]
}

@test "the API: users come and go" {
	start_api
	local role id
	for role in member viewer editor admin; do
		[ "$(api POST users '{"name": "'$role'@example.com", "provider": "generic", "scheme": "oauth2",
			"roles": [{"name": "'$role'", "organization": "default"}]}')" = 201 ]
		id=$(jq -r .id body)
		[ "$(jq -r .links.self body)" = "/chronograf/v1/users/$id" ]
		[ "$(jq .superAdmin body)" = false ]
	done
	[ "$(api GET users)" = 200 ]
	[ "$(jq '.users | length' body)" = 5 ]
	[ "$(api GET "users/$id")" = 200 ]
	[ "$(jq -r .name body)" = admin@example.com ]
	[ "$(api DELETE "users/$id")" = 204 ]
	[ "$(api GET "users/$id")" = 404 ]
	[ "$(api GET users)" = 200 ]
	[ "$(jq '.users | length' body)" = 4 ]
	[ "$(api POST users 'no JSON')" = 400 ]
	[ "$(api POST users '{"name": "a", "provider": "generic"}')" = 422 ]
	[ "$(api POST users '{"name": "a", "provider": "generic", "scheme": "oauth2",
		"roles": [{"name": "king", "organization": "default"}]}')" = 422 ]
}

@test "the API: superadmins are made by a login while the server is set so, and in no other way" {
	start_api
	local user='"name": "ada@example.com", "provider": "generic", "scheme": "oauth2"'
	[[ $(message POST users "{$user, \"superAdmin\": true}") == \
		"user does not have authorization required to set SuperAdmin status"* ]]
	[ "$(cat status)" = 401 ]
	[ "$(status_of "$URL/oauth/generic/login/eve@example.com")" = 307 ]
	[ "$(api PUT config/auth '{"superAdminNewUsers": true}')" = 200 ]
	[ "$(api GET config/auth)" = 200 ]
	[ "$(jq .superAdminNewUsers body)" = true ]
	[ "$(api GET config)" = 200 ]
	[ "$(jq .auth.superAdminNewUsers body)" = true ]
	[[ $(message POST users "{$user}") == "user does not have authorization"* ]]
	[ "$(cat status)" = 401 ]
	[ "$(status_of "$URL/oauth/generic/login/ada@example.com")" = 307 ]
	[ "$(status_of "$URL/oauth/generic/login/eve@example.com")" = 307 ]
	[ "$(api PUT config/auth '{"superAdminNewUsers": false}')" = 200 ]
	[ "$(status_of "$URL/oauth/generic/login/bob@example.com")" = 307 ]
	[ "$(api GET users)" = 200 ]
	[ "$(jq -c '[.users[] | select(.superAdmin) | .name]' body)" = '["first@example.com","ada@example.com"]' ]
	[ "$(jq '.users | length' body)" = 4 ]
}

# crud COLLECTION CREATE-JSON CHANGE-METHOD CHANGE-JSON: POST, GET, a change and DELETE agree; .name is what is looked at.
crud()
{
	local path=$1 id before
	[ "$(api GET "$path")" = 200 ]
	before=$(jq ".${path##*/} | length" body)
	[ "$(api POST "$path" "$2")" = 201 ]
	id=$(jq -r .id body)
	[ "$(api GET "$path")" = 200 ]
	[ "$(jq ".${path##*/} | length" body)" = $((before + 1)) ]
	[ "$(api "$3" "$path/$id" "$4")" = 200 ]
	[ "$(api GET "$path")" = 200 ]
	[ "$(jq -r ".${path##*/}[-1].name" body)" = changed ]
	[ "$(jq -r ".${path##*/}[-1].id" body)" = "$id" ]
	[ "$(api DELETE "$path/$id")" = 204 ]
	[ ! -s body ]
	[ "$(api DELETE "$path/$id")" = 404 ]
	[ "$(api GET "$path")" = 200 ]
	[ "$(jq ".${path##*/} | length" body)" = "$before" ]
}

@test "the API: mappings, dashboards and sources are made, changed and removed" {
	start_api
	local mapping='"provider": "generic", "scheme": "oauth2", "providerOrganization": "*", "organizationId": "default"'
	crud mappings "{$mapping}" PUT "{$mapping, \"name\": \"changed\"}"
	[ "$(api POST mappings '{"provider": "generic"}')" = 422 ]
	crud dashboards '{"name": "cpu", "cells": []}' PATCH '{"name": "changed"}'
	crud dashboards '{"name": "cpu", "cells": []}' PUT '{"name": "changed"}'
	crud sources '{"name": "influx", "url": "http://127.0.0.1:8086"}' PATCH '{"name": "changed"}'
	[ "$(api POST sources '{"name": "influx"}')" = 422 ]
	[ "$(api PATCH organizations/default '{"name": "ops"}')" = 200 ]
	[ "$(api GET organizations)" = 200 ]
	[ "$(jq -r '.organizations[0].name' body)" = ops ]
	[ "$(header Location /chronograf/v1/dashboards --header @token --data '{"name": "a"}')" = /chronograf/v1/dashboards/1 ]
}

@test "the API: what belongs to a source goes with it" {
	start_api
	[ "$(api GET sources/1/dbs)" = 404 ]
	[ "$(api POST sources '{"name": "influx", "url": "http://127.0.0.1:8086", "username": "u", "password": "geheim"}')" = 201 ]
	[ "$(grep -c geheim body)" -eq 0 ]
	[ "$(api GET sources/1)" = 200 ]
	[ "$(grep -c geheim body)" -eq 0 ]
	[ "$(jq -r .username body)" = u ]
	[ "$(api PATCH sources/1 '{"password": "geheim"}')" = 200 ]
	[ "$(grep -c geheim body)" -eq 0 ]
	[ "$(api GET sources/1/dbs)" = 200 ]
	[ "$(api GET sources/1/health)" = 204 ]
	[ "$(api GET sources/1/annotations)" = 200 ]
	crud sources/1/kapacitors '{"name": "k", "url": "http://127.0.0.1:9092"}' PATCH '{"name": "changed"}'
	[ "$(api POST sources/1/kapacitors '{"name": "k", "url": "http://127.0.0.1:9092"}')" = 201 ]
	crud sources/1/kapacitors/1/rules '{"name": "r"}' PUT '{"name": "changed"}'
	[ "$(api DELETE sources/1)" = 204 ]
	[ "$(api GET sources/1/kapacitors)" = 404 ]
	[ "$(api POST sources '{"url": "http://127.0.0.1:8086"}')" = 201 ]
	[ "$(api GET sources/1/kapacitors)" = 200 ]
	[ "$(jq -c .kapacitors body)" = '[]' ]
}

@test "the API: queries to a database need X-Requested-With, which is no refusal of the token" {
	start_api
	local path
	[ "$(api POST sources '{"url": "http://127.0.0.1:8086"}')" = 201 ]
	for path in proxy queries; do
		[ "$(message POST sources/1/$path '{"queries": []}')" = "missing required X-Requested-With header" ]
		[ "$(cat status)" = 403 ]
		[ "$(api POST sources/1/$path '{"queries": []}' --header 'X-Requested-With: curl')" = 403 ]
		[ "$(api POST sources/1/$path '{"queries": []}' --header 'X-Requested-With: XMLHttpRequest')" = 200 ]
		[ "$(api POST sources/2/$path '{"queries": []}' --header 'X-Requested-With: XMLHttpRequest')" = 404 ]
		[ "$(status_of --request POST --header 'X-Requested-With: XMLHttpRequest' "$URL/chronograf/v1/sources/1/$path")" = 403 ]
		[ ! -s body ]
	done
}

@test "the API is below the base path too, and without authentication it is everybody's" {
	start_api --base-path /mon
	[ "$(api GET users)" = 200 ]
	[ "$(api POST dashboards '{"name": "a"}')" = 201 ]
	[ "$(api GET unknown)" = 200 ]
	grep -q '<html>' body
	[ "$(api PATCH users '{}')" = 405 ]
	[ "$(header Allow /chronograf/v1/users --request PATCH --header @token)" = "GET, POST" ]
	stop

	start --open
	[ "$(status_of "$URL/chronograf/v1/users")" = 200 ]
	[ "$(status_of "$URL/chronograf/v1/me")" = 200 ]
	[ "$(status_of "$URL/chronograf/v1/organizations/default/users")" = 200 ]
	[ "$(status_of --data '{"name": "a"}' "$URL/chronograf/v1/dashboards")" = 201 ]
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
