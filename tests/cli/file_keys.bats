# Keys in files: every accepted form. Refused ones are in bad_files.bats.
load helper
load key_files

@test "PKCS#1 in PEM" { plain_key_signs "$D/pkcs1.pem"; }
@test "PKCS#1 in DER" { plain_key_signs "$D/pkcs1.der"; }
@test "PKCS#8 in PEM" { plain_key_signs "$D/pkcs8.pem"; }
@test "PKCS#8 in DER" { plain_key_signs "$D/pkcs8.der"; }

@test "an RSA-4096 key" {
	new_key "$SCRATCH/key4096" 4096
	chronoctl_token --priv-key-file "$SCRATCH/key4096"
	prints_token "$SCRATCH/key4096"
}

encrypted_key_signs() {
	CHRONOCTL_PIN=$PASS chronoctl_token --no-prompt --priv-key-file "$1"
	prints_token "$KEY"
	is_silent
}

@test "encrypted PKCS#8 in PEM" { encrypted_key_signs "$D/encrypted.pem"; }
@test "encrypted PKCS#8 in DER" { encrypted_key_signs "$D/encrypted.der"; }
@test "the older encrypted PEM, by AES" { encrypted_key_signs "$D/old-aes.pem"; }
@test "the older encrypted PEM, by DES" { encrypted_key_signs "$D/old-des3.pem"; }

@test "the passphrase comes from the sources of a PIN" {
	printf '%s\n' "$PASS" >"$SCRATCH/pass"
	local source
	export WORDS=$PASS CREDENTIALS_DIRECTORY=$SCRATCH
	for source in "$SCRATCH/pass" "file://$SCRATCH/pass" env:WORDS fd:7 credential:pass "|cat '$SCRATCH/pass'"; do
		chronoctl_token --no-prompt --priv-key-file "$D/encrypted.pem" --pin-source "$source" 7<"$SCRATCH/pass"
		prints_token "$KEY"
		chronoctl_token --no-prompt --priv-key-file "$D/old-aes.pem" --pin-source "$source" 7<"$SCRATCH/pass"
		prints_token "$KEY"
	done
}

@test "a passphrase that is not needed does no harm" {
	CHRONOCTL_PIN=whatever chronoctl_token --priv-key-file "$KEY"
	prints_token "$KEY"
	chronoctl_token --priv-key-file "$KEY" --no-prompt --pin-source env:NOT_SET_AT_ALL
	prints_token "$KEY"
}

@test "file: URIs with and without a host, percent-encoded" {
	local uri
	cp -p "$KEY" "$D/my kéy%+1.pem"
	for uri in "file:$KEY" "file://$KEY" "file://localhost$KEY" "FILE:$KEY" "file:$D/%70kcs1.pem" \
		"file://$D/my%20k%c3%A9y%25+1.pem"; do
		plain_key_signs "$uri"
	done
}

@test "file: URIs of another machine, or badly encoded, are refused" {
	chronoctl_token --priv-key-file "file://chronograf.example$KEY"
	refused '2|3' 'chronograf.example'
	chronoctl_token --priv-key-file "file:$D/%zzpkcs1.pem"
	refused '2|3'
}

@test "a path is used as it is: blanks, percent signs, colons after a slash" {
	local name
	cd "$D"
	for name in 'with blank' '100%25' '%70kcs1' 'ke:y' 'pkcs11:object=x'; do
		cp -p "$KEY" "$D/$name"
		plain_key_signs "$D/$name"
		plain_key_signs "./$name"
	done
}

@test "a key from a pipe" {
	mkfifo -m 600 "$SCRATCH/pipe"
	feed "$KEY" "$SCRATCH/pipe"
	chronoctl_token --priv-key-file "$SCRATCH/pipe"
	prints_token "$KEY"
}

@test "text before the PEM block and CRLF line ends" {
	{ echo 'Bag Attributes: none' && cat "$KEY"; } >"$D/bag.pem"
	plain_key_signs "$D/bag.pem"
	sed 's/$/\r/' "$KEY" >"$D/crlf.pem"
	chmod 600 "$D/crlf.pem"
	plain_key_signs "$D/crlf.pem"
}

@test "one private key among certificates, public halves and parameters, in any order, is the key" {
	cat "$D/others.pem" "$KEY" >"$SCRATCH/behind.pem"
	cat "$KEY" "$D/others.pem" >"$SCRATCH/before.pem"
	cat "$D/x509.pem" "$D/pkcs8.pem" "$D/others.pem" >"$SCRATCH/between.pem"
	chmod 600 "$SCRATCH"/*.pem
	for file in behind before between; do
		plain_key_signs "$SCRATCH/$file.pem"
	done
	cat "$D/others.pem" "$D/encrypted.pem" >"$SCRATCH/encrypted.pem"
	chmod 600 "$SCRATCH/encrypted.pem"
	encrypted_key_signs "$SCRATCH/encrypted.pem"
}

@test "a private key that others can read gives a warning, and a token" {
	local mode
	cp "$KEY" "$SCRATCH/loose"
	for mode in 644 640 604 660 444; do
		chmod "$mode" "$SCRATCH/loose"
		chronoctl_token --priv-key-file "$SCRATCH/loose"
		prints_token "$KEY"
		says 'warning|read(able)? by|can read' 'loose'
	done
}

@test "a private key that only its owner can read gives no warning" {
	local mode
	cp "$KEY" "$SCRATCH/tight"
	for mode in 600 400 700; do
		chmod "$mode" "$SCRATCH/tight"
		plain_key_signs "$SCRATCH/tight"
	done
}
