# Every answer that is not a nonce: exit 4, nothing on standard output, nothing signed, and no endless wait.
load helper
load nonces

@test "every other answer: exit 4, nothing on standard output, and an explanation" {
	local mode count=0
	for mode in $(modes); do
		! is_one_of "$mode" $GOOD $WITHOUT_END || continue
		asked "$mode" --timeout 20
		refused 4 || fail "mode $mode"
		[ "$TOOK" -lt 15 ] || fail "mode $mode takes until the time-out"
		as_promised "$mode"
		count=$((count + 1))
	done
	[ "$count" -gt 20 ]
}

@test "an answer without end, at full speed: given up at once, not at the time-out" {
	local mode
	for mode in endless endless-html huge-length endless-header; do
		asked "$mode" --timeout 50
		refused 4 || fail "mode $mode"
		[ "$TOOK" -lt 20 ] || fail "mode $mode: after $TOOK s"
		as_promised "$mode"
	done
}

@test "a header or a status line that is too long: exit 4, and the message says that, not that memory is out" {
	local mode
	for mode in endless-header endless-header-line endless-status-line; do
		asked "$mode" --timeout 50
		refused 4 'the answer has more than 65536 bytes of headers. Does the URL lead to Chronograf' || fail "mode $mode"
		[ "$TOOK" -lt 20 ] || fail "mode $mode: after $TOOK s"
		never_says 'out of memory'
		as_promised "$mode"
	done
	start_standin --mode endless-header-line
	chronoctl doctor --priv-key-file "$KEY" --chronograf-url "$URL"
	[ "$status" -eq 4 ] || fail "exit status 4 expected"
	never_says 'out of memory'
}

@test "an answer that does not come, or not to an end: exit 4 at the time-out, for the whole exchange" {
	local mode
	for mode in never slow endless-status; do
		asked "$mode" --timeout 2
		refused 4 || fail "mode $mode"
		[ "$TOOK" -lt 12 ] || fail "mode $mode: after $TOOK s"
		as_promised "$mode"
	done
	asked never --timeout=1
	refused 4 'time'
}

@test "nothing but a nonce is ever given to the token to sign" {
	local mode
	new_token_dir "$SCRATCH/softhsm"
	new_token estate
	import_key "$KEY" estate chronograf a1
	use_shim
	for mode in jwt-36 html newline upper-case status-404; do
		start_standin --mode "$mode"
		CHRONOCTL_PIN=$PIN chronoctl_token --priv-key-file 'pkcs11:object=chronograf'
		refused 4 || fail "mode $mode"
		called C_Sign 0
		called C_SignInit 0
	done
}
