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

@test "headers without end before and after the answer: exit 4 at once, and no memory for them" {
	local mode
	for mode in endless-status endless-trailers; do
		asked "$mode" --timeout 50
		refused 4 'the answer has more than' || fail "mode $mode"
		[ "$TOOK" -lt 20 ] || fail "mode $mode: after $TOOK s"
		as_promised "$mode"
	done
	start_standin --mode endless-trailers
	chronoctl doctor --priv-key-file "$KEY" --chronograf-url "$URL"
	[ "$status" -eq 4 ] || fail "exit status 4 expected"
	[[ $output == *'the answer has more than'* ]] || fail 'doctor does not say why'
}

@test "a transfer coding that nobody asked for: exit 4 before it is decoded" {
	asked endless-coded --timeout 50
	refused 4 'the answer has a transfer coding that nobody asked for. Does the URL lead to Chronograf'
	as_promised endless-coded
}

@test "an answer that does not come, or not to an end: exit 4 at the time-out, for the whole exchange" {
	local mode
	for mode in never slow; do
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

# A redirect, and then an answer whose first header line continues the one before.
start_folding() {
	perl -MIO::Socket::INET -e '
		$| = 1;
		my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die $!;
		print "http://127.0.0.1:", $listener->sockport, "\n";
		while (my $client = $listener->accept) {
			my $head = "";
			while ($head !~ /\r\n\r\n/) { sysread($client, $head, 1, length $head) or last }
			syswrite($client, $head =~ /again/ ? "HTTP/1.1 200 OK\r\n A: " . "A" x 120 . "\r\n"
				: "HTTP/1.1 302 Found\r\nLocation: /again\r\n");
			syswrite($client, "Content-Length: 0\r\nConnection: close\r\nX-Last: " . "v" x 49 . "\r\n\r\n");
			close($client);
		}' >"$SCRATCH/folding" 3>&- 4>&- </dev/null &
	echo $! >>"$SCRATCH/pids"
	wait_for [ -s "$SCRATCH/folding" ] || fail "the server does not start"
	read -r URL <"$SCRATCH/folding"
}

@test "a header line that continues none, after a redirect: exit 4, and other servers get their tokens" {
	local bad
	start_folding
	bad=$URL
	chronoctl_token --priv-key-file "$KEY"
	refused 4 "redirected to $bad/again"
	never_says 'network program died'
	start_standin
	printf '%s\n' "$URL" "$bad" >"$SCRATCH/list"
	chronoctl token --chronograf-urls-from "$SCRATCH/list" --priv-key-file "$KEY"
	[ "$status" -eq 4 ] || fail "exit status 4 expected"
	[ "$output" = "$URL"$'\t'"$(expected_token "$KEY")" ] || fail "the good server has no token"
}
