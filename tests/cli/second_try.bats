# Worth a second try: a session or a token that is lost, once, on a fresh session, with the PIN that is in hand.
load helper
load token

LOST_SESSION='CKR_SESSION_HANDLE_INVALID CKR_SESSION_CLOSED'
LOST_TOKEN='CKR_DEVICE_ERROR CKR_DEVICE_REMOVED'

# run_once ARGUMENT…: with the right PIN, and a new log of calls.
run_once() {
	: >"$SHIM_LOG"
	CHRONOCTL_PIN=$PIN chronoctl_token --no-prompt --priv-key-file "$URI" "$@"
}

# mended CALL CODE: the token is made though that call failed, over a second session and in a second login at most.
mended() {
	SHIM_FAIL=$1=$2 run_once
	prints_token "$KEY" || fail "$1=$2"
	[ "$(calls C_OpenSession)" -eq 2 ] || fail "$1=$2: $(calls C_OpenSession) sessions"
	[ "$(calls C_Login)" -le 2 ] || fail "$1=$2: $(calls C_Login) logins"
}

# gives_up REGEX…: exit 3, after two sessions.
gives_up() {
	run_once
	refused 3 "$@"
	called C_OpenSession 2
}

# ---- What is mended ----

@test "a session that is lost, at any call on it: one more session makes the token" {
	local call code
	for code in $LOST_SESSION; do
		for call in C_FindObjectsInit C_FindObjects C_FindObjectsFinal C_GetAttributeValue C_SignInit C_Sign; do
			mended "$call:1" "$code"
		done
	done
}

@test "a token that fails or is removed and is back, at any call on it: one more start makes the token" {
	local call code
	for code in $LOST_TOKEN; do
		for call in C_OpenSession C_FindObjectsInit C_FindObjects C_FindObjectsFinal C_GetAttributeValue C_SignInit C_Sign; do
			mended "$call:1" "$code"
			called C_Initialize 1
			called C_GetSlotList 2
		done
	done
}

@test "a module that another library has finalised is initialised again, once" {
	SHIM_FAIL=C_GetSlotList:1=CKR_CRYPTOKI_NOT_INITIALIZED run_once
	prints_token "$KEY"
	called C_Initialize 2
	SHIM_FAIL='C_GetSlotList:*=CKR_CRYPTOKI_NOT_INITIALIZED' run_once
	refused 3
	called C_GetSlotList 2
}

@test "a lost session is replaced, and the module not started again" {
	mended C_Sign:1 CKR_SESSION_HANDLE_INVALID
	called C_Initialize 1
}

@test "a session that is lost before C_Login has seen the PIN" {
	local code
	for code in $LOST_SESSION; do mended C_Login:1 "$code"; done
}

@test "a slot that fails while the tokens are listed" {
	local code call
	for code in $LOST_TOKEN; do
		for call in 1 2; do
			SHIM_FAIL=C_GetTokenInfo:$call=$code run_once
			prints_token "$KEY"
		done
	done
}

@test "why there is a second try is told in the lines of the error, each a line" {
	SHIM_FAIL=C_GetTokenInfo:1=CKR_DEVICE_ERROR run_once
	prints_token "$KEY"
	says '^chronoctl: warning: no key matches .*; looked at:$' '^chronoctl:   slot .*: C_GetTokenInfo answered' \
		'^chronoctl: Trying once more$'
}

@test "the public half is read again too" {
	local call
	export SHIM_HIDE=CKA_MODULUS,CKA_PUBLIC_EXPONENT
	for call in C_FindObjectsInit:2 C_FindObjects:2 C_FindObjectsFinal:2 C_GetAttributeValue:4; do
		mended "$call" CKR_SESSION_CLOSED
		mended "$call" CKR_DEVICE_ERROR
	done
}

@test "a token pulled out and put back in the middle" {
	local call
	for call in C_FindObjects C_SignInit C_Sign; do
		SHIM_PULL=$call:1 SHIM_PULL_CALLS=2 run_once
		prints_token "$KEY"
	done
}

@test "a key that requires its PIN at each signature" {
	local code
	export SHIM_ATTRIBUTE=CKA_ALWAYS_AUTHENTICATE=1 SHIM_CONTEXT_PIN=$PIN
	for code in $LOST_SESSION $LOST_TOKEN; do
		SHIM_FAIL=C_Sign:1=$code run_once
		prints_token "$KEY"
		called C_Login 4
	done
}

@test "several tokens: the one that failed while they were looked at" {
	local call
	new_token_dir "$SCRATCH/two"
	new_token other 77777
	new_token estate
	import_key "$KEY" estate chronograf a1
	for call in C_OpenSession:1 C_OpenSession:2 C_FindObjectsInit:1 C_FindObjectsInit:4 C_FindObjects:2; do
		SHIM_FAIL=$call=CKR_DEVICE_ERROR run_once
		prints_token "$KEY"
		called C_Login 1
	done
}

