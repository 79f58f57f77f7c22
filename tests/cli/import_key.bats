# import-key: the key of a file moves into the token, and stays there; the server does not notice.
load helper
load keys

setup_file() {
	suite_key
	suite_token ops
	start_standin --pub-key-file "$PUB"
}

setup() {
	private_environment
	own_tokens
	export PKCS11_MODULE_PATH=$SOFTHSM
}

URI='pkcs11:token=ops;object=chronograf'

imports() { CHRONOCTL_PIN=$PIN chronoctl import-key --priv-key-file "$KEY" --to "$URI" "$@"; }

made() { [ "$status" -eq 0 ] || fail "exit status 0 expected"; }

@test "the server needs no new configuration: the same token before and after" {
	local before
	chronoctl_token --priv-key-file "$KEY"
	before=$output
	imports
	made
	CHRONOCTL_PIN=$PIN chronoctl_token --priv-key-file "$output"
	prints_token "$KEY"
	[ "$output" = "$before" ]
	curl -sf -o /dev/null -H "Authorization: CHRONOGRAF-SHA256 $output" "$URL/chronograf/v1/mappings"
}

@test "the private key is hidden, sensitive, not extractable, and signs and nothing else" {
	imports
	made
	signs_and_stays chronograf 'sensitive'
	hidden_without_login chronograf
}

@test "the public key is there too, and verifies and nothing else" {
	imports
	made
	verifies_only chronograf none
	[ -n "$(id_of privkey chronograf)" ] && [ "$(id_of pubkey chronograf)" = "$(id_of privkey chronograf)" ]
	pkcs11-tool --module "$SOFTHSM" --read-object --type pubkey --label chronograf -o "$SCRATCH/spki" 2>/dev/null
	cmp "$SCRATCH/spki" <(openssl rsa -in "$KEY" -pubout -outform DER 2>/dev/null)
}

@test "an id in the URI is the id of both" {
	CHRONOCTL_PIN=$PIN chronoctl import-key --priv-key-file "$KEY" --to 'pkcs11:token=ops;object=chronograf;id=%01%02'
	made
	[ "$(id_of privkey chronograf)" = 0102 ] && [ "$(id_of pubkey chronograf)" = 0102 ]
}

@test "the commands that it gives can be copied, whatever the file's name; a file: URI is a path there" {
	local name number=0
	cd "$SCRATCH"
	for name in "k';touch PWNED;'\$(touch PWNED).pem" -k "a b"; do
		cp "$KEY" "./$name"
		URI="pkcs11:token=ops;object=k$((++number))"
		CHRONOCTL_PIN=$PIN chronoctl import-key --priv-key-file "$name" --to "$URI"
		made
		[ "$(advised 'remove the file: shred -u -- ' '. Copies')" = "$name" ]
		[ "$(advised 'Try `chronoctl token --priv-key-file ' '`')" = "$URI" ]
	done
	CHRONOCTL_PIN=$PIN chronoctl import-key --priv-key-file "file://$KEY" --to 'pkcs11:token=ops;object=last'
	made
	[ "$(advised 'remove the file: shred -u -- ' '. Copies')" = "$KEY" ]
	[ ! -e PWNED ]
}

@test "it says that the file still exists, and what to do about it; the file is not touched" {
	local before
	before=$(stat -c '%Y %s %a' "$KEY")
	imports
	made
	says "$KEY.* still exists" 'superadmin' 'shred|remove'
	[ "$(stat -c '%Y %s %a' "$KEY")" = "$before" ]
}

@test "PKCS#1, PKCS#8, DER and encrypted files are the same key in the token" {
	local file
	umask 077
	openssl pkcs8 -topk8 -nocrypt -in "$KEY" -out "$SCRATCH/pkcs8.pem"
	openssl rsa -in "$KEY" -traditional -outform DER -out "$SCRATCH/pkcs1.der" 2>/dev/null
	openssl pkcs8 -topk8 -passout pass:open-sesame -in "$KEY" -out "$SCRATCH/encrypted.pem"
	openssl rsa -in "$KEY" -traditional -aes128 -passout pass:open-sesame -out "$SCRATCH/old.pem" 2>/dev/null
	echo open-sesame >"$SCRATCH/passphrase"
	for file in pkcs8.pem pkcs1.der encrypted.pem old.pem; do
		CHRONOCTL_PIN=$PIN chronoctl import-key --priv-key-file "$SCRATCH/$file" --to "$URI" \
			--passphrase-source "$SCRATCH/passphrase"
		made
		CHRONOCTL_PIN=$PIN chronoctl_token --priv-key-file "$URI"
		prints_token "$KEY"
		renew_token
	done
}

@test "the PIN is not tried on the file, nor the passphrase on the token" {
	umask 077
	use_shim
	openssl pkcs8 -topk8 -passout "pass:$PIN" -in "$KEY" -out "$SCRATCH/encrypted.pem"
	CHRONOCTL_PIN=$PIN chronoctl import-key --priv-key-file "$SCRATCH/encrypted.pem" --to "$URI" --no-prompt
	refused 3 'passphrase-source'
	echo "$PIN" >"$SCRATCH/passphrase"
	: >"$SHIM_LOG"
	chronoctl import-key --priv-key-file "$SCRATCH/encrypted.pem" --to "$URI" --no-prompt \
		--passphrase-source "$SCRATCH/passphrase"
	refused 3 PIN
	called C_Login 0
	[ "$(objects)" -eq 0 ]
}

