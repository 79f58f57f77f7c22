# No PIN try is wasted: what the token's flags forbid, the message of each refusal, and --force-login.
load helper
load token

# tries ARGUMENT…: with the right PIN, given by the environment.
tries() { CHRONOCTL_PIN=$PIN chronoctl_token --priv-key-file "$URI" "$@"; }

# refuses_to_try REGEX ARGUMENT…: exit 3 and not one C_Login.
refuses_to_try() {
	: >"$SHIM_LOG"
	tries "${@:2}"
	refused 3 'estate' "$1" '--force-login'
	called C_Login 0
	called C_Sign 0
}

warns_and_signs() { # REGEX ARGUMENT…
	: >"$SHIM_LOG"
	tries "${@:2}"
	prints_token "$KEY"
	says "warning: .*estate.*($1)"
	called C_Login 1
}

# asked_for REGEX ARGUMENT…: the PIN is typed on a terminal once the screen shows the prompt.
asked_for() {
	local quoted
	printf -v quoted '%q ' "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$URI" "${@:2}"
	on_terminal "PIN of the token" "$PIN\n" "$quoted >'$SCRATCH/out'"
	[ "$status" -eq 0 ] || fail "status:" "$screen"
	[ "$(cat "$SCRATCH/out")" = "$(expected_token "$KEY")" ] || fail "not the token"
	[[ ${screen%%PIN of the token*} =~ $1 ]] || fail "no warning before the prompt:" "$screen"
}

# ---- Before a try ----

@test "few tries left: a warning, and the login" {
	SHIM_TOKEN_FLAGS=+CKF_USER_PIN_COUNT_LOW warns_and_signs 'wrong PIN.*before this login'
	SHIM_TOKEN_FLAGS=+CKF_USER_PIN_COUNT_LOW warns_and_signs 'wrong PIN.*before this login' --no-prompt
}

@test "few tries left: the warning stands before the prompt" {
	SHIM_TOKEN_FLAGS=+CKF_USER_PIN_COUNT_LOW asked_for 'wrong PIN.*since'
}

@test "one try left: the warning stands before the prompt, and who answers it decides" {
	SHIM_TOKEN_FLAGS=+CKF_USER_PIN_FINAL_TRY asked_for 'one try is left'
}

@test "one try left and --no-prompt: it is not spent" {
	SHIM_TOKEN_FLAGS=+CKF_USER_PIN_FINAL_TRY refuses_to_try 'one try is left' --no-prompt
}

@test "one try left and a PIN from a source: nobody is asked, so it is not spent, --no-prompt or not" {
	SHIM_TOKEN_FLAGS=+CKF_USER_PIN_FINAL_TRY refuses_to_try 'one try is left'
}

@test "one try left and a PIN from a source, at a terminal: it is not spent" {
	local quoted
	export SHIM_TOKEN_FLAGS=+CKF_USER_PIN_FINAL_TRY CHRONOCTL_PIN=$PIN
	printf -v quoted '%q ' "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$URI"
	on_terminal 'never shown at all' 'x\n' "$quoted"
	[ "$status" -eq 3 ]
	shows 'one try is left'
	called C_Login 0
}

@test "one try left, a PIN pad and --no-prompt: it is not spent" {
	export SHIM_TOKEN_FLAGS=+CKF_USER_PIN_FINAL_TRY,+CKF_PROTECTED_AUTHENTICATION_PATH SHIM_PINPAD=$PIN
	chronoctl_token --priv-key-file "$URI" --no-prompt
	refused 3 'one try is left' '--force-login'
	called C_Login 0
}

@test "one try left and --force-login: spent, once" {
	SHIM_TOKEN_FLAGS=+CKF_USER_PIN_FINAL_TRY warns_and_signs 'one try is left' --no-prompt --force-login
	: >"$SHIM_LOG"
	SHIM_TOKEN_FLAGS=+CKF_USER_PIN_FINAL_TRY CHRONOCTL_PIN=99999 \
		chronoctl_token --priv-key-file "$URI" --no-prompt --force-login
	refused 3 "wrong PIN for token 'estate', tried once"
	called C_Login 1
}

@test "a locked PIN is not tried, unless --force-login says that the flag is wrong" {
	export SHIM_TOKEN_FLAGS=+CKF_USER_PIN_LOCKED
	refuses_to_try 'locked.*(SO PIN|PUK)' --no-prompt
	refuses_to_try 'locked'
	warns_and_signs 'locked' --no-prompt --force-login
}

@test "a locked PIN is not even asked for" {
	local quoted
	printf -v quoted '%q ' "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$URI"
	SHIM_TOKEN_FLAGS=+CKF_USER_PIN_LOCKED on_terminal 'never shown at all' 'x\n' "$quoted"
	[ "$status" -eq 3 ]
	[[ $screen != *'PIN of the token'* ]] || fail "the screen shows a prompt:" "$screen"
}

