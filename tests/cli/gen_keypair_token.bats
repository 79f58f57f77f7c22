# gen-keypair into a token: generated there, protected there, and complete, or not at all.
load helper
load keys
load new_pairs

@test "the private key is hidden, sensitive, never extractable, made there, and signs and nothing else" {
	in_token
	made
	signs_and_stays chronograf 'sensitive, always sensitive, never extractable, local'
	hidden_without_login chronograf
}

@test "the public key is made there, and verifies and nothing else" {
	in_token
	made
	verifies_only chronograf local
	listed pubkey chronograf | grep -qE "RSA +$BITS bits"
}

@test "both have the same label, and the same random id each time" {
	local first
	in_token
	made
	first=$(id_of privkey chronograf)
	[ -n "$first" ] && [ "$(id_of pubkey chronograf)" = "$first" ]
	CHRONOCTL_PIN=$PIN chronoctl gen-keypair --out 'pkcs11:token=ops;object=other' --bits $BITS
	made
	[ -n "$(id_of privkey other)" ] && [ "$(id_of pubkey other)" = "$(id_of privkey other)" ]
	[ "$(id_of privkey other)" != "$first" ]
}

@test "an id in the URI is the id of both" {
	CHRONOCTL_PIN=$PIN chronoctl gen-keypair --out 'pkcs11:token=ops;object=chronograf;id=%0a%ff' --bits $BITS
	made
	[ "$(id_of privkey chronograf)" = 0aff ] && [ "$(id_of pubkey chronograf)" = 0aff ]
}

@test "4096 bits by default" {
	CHRONOCTL_PIN=$PIN chronoctl gen-keypair --out "$URI"
	made
	listed pubkey chronograf | grep -qE 'RSA +4096 bits'
}

@test "standard output is the URI of the private key, as short as it is unique, and it signs for the server" {
	in_token --pub-key-out pub
	made
	[ "$output" = 'pkcs11:token=ops;object=chronograf' ]
	start_standin --pub-key-file pub
	CHRONOCTL_PIN=$PIN chronoctl_token --priv-key-file "$output"
	made
	curl -sf -o /dev/null -H "Authorization: CHRONOGRAF-SHA256 $output" "$URL/chronograf/v1/mappings"
}

@test "the command or option that it gives for the server can be copied, whatever the name" {
	in_token --pub-key-out "it's;touch PWNED"
	made
	[ "$(advised 'start Chronograf with --pub-key-file ' '')" = "it's;touch PWNED" ]
	URI='pkcs11:token=ops;object=it%27s%3btouch' in_token
	made
	[ "$(advised '`chronoctl pub-key --priv-key-file ' '`')" = "$output" ]
	[ ! -e PWNED ]
}

@test "--pub-key-out never overwrites, and then no key is made" {
	local there
	use_shim
	for there in file link; do
		[ $there = file ] && echo precious >pub || ln -sf nowhere pub
		in_token --pub-key-out pub
		refused 3 'pub.*exists'
	done
	[ ! -e nowhere ]
	[ "$(objects)" -eq 0 ]
	called C_GenerateKeyPair 0
	called C_Login 0
}

@test "the pair is removed if its public half cannot be written" {
	in_token --pub-key-out nowhere/pub
	refused 1 nowhere
	[ "$(objects)" -eq 0 ]
	CHRONOCTL_PIN=$PIN with_disk DISK_FAIL=fsync:1 -- gen-keypair --out "$URI" --bits $BITS --pub-key-out pub
	refused 1 'input/output error'
	[ "$(objects)" -eq 0 ]
	nothing_here
}

@test "the pair and the file are removed if the output is full" {
	[ -c /dev/full ] || skip "no /dev/full"
	! CHRONOCTL_PIN=$PIN "$CHRONOCTL" gen-keypair --out "$URI" --bits $BITS --pub-key-out pub >/dev/full 2>/dev/null
	[ "$(objects)" -eq 0 ]
	nothing_here
}

