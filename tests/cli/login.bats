# Logging in: once, to one token, and the messages when the token refuses.
load helper
load token

setup() {
	private_environment
	own_tokens
	use_shim
}

LOGIN_REFUSED='refused|fail|incorrect|wrong|not accepted'

signs() {
	chronoctl_token --no-prompt --priv-key-file "$URI"
	prints_token "$KEY"
}

# one_login REGEX…: refused after a single C_Login.
one_login() {
	: >"$SHIM_LOG"
	chronoctl_token --no-prompt ${FORCE-} --priv-key-file "$URI"
	refused 3 "$@"
	called C_Login 1
	called C_Sign 0
}

@test "the right PIN is one C_Login" {
	CHRONOCTL_PIN=$PIN signs
	called C_Login 1
}

@test "a wrong PIN is one C_Login and an error that names the token" {
	CHRONOCTL_PIN=99999 one_login PIN 'incorrect|wrong|not (the )?right' estate
	never_says 99999
}

@test "a wrong PIN when nothing shows before login: still one C_Login" {
	new_token_dir "$SCRATCH/hidden"
	new_token estate
	import_private_key "$KEY" estate chronograf a1
	CHRONOCTL_PIN=99999 one_login PIN
}

@test "a PIN of the wrong length is no C_Login, and one if it is forced" {
	CHRONOCTL_PIN=1 chronoctl_token --no-prompt --priv-key-file 'pkcs11:object=chronograf'
	refused 3 'shorter'
	called C_Login 0
	FORCE=--force-login CHRONOCTL_PIN=1 one_login PIN
}

@test "a wrong PIN: says what the token says about tries left" {
	export CHRONOCTL_PIN=99999
	SHIM_TOKEN_FLAGS=+CKF_USER_PIN_COUNT_LOW one_login PIN 'tr(y|ies)|attempts?|low'
	export FORCE=--force-login
	SHIM_TOKEN_FLAGS=+CKF_USER_PIN_FINAL_TRY one_login PIN 'final|last|one (more )?(try|attempt)|once more'
	SHIM_TOKEN_FLAGS=+CKF_USER_PIN_LOCKED one_login PIN 'locked'
}

@test "a wrong PIN: says nothing about tries when the token does not" {
	SHIM_TOKEN_FLAGS=-CKF_USER_PIN_COUNT_LOW CHRONOCTL_PIN=99999 one_login PIN
	[[ ! $stderr =~ final|"last try"|"is locked" ]] || fail "the token said no such thing"
}

@test "C_Login fails: one call, exit 3, the reason is given" {
	export CHRONOCTL_PIN=$PIN
	SHIM_FAIL=C_Login:*=CKR_PIN_LOCKED one_login 'locked'
	SHIM_FAIL=C_Login:*=CKR_PIN_EXPIRED one_login 'expired'
	SHIM_FAIL=C_Login:*=CKR_USER_PIN_NOT_INITIALIZED one_login 'PIN.*(not|no|never).*|no .*PIN'
	SHIM_FAIL=C_Login:*=CKR_DEVICE_ERROR one_login 'device.?error'
	SHIM_FAIL=C_Login:*=CKR_TOKEN_NOT_PRESENT one_login 'the token was removed or does not answer; check that it is plugged in'
	SHIM_FAIL=C_Login:*=CKR_FUNCTION_FAILED one_login 'function.?failed'
	SHIM_FAIL=C_Login:1=CKR_PIN_INCORRECT one_login 'PIN'
}

@test "PIN pad: C_Login without a PIN, and the user is told to look at the reader" {
	export SHIM_TOKEN_FLAGS=+CKF_PROTECTED_AUTHENTICATION_PATH SHIM_PINPAD=$PIN
	chronoctl_token --priv-key-file "$URI"
	prints_token "$KEY"
	says 'reader|PIN ?pad|keypad'
	called C_Login 1
}

