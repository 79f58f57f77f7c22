# --check: the token is tried on its server before it is printed.
load helper

setup_file() { suite_key; }

checked() { # STANDIN_ARGUMENT…
	start_standin "$@"
	chronoctl_token --priv-key-file "$KEY" --check
}

logged() { # TIMES REGEX
	[ "$(grep -cE -e "$2" "$STANDIN_LOG")" -eq "$1" ] ||
		fail "$1 times /$2/ expected in:" "$(cat "$STANDIN_LOG")"
}

@test "a token that is accepted is printed, and the acceptance is reported" {
	checked --pub-key-file "$PUB"
	prints_token "$KEY"
	says "accepts the token"
	logged 1 "mappings .* 200 CHRONOGRAF-SHA256"
}

@test "with a base path the check goes below it, too" {
	start_standin --pub-key-file "$PUB" --base-path /base
	chronoctl token --chronograf-url "${URL%/}/" --priv-key-file "$KEY" --check
	prints_token "$KEY"
	logged 1 "/base/chronograf/v1/mappings .* 200"
}

@test "a server with another public key: exit 5, no token, and the likely reasons" {
	new_key "$BATS_TEST_TMPDIR/other"
	chronograf_public_key "$BATS_TEST_TMPDIR/other" "$BATS_TEST_TMPDIR/other.pub"
	checked --pub-key-file "$BATS_TEST_TMPDIR/other.pub"
	refused 5 "does not accept" "public key.*pub-key" "replicas"
	logged 1 "mappings"
}

@test "a nonce that is replaced before the check: one new try, and its token is printed" {
	checked --pub-key-file "$PUB" --mode replaced-once
	[ "$status" -eq 0 ] || fail "exit status 0 expected"
	[ "$output" != "$(expected_token "$KEY")" ]
	logged 2 "/nonce"
	logged 1 "mappings .* 403 CHRONOGRAF"
	logged 1 "mappings .* 200 CHRONOGRAF"
}

@test "another replica behind the balancer: exit 5 after one look at the nonce" {
	checked --pub-key-file "$PUB" --mode other-replica
	refused 5 "replicas"
	logged 2 "/nonce"
	logged 1 "mappings"
}

@test "a server that lets everyone in is told from one that accepts the token" {
	checked --open
	prints_token "$KEY"
	says "warning.*lets everyone in"
	logged 1 "mappings .* 200 -"
}

@test "a redirect is not followed, so no one else gets the token: exit 4" {
	checked --pub-key-file "$PUB" --mode check-redirect
	refused 4 "cannot check" "redirects to $URL/nonce/hop/0"
	logged 0 "hop"
}

@test "a server in trouble: exit 4, no token" {
	checked --pub-key-file "$PUB" --mode check-500
	refused 4 "cannot check" "status 500"
}

@test "without --check the token goes nowhere" {
	start_standin --pub-key-file "$PUB"
	chronoctl_token --priv-key-file "$KEY"
	prints_token "$KEY"
	logged 0 "mappings"
}

# Except for its line in the system log, which audit.bats checks.
@test "the token is sent by the network process: the one with the key opens no socket to anywhere" {
	local trace=$BATS_TEST_TMPDIR/trace
	command -v strace >/dev/null || skip "there is no strace"
	start_standin --pub-key-file "$PUB"
	strace -f -qq -E CHRONOCTL_LOG=off -e trace=connect,openat -o "$trace" "$CHRONOCTL" token --chronograf-url "$URL" \
		--priv-key-file "$KEY" --check >/dev/null || skip "strace is not allowed here"
	local key_process
	key_process=$(grep -F "\"$KEY\"" "$trace" | cut -d ' ' -f 1 | sort -u)
	[ -n "$key_process" ] && grep -q connect "$trace"
	! grep -q "^$key_process .*connect(" "$trace"
}