@test "a signal ends it while nobody reads its full output, and neither the pair nor the file is left" {
	CHRONOCTL_PIN=$PIN unread gen-keypair --out "$URI" --bits $BITS --pub-key-out pub
	wait_for [ -s pub ] || fail "$(cat "$SCRATCH/err")"
	ends_unread TERM
	[ "$(objects)" -eq 0 ]
	nothing_here
}

@test "a file that gets the name of --pub-key-out before the pair is taken back stays" {
	export CHRONOCTL_PIN=$PIN
	stays pub gen-keypair --out "$URI" --bits $BITS --pub-key-out pub
	[ "$(objects)" -eq 0 ]
}

@test "a label or an id that exists is refused, whatever kind of object has it" {
	in_token
	made
	in_token
	refused 3 'label' 'already'
	CHRONOCTL_PIN=$PIN chronoctl gen-keypair --bits $BITS \
		--out "pkcs11:token=ops;object=new;id=$(id_of privkey chronograf | sed 's/../%&/g')"
	refused 3 ' id ' 'already'
	[ "$(objects)" -eq 2 ]
	new_key key
	import_certificate key ops certified 77
	CHRONOCTL_PIN=$PIN chronoctl gen-keypair --bits $BITS --out 'pkcs11:token=ops;object=certified'
	refused 3 'already'
	CHRONOCTL_PIN=$PIN chronoctl gen-keypair --bits $BITS --out 'pkcs11:token=ops;object=new;id=%77'
	refused 3 'already'
	[ "$(objects)" -eq 3 ]
}

@test "a URI that matches several tokens is refused before any login" {
	new_token second
	use_shim
	CHRONOCTL_PIN=$PIN chronoctl gen-keypair --bits $BITS --out 'pkcs11:object=chronograf'
	refused 3 'matches several tokens' 'token=ops' 'token=second'
	CHRONOCTL_PIN=$PIN chronoctl gen-keypair --bits $BITS --out 'pkcs11:token=third;object=chronograf'
	refused 3 'token=ops' 'token=second'
	called C_Login 0
	[ "$(objects)" -eq 0 ]
}

@test "a URI without a label, or of another type, is refused" {
	CHRONOCTL_PIN=$PIN chronoctl gen-keypair --out 'pkcs11:token=ops'
	refused 2 'object='
	CHRONOCTL_PIN=$PIN chronoctl gen-keypair --out 'pkcs11:token=ops;object=x;type=public'
	refused 2 type
	[ "$(objects)" -eq 0 ]
}

@test "a wrong PIN is one C_Login, and a write-protected token none" {
	use_shim
	CHRONOCTL_PIN=99999 chronoctl gen-keypair --out "$URI" --bits $BITS
	refused 3 PIN
	never_says 99999
	called C_Login 1
	SHIM_TOKEN_FLAGS=+CKF_WRITE_PROTECTED in_token
	refused 3 'takes no keys'
	called C_Login 1
	called C_GenerateKeyPair 0
}

@test "a token that requires no login, and refuses a key without one: the PIN that was given logs in" {
	use_shim
	SHIM_TOKEN_FLAGS=-CKF_LOGIN_REQUIRED in_token
	made
	called C_Login 1
	[ "$(objects)" -eq 2 ]
}

