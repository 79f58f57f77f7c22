# Shared by the suites about key files: one key in every form, and files without a key. Load it after helper.

setup_file() {
	private_environment
	export D=$BATS_FILE_TMPDIR/d PASS='cor:rect horse'
	mkdir "$D"
	export KEY=$D/pkcs1.pem
	new_key "$KEY"
	umask 077
	openssl rsa -in "$KEY" -traditional -outform DER -out "$D/pkcs1.der" 2>/dev/null
	openssl pkcs8 -topk8 -nocrypt -in "$KEY" -out "$D/pkcs8.pem"
	openssl pkcs8 -topk8 -nocrypt -in "$KEY" -outform DER -out "$D/pkcs8.der"
	openssl pkcs8 -topk8 -v2 aes-256-cbc -passout "pass:$PASS" -in "$KEY" -out "$D/encrypted.pem"
	openssl pkcs8 -topk8 -v2 aes-256-cbc -passout "pass:$PASS" -in "$KEY" -outform DER -out "$D/encrypted.der"
	openssl rsa -in "$KEY" -aes128 -traditional -passout "pass:$PASS" -out "$D/old-aes.pem" 2>/dev/null
	openssl rsa -in "$KEY" -des3 -traditional -passout "pass:$PASS" -out "$D/old-des3.pem" 2>/dev/null
	openssl rsa -in "$KEY" -pubout -out "$D/half.pem" 2>/dev/null
	openssl ecparam -name prime256v1 -genkey -noout -out "$D/p256.pem"
	openssl pkcs8 -topk8 -nocrypt -in "$D/p256.pem" -out "$D/p256-8.pem"
	openssl genpkey -algorithm ed25519 -out "$D/other.pem"
	new_certificate "$KEY" "$D/x509.pem"
	cat "$D/x509.pem" "$D/half.pem" >"$D/others.pem"
	openssl ecparam -name prime256v1 >>"$D/others.pem"
	openssl pkcs8 -topk8 -v1 PBE-MD5-DES -provider legacy -provider default -passout "pass:$PASS" -in "$KEY" \
		-out "$D/md5-des.pem"
	: >"$D/nil"
	head -c 700 "$KEY" >"$D/short.pem"
	head -c 700 "$D/pkcs1.der" >"$D/short.der"
	head -c 700 "$D/encrypted.pem" >"$D/short-encrypted.pem"
	echo 'Dear diary' >"$D/diary"
	mkdir "$D/sub"
	start_standin
}

plain_key_signs() {
	chronoctl_token --no-prompt --priv-key-file "$1"
	prints_token "$KEY"
	is_silent
}