@test "a token without a user PIN: says so, and how to set one; no login" {
	SHIM_TOKEN_FLAGS=-CKF_USER_PIN_INITIALIZED refuses_to_try 'no user PIN.*init-pin' --no-prompt
	SHIM_TOKEN_FLAGS=-CKF_USER_PIN_INITIALIZED warns_and_signs 'no user PIN' --no-prompt --force-login
}

@test "flags that say nothing of tries: no warning" {
	tries --no-prompt
	prints_token "$KEY"
	is_silent
}

@test "one try left, by the other signers: not spent either" {
	local signer signers
	signers=$("$CHRONOCTL" --version | sed -n 's/^ *signer \(libp11\|engine\) .*/\1/p')
	[ -n "$signers" ] || skip "this build has neither libp11 nor engine"
	for signer in $signers; do
		SHIM_TOKEN_FLAGS=+CKF_USER_PIN_FINAL_TRY refuses_to_try 'one try is left' --no-prompt --signer "$signer"
		SHIM_TOKEN_FLAGS=+CKF_USER_PIN_LOCKED refuses_to_try 'locked' --no-prompt --signer "$signer"
	done
}

@test "a token that does not answer: its PIN is tried on no other, unless that is named" {
	local call
	new_token_dir "$SCRATCH/two"
	new_token estate
	new_token other 77777
	import_private_key "$KEY" estate hidden c1
	for call in 1 2; do
		: >"$SHIM_LOG"
		SHIM_FAIL=C_GetTokenInfo:$call=CKR_GENERAL_ERROR URI='pkcs11:object=hidden' tries --no-prompt
		refused 3 'is tried on no other' 'C_GetTokenInfo answered CKR_GENERAL_ERROR: [a-z]'
		called C_Login 0
	done
	SHIM_FAIL=C_GetTokenInfo:3=CKR_GENERAL_ERROR URI='pkcs11:token=estate;object=hidden' tries --no-prompt
	prints_token "$KEY"
}

@test "tokens that require no login: a given PIN is tried on no other while one cannot be looked at" {
	local call code
	new_token_dir "$SCRATCH/open"
	new_token estate
	new_token other 77777
	import_private_key "$KEY" estate hidden c1
	export SHIM_TOKEN_FLAGS=-CKF_LOGIN_REQUIRED URI='pkcs11:object=hidden'
	tries --no-prompt
	refused 3 'no PIN is tried on more than one'
	for call in 1 2; do
		for code in CKR_SESSION_COUNT CKR_GENERAL_ERROR; do
			: >"$SHIM_LOG"
			SHIM_FAIL=C_OpenSession:$call=$code tries --no-prompt
			refused 3 'is tried on (no other|more than one)|no PIN is tried'
			called C_Login 0
		done
		: >"$SHIM_LOG"
		SHIM_FAIL=C_GetTokenInfo:$call=CKR_DEVICE_ERROR CHRONOCTL_PIN=$PIN chronoctl list-keys --login --no-prompt
		refused 3 'is tried on no other'
		called C_Login 0
	done
}

@test "a module whose searches ignore names: no key signs that was not named" {
	SHIM_FIND_ANY=1 URI='pkcs11:token=estate;object=nothere' tries --no-prompt
	refused 3 "no key 'nothere' in token 'estate'"
	called C_Sign 0
	SHIM_FIND_ANY=1 tries --no-prompt
	prints_token "$KEY"
}

@test "two tokens show the key, and one cannot be looked at for once: its PIN is not tried on the other, named alike or not" {
	local call uri slot
	new_token_dir "$SCRATCH/spare"
	new_token estate
	import_key "$KEY" estate chronograf a1
	new_token estate 77777
	openssl pkcs8 -topk8 -nocrypt -in "$KEY" -out "$SCRATCH/p8"
	for slot in $(softhsm2-util --show-slots | awk '/^Slot/ { slot = $2 } /Label: *estate/ { print slot }'); do
		softhsm2-util --import "$SCRATCH/p8" --slot "$slot" --label chronograf --id a1 --pin 77777 >/dev/null 2>&1 || true
	done
	URI=pkcs11:object=chronograf tries --no-prompt
	refused 3 'is in several tokens'
	for uri in 'pkcs11:object=chronograf' 'pkcs11:token=estate;object=chronograf'; do
		for call in C_OpenSession:1 C_OpenSession:2 C_FindObjectsInit:2; do
			: >"$SHIM_LOG"
			SHIM_FAIL=$call=CKR_GENERAL_ERROR URI=$uri tries --no-prompt
			refused 3 'is tried on no other|in several tokens'
			called C_Login 0
		done
	done
}

# ---- After a try ----