@test "PIN pad: a PIN that is given explicitly overrides it" {
	export SHIM_TOKEN_FLAGS=+CKF_PROTECTED_AUTHENTICATION_PATH SHIM_PINPAD=99999
	CHRONOCTL_PIN=$PIN signs
	called C_Login 1
	export SHIM_PINPAD=$PIN
	CHRONOCTL_PIN=99999 one_login PIN
}

@test "PIN pad: a wrong PIN on it is one C_Login" {
	SHIM_TOKEN_FLAGS=+CKF_PROTECTED_AUTHENTICATION_PATH SHIM_PINPAD=99999 \
		chronoctl_token --priv-key-file "$URI"
	refused 3 PIN
	called C_Login 1
}

@test "always-authenticate: a context-specific login between C_SignInit and C_Sign" {
	export SHIM_ATTRIBUTE=CKA_ALWAYS_AUTHENTICATE=1 SHIM_CONTEXT_PIN=$PIN
	CHRONOCTL_PIN=$PIN signs
	followed C_SignInit C_Login C_Sign
	called C_Login 2
}

@test "always-authenticate: a context PIN that is refused is not offered again" {
	export SHIM_ATTRIBUTE=CKA_ALWAYS_AUTHENTICATE=1 SHIM_CONTEXT_PIN=55555
	CHRONOCTL_PIN=$PIN chronoctl_token --priv-key-file "$URI"
	refused 3 PIN
	called C_Login 2
	called C_Sign 0
}

@test "always-authenticate with a PIN pad" {
	export SHIM_ATTRIBUTE=CKA_ALWAYS_AUTHENTICATE=1 SHIM_CONTEXT_PIN=$PIN \
		SHIM_TOKEN_FLAGS=+CKF_PROTECTED_AUTHENTICATION_PATH SHIM_PINPAD=$PIN
	chronoctl_token --priv-key-file "$URI"
	prints_token "$KEY"
	followed C_SignInit C_Login C_Sign
}

@test "a key that requires the PIN at its signature: few tries left are told once it has taken the PIN" {
	import_open_key "$KEY" estate open c1
	export SHIM_ATTRIBUTE=CKA_ALWAYS_AUTHENTICATE=1 SHIM_CONTEXT_PIN=$PIN
	export SHIM_TOKEN_FLAGS=-CKF_LOGIN_REQUIRED,+CKF_USER_PIN_COUNT_LOW
	CHRONOCTL_PIN=$PIN chronoctl_token --priv-key-file 'pkcs11:object=open'
	prints_token "$KEY"
	says "^chronoctl: warning: the token 'estate' says: a wrong PIN was entered before this login$"
	called C_Login 1
	CHRONOCTL_PIN=99999 chronoctl_token --priv-key-file 'pkcs11:object=open'
	refused 3 "few tries may be left"
	never_says 'before this login'
}

@test "a key that requires the PIN at its signature: no try where a login would be none" {
	local flag
	import_open_key "$KEY" estate open c1
	export SHIM_ATTRIBUTE=CKA_ALWAYS_AUTHENTICATE=1 SHIM_CONTEXT_PIN=$PIN
	for flag in CKF_USER_PIN_FINAL_TRY CKF_USER_PIN_LOCKED; do
		: >"$SHIM_LOG"
		SHIM_TOKEN_FLAGS=+$flag,-CKF_LOGIN_REQUIRED CHRONOCTL_PIN=99999 chronoctl_token --priv-key-file 'pkcs11:object=open'
		refused 3 "No PIN was tried; --force-login tries it"
		called C_Login 0
	done
	SHIM_TOKEN_FLAGS=-CKF_LOGIN_REQUIRED CHRONOCTL_PIN=1 chronoctl_token --priv-key-file 'pkcs11:object=open'
	refused 3 "shorter than the token 'estate' takes"
	called C_Login 0
	SHIM_TOKEN_FLAGS=-CKF_LOGIN_REQUIRED CHRONOCTL_PIN=$PIN chronoctl_token --priv-key-file 'pkcs11:object=open'
	prints_token "$KEY"
}