@test "each attribute that the token did not keep is reported, one line for each key" {
	use_shim
	SHIM_ATTRIBUTE=CKA_SENSITIVE=0 in_token
	made
	says 'warning: .*did not keep CKA_SENSITIVE'
	renew_token
	SHIM_ATTRIBUTE=CKA_EXTRACTABLE=1,CKA_ALWAYS_SENSITIVE=0,CKA_NEVER_EXTRACTABLE=0,CKA_LOCAL=0,CKA_DECRYPT=1 in_token
	made
	says 'keep .*CKA_EXTRACTABLE \(it is true\)' 'keep .*CKA_ALWAYS_SENSITIVE \(it is false\)' \
		'keep .*CKA_NEVER_EXTRACTABLE \(it is false\)' 'keep .*CKA_LOCAL \(it is false\)' \
		'keep .*CKA_DECRYPT \(it is true\)'
	[ "$(grep -c 'did not keep .* of the private key$' <<<"$stderr")" -eq 1 ] || fail 'not one line'
	renew_token
	SHIM_HIDE=CKA_LOCAL in_token
	made
	says 'does not tell .*CKA_LOCAL'
	renew_token
	in_token --bits 2048
	made
	[[ $stderr != *warning* ]] || fail "a warning about a token that kept everything"
}

@test "a token that makes only keys that may also decrypt: the error names --allow-decrypt, which takes one and says so" {
	use_shim
	export SHIM_INSIST=CKA_DECRYPT,CKA_ENCRYPT
	in_token
	refused 3 'C_GenerateKeyPair.*GENERAL_ERROR' 'only keys that may also decrypt \(--allow-decrypt\)'
	[ "$(objects)" -eq 0 ]
	in_token --allow-decrypt
	made
	says "^chronoctl: the token 'ops' insists on CKA_DECRYPT of the private key" \
		"^chronoctl: the token 'ops' insists on CKA_ENCRYPT of the public key"
	never_says 'did not keep'
	listed privkey chronograf | grep -qE 'Usage: +decrypt, sign$' || fail "$(listed privkey chronograf)"
	start_standin
	CHRONOCTL_PIN=$PIN chronoctl_token --priv-key-file "$URI"
	made
}

@test "--allow-decrypt: tpm2-pkcs11, which leaves a key that it refuses in the TPM, is asked for one that it makes, once" {
	use_shim
	export SHIM_INSIST=CKA_DECRYPT,CKA_ENCRYPT SHIM_MANUFACTURER=$(printf 'tpm2-software.github.io' | od -An -v -tx1 | tr -d ' \n')
	in_token --allow-decrypt
	made
	says "^chronoctl: the token 'ops' insists on CKA_DECRYPT of the private key"
	called C_GenerateKeyPair 1
	: >"$SHIM_LOG"
	renew_token
	SHIM_FAIL='C_GenerateKeyPair:*=CKR_DEVICE_MEMORY' in_token --allow-decrypt
	refused 3 'the token is full'
	called C_GenerateKeyPair 1
	[ "$(objects)" -eq 0 ]
}

@test "--allow-decrypt does not ask for it: a token that makes keys that only sign makes such a one" {
	use_shim
	in_token --allow-decrypt
	made
	signs_and_stays chronograf 'sensitive, always sensitive, never extractable, local'
	never_says 'insists'
	called C_GenerateKeyPair 1
}

@test "--allow-decrypt: a token that fails at both leaves nothing, and is not asked again where something was left" {
	use_shim
	SHIM_FAIL='C_GenerateKeyPair:*=CKR_DEVICE_MEMORY' in_token --allow-decrypt
	refused 3 'the token is full'
	never_says '--allow-decrypt'
	called C_GenerateKeyPair 2
	[ "$(objects)" -eq 0 ]
	: >"$SHIM_LOG"
	SHIM_PULL=C_GenerateKeyPair:1 SHIM_PULL_CALLS=100 in_token --allow-decrypt
	refused 3 'key may be left'
	called C_GenerateKeyPair 1
}

@test "--allow-decrypt is for tokens" {
	chronoctl gen-keypair --out file --allow-decrypt --bits $BITS
	refused 2 '--allow-decrypt is for a pair in a token'
	nothing_here
}

@test "one that does not know the rights of recovery is asked once more without them" {
	use_shim
	SHIM_FAIL=C_GenerateKeyPair:1=CKR_ATTRIBUTE_TYPE_INVALID in_token
	made
	called C_GenerateKeyPair 2
	says 'did not keep CKA_SIGN_RECOVER'
	[ "$(objects)" -eq 2 ]
}