@test "a failing device is reported, a session that ran out is not" {
	SHIM_FAIL=C_Sign:1=CKR_DEVICE_ERROR run_once
	says 'warning: .*C_Sign .*CKR_DEVICE_ERROR'
	SHIM_FAIL=C_Sign:1=CKR_SESSION_CLOSED run_once
	is_silent
	SHIM_FAIL=C_Sign:1=CKR_SESSION_CLOSED run_once --verbose
	says 'C_Sign .*CKR_SESSION_CLOSED' 'lost the connection.*once more'
}

# ---- What is not ----

@test "once: a second failure is reported, with its remedy" {
	local code
	for code in $LOST_SESSION $LOST_TOKEN; do
		SHIM_FAIL=C_Sign:*=$code gives_up "$(told_as C_Sign "$code")" 'second try'
		called C_Sign 2
		SHIM_FAIL=C_FindObjectsInit:*=$code gives_up "$(told_as C_FindObjectsInit "$code")"
	done
}

@test "a token that is gone for good: the first failure is reported, and what was found after it" {
	SHIM_PULL=C_Sign:1 SHIM_PULL_CALLS=1000 run_once
	refused 3 "$(told_as C_Sign CKR_DEVICE_REMOVED)" 'second try: no key matches'
	never_says 'no token .*x00'
	called C_Sign 1
	called C_Login 1
}

@test "what another session would not repair is not tried again" {
	local code
	for code in CKR_GENERAL_ERROR CKR_FUNCTION_FAILED CKR_DEVICE_MEMORY CKR_KEY_FUNCTION_NOT_PERMITTED CKR_USER_NOT_LOGGED_IN; do
		SHIM_FAIL=C_Sign:*=$code run_once
		refused 3 "$(told_as C_Sign "$code")"
		called C_Sign 1
		called C_OpenSession 1
	done
}

@test "never after a PIN was refused" {
	SHIM_FAIL=C_Login:1=CKR_PIN_INCORRECT,C_GetTokenInfo:4=CKR_DEVICE_REMOVED run_once
	refused 3 'wrong PIN for token'
	called C_Login 1
	called C_OpenSession 1
}

@test "a PIN that is refused at the second try is not tried a third time" {
	SHIM_FAIL=C_FindObjectsInit:1=CKR_DEVICE_ERROR,C_Login:2=CKR_PIN_INCORRECT run_once
	refused 3 'CKR_DEVICE_ERROR' 'wrong PIN for token'
	called C_Login 2
	called C_Sign 0
}

@test "a device that fails in C_Login may have counted the PIN: not tried again" {
	local code
	for code in $LOST_TOKEN; do
		SHIM_FAIL=C_Login:1=$code run_once
		refused 3 "$(told_as C_Login "$code")"
		called C_Login 1
	done
}

# ---- The PIN ----

@test "a source of the PIN is read once" {
	local source
	echo "$PIN" >"$SCRATCH/pin"
	for source in "|echo read >>'$SCRATCH/reads'; cat '$SCRATCH/pin'" fd:9; do
		SHIM_FAIL=C_Sign:1=CKR_DEVICE_REMOVED chronoctl_token --no-prompt --priv-key-file "$URI" \
			--pin-source "$source" 9<"$SCRATCH/pin"
		prints_token "$KEY"
	done
	[ "$(wc -l <"$SCRATCH/reads")" -eq 1 ] || fail "read $(wc -l <"$SCRATCH/reads") times"
}

@test "a person is asked once" {
	local quoted
	printf -v quoted '%q ' "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$URI"
	SHIM_FAIL=C_Sign:1=CKR_DEVICE_ERROR on_terminal 'PIN of the token' "$PIN\n" "$quoted >'$SCRATCH/out'"
	[ "$status" -eq 0 ] || fail "status:" "$screen"
	[ "$(cat "$SCRATCH/out")" = "$(expected_token "$KEY")" ]
	[ "$(grep -o 'PIN of the token' <<<"$screen" | wc -l)" -eq 1 ] || fail "asked more than once:" "$screen"
	called C_Login 2
}

@test "a PIN pad is not asked a second time" {
	export SHIM_TOKEN_FLAGS=+CKF_PROTECTED_AUTHENTICATION_PATH SHIM_PINPAD=$PIN
	SHIM_FAIL=C_Sign:1=CKR_DEVICE_ERROR chronoctl_token --priv-key-file "$URI"
	refused 3 CKR_DEVICE_ERROR
	called C_Login 1
}
