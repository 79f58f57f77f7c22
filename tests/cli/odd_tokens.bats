# Tokens and modules that are odd: the right token all the same, or a message that names what is wrong. Modules that break
# are in broken_modules.bats.
load helper

setup_file() {
	suite_key_in_token estate
	import_private_key "$KEY" estate certified c1
	import_certificate "$KEY" estate certified c1
	start_standin
}

setup() {
	private_environment
	use_shim
	export CHRONOCTL_PIN=$PIN
}

signs() { # [LABEL [ARGUMENT…]]
	: >"$SHIM_LOG"
	chronoctl_token --no-prompt --priv-key-file "pkcs11:object=${1:-chronograf}" "${@:2}"
	prints_token "$KEY"
}

signs_not() { # REGEX…
	chronoctl_token --no-prompt --priv-key-file 'pkcs11:object=chronograf'
	refused 3 "$@"
}

mechanisms() { printf '%s\n' CKM_SHA256_RSA_PKCS CKM_RSA_PKCS CKM_RSA_X_509; }

# ---- Mechanisms and signatures ----

@test "a token that has one mechanism only, whichever: the same token" {
	local mechanism
	for mechanism in $(mechanisms); do
		SHIM_MECHANISMS=$mechanism signs
		followed C_SignInit C_Sign
		called C_Sign 1
	done
}

@test "a token that lists the mechanism, and lacks it for this key" {
	SHIM_FAIL=C_SignInit:1=CKR_MECHANISM_INVALID signs
	SHIM_FAIL=C_SignInit:1=CKR_MECHANISM_INVALID,C_SignInit:2=CKR_MECHANISM_PARAM_INVALID signs
}

@test "a flipped bit never leaves, by any mechanism" {
	local mechanism
	for mechanism in $(mechanisms); do
		SHIM_SIGNATURE=flip SHIM_MECHANISMS=$mechanism signs_not 'signature does not verify'
		SHIM_SIGNATURE=flip SHIM_MECHANISMS=$mechanism SHIM_HIDE=CKA_MODULUS signs_not 'signature does not verify'
	done
}

# A nonce whose signature by the key begins with a zero byte: one in 256 does.
zero_nonce() { # KEY
	local number nonce
	for ((number = 0; number < 5000; number++)); do
		printf -v nonce '%08x-0000-4000-8000-000000000000' "$number"
		if [ "$(printf %s "$nonce" | openssl dgst -sha256 -sign "$1" | head -c 1 | od -An -tx1)" = ' 00' ]; then
			printf '%s\n' "$nonce"
			return
		fi
	done
	return 1
}

@test "a signature shorter than the modulus, for its leading zero was dropped: the same token" {
	local mechanism
	new_key "$SCRATCH/small" 1024
	own_tokens
	import_key "$SCRATCH/small" estate small d1
	NONCE=$(zero_nonce "$SCRATCH/small")
	start_standin
	for mechanism in $(mechanisms); do
		SHIM_SIGNATURE=leading-zero-stripped SHIM_MECHANISMS=$mechanism chronoctl_token --no-prompt \
			--priv-key-file 'pkcs11:object=small'
		prints_token "$SCRATCH/small"
		# The shim has dropped something: other differences in length are not corrected.
		SHIM_SIGNATURE=short SHIM_MECHANISMS=$mechanism chronoctl_token --no-prompt \
			--priv-key-file 'pkcs11:object=small'
		refused 3 'signature does not verify'
	done
}

# ---- Keys ----

@test "a private key without CKA_MODULUS: its length by the public key object or the certificate, for padding too" {
	SHIM_HIDE=CKA_MODULUS,CKA_PUBLIC_EXPONENT SHIM_MECHANISMS=CKM_RSA_X_509 signs chronograf
	SHIM_HIDE=CKA_MODULUS,CKA_PUBLIC_EXPONENT SHIM_MECHANISMS=CKM_RSA_X_509 signs certified
}

@test "no public key object, but a certificate" {
	SHIM_HIDE=CKA_MODULUS SHIM_HIDE_CLASS=CKO_PUBLIC_KEY signs certified
}

@test "attributes that stay untouched in a call that fails are not taken for read" {
	local code
	for code in CKR_ATTRIBUTE_SENSITIVE CKR_ATTRIBUTE_TYPE_INVALID CKR_BUFFER_TOO_SMALL; do
		SHIM_FAIL=C_GetAttributeValue:1=$code signs
		SHIM_FAIL=C_GetAttributeValue:*=$code signs_not 'tells no public half'
	done
}