@test "what a call has left that says it made nothing is removed before the next one, or named if its id may be another's" {
	use_shim
	SHIM_FAIL_AFTER=C_GenerateKeyPair:1=CKR_ATTRIBUTE_TYPE_INVALID in_token
	made
	called C_GenerateKeyPair 2
	[ "$(objects)" -eq 2 ] || fail "$(objects) objects"
	renew_token
	: >"$SHIM_LOG"
	SHIM_FAIL_AFTER=C_GenerateKeyPair:1=CKR_DEVICE_ERROR in_token
	refused 3 C_GenerateKeyPair
	never_says 'is left'
	[ "$(objects)" -eq 0 ] || fail "$(objects) objects"
	URI="$URI;id=%07" SHIM_FAIL_AFTER=C_GenerateKeyPair:1=CKR_ATTRIBUTE_TYPE_INVALID in_token
	refused 3 'a part of the new key is left in the token' 'list-keys'
	called C_GenerateKeyPair 2
	renew_token
	SHIM_FAIL_AFTER=C_GenerateKeyPair:1=CKR_ATTRIBUTE_TYPE_INVALID SHIM_FAIL='C_DestroyObject:*=CKR_DEVICE_ERROR' in_token
	refused 3 'a part of the new key is left in the token' 'C_DestroyObject'
	called C_GenerateKeyPair 3
}

@test "a key whose signature does not verify is removed" {
	use_shim
	SHIM_SIGNATURE=flip in_token --pub-key-out pub
	refused 3 'verify'
	[ "$(objects)" -eq 0 ]
	nothing_here
}

@test "a key that requires its PIN at each signature is tested, too" {
	use_shim
	SHIM_ATTRIBUTE=CKA_ALWAYS_AUTHENTICATE=1 SHIM_CONTEXT_PIN=$PIN in_token
	made
	followed C_SignInit C_Login C_Sign
}

@test "whichever Cryptoki call fails, there is a whole pair or nothing" {
	export CHRONOCTL_PIN=$PIN
	sweep gen-keypair --out "$URI" --bits $BITS --pub-key-out pub
	echo "# gen-keypair: $cases calls failed in turn, $survivors of them without harm" >&3
	[ "$cases" -ge 20 ]
}

@test "what cannot be removed is reported plainly" {
	use_shim
	SHIM_FAIL=C_Sign:1=CKR_DEVICE_ERROR,C_DestroyObject:1=CKR_DEVICE_ERROR in_token --pub-key-out pub
	refused 3 'C_Sign' 'private key is left' 'list-keys'
	[ "$(objects)" -eq 1 ]
	renew_token
	SHIM_FAIL='C_Sign:1=CKR_DEVICE_ERROR,C_DestroyObject:*=CKR_DEVICE_ERROR' in_token --pub-key-out pub
	refused 3 'private key is left' 'public key is left'
	[ "$(objects)" -eq 2 ]
	renew_token
	SHIM_PULL=C_Sign:1 SHIM_PULL_CALLS=100 in_token --pub-key-out pub
	refused 3 'key is left'
	nothing_here
}

@test "a pair that is taken back: a module whose searches ignore names loses no other object" {
	use_shim
	in_token
	made
	# It finds something by each name that is free.
	SHIM_FIND_ANY=1 CHRONOCTL_PIN=$PIN chronoctl gen-keypair --out 'pkcs11:token=ops;object=second' --bits $BITS
	refused 3 'already'
	export SHIM_CONTROL=$SCRATCH/control
	: >"$SHIM_CONTROL"
	: >"$SHIM_LOG"
	SHIM_DELAY=300000 CHRONOCTL_PIN=$PIN "$CHRONOCTL" gen-keypair --out 'pkcs11:token=ops;object=second' --bits $BITS \
		>/dev/full 2>"$SCRATCH/err" &
	wait_for grep -q '^C_GenerateKeyPair' "$SHIM_LOG"
	printf 'SHIM_FIND_ANY=1\n' >"$SHIM_CONTROL.new" && mv "$SHIM_CONTROL.new" "$SHIM_CONTROL"
	status=0
	wait $! || status=$?
	[ "$status" -ne 0 ] || fail "exit status 0"
	: >"$SHIM_CONTROL"
	signs_and_stays chronograf 'sensitive, always sensitive, never extractable, local'
}

