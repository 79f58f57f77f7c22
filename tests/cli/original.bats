# Compared to InfluxData's chronoctl: what docs/replacing-chronoctl.md calls the same, and what it says differs.
load helper

setup_file() { suite_key; }

setup() {
	private_environment
	cd "$SCRATCH"
}

@test "token takes the original's options and variables, and prints the same token" {
	start_standin
	chronoctl token --chronograf-url="$URL" --priv-key-file="$KEY" -k
	prints_token "$KEY"
	chronoctl token --chronograf-url "$URL" --skip-verify --priv-key-file "$KEY"
	prints_token "$KEY"
	CHRONOGRAF_URL=$URL PRIV_KEY_FILE=$KEY chronoctl token
	prints_token "$KEY"
}

@test "gen-keypair makes the original's two files, and overwrites neither" {
	chronoctl gen-keypair --out pair --bits 2048
	[ "$status" -eq 0 ]
	[ "$output" = pair ]
	[ "$(head -n 1 pair)" = '-----BEGIN RSA PRIVATE KEY-----' ]
	[ "$(stat -c %a pair)" = 600 ]
	chronograf_public_key pair expected
	diff pair.pub expected
	cp pair before
	chronoctl gen-keypair --out pair --bits 2048
	refused 3 pair
	cmp pair before
	chronoctl gen-keypair --out new --bits 1024
	refused 2 1024
	[ ! -e new ]
}

@test "two servers are a line each, with the URL before the token" {
	local first
	start_standin
	first=$URL
	start_standin --nonce 11111111-2222-4333-8444-555555555555
	chronoctl token --chronograf-url "$first" --chronograf-url "$URL" --priv-key-file "$KEY"
	[ "$status" -eq 0 ]
	[ "$output" = "$first	$(expected_token "$KEY")
$URL	$(expected_token "$KEY" 11111111-2222-4333-8444-555555555555)" ]
}

@test "the document names every option of the original, and the README claims no more" {
	local option
	for option in --chronograf-url --priv-key-file --skip-verify -k --out --bits add-superadmin list-users migrate; do
		grep -qe "$option" "$SOURCE_DIR/docs/replacing-chronoctl.md"
	done
	! grep -qi 'flag for flag' "$SOURCE_DIR/README.md"
	grep -q 'docs/replacing-chronoctl.md' "$SOURCE_DIR/README.md"
}
