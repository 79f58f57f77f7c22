# pub-key: the public half of any key, as Chronograf reads it, and without a PIN wherever that can be.
load helper
load keys

setup_file() {
	suite_key_in_token ops
	export OTHER=$D/other
	new_key "$OTHER"
	import_private_key "$KEY" ops certified b1
	import_certificate "$KEY" ops certified b1
	import_private_key "$KEY" ops alone c1
	import_key "$KEY" ops twin d1
	import_key "$OTHER" ops twin d2
	start_standin
}

setup() {
	private_environment
	use_shim
}

prints_public_half() {
	[ "$status" -eq 0 ] || fail "exit status 0 expected" || return
	[ "$output" = "$(cat "$PUB")" ] || fail "not the public half in Chronograf's form"
}

@test "a file, in every form: what openssl makes of it, under Chronograf's label" {
	local file
	umask 077
	openssl pkcs8 -topk8 -nocrypt -in "$KEY" -out "$SCRATCH/pkcs8"
	openssl pkcs8 -topk8 -passout "pass:$PIN" -in "$KEY" -out "$SCRATCH/encrypted"
	for file in "$KEY" "file://$KEY" "$SCRATCH/pkcs8" "$SCRATCH/encrypted"; do
		CHRONOCTL_PIN=$PIN chronoctl pub-key --priv-key-file "$file"
		prints_public_half
		is_silent
	done
	PRIV_KEY_FILE=$KEY chronoctl pub-key
	prints_public_half
}

@test "openssl rsa -RSAPublicKey_in reads it, in a token too, and it verifies what token signs" {
	local reference
	export CHRONOCTL_PIN=$PIN
	for reference in "$KEY" 'pkcs11:object=chronograf'; do
		chronoctl pub-key --priv-key-file "$reference"
		sed '1d;$d' <<<"$output" | base64 -d |
			openssl rsa -RSAPublicKey_in -inform DER -pubout -out "$SCRATCH/spki" 2>/dev/null
		cmp "$SCRATCH/spki" <(openssl rsa -in "$KEY" -pubout 2>/dev/null)
		chronoctl_token --priv-key-file "$reference"
		base64 -d <<<"$output" >"$SCRATCH/signature"
		printf %s "$NONCE" |
			openssl dgst -sha256 -verify "$SCRATCH/spki" -signature "$SCRATCH/signature"
	done
}

@test "--format spki is what everyone else reads" {
	chronoctl pub-key --priv-key-file "$KEY" --format spki
	[ "$output" = "$(openssl rsa -in "$KEY" -pubout 2>/dev/null)" ]
	chronoctl pub-key --priv-key-file "$KEY" --format=chronograf
	prints_public_half
	chronoctl pub-key --priv-key-file "$KEY" --format ssh
	refused 2 'format'
}

@test "--out writes a new file and nothing on standard output, and never overwrites" {
	chronoctl pub-key --priv-key-file "$KEY" --out "$SCRATCH/out"
	[ "$status" -eq 0 ] && [ -z "$output" ]
	cmp "$SCRATCH/out" "$PUB"
	echo precious >"$SCRATCH/there"
	chronoctl pub-key --priv-key-file "$KEY" --out "$SCRATCH/there"
	refused 3 'exists'
	[ "$(cat "$SCRATCH/there")" = precious ]
}

@test "--out - is standard output, and no file of that name" {
	cd "$SCRATCH"
	chronoctl pub-key --priv-key-file "$KEY" --out -
	prints_public_half
	is_silent
	chronoctl pub-key --priv-key-file "$KEY" --out - --format spki
	[ "$output" = "$(openssl rsa -in "$KEY" -pubout 2>/dev/null)" ]
	[ ! -e ./- ] || fail "there is a file"
	chronoctl pub-key --priv-key-file "$KEY" --out ./-
	[ "$status" -eq 0 ] && [ -z "$output" ]
	cmp ./- "$PUB"
}

@test "in a token: without a PIN from the public key object" {
	chronoctl pub-key --no-prompt --priv-key-file 'pkcs11:object=chronograf'
	prints_public_half
	chronoctl pub-key --no-prompt --priv-key-file 'pkcs11:token=ops;id=%a1;type=private'
	prints_public_half
	called C_Login 0
}

@test "in a token: without a PIN from the certificate where only that is there" {
	chronoctl pub-key --no-prompt --priv-key-file 'pkcs11:object=certified'
	prints_public_half
	called C_Login 0
}

@test "in a token: with one login where nothing else shows" {
	CHRONOCTL_PIN=$PIN chronoctl pub-key --priv-key-file 'pkcs11:token=ops;object=alone'
	prints_public_half
	called C_Login 1
	chronoctl pub-key --no-prompt --priv-key-file 'pkcs11:token=ops;object=alone'
	refused 3 PIN
	CHRONOCTL_PIN=99999 chronoctl pub-key --priv-key-file 'pkcs11:token=ops;object=alone'
	refused 3 PIN
	called C_Login 2
}

@test "in a token: a private key that tells no public half, and nothing that does, is an error" {
	SHIM_HIDE=CKA_MODULUS CHRONOCTL_PIN=$PIN chronoctl pub-key --priv-key-file 'pkcs11:token=ops;object=alone'
	refused 3 'public half'
}

@test "in a token: type=public and type=cert mean just that object" {
	chronoctl pub-key --no-prompt --priv-key-file 'pkcs11:object=chronograf;type=public'
	prints_public_half
	chronoctl pub-key --no-prompt --priv-key-file 'pkcs11:object=certified;type=cert'
	prints_public_half
	CHRONOCTL_PIN=$PIN chronoctl pub-key --priv-key-file 'pkcs11:object=chronograf;type=cert'
	refused 3 'no certificate'
}

@test "in a token: two keys by that name are an error that lists them, none says which token was looked at" {
	chronoctl pub-key --no-prompt --priv-key-file 'pkcs11:object=twin'
	refused 3 'several' '%D1' '%D2'
	CHRONOCTL_PIN=$PIN chronoctl pub-key --priv-key-file 'pkcs11:object=nowhere'
	refused 3 "no key 'nowhere' in token 'ops'"
}

@test "by every signer that is built in, the same" {
	local signer
	export CHRONOCTL_PIN=$PIN PKCS11_MODULE_PATH=$SOFTHSM
	for signer in $("$CHRONOCTL" --version | sed -n 's/^  signer \([a-z0-9]*\) .*/\1/p'); do
		case $signer in
		file) chronoctl pub-key --signer file --priv-key-file "$KEY" ;;
		provider) chronoctl pub-key --signer provider --priv-key-file "$KEY" ;;
		*) chronoctl pub-key --signer "$signer" --priv-key-file 'pkcs11:token=ops;object=chronograf' ;;
		esac
		[ $signer != provider ] || [ "$status" -eq 0 ] || continue
		prints_public_half || fail "by the signer $signer"
	done
}

@test "no key at all is a usage error" {
	chronoctl pub-key
	refused 2 'priv-key-file'
}
