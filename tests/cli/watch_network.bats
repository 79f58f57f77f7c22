# --watch and the network program: it may die, and what it has read may be replaced.
load helper
load watching

network_program() { pgrep -P "$(pgrep -P "$WATCH")"; }

# The process is another one than before.
is_another() { [ -n "$(network_program)" ] && [ "$(network_program)" != "$1" ]; } # PID

# A separate command and network program for the test. Sets CHRONOCTL and PROGRAM.
own_tree() {
	local build=${CHRONOCTL%/bin/*}
	mkdir "$BATS_TEST_TMPDIR/tree"
	cp -r "$build/bin" "$build/libexec" "$BATS_TEST_TMPDIR/tree"
	CHRONOCTL=$BATS_TEST_TMPDIR/tree/bin/chronoctl
	PROGRAM=$(find "$BATS_TEST_TMPDIR/tree" -name chronoctl-network)
}

@test "a network program that cannot be restarted is tried again with growing pauses, and reported once" {
	local token
	own_tree
	start_server
	watch --priv-key-file "$KEY"
	appears
	token=$(cat "$FILE")
	chmod 000 "$PROGRAM"
	kill -KILL "$(network_program)"
	sleep 4
	lives
	[ "$(times_said 'network program (died|does not|cannot)|start the network program')" -eq 1 ] ||
		fail "$(cat "$BATS_TEST_TMPDIR/said")"
	chmod 755 "$PROGRAM"
	wait_for network_program || fail "it is not started anew"
	replace_nonce
	wait_for differs "$token" || fail "the new nonce is not signed"
}

@test "after an upgrade the program that was opened is restarted, not the new one in its place" {
	local before
	own_tree
	start_server
	watch --priv-key-file "$KEY"
	appears
	printf '#!/bin/false\n' >"$PROGRAM.new"
	chmod 755 "$PROGRAM.new"
	mv "$PROGRAM.new" "$PROGRAM"
	before=$(network_program)
	kill -KILL "$before"
	wait_for is_another "$before" || fail "it is not started anew: $(cat "$BATS_TEST_TMPDIR/said")"
}

@test "/etc/hosts and /etc/resolv.conf are replaced by rename: the new ones are read without a signal" {
	local before
	unshare -m true || skip "no mounts of its own are to be had here"
	cp -a /etc "$BATS_TEST_TMPDIR/etc"
	echo nameserver 127.0.0.1 >"$BATS_TEST_TMPDIR/etc/resolv.conf"
	printf '%s\n' '#!/bin/sh' "mount --bind '$BATS_TEST_TMPDIR/etc' /etc && exec '$CHRONOCTL' \"\$@\"" >"$BATS_TEST_TMPDIR/inside"
	chmod +x "$BATS_TEST_TMPDIR/inside"
	printf '%s\n' '#!/bin/sh' "exec unshare -m '$BATS_TEST_TMPDIR/inside' \"\$@\"" >"$BATS_TEST_TMPDIR/chronoctl"
	chmod +x "$BATS_TEST_TMPDIR/chronoctl"
	CHRONOCTL=$BATS_TEST_TMPDIR/chronoctl
	start_server
	URL=${URL/127.0.0.1/replaced.example}
	watch --priv-key-file "$KEY"
	wait_for said 'replaced\.example' || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	is_gone
	echo '127.0.0.1 localhost replaced.example' >"$BATS_TEST_TMPDIR/etc/hosts.new"
	mv "$BATS_TEST_TMPDIR/etc/hosts.new" "$BATS_TEST_TMPDIR/etc/hosts"
	appears
	before=$(network_program)
	echo nameserver 127.0.0.2 >"$BATS_TEST_TMPDIR/etc/resolv.new"
	mv "$BATS_TEST_TMPDIR/etc/resolv.new" "$BATS_TEST_TMPDIR/etc/resolv.conf"
	wait_for is_another "$before" || fail "the old resolv.conf is read still"
	lives
}

@test "a file of CAs is replaced: the new ones are read without a signal" {
	local before
	new_tls_key "$BATS_TEST_TMPDIR/old" IP:127.0.0.1,DNS:localhost
	new_tls_key "$BATS_TEST_TMPDIR/new" IP:127.0.0.1,DNS:localhost
	export SSL_CERT_FILE=$BATS_TEST_TMPDIR/cas.crt
	cp "$BATS_TEST_TMPDIR/old.crt" "$SSL_CERT_FILE"
	start_server --tls-cert "$BATS_TEST_TMPDIR/new.crt" --tls-key "$BATS_TEST_TMPDIR/new.key"
	watch --priv-key-file "$KEY"
	wait_for said certificate || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	is_gone
	before=$(network_program)
	cp "$BATS_TEST_TMPDIR/new.crt" "$BATS_TEST_TMPDIR/cas.new"
	mv "$BATS_TEST_TMPDIR/cas.new" "$SSL_CERT_FILE"
	appears
	is_another "$before"
}