# ---- Slots and labels ----

@test "64 slots, 63 of them empty, whether they say so or not" {
	SHIM_SLOTS=64 signs
	SHIM_SLOTS=64 SHIM_SLOTS_CLAIM_TOKEN=1 signs
	called C_Login 1
}

@test "a module that never has room for its list of slots is not asked for ever" {
	SHIM_FAIL=C_GetSlotList:*=CKR_BUFFER_TOO_SMALL signs_not 'C_GetSlotList answered CKR_BUFFER_TOO_SMALL: [a-z]'
}

hex() { printf "$1" | od -An -v -tx1 | tr -d ' \n'; }

# label_is TEXT SHOWN: the label is that, in a format of printf, and a terminal gets it as SHOWN; found by no token
# attribute, and by the URI that --verbose tells.
label_is() {
	local uri
	export SHIM_LABEL
	SHIM_LABEL=$(hex "$1")
	signs chronograf --verbose
	uri=$(listed_uris | grep -oE '[:;]token=[^;:]*' | head -n 1)
	CHRONOCTL_PIN=99999 SHIM_TOKEN_FLAGS=+CKF_USER_PIN_COUNT_LOW chronoctl_token --no-prompt \
		--priv-key-file 'pkcs11:object=chronograf'
	refused 3 'wrong PIN for token'
	[[ $stderr == *"'$2'"* ]] || fail "the label is not shown as '$2'"
	CHRONOCTL_PIN=$PIN chronoctl_token --no-prompt --priv-key-file "pkcs11:${uri#[:;]};object=chronograf"
	prints_token "$KEY" || fail "the listed URI '$uri' does not find it"
}

@test "a label padded with blanks, or with zeros, and one that fills its 32 bytes" {
	own_tokens
	label_is 'short' 'short'
	label_is 'zeros\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' 'zeros'
	label_is '0123456789abcdef0123456789ABCDEF' '0123456789abcdef0123456789ABCDEF'
}

@test "a label that is not valid UTF-8, or holds what a terminal acts on" {
	own_tokens
	label_is 'est\xff\xc3(ate' 'est\xff\xc3(ate'
	label_is 'est\033[2Jate' 'est\x1b[2Jate'
	label_is 'Schl\xc3\xbcssel' 'Schlüssel'
	label_is 'a\xe2\x80\x8b      b\xc2\xa0 c' 'a\xe2\x80\x8b b c'
	label_is '\xd7\x9e 1' '\xd7\x9e 1'
}

# ---- Locking and start ----

@test "a module that needs CKF_OS_LOCKING_OK" {
	SHIM_INITIALIZE=need-os-locking signs
}

@test "a module that refuses CKF_OS_LOCKING_OK: started without locks, and ended" {
	SHIM_INITIALIZE=refuse-os-locking signs
	called C_Initialize 2
	called C_Finalize 1
}

@test "a module that is registered with p11-kit and refuses CKF_OS_LOCKING_OK" {
	need_user
	user_module softhsm2 "module: $SHIM"
	unset PKCS11_MODULE_PATH
	SHIM_INITIALIZE=refuse-os-locking run --separate-stderr as_user setsid -w timeout "$PATIENCE" "$CHRONOCTL" token \
		--chronograf-url "$URL" --no-prompt --priv-key-file 'pkcs11:object=chronograf'
	prints_token "$KEY"
	called C_Finalize 1
}

@test "a module that refuses every way to start: says what it answers" {
	SHIM_FAIL=C_Initialize:*=CKR_CANT_LOCK signs_not "the module cannot use the system's locks"
	SHIM_FAIL=C_Initialize:*=CKR_NEED_TO_CREATE_THREADS signs_not 'the module needs to create threads'
	SHIM_FAIL=C_Initialize:*=CKR_GENERAL_ERROR signs_not 'C_Initialize answered CKR_GENERAL_ERROR: [a-z]'
}

@test "a module that somebody else has initialised is used, and not ended" {
	SHIM_INITIALIZE=already signs
	called C_Finalize 0
}

# ---- Numbers ----

@test "objects that come one at a time: two keys that match are two" {
	own_tokens
	import_key "$KEY" estate chronograf b2
	SHIM_FIND_MOST=1 signs_not '2 private keys match'
}

@test "more objects, or a longer attribute, than there was room for: refused" {
	SHIM_OVERSTATE=objects signs_not 'C_FindObjects .*CKR_GENERAL_ERROR'
	SHIM_OVERSTATE=attribute signs_not 'C_GetAttributeValue .*CKR_GENERAL_ERROR'
}