@test "a wrong PIN is told of, with exit 3, though a URL is wrong as well, or the network program does not start" {
	local tree=$SCRATCH/tree program
	CHRONOCTL_PIN=99999 chronoctl token --no-prompt --priv-key-file "$URI" --chronograf-url htp://x
	refused 3 'wrong PIN .*estate' "'htp://x' is not a server's URL"
	mkdir "$tree" && cp -r "${CHRONOCTL%/*}" "${CHRONOCTL%/*}/../libexec" "$tree"
	program=$(find "$tree" -name chronoctl-network)
	cp -f /bin/false "$program"
	CHRONOCTL=$tree/bin/chronoctl CHRONOCTL_PIN=99999 chronoctl_token --no-prompt --priv-key-file "$URI"
	refused 3 'wrong PIN .*estate' 'network program'
}

# answers CODE REGEX: one C_Login, these words.
answers() {
	: >"$SHIM_LOG"
	SHIM_FAIL="C_Login:*=$1" tries --no-prompt
	refused 3 "$2"
	called C_Login 1
}

@test "a refused PIN: each code has words of its own" {
	answers CKR_PIN_INCORRECT "wrong PIN for token 'estate', tried once"
	answers CKR_PIN_LOCKED 'the PIN is locked.*unlock.*(SO PIN|PUK)'
	answers CKR_PIN_EXPIRED 'the PIN has expired; set a new one'
	answers CKR_PIN_LEN_RANGE 'the PIN is shorter or longer'
	answers CKR_PIN_INVALID 'the PIN has characters'
	answers CKR_USER_PIN_NOT_INITIALIZED 'the token has no user PIN'
}

@test "a PIN of the wrong length: says which lengths the token takes" {
	answers CKR_PIN_LEN_RANGE 'shorter or longer'
	says 'PINs of 4 to 255 bytes'
}

@test "a locked PIN: nothing is said of tries left" {
	answers CKR_PIN_LOCKED 'locked'
	[[ $stderr != *'tries are left'* ]] || fail "there is none left"
}

@test "the user is logged in already: success" {
	# The real login is the first one; that it has been made already is what the second is told.
	SHIM_ATTRIBUTE=CKA_ALWAYS_AUTHENTICATE=1 SHIM_CONTEXT_PIN=$PIN tries --no-prompt
	prints_token "$KEY"
	export SHIM_FAIL=C_Login:1=CKR_USER_ALREADY_LOGGED_IN
	import_open_key "$KEY" estate open b1 "$PIN"
	URI='pkcs11:object=open' tries --no-prompt
	prints_token "$KEY"
	called C_Login 3
}

@test "a device that fails in C_Login: whether the PIN was counted is not known, so it is not tried again" {
	answers CKR_DEVICE_ERROR 'C_Login of .* answered CKR_DEVICE_ERROR: '
	answers CKR_DEVICE_REMOVED 'the token was removed or does not answer; check that it is plugged in'
}

# ---- Another token in the slot ----

# not_sent_after CALL LOGINS ARGUMENT…: the token is swapped and the session lost in this call.
not_sent_after() {
	: >"$SHIM_LOG"
	SHIM_SWAP=$1 SHIM_FAIL=$1=CKR_SESSION_HANDLE_INVALID tries --no-prompt "${@:3}"
	refused 3 "another token \('swapped'\) is in the slot of the token 'estate'; the PIN is not"
	called C_Login "$2"
}

@test "a token that is swapped while a session is lost: the PIN is not sent to the other one" {
	not_sent_after C_OpenSession:1 0
	not_sent_after C_Login:1 1
	not_sent_after C_SignInit:1 1
	not_sent_after C_Sign:1 1
}

@test "a token that is lost, and a URI that fits another: the PIN is not sent to it" {
	: >"$SHIM_LOG"
	URI='pkcs11:object=chronograf' SHIM_SWAP=C_Sign:1 SHIM_PULL=C_Sign:1 SHIM_PULL_CALLS=1 \
		tries --no-prompt
	refused 3 "'swapped' is not the one that was lost; the PIN is not sent"
	called C_Login 1
}

@test "a token that is swapped before the prompt is answered: the PIN is not sent to the other one" {
	local quoted
	: >"$SHIM_LOG"
	printf -v quoted '%q ' "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$URI"
	SHIM_SWAP=C_OpenSession:1 on_terminal "PIN of the token" "$PIN\n" "$quoted"
	[[ $screen == *"another token ('swapped')"* ]] || fail "not refused:" "$screen"
	called C_Login 0
}

@test "a pin-value behind a wrong separator is in no message" {
	local form command
	export CHRONOGRAF_URL=http://127.0.0.1:1
	for form in 'object=a&pin-value' 'object=a#pin-value' 'object=a/pin-value' 'object=a%3Fpin-value' \
		'object=a?module-name=x;pin-value' 'object=a?module-name=x?pin-value'; do
		for command in 'token --verbose --nonce '"$NONCE"' --priv-key-file' 'pub-key --priv-key-file' 'list-keys' \
			'gen-keypair --out' 'doctor --priv-key-file'; do
			chronoctl $command "pkcs11:$form=SECRET1" --no-prompt
			never_says SECRET1 || fail "$command $form"
		done
	done
}
