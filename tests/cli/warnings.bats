# Warnings about keys and passphrases that are too short; and --quiet, which leaves them out.
load helper

setup_file() {
	suite_key
	export SMALL=$D/small
	new_key "$SMALL" 1024
	suite_token ops
	import_key "$SMALL" ops small a1
	chronograf_public_key "$SMALL" "$SMALL.pub"
	start_standin --pub-key-file "$SMALL.pub"
}

setup() {
	private_environment
	cd "$SCRATCH"
	export PKCS11_MODULE_PATH=$SOFTHSM
}

SHORT_KEY='^chronoctl: warning: the key .* has 1024 bits, and fewer than 2048 are too few to be safe'

# warned TIMES REGEX: success, with so many of these warnings.
warned() {
	[ "$status" -eq 0 ] || fail "exit status 0 expected" || return
	[ "$(grep -cE -e "$2" <<<"$stderr")" -eq "$1" ] || fail "/$2/ is not told $1 times"
}

@test "an RSA key below 2048 bits gives one warning wherever it is used: in a file and in a token" {
	chronoctl_token --priv-key-file "$SMALL"
	prints_token "$SMALL"
	warned 1 "$SHORT_KEY"
	CHRONOCTL_PIN=$PIN chronoctl_token --priv-key-file 'pkcs11:object=small'
	prints_token "$SMALL"
	warned 1 "$SHORT_KEY"
	chronoctl token --nonce "$NONCE" --priv-key-file "$SMALL"
	prints_token "$SMALL"
	warned 1 "$SHORT_KEY"
	chronoctl pub-key --priv-key-file "$SMALL"
	warned 1 "$SHORT_KEY"
	chronoctl pub-key --no-prompt --priv-key-file 'pkcs11:object=small'
	warned 1 "$SHORT_KEY"
	own_tokens
	CHRONOCTL_PIN=$PIN chronoctl import-key --priv-key-file "$SMALL" --to 'pkcs11:token=ops;object=new'
	warned 1 "$SHORT_KEY"
}

@test "doctor warns of an RSA key below 2048 bits, too" {
	chronoctl doctor --chronograf-url "$URL" --priv-key-file "$SMALL"
	warned 1 "$SHORT_KEY"
}

@test "gen-keypair makes a key below 2048 bits, and warns of it" {
	chronoctl gen-keypair --out key --bits 1536
	warned 1 "warning: the key 'key' has 1536 bits, and fewer than 2048"
	[ -s key ] && [ -s key.pub ]
}

@test "a key of 2048 bits gives no warning" {
	chronoctl_token --priv-key-file "$KEY"
	prints_token "$KEY"
	is_silent
	chronoctl gen-keypair --out key --bits 2048
	warned 0 warning
}

@test "--encrypt accepts a passphrase of fewer than eight characters, with a warning that does not show it" {
	local passphrase
	for passphrase in x "$PIN" 7654321; do
		CHRONOCTL_PIN=$passphrase chronoctl gen-keypair --out "key$passphrase" --bits 2048 --encrypt
		warned 1 "^chronoctl: warning: the passphrase of 'key.*' has fewer than 8 characters, and anyone who gets"
		openssl pkcs8 -in "key$passphrase" -passin "pass:$passphrase" -out /dev/null
	done
	CHRONOCTL_PIN=76543210 chronoctl gen-keypair --out long --bits 2048 --encrypt
	warned 0 warning
	on_terminal 'new passphrase' '#\n' 'once more' '#\n' "'$CHRONOCTL' gen-keypair --out asked --bits 2048 --encrypt"
	[ "$status" -eq 0 ] || fail "$screen"
	shows "warning: the passphrase of 'asked' has fewer than 8 characters"
}

@test "--quiet and -q leave warnings out, and the result is the same" {
	local option
	for option in --quiet -q; do
		chronoctl_token --priv-key-file "$SMALL" "$option"
		prints_token "$SMALL"
		is_silent
		CHRONOCTL_PIN=x chronoctl gen-keypair --out "key$option" --bits 2048 --encrypt "$option"
		warned 0 warning
		says "the private key is in 'key$option'"
		chronoctl pub-key --priv-key-file "$SMALL" "$option"
		[ "$status" -eq 0 ]
		is_silent
		chronoctl doctor --chronograf-url "$URL" --priv-key-file "$SMALL" "$option"
		warned 0 warning
	done
	start_standin --open
	chronoctl_token --priv-key-file "$KEY" --check
	warned 1 'warning: .*: the server lets everyone in'
	chronoctl_token --priv-key-file "$KEY" --check --quiet
	prints_token "$KEY"
	is_silent
}

@test "--quiet leaves out the warning about the folder of --out-file, which comes before the command's process starts" {
	mkdir -m 777 open
	chmod 777 open
	chronoctl_token --watch --out-file open/token --priv-key-file /nonexistent
	refused 3 'warning: others can write to the folder'
	chronoctl_token --watch --out-file open/token --priv-key-file /nonexistent --quiet
	refused 3 /nonexistent
	[[ $stderr != *warning* ]] || fail "a warning"
}

@test "--quiet leaves out neither an error nor its words about a key that may be left" {
	chronoctl_token --priv-key-file /nonexistent --quiet
	refused 3 /nonexistent
	chronoctl_token --priv-key-file "$KEY" --timeout 0 -q
	refused 2 timeout
	own_tokens
	use_shim
	SHIM_CRASH=C_GenerateKeyPair:1 CHRONOCTL_PIN=$PIN chronoctl gen-keypair --out 'pkcs11:token=ops;object=x' --bits 2048 -q
	refused 3 'crash' 'may be left'
}