@test "a certificate whose second length is greater than its first: not read beyond it" {
	own_tokens
	PIN=$PIN import_certificate "$KEY" estate chronograf a1
	SHIM_HIDE=CKA_MODULUS SHIM_HIDE_CLASS=CKO_PUBLIC_KEY SHIM_OVERSTATE=value \
		signs_not 'C_GetAttributeValue .*CKR_GENERAL_ERROR'
}

@test "a certificate that is said to have gigabytes: refused" {
	own_tokens
	PIN=$PIN import_certificate "$KEY" estate chronograf a1
	SHIM_HIDE=CKA_MODULUS SHIM_HIDE_CLASS=CKO_PUBLIC_KEY SHIM_OVERSTATE=length \
		signs_not 'C_GetAttributeValue .*CKR_GENERAL_ERROR'
}

@test "more slots than any machine has: refused" {
	SHIM_SLOTS=20000 SHIM_SLOTS_CLAIM_TOKEN=1 signs_not 'C_GetSlotList .*CKR_BUFFER_TOO_SMALL'
}

# In 2 GB of address space, where that can be set: AddressSanitizer needs more.
endless() { # ARGUMENT…
	: >"$SHIM_LOG"
	SHIM_FIND_ENDLESS=1 run --separate-stderr timeout "$PATIENCE" bash -c '
		[ "$1" = ON ] || ulimit -v 2000000
		shift
		exec "$@"' bash "${SANITIZED:-OFF}" "$CHRONOCTL" "$@" --no-prompt
	[ "$(calls C_FindObjects)" -lt 10000 ] || fail "$(calls C_FindObjects) calls" || return
	[ "$(calls C_FindObjectsFinal)" -eq "$(calls C_FindObjectsInit)" ] || fail "a search was not ended" || return
	grep -qE 'C_FindObjects of .*shim\.so finds more than 100000 objects of one class; .* fault of the module' \
		<<<"$output$stderr" || fail 'whose fault is it?'
}

@test "a search that never ends: list-keys, token and doctor say whose fault it is, in bounded memory" {
	endless list-keys --login
	endless token --chronograf-url "$URL" --priv-key-file 'pkcs11:token=estate;object=other'
	refused 3 "no key 'other' in token 'estate'; it shows no key"
	endless doctor --chronograf-url "$URL" --priv-key-file 'pkcs11:token=estate;object=other'
}

# ---- Mechanisms and starts ----

@test "a mechanism that this key does not allow, whatever the code: the next one signs" {
	local code
	for code in CKR_KEY_FUNCTION_NOT_PERMITTED CKR_KEY_TYPE_INCONSISTENT CKR_FUNCTION_NOT_SUPPORTED CKR_FUNCTION_FAILED; do
		: >"$SHIM_LOG"
		SHIM_FAIL=C_SignInit:1=$code signs
		called C_SignInit 2
	done
}

@test "CKA_SIGN is false is said only where it was read" {
	SHIM_FAIL='C_SignInit:*=CKR_KEY_FUNCTION_NOT_PERMITTED' signs_not "$(told_as C_SignInit CKR_KEY_FUNCTION_NOT_PERMITTED)"
	never_says 'CKA_SIGN is false'
	SHIM_ATTRIBUTE=CKA_SIGN=0 signs_not 'CKA_SIGN is false'
}

@test "the public half alone: it is named as that, and not offered as what was meant" {
	SHIM_HIDE_CLASS=CKO_PRIVATE_KEY signs_not "no key 'chronograf' in token 'estate'; it shows its public half and no private key"
	never_says 'did you mean'
}

@test "a module without a token: the daemon is named, not the plug alone" {
	chronoctl_token --no-prompt --priv-key-file 'pkcs11:object=chronograf' --pkcs11-module opensc-pkcs11.so
	# Without pcscd OpenSC 0.26 does not start; OpenSC 0.23 has a slot without a token.
	refused 3 'no slot has a token; is one plugged in, and does its daemon \(pcscd|C_Initialize answered .*: check that its daemon \(pcscd'
}

@test "a module or a session that does not start: its daemon or its configuration, not our memory" {
	local code
	for code in CKR_HOST_MEMORY CKR_GENERAL_ERROR CKR_FUNCTION_FAILED; do
		SHIM_FAIL=C_Initialize:*=$code signs_not "C_Initialize answered $code: .*daemon.*configuration"
		SHIM_FAIL=C_OpenSession:*=$code signs_not "C_OpenSession.*answered $code: .*daemon.*configuration"
	done
}
