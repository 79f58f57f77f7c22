# The nonce: only a canonical UUID from a 200 answer is signed; the message says what else came.
load helper
load nonces

@test "every good answer gives the token" {
	local mode
	for mode in $GOOD; do
		asked "$mode"
		prints_token "$KEY" || fail "mode $mode"
		as_promised "$mode"
	done
}

@test "the status is shown" {
	local status_wanted
	for status_wanted in 201 204 304 401 403 404 500 502 503; do
		asked "status-$status_wanted"
		refused 4 "\\b$status_wanted\\b"
	done
}

@test "for a login page, the status, length and beginning are shown" {
	local length
	start_standin --mode html
	length=$(curl -s "$URL/nonce" | wc -c)
	chronoctl_token --priv-key-file "$KEY"
	refused 4 '\b200\b' "\\b$length\\b" '<!DOCTYPE html>'
}

@test "for a proxy's error page, the status and beginning are shown" {
	asked status-502
	refused 4 '\b502\b' '<html>'
}

@test "for something close to a nonce, the length is shown" {
	asked newline
	refused 4 '\b37\b'
	asked short
	refused 4 '\b35\b'
	asked no-dashes
	refused 4 '\b32\b'
	asked empty
	refused 4 '\b0\b|empty|no body|nothing'
}

@test "control characters never reach the terminal" {
	local mode
	for mode in control garbage nul-inside crlf gzip; do
		asked "$mode"
		refused 4 || fail "mode $mode"
		! LC_ALL=C grep -q $'[\001-\010\013-\037\177]\|\302[\200-\237]' <<<"$stderr" || fail "mode $mode: control characters"
		! grep -qvx '.*' <<<"$stderr" || fail "mode $mode: not UTF-8"
		# Behind a pipe, too: somebody may look at it on a terminal of eight bits.
		LC_ALL=C asked "$mode"
		refused 4 || fail "mode $mode"
		! LC_ALL=C grep -q '[^ -~]' <<<"$stderr" || fail "mode $mode: control characters outside UTF-8"
	done
	asked control
	says 'owned|token accepted' '\\xc2\\x9b31mÛ2JÝ0;雪'
	LC_ALL=C asked control
	says '\\x9b31m\\xc2\\x9b31m\\xc3\\x9b2J\\xc3\\x9d0;\\xe9\\x9b\\xaa'
}