@test "a module that crashes or ends the process when the pair is announced: exit 0, a warning, and the pair" {
	local how
	for how in SHIM_CRASH SHIM_EXIT; do
		use_shim
		export "$how=C_CloseSession:1"
		CHRONOCTL_PIN=$PIN chronoctl gen-keypair --out "pkcs11:token=ops;object=$how" --bits $BITS
		[ "$status" -eq 0 ] || fail "$how: exit status 0 expected"
		[ -n "$output" ] || fail "$how: no URI"
		unset "$how"
		says 'when all was done'
		never_says 'may be left'
		[ -n "$(id_of privkey "$how")" ]
	done
}

@test "a module that crashes or hangs meanwhile is named, with what may be left" {
	use_shim
	SHIM_CRASH=C_GenerateKeyPair:1 in_token
	refused 3 'crash' 'C_GenerateKeyPair' 'may be left'
	SHIM_HANG=C_GenerateKeyPair:1 in_token --module-timeout 1
	refused 3 'C_GenerateKeyPair' 'module-timeout' 'may be left'
	SHIM_CRASH=C_Login:1 in_token
	refused 3 'C_Login'
	[[ $stderr != *'may be left'* ]]
}

@test "an interrupt waits until what was made is removed, even past a module's thread that blocks no signal" {
	use_shim
	SHIM_THREAD=C_Initialize:1 SHIM_DELAY=200000 CHRONOCTL_PIN=$PIN setsid "$CHRONOCTL" gen-keypair --out "$URI" --bits $BITS --pub-key-out pub \
		>"$SCRATCH/out" 2>"$SCRATCH/err" 3>&- &
	wait_for grep -q C_GenerateKeyPair "$SHIM_LOG"
	kill -TERM $!
	status=0
	wait $! || status=$?
	[ "$status" -eq 143 ] || fail "ended by SIGTERM expected: $(cat "$SCRATCH/err")"
	grep -q interrupted "$SCRATCH/err"
	[ ! -s "$SCRATCH/out" ]
	[ "$(calls C_DestroyObject)" -eq 2 ]
	[ "$(objects)" -eq 0 ]
	nothing_here
}

@test "a token that takes its time to delete the pair is waited for after SIGTERM" {
	cd "$SCRATCH"
	use_shim
	export SHIM_CONTROL=$SCRATCH/control
	: >"$SHIM_CONTROL"
	SHIM_DELAY=200000 CHRONOCTL_PIN=$PIN setsid "$CHRONOCTL" gen-keypair --out "$URI" --bits $BITS \
		>"$SCRATCH/out" 2>"$SCRATCH/err" 3>&- &
	wait_for grep -q C_GenerateKeyPair "$SHIM_LOG"
	echo SHIM_DELAY=2000000 >"$SHIM_CONTROL.new"
	mv "$SHIM_CONTROL.new" "$SHIM_CONTROL"
	kill -TERM $!
	status=0
	wait $! || status=$?
	[ "$status" -eq 143 ] || fail "ended by SIGTERM expected: $(cat "$SCRATCH/err")"
	grep -q interrupted "$SCRATCH/err" || fail "$(cat "$SCRATCH/err")"
	[ "$(objects)" -eq 0 ]
}

@test "the PIN is in no output, and is taken out of the URI" {
	chronoctl gen-keypair -v --out "$URI?pin-value=$PIN" --bits $BITS
	made
	never_says "$PIN"
}
