# --output: the token bare, as a header for curl -H @-, as a variable for eval, or as JSON.
load helper

setup_file() { suite_key; }

field() { jq -r ".$1" <<<"$output"; }

has() { # FIELD VALUE
	[ "$(field "$1")" = "$2" ] || fail "$1 is not '$2'"
}

@test "without --output, and with --output token, the token alone is printed" {
	start_standin
	chronoctl_token --priv-key-file "$KEY"
	prints_token "$KEY"
	chronoctl_token --priv-key-file "$KEY" --output token
	prints_token "$KEY"
	is_silent
}

@test "-o header prints what curl -H @- takes, and the server accepts" {
	start_standin --pub-key-file "$PUB"
	chronoctl_token --priv-key-file "$KEY" -o header
	[ "$output" = "Authorization: CHRONOGRAF-SHA256 $(expected_token "$KEY")" ]
	run curl -sS -o /dev/null -w '%{http_code}' -H @- "$URL/chronograf/v1/mappings" <<<"$output"
	[ "$output" = 200 ]
}

@test "-o env prints a variable that eval takes in any shell, from one server and from a nonce by hand" {
	local shell
	start_standin
	chronoctl_token --priv-key-file "$KEY" -o env
	[ "$output" = "CHRONOGRAF_TOKEN='$(expected_token "$KEY")'" ] || fail "another line"
	is_silent
	for shell in sh bash zsh; do
		command -v "$shell" >/dev/null || continue
		[ "$("$shell" -c 'eval "$1" && printf %s "$CHRONOGRAF_TOKEN"' - "$output")" = "$(expected_token "$KEY")" ] ||
			fail "$shell has something else"
	done
	chronoctl token --nonce "$NONCE" --priv-key-file "$KEY" -o env
	[ "$output" = "CHRONOGRAF_TOKEN='$(expected_token "$KEY")'" ] || fail "another line for --nonce"
	chronoctl token --chronograf-urls-from - --priv-key-file "$KEY" -o env <<<"$URL"
	[ "$output" = "CHRONOGRAF_TOKEN='$(expected_token "$KEY")'" ] || fail "another line for a list of one"
}

@test "-o env is for one server: several are a usage error, before the PIN and before any is asked" {
	start_standin
	chronoctl token --chronograf-url "$URL/s/0" --chronograf-url "$URL/s/1" --priv-key-file "$KEY" -o env \
		--pin-source "|touch $SCRATCH/asked"
	refused 2 "-o env is for one server, and 2 are given"
	printf '%s\n' "$URL/s/0" "$URL/s/1" "$URL/s/2" >"$SCRATCH/list"
	chronoctl token --chronograf-urls-from "$SCRATCH/list" --priv-key-file "$KEY" -o env --watch --out-file "$SCRATCH/token"
	refused 2 "and 3 are given"
	[ "$(requests)" -eq 0 ] && [ ! -e "$SCRATCH/asked" ] && [ ! -e "$SCRATCH/token" ]
}

@test "-o json has url, token, header, key, and how long the nonce lives" {
	local now life
	start_standin --nonce-expiration 300
	chronoctl_token --priv-key-file "$KEY" -o json
	[ "$status" -eq 0 ]
	has url "$URL"
	has token "$(expected_token "$KEY")"
	has header "Authorization: CHRONOGRAF-SHA256 $(expected_token "$KEY")"
	has key "$KEY"
	has check null
	life=$(field valid_for_seconds)
	[ "$life" -gt 290 ] && [ "$life" -le 300 ]
	[[ $(field nonce_expires) =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$ ]]
	now=$(date +%s)
	life=$(($(date -d "$(field nonce_expires)" +%s) - now))
	[ "$life" -gt 290 ] && [ "$life" -le 300 ]
}

@test "-o json says null where the server does not tell how long its nonce lives" {
	start_standin --mode no-expires
	chronoctl_token --priv-key-file "$KEY" -o json
	has valid_for_seconds null
	has nonce_expires null
}

@test "-o json says by --check whether the token or everyone was accepted" {
	start_standin --pub-key-file "$PUB"
	chronoctl_token --priv-key-file "$KEY" -o json --check
	has check accepted
	start_standin --open
	chronoctl_token --priv-key-file "$KEY" -o json --check
	has check everyone
}

@test "-o json shows no PIN of the key, and no password of the URL" {
	new_token_dir "$BATS_TEST_TMPDIR"
	new_token chronograf
	import_key "$KEY" chronograf chronograf 01
	start_standin
	chronoctl token --chronograf-url "${URL/:\/\//://user:geheim@}" -o json \
		--pkcs11-module "$SOFTHSM" --priv-key-file "pkcs11:object=chronograf?pin-value=$PIN"
	has url "$URL"
	[[ $(field key) = pkcs11:object=chronograf* ]]
	never_says "$PIN" geheim
}

@test "-o json of a name that is not UTF-8 has it as it is shown" {
	start_standin
	cp "$KEY" "$BATS_TEST_TMPDIR"/$'k\xff'
	chronoctl_token --priv-key-file "$BATS_TEST_TMPDIR"/$'k\xff' -o json
	has key "$BATS_TEST_TMPDIR/k\\xff"
	has token "$(expected_token "$KEY")"
}

@test "an unknown form: exit 2, and the server is not asked" {
	start_standin
	chronoctl_token --priv-key-file "$KEY" -o yaml
	refused 2 "token, header, env or json"
	[ "$(requests)" -eq 0 ]
}

@test "no descriptor left for the result: the message says so" {
	encrypt_key "$KEY" "$BATS_TEST_TMPDIR/encrypted.pem" 1234
	# LeakSanitizer needs descriptors.
	ASAN_OPTIONS+=:detect_leaks=0
	chronoctl token --nonce "$NONCE" --no-log --priv-key-file "$BATS_TEST_TMPDIR/encrypted.pem" \
		--pin-source '|prlimit --pid "$PPID" --nofile=3:; echo 1234'
	refused 1 'cannot write the result: Too many open files'
}
