# One key, one nonce, one token: the same for every form of the key, and accepted by the server.
load helper

setup_file() {
	private_environment
	export D=$BATS_FILE_TMPDIR
	umask 077
	new_key "$D/pkcs1.pem" 4096
	openssl pkcs8 -topk8 -nocrypt -in "$D/pkcs1.pem" -out "$D/pkcs8.pem"
	openssl pkcs8 -topk8 -passout "pass:$PIN" -in "$D/pkcs1.pem" -out "$D/encrypted.pem"
	new_token_dir "$D/softhsm"
	new_token estate
	import_key "$D/pkcs1.pem" estate chronograf 0102
	chronograf_public_key "$D/pkcs1.pem" "$D/server.pub"
	start_standin --pub-key-file "$D/server.pub" --base-path /chronograf
}

server_says() {
	curl -s -o /dev/null -w '%{http_code}' "${@:2}" "$URL/chronograf/v1/mappings" |
		grep -qx "$1"
}

@test "PKCS#1, PKCS#8, encrypted and in SoftHSM: the same string, and openssl's" {
	local reference
	export CHRONOCTL_PIN=$PIN
	for reference in "$D/pkcs1.pem" "$D/pkcs8.pem" "$D/encrypted.pem" 'pkcs11:object=chronograf' \
		"pkcs11:token=estate;object=chronograf?module-path=$SOFTHSM"; do
		chronoctl_token --priv-key-file "$reference"
		prints_token "$D/pkcs1.pem"
	done
}

@test "the server takes the token, and nothing else" {
	CHRONOCTL_PIN=$PIN chronoctl_token --priv-key-file 'pkcs11:object=chronograf'
	prints_token "$D/pkcs1.pem"
	server_says 200 -H "Authorization: CHRONOGRAF-SHA256 $output"
	server_says 403
	server_says 403 -H "Authorization: CHRONOGRAF-SHA256 $(tr A-Za-z N-ZA-Mn-za-m <<<"$output")"
}

@test "another nonce, another token" {
	local other=0f0e0d0c-0b0a-4908-8706-050403020100
	start_standin --nonce "$other"
	CHRONOCTL_PIN=$PIN chronoctl_token --priv-key-file 'pkcs11:object=chronograf'
	[ "$status" -eq 0 ]
	[ "$output" = "$(expected_token "$D/pkcs1.pem" "$other")" ]
}
