# Files without a usable key: each kind is refused with its own message.
load helper
load key_files

@test "a wrong passphrase: exit 3, says so, does not repeat it" {
	local file
	for file in encrypted.pem encrypted.der old-aes.pem old-des3.pem; do
		CHRONOCTL_PIN=not-that-one chronoctl_token --no-prompt --priv-key-file "$D/$file"
		refused 3 'pass(phrase|word)|PIN' "$file"
		never_says not-that-one
	done
}

@test "no passphrase: exit 3, says how to give one" {
	local file
	for file in encrypted.pem encrypted.der old-aes.pem; do
		chronoctl_token --no-prompt --priv-key-file "$D/$file"
		refused 3 'pass(phrase|word)|PIN' '--pin-source' 'CHRONOCTL_PIN'
		chronoctl_token --priv-key-file "$D/$file"
		refused 3 '--pin-source' 'CHRONOCTL_PIN'
	done
}

@test "an EC or Ed25519 key: exit 3, says that it must be RSA" {
	chronoctl_token --priv-key-file "$D/p256.pem"
	refused 3 '\bEC\b|elliptic' 'RSA' 'p256.pem'
	chronoctl_token --priv-key-file "$D/p256-8.pem"
	refused 3 '\bEC\b|elliptic' 'RSA' 'p256-8.pem'
	chronoctl_token --priv-key-file "$D/other.pem"
	refused 3 'ed25519' 'RSA'
}

@test "a public key: exit 3, says so" {
	chronoctl_token --priv-key-file "$D/half.pem"
	refused 3 'public key' 'half.pem'
	chronograf_public_key "$KEY" "$SCRATCH/chronograf.pub"
	chronoctl_token --priv-key-file "$SCRATCH/chronograf.pub"
	refused 3 'public key' 'chronograf.pub'
}

@test "a certificate: exit 3, says so" {
	chronoctl_token --priv-key-file "$D/x509.pem"
	refused 3 'certificate' 'x509.pem'
}

@test "an empty file: exit 3, says so" {
	chronoctl_token --priv-key-file "$D/nil"
	refused 3 'empty|no (bytes|content)' 'nil'
}

@test "a truncated file: exit 3, a message of its own" {
	chronoctl_token --priv-key-file "$D/short.pem"
	refused 3 'short.pem' 'truncated|cut (short|off)|incomplete|damaged|broken|corrupt| ends'
	chronoctl_token --priv-key-file "$D/short.der"
	refused 3 'short.der'
	CHRONOCTL_PIN=$PASS chronoctl_token --priv-key-file "$D/short-encrypted.pem"
	refused 3 'short-encrypted.pem'
}

# bad FILE REGEX: what standard input holds is no key file.
bad() {
	(umask 077 && cat >"$SCRATCH/$1")
	chronoctl_token --priv-key-file "$SCRATCH/$1"
	refused 3 "$1' $2"
}

@test "a key in a form that is not PEM or DER: exit 3, names the form and what converts it" {
	openssl pkcs12 -export -inkey "$KEY" -in "$D/x509.pem" -passout pass:x | bad key.p12 'is in PKCS#12 format; .*openssl pkcs12 -nocerts'
	printf 'PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n' | bad key.ppk "is in PuTTY's own format; .*puttygen"
	iconv -t UTF-16 "$KEY" | bad utf16.pem 'is text in UTF-16'
}

@test "a PEM file whose lines were indented, quoted or joined: exit 3, says so, and not that it is cut short" {
	sed 's/^/  /' "$KEY" | bad indented.pem 'holds a PEM block that is indented or quoted'
	jq -Rs '{key: .}' "$KEY" | bad quoted.json 'holds a PEM block that is indented or quoted'
	tr -d '\n' <"$KEY" | bad joined.pem 'holds a PEM block without its own -----END line'
	sed '$s/END.*/END CERTIFICATE-----/' "$KEY" | bad other-end.pem 'holds a PEM block without its own -----END line'
}

@test "several private keys: exit 3, none of them signs" {
	new_key "$SCRATCH/second"
	cat "$KEY" "$D/x509.pem" "$SCRATCH/second" >"$SCRATCH/two.pem"
	chmod 600 "$SCRATCH/two.pem"
	chronoctl_token --priv-key-file "$SCRATCH/two.pem"
	refused 3 'two.pem' '2 private keys'
}

@test "a key that is cut short behind a certificate: exit 3, says so" {
	cat "$D/x509.pem" "$D/short.pem" >"$SCRATCH/short-behind.pem"
	chmod 600 "$SCRATCH/short-behind.pem"
	chronoctl_token --priv-key-file "$SCRATCH/short-behind.pem"
	refused 3 'short-behind.pem' 'cut short'
}

@test "encrypted by an algorithm that OpenSSL does not offer here: the passphrase is not called wrong, the cause is named" {
	CHRONOCTL_PIN=$PASS chronoctl_token --priv-key-file "$D/md5-des.pem"
	refused 3 'md5-des.pem' 'unsupported' 'legacy'
	never_says 'does not open' damaged "$PASS"
}

@test "a private key that cannot be decoded: exit 3, in OpenSSL's words, and no guess" {
	sed '5s/.*/AAAA/' "$KEY" >"$SCRATCH/hurt.pem"
	chmod 600 "$SCRATCH/hurt.pem"
	chronoctl_token --priv-key-file "$SCRATCH/hurt.pem"
	refused 3 'hurt.pem' 'private key that OpenSSL cannot decode: .*unsupported'
	never_says damaged
}

@test "a directory: exit 3, says so" {
	chronoctl_token --priv-key-file "$D/sub"
	refused 3 'directory|folder' '/sub'
}

@test "no such file: exit 3, says so" {
	chronoctl_token --priv-key-file "$D/nowhere"
	refused 3 'nowhere' 'no such file|does not exist|not found'
	chronoctl_token --priv-key-file "file:$D/nowhere"
	refused 3 'nowhere' 'no such file|does not exist|not found'
}

@test "a file that holds no key at all: exit 3, says so" {
	chronoctl_token --priv-key-file "$D/diary"
	refused 3 'diary' '\bkey\b'
}

@test "a file that may not be read: exit 3, says so" {
	local open
	if [ "$(id -u)" -eq 0 ]; then
		stranger() { setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all -- "$@"; }
		stranger true 2>/dev/null || skip "root reads every file, and setpriv is not allowed here"
		stranger test -x "$CHRONOCTL" || skip "chronoctl lies where another user cannot run it"
		WRAPPER=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --)
	fi
	open=$(mktemp -d)
	chmod 755 "$open"
	cp "$KEY" "$open/key"
	chmod 000 "$open/key"
	chronoctl_token --priv-key-file "$open/key"
	rm -rf "$open"
	refused 3 "$open/key" 'permission denied|not (be )?read'
}

@test "each bad file has a message of its own" {
	local file messages=$SCRATCH/messages
	for file in p256.pem half.pem x509.pem nil short.pem sub diary nowhere; do
		chronoctl_token --priv-key-file "$D/$file"
		refused 3
		grep '^chronoctl: ' <<<"$stderr" | head -n 1 | sed "s|$D/$file|FILE|g" >>"$messages"
	done
	[ "$(sort -u "$messages" | wc -l)" -eq 8 ] || fail "the same message twice:" "$(cat "$messages")"
}