@test "on a terminal PIN and passphrase are asked for, each by its name" {
	umask 077
	openssl pkcs8 -topk8 -passout pass:open-sesame -in "$KEY" -out "$SCRATCH/encrypted.pem"
	on_terminal 'PIN of the token' "$PIN\n" 'passphrase of the key file' 'open-sesame\n' \
		"'$CHRONOCTL' import-key --priv-key-file '$SCRATCH/encrypted.pem' --to '$URI'"
	[ "$status" -eq 0 ] || fail "$screen"
	shows 'PIN of the token .ops'
	shows 'Passphrase of the key file'
	never_shows open-sesame
}

@test "a file that is no RSA private key moves nothing" {
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$SCRATCH/ec" 2>/dev/null
	local file
	for file in "$SCRATCH/ec" "$PUB" /nonexistent /dev/null "$SCRATCH"; do
		CHRONOCTL_PIN=$PIN chronoctl import-key --priv-key-file "$file" --to "$URI"
		refused 3 "$file"
	done
	CHRONOCTL_PIN=$PIN chronoctl import-key --priv-key-file 'pkcs11:object=other' --to "$URI"
	refused 2 'file'
	[ "$(objects)" -eq 0 ]
}

@test "a place that is no token, or not one, or taken, is refused" {
	CHRONOCTL_PIN=$PIN chronoctl import-key --priv-key-file "$KEY" --to "$SCRATCH/file"
	refused 2 'pkcs11:'
	[ ! -e "$SCRATCH/file" ]
	chronoctl import-key --priv-key-file "$KEY"
	refused 2 '--to'
	chronoctl import-key --to "$URI"
	refused 2 'priv-key-file'
	imports
	made
	imports
	refused 3 'already'
	[ "$(objects)" -eq 2 ]
	new_token second
	CHRONOCTL_PIN=$PIN chronoctl import-key --priv-key-file "$KEY" --to 'pkcs11:object=other'
	refused 3 'matches several tokens'
}

@test "a wrong PIN is one C_Login" {
	use_shim
	CHRONOCTL_PIN=99999 chronoctl import-key --priv-key-file "$KEY" --to "$URI"
	refused 3 PIN
	called C_Login 1
	called C_CreateObject 0
}

@test "a signature is made in the token and verified outside before it says so" {
	use_shim
	imports
	made
	called C_Sign 1
	renew_token
	SHIM_SIGNATURE=flip imports
	refused 3 verify
	[ "$(objects)" -eq 0 ]
}

@test "whichever Cryptoki call fails, there is a whole pair or nothing" {
	export CHRONOCTL_PIN=$PIN
	sweep import-key --priv-key-file "$KEY" --to "$URI"
	echo "# import-key: $cases calls failed in turn, $survivors of them without harm" >&3
	[ "$cases" -ge 20 ]
}

@test "a token that takes no private key from outside says so, and nothing is left" {
	use_shim
	SHIM_FAIL=C_CreateObject:1=CKR_TEMPLATE_INCONSISTENT imports
	refused 3 'cannot put the .* key into' 'does not take these attributes together' gen-keypair
	SHIM_FAIL=C_CreateObject:2=CKR_DEVICE_MEMORY imports
	refused 3 'cannot put the .* key into' 'the token is full'
	[ "$(objects)" -eq 0 ]
}

@test "what a call has left that says it stored nothing is removed before the next one, or named if its id may be another's" {
	local half
	use_shim
	for half in 1 2; do
		SHIM_FAIL_AFTER=C_CreateObject:$half=CKR_ATTRIBUTE_TYPE_INVALID imports
		made
		[ "$(objects)" -eq 2 ] || fail "$half: $(objects) objects"
		renew_token
		URI="$URI;id=%07" SHIM_FAIL_AFTER=C_CreateObject:$half=CKR_ATTRIBUTE_TYPE_INVALID imports
		refused 3 'a part of the new key is left in the token' 'list-keys'
		[ "$(objects)" -eq 1 ] || fail "$half: $(objects) objects"
		renew_token
	done
	called C_CreateObject 9
}

@test "what cannot be removed is reported plainly" {
	use_shim
	SHIM_FAIL='C_CreateObject:2=CKR_DEVICE_MEMORY,C_DestroyObject:*=CKR_DEVICE_ERROR' imports
	refused 3 'private key is left' 'list-keys'
	[ "$(objects)" -eq 1 ]
}

@test "the pair is removed if the output is full" {
	[ -c /dev/full ] || skip "no /dev/full"
	! CHRONOCTL_PIN=$PIN "$CHRONOCTL" import-key --priv-key-file "$KEY" --to "$URI" >/dev/full 2>/dev/null
	[ "$(objects)" -eq 0 ]
}

@test "a signal ends it while nobody reads its full output, and the pair is removed" {
	use_shim
	CHRONOCTL_PIN=$PIN unread import-key --priv-key-file "$KEY" --to "$URI"
	wait_for grep -q C_Sign "$SHIM_LOG" || fail "$(cat "$SCRATCH/err")"
	ends_unread TERM
	[ "$(objects)" -eq 0 ]
}

@test "a signal ends it while it waits for a passphrase or a key from a pipe" {
	umask 077
	openssl pkcs8 -topk8 -passout pass:open-sesame -in "$KEY" -out "$SCRATCH/encrypted.pem"
	export CHRONOCTL_PIN=$PIN
	ends_waiting import-key --priv-key-file "$SCRATCH/encrypted.pem" --passphrase-source "$SCRATCH/pipe" --to "$URI"
	ends_waiting import-key --priv-key-file "$SCRATCH/pipe" --to "$URI"
	[ "$(objects)" -eq 0 ]
}
