#!/usr/bin/env bats
# What stands in front of Chronograf.
load helper

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
