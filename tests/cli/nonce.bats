# The nonce: a canonical UUID from a 200 answer gets signed, or nothing at all, and it is said what came.
load helper

# Everything else that the stand-in can do is to be refused.
GOOD='ok chunked no-expires bad-expires past-expires redirect-once redirect-10 redirect-elsewhere
	replaced-once other-replica check-500 check-redirect'
WITHOUT_END='never slow endless endless-html endless-header endless-status huge-length'

setup_file() {
	private_environment
	export KEY=$BATS_FILE_TMPDIR/key
	new_key "$KEY"
}

modes() { "$STANDIN" --list-modes | cut -d ' ' -f 1; }

is_one_of() { [[ " ${*:2} " =~ [[:space:]]$1[[:space:]] ]]; }

# For tests/report: each mode of the stand-in whose outcome is the promised one.
as_promised() { printf '%s\n' "$1" >>"$BATS_FILE_TMPDIR/modes"; }

teardown_file() {
	end_processes "$BATS_FILE_TMPDIR"
	echo "# modes: $(sort -u "$BATS_FILE_TMPDIR/modes" | wc -l) as promised" >&3
}

asked() { # MODE ARGUMENT…
	start_standin --mode "$1"
	SECONDS=0
	chronoctl_token --priv-key-file "$KEY" "${@:2}"
	TOOK=$SECONDS
	end_processes "$SCRATCH"
}

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

@test "of a login page status, length and beginning are shown" {
	local length
	start_standin --mode html
	length=$(curl -s "$URL/nonce" | wc -c)
	chronoctl_token --priv-key-file "$KEY"
	refused 4 '\b200\b' "\\b$length\\b" '<!DOCTYPE html>'
}

@test "of a proxy's error page status and beginning are shown" {
	asked status-502
	refused 4 '\b502\b' '<html>'
}

@test "of almost a nonce the length is shown" {
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
		! LC_ALL=C grep -q $'[\001-\010\013-\037\177-\237]' <<<"$stderr" || fail "mode $mode: control characters"
	done
	asked control
	says 'owned|token accepted'
}
