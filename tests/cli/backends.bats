# What every signer promises. The same list runs once for each row of the table in CMakeLists.txt, named by
# $BACKEND; a way that the machine lacks is skipped with the name of the package that would bring it.
load helper

: "${BACKEND:=pkcs11}"

setup_file() {
	suite_key
	[ -z "$(lacking)" ] || return 0
	export KEY2=$D/key2
	new_key "$KEY2"
	new_ec_key "$D/ec"
	if [ "$BACKEND" = provider-toy ]; then make_toy_keys; else make_tokens; fi
	start_standin
}

make_tokens() {
	new_three_tokens "$D/three"
	import_private_key "$KEY" three hidden c1 3333
	suite_token estate
	import_key "$KEY" estate chronograf a1
	import_key "$KEY2" estate twin b1
	import_key "$KEY" estate twin b2
	import_private_key "$KEY" estate alone c1
	softhsm2-util --import "$D/ec" --token estate --label curve --id e1 --pin "$PIN" >/dev/null
}

toy_object() { # FOLDER NAME KEY
	mkdir -p "$D/toys/$1"
	openssl pkcs8 -topk8 -nocrypt -in "$3" -outform DER -out "$D/toys/$1/$2.key"
	printf %s "$PIN" >"$D/toys/$1/pin"
}

make_toy_keys() {
	toy_object chronograf a "$KEY"
	toy_object alone a "$KEY"
	toy_object twin a "$KEY"
	toy_object twin b "$KEY2"
	toy_object curve a "$D/ec"
	mkdir "$D/toys/certified"
	new_certificate "$KEY" "$D/certificate"
	openssl x509 -in "$D/certificate" -outform DER -out "$D/toys/certified/a.crt"
}

# ---- The table ----

# What the machine lacks for this backend, or nothing.
lacking() {
	built_in "${BACKEND%%-*}" || echo "the signer ${BACKEND%%-*} is not built in: $(built_with)" || return
	case $BACKEND in
	engine) has_file "$(openssl version -e)" pkcs11.so || echo 'no libengine-pkcs11-openssl' ;;
	provider-pkcs11) has_file "$(openssl version -m)" pkcs11.so || echo 'no pkcs11-provider (Debian 13 and later)' ;;
	provider-pkcs11prov)
		has_file "$(openssl version -m)" pkcs11prov.so ||
			echo 'no pkcs11prov.so (in libengine-pkcs11-openssl 0.4.17 and later)'
		;;
	esac
}

built_with() {
	case $BACKEND in
	libp11) echo 'libp11-dev, for the same OpenSSL as libssl-dev' ;;
	engine) echo 'libssl-dev below 4.0, which has engines' ;;
	provider*) echo '-DWITH_PROVIDER=ON' ;;
	esac
}

has_file() { # 'NAME: "FOLDER"' FILE
	local folder=${1#*\"}
	[ -e "${folder%\"}/$2" ]
}

# The library that it uses, as --version says.
library() {
	case $BACKEND in
	pkcs11) echo p11-kit ;;
	libp11) echo libp11 ;;
	*) echo OpenSSL ;;
	esac
}

# How many logins one signature may take where a call fails: our own calls are tried again on a fresh session
# (second_try.bats).
logins_at_most() { if [ "$BACKEND" = pkcs11 ]; then echo 2; else echo 1; fi; }

in_token() { [ "$BACKEND" != provider-toy ]; }

# Debian's providers and engines are linked with OpenSSL 3. Beside OpenSSL 4 they bring their own user interface along,
# which cannot answer for ours and asks on the terminal.
libcrypto_of() { ldd "$1" | grep -o 'libcrypto\.so\.[0-9]*' | sort -u; }

one_openssl() {
	local module
	[ "$BACKEND" = provider-pkcs11 ] || return 0
	module=$(openssl version -m)
	module=${module#*\"}
	[ "$(libcrypto_of "${module%\"}/${BACKEND#provider-}.so")" = "$(libcrypto_of "$CHRONOCTL")" ] ||
		skip "the provider is linked with another OpenSSL than we are, so that it asks by itself"
}

tokens_only() { in_token || skip 'there is no token behind this provider'; }

# The options for the backend.
signer() {
	case $BACKEND in
	provider-*) printf '%s\n' --signer provider --provider "${BACKEND#provider-}" ;;
	*) printf '%s\n' --signer "$BACKEND" ;;
	esac
}

reference() { # LABEL
	if in_token; then echo "pkcs11:object=$1"; else echo "toy:$D/toys/$1"; fi
}

tries() { if in_token; then calls C_Login; else grep -c '^PIN' "$TOY_LOG" || true; fi; }

# ---- Common ground ----

setup() {
	local lacking
	private_environment
	lacking=$(lacking)
	[ -z "$lacking" ] || skip "$lacking"
	mapfile -t SIGNER < <(signer)
	if in_token; then
		own_tokens
		use_shim
	else
		export TOY_LOG=$SCRATCH/toy.log OPENSSL_MODULES=${TOY%/*}
		: >"$TOY_LOG"
	fi
}

# with URI ARGUMENT…
with() { chronoctl_token --no-prompt "${SIGNER[@]}" --priv-key-file "$@"; }

signs() { # LABEL [ARGUMENT…]
	with "$(reference "$1")" "${@:2}"
	prints_token "$KEY"
}

signs_not() { # LABEL REGEX…
	with "$(reference "$1")"
	refused 3 "${@:2}"
}

tried() { # TIMES
	[ "$(tries)" -eq "$1" ] || fail "$1 tries of a PIN expected, it is $(tries)"
}

three_tokens() { export SOFTHSM2_CONF=$D/three/softhsm2.conf; }

# By C_Sign, or piece by piece.
signatures() { echo $(($(calls C_Sign) + $(calls C_SignFinal))); }

# ---- What is promised ----

@test "--version names it and the library that it uses" {
	chronoctl --version
	grep -qE "^  signer ${BACKEND%%-*} +$(library) [0-9]" <<<"$output"
}

@test "the same token, to the byte, as openssl makes of this key and nonce" {
	export CHRONOCTL_PIN=$PIN
	signs chronograf
	tried 1
	CHRONOCTL_SIGNER=${SIGNER[1]} chronoctl_token --no-prompt "${SIGNER[@]:2}" --priv-key-file "$(reference chronograf)"
	prints_token "$KEY"
}

@test "a URI with an id alone, and one with everything in it" {
	tokens_only
	export CHRONOCTL_PIN=$PIN
	with 'pkcs11:id=%a1'
	prints_token "$KEY"
	with 'pkcs11:token=estate;manufacturer=SoftHSM%20project;model=SoftHSM%20v2;object=chronograf;id=%a1;type=private'
	prints_token "$KEY"
	with 'pkcs11:library-manufacturer=SoftHSM;slot-manufacturer=SoftHSM%20project;object=chronograf'
	prints_token "$KEY"
	with 'pkcs11:library-manufacturer=Acme;object=chronograf'
	refused 3 'no key matches'
}

@test "a label and an id of any bytes" {
	local uri='pkcs11:object=Schl%c3%bcssel%3b%201%2f%c3%9f;id=%00%ff%25'
	tokens_only
	import_key "$KEY" estate 'Schlüssel; 1/ß' 00ff25
	CHRONOCTL_PIN=$PIN with "$uri"
	prints_token "$KEY"
	CHRONOCTL_PIN=$PIN with 'pkcs11:id=%00%ff%25'
	prints_token "$KEY"
}

@test "the PIN from each source" {
	local uri
	uri=$(reference chronograf)
	printf '%s\n' "$PIN" >"$SCRATCH/pin"
	with "$uri" --pin-source "$SCRATCH/pin"
	prints_token "$KEY"
	with "$uri" --pin-source "|cat '$SCRATCH/pin'"
	prints_token "$KEY"
	with "$uri" --pin-source fd:7 7< <(printf %s "$PIN")
	prints_token "$KEY"
	in_token || return 0
	with "$uri?pin-value=$PIN"
	prints_token "$KEY"
	with "$uri?pin-source=$SCRATCH/pin"
	prints_token "$KEY"
}

@test "the PIN from a prompt on the terminal" {
	local command
	printf -v command '%q ' "$CHRONOCTL" token --chronograf-url "$URL" "${SIGNER[@]}" \
		--priv-key-file "$(reference chronograf)"
	on_terminal 'PIN of' "$PIN\n" "$command >$SCRATCH/token"
	[ "$status" -eq 0 ] || fail "$screen"
	[ "$(cat "$SCRATCH/token")" = "$(expected_token "$KEY")" ]
	never_shows "$PIN"
}

@test "no PIN, and nobody to ask: an error that says how to give one, and no try" {
	signs_not chronograf 'pin-source' 'CHRONOCTL_PIN'
	tried 0
}

@test "a wrong PIN is tried once, and is in no output" {
	CHRONOCTL_PIN=99999 with "$(reference chronograf)" --verbose
	refused 3 'PIN'
	never_says 99999
	tried 1
	in_token || return 0
	says "wrong (or locked )?PIN for token 'estate', tried once" 'tries'
}

@test "a wrong PIN at a prompt is tried once, and not asked for again" {
	local command
	printf -v command '%q ' "$CHRONOCTL" token --chronograf-url "$URL" "${SIGNER[@]}" \
		--priv-key-file "$(reference chronograf)"
	on_terminal 'PIN of' '99999\n' "$command >$SCRATCH/token"
	[ "$status" -eq 3 ]
	[ ! -s "$SCRATCH/token" ]
	tried 1
}

@test "a wrong PIN when nothing shows before login: tried once" {
	CHRONOCTL_PIN=99999 signs_not alone PIN
	tried 1
}

@test "a PIN that the token has locked: at most once, and says so" {
	tokens_only
	SHIM_FAIL=C_Login:*=CKR_PIN_LOCKED SHIM_TOKEN_FLAGS=+CKF_USER_PIN_LOCKED CHRONOCTL_PIN=$PIN signs_not chronograf locked
	[ "$(tries)" -le 1 ]
}

@test "no such key: says what was looked at" {
	export CHRONOCTL_PIN=$PIN
	if in_token; then
		signs_not nowhere "no key 'nowhere' in token 'estate'; it has: (.*, )?chronograf"
	else
		signs_not nowhere 'cannot open' 'loaded providers: .*toy'
	fi
}

@test "two matching keys: an error, never a silent first" {
	export CHRONOCTL_PIN=$PIN
	signs_not twin '2 private (RSA )?keys'
	in_token || return 0
	listed_uris | grep -q 'id=%B1.*\|id=%b1' && listed_uris | grep -qi 'id=%b2' || fail 'not listed as URIs to copy'
}

@test "one of the URIs listed is the key" {
	local uri
	tokens_only
	export CHRONOCTL_PIN=$PIN
	signs_not twin
	uri=$(listed_uris | grep -i 'id=%b2')
	with "$uri"
	prints_token "$KEY"
}

@test "a key that may not sign: an error that says so" {
	tokens_only
	SHIM_ATTRIBUTE=CKA_SIGN=0 CHRONOCTL_PIN=$PIN signs_not chronograf 'may not sign'
	[ "$(signatures)" -eq 0 ]
}

@test "an EC key: an error that asks for RSA" {
	CHRONOCTL_PIN=$PIN signs_not curve 'RSA' 'EC'
}

@test "if there is no private key, the error says what else is there" {
	in_token && skip 'a token is searched for private keys alone'
	with "toy:$D/toys/certified"
	refused 3 'no private RSA key' 'a certificate'
}

@test "a missing public key object does not stop a signature" {
	CHRONOCTL_PIN=$PIN signs alone
}

@test "object= alone among three tokens: the login goes to the one that shows it, once" {
	tokens_only
	three_tokens
	CHRONOCTL_PIN=2222 signs chronograf
	called C_Login 1
}

@test "the key may be in several tokens: an error that lists them, and no login" {
	tokens_only
	three_tokens
	CHRONOCTL_PIN=1111 signs_not shared 'token=one' 'token=three'
	CHRONOCTL_PIN=3333 signs_not hidden 'token=one' 'token=two' 'token=three'
	called C_Login 0
}

@test "the token is named: no other one gets the PIN" {
	tokens_only
	three_tokens
	CHRONOCTL_PIN=3333 with 'pkcs11:token=three;object=hidden'
	prints_token "$KEY"
	called C_Login 1
	CHRONOCTL_PIN=1111 with 'pkcs11:token=two;object=chronograf'
	refused 3 "PIN for token 'two'"
	called C_Login 2
}

@test "a key that shows without login needs no PIN" {
	tokens_only
	[ "$BACKEND" != provider-pkcs11 ] || skip 'pkcs11-provider logs in to every token that says it requires a login'
	import_open_key "$KEY" estate open d1 "$PIN"
	signs open
	called C_Login 0
}

@test "a token that requires no login but hides its keys: a PIN that was given logs in, once" {
	tokens_only
	three_tokens
	export SHIM_TOKEN_FLAGS=-CKF_LOGIN_REQUIRED
	CHRONOCTL_PIN=3333 with 'pkcs11:token=three;object=hidden'
	prints_token "$KEY"
	called C_Login 1
	with 'pkcs11:token=three;object=hidden'
	refused 3 'hidden'
	called C_Login 1
	CHRONOCTL_PIN=99999 with 'pkcs11:token=three;object=hidden'
	refused 3 "wrong (or locked )?PIN for token 'three', tried once"
	called C_Login 2
	SHIM_TOKEN_FLAGS+=,+CKF_USER_PIN_FINAL_TRY CHRONOCTL_PIN=3333 with 'pkcs11:token=three;object=hidden'
	refused 3 'one try is left'
	called C_Login 2
}

@test "the same for a key that requires the PIN at its signature: the PIN is read once, and given twice" {
	tokens_only
	one_openssl
	three_tokens
	export SHIM_TOKEN_FLAGS=-CKF_LOGIN_REQUIRED SHIM_ATTRIBUTE=CKA_ALWAYS_AUTHENTICATE=1 SHIM_CONTEXT_PIN=3333
	with 'pkcs11:token=three;object=hidden' --pin-source fd:7 7< <(printf 3333)
	prints_token "$KEY"
	called C_Login 2
}

@test "what a module, engine or provider prints never reaches standard output, and is shown with --verbose or an error" {
	export CHRONOCTL_PIN=$PIN
	export SHIM_NOISE=1 TOY_NOISE=1
	in_token || unset SHIM_NOISE
	signs chronograf
	[ "$(wc -l <<<"$output")" -eq 1 ]
	never_says 'shim: ' 'toy: '
	signs chronograf -v
	says '^chronoctl: module: (shim|toy): '
	CHRONOCTL_PIN=99999 signs_not chronograf
	says '^chronoctl: module: (shim|toy): '
}

@test "a key that requires the PIN at every signature gets it, once more" {
	tokens_only
	one_openssl
	export SHIM_ATTRIBUTE=CKA_ALWAYS_AUTHENTICATE=1 SHIM_CONTEXT_PIN=$PIN
	CHRONOCTL_PIN=$PIN signs chronograf
	called C_Login 2
	[ "$(signatures)" -eq 1 ]
}

@test "a PIN refused at the signature is not offered again" {
	tokens_only
	one_openssl
	export SHIM_ATTRIBUTE=CKA_ALWAYS_AUTHENTICATE=1 SHIM_CONTEXT_PIN=55555
	CHRONOCTL_PIN=$PIN signs_not chronograf PIN
	called C_Login 2
	[ "$(signatures)" -eq 0 ]
}

# swapped_out LOGINS: so many went to the first token, and none to the other one. A provider that finds its token gone
# says so in its own words.
swapped_out() {
	case $BACKEND in
	provider-*) refused 3 ;;
	*) refused 3 "another token \('swapped'\) is in the slot of the token 'estate'; the PIN is not sent to it" ;;
	esac
	called C_Login "$1"
}

@test "a token that is exchanged after it was looked at: the PIN is not sent to the other one" {
	tokens_only
	SHIM_SWAP=C_OpenSession:1 CHRONOCTL_PIN=$PIN with "$(reference chronograf)"
	swapped_out 0
}

@test "a token that is exchanged while the PIN is obtained: the PIN is not sent to the other one" {
	tokens_only
	export SHIM_CONTROL=$SCRATCH/control
	: >"$SHIM_CONTROL"
	with "$(reference chronograf)" --pin-source \
		"|echo SHIM_SWAP='C_GetTokenInfo:*' >'$SCRATCH/new'; mv '$SCRATCH/new' '$SHIM_CONTROL'; echo $PIN"
	swapped_out 0
}

@test "a token that is exchanged before a key requires its PIN for the signature: the PIN is not sent to the other one" {
	tokens_only
	one_openssl
	export SHIM_ATTRIBUTE=CKA_ALWAYS_AUTHENTICATE=1 SHIM_CONTEXT_PIN=$PIN
	SHIM_SWAP=C_Login:1 CHRONOCTL_PIN=$PIN with "$(reference chronograf)"
	swapped_out 1
	[ "$(signatures)" -eq 0 ]
}

@test "a token that is exchanged before the prompt is answered: the PIN is not sent to the other one" {
	local command
	tokens_only
	case $BACKEND in provider-*) skip 'of the calls that a provider makes before it asks, which differ' ;; esac
	printf -v command '%q ' "$CHRONOCTL" token --chronograf-url "$URL" "${SIGNER[@]}" \
		--priv-key-file "$(reference chronograf)"
	SHIM_SWAP=C_FindObjectsInit:1 on_terminal 'PIN of' "$PIN\n" "$command"
	[ "$status" -eq 3 ]
	shows "another token \('swapped'\) is in the slot of the token 'estate'; the PIN is not sent to it"
	called C_Login 0
}

@test "PIN pad: the user is told to look at the reader, and no PIN is sent" {
	tokens_only
	export SHIM_TOKEN_FLAGS=+CKF_PROTECTED_AUTHENTICATION_PATH SHIM_PINPAD=$PIN
	signs chronograf
	says 'reader'
	called C_Login 1
}

@test "PIN pad: a wrong PIN is told as that, and not as a key that is not there" {
	[ "${BACKEND%%-*}" != provider ] || skip "of libraries that use the PIN pad"
	tokens_only
	export SHIM_TOKEN_FLAGS=+CKF_PROTECTED_AUTHENTICATION_PATH SHIM_PINPAD=99999
	signs_not hidden 'wrong (or locked )?PIN'
	called C_Login 1
}

@test "a wrong signature is never printed" {
	tokens_only
	export CHRONOCTL_PIN=$PIN
	SHIM_SIGNATURE=flip signs_not chronograf signature
	SHIM_SIGNATURE=short signs_not chronograf
}

@test "a call that fails: exit 3, nothing on standard output, at most one login, and one more at a second try" {
	local function
	tokens_only
	export CHRONOCTL_PIN=$PIN
	for function in C_OpenSession:* C_FindObjectsInit:* C_SignInit:* 'C_Sign:*=CKR_DEVICE_ERROR,C_SignFinal:*'; do
		: >"$SHIM_LOG"
		SHIM_FAIL=$function=CKR_DEVICE_ERROR signs_not chronograf
		[ "$(calls C_Login)" -le "$(logins_at_most)" ]
	done
}

@test "a call that fails once the library has the module: exit 3, the reason and no other, and no PIN is blamed for it" {
	local function failing
	[ "$BACKEND" = libp11 ] || skip 'of the calls that libp11 makes'
	export CHRONOCTL_PIN=$PIN
	for function in C_Initialize:2 C_GetSlotList:2 C_FindObjectsInit:2; do
		case $function in
		C_Init*) failing='load the module' ;;
		C_GetS*) failing='list the slots of the module' ;;
		*) failing='take the key' ;;
		esac
		SHIM_FAIL=$function=CKR_DEVICE_ERROR signs_not chronograf "^chronoctl: libp11 cannot $failing of 'pkcs11:[^ ]*': device error$"
	done
	SHIM_FAIL=C_OpenSession:1=CKR_DEVICE_ERROR signs_not chronograf 'C_OpenSession.*CKR_DEVICE_ERROR'
	SHIM_FAIL=C_Login:1=CKR_GENERAL_ERROR signs_not chronograf 'C_Login.*CKR_GENERAL_ERROR'
}

@test "a module that fails before any login does not make the PIN wrong" {
	[ "$BACKEND" = engine ] || skip 'of the engine, which gets the PIN beforehand'
	export CHRONOCTL_PIN=$PIN
	SHIM_FAIL=C_GetSlotList:2=CKR_DEVICE_ERROR signs_not chronograf 'device error'
	never_says 'PIN may be wrong'
	tried 0
}

@test "a module that hangs: ended after --module-timeout, and named" {
	tokens_only
	SHIM_HANG=C_Login:1 CHRONOCTL_PIN=$PIN with "$(reference chronograf)" --module-timeout 1
	refused 3 'does not answer'
}

@test "the module: by module-path, --pkcs11-module or PKCS11_MODULE_PATH, or refused by name" {
	tokens_only
	export CHRONOCTL_PIN=$PIN
	unset PKCS11_MODULE_PATH
	module_is_used "$(reference chronograf)?module-path=$SHIM"
	module_is_used "$(reference chronograf)" --pkcs11-module "$SHIM"
	PKCS11_MODULE_PATH=$SHIM module_is_used "$(reference chronograf)"
	if [ "$BACKEND" = provider-pkcs11prov ]; then
		PKCS11_MODULE_PATH=$SOFTHSM with "$(reference chronograf)" --pkcs11-module "$SHIM"
		refused 2 'provider' 'PKCS11_MODULE_PATH' "$SHIM"
	else
		PKCS11_MODULE_PATH=$SOFTHSM module_is_used "$(reference chronograf)" --pkcs11-module "$SHIM"
	fi
	with "$(reference chronograf)?module-path=/nonexistent.so"
	refused 3 '/nonexistent.so'
}

module_is_used() { # URI [ARGUMENT…]
	: >"$SHIM_LOG"
	with "$@"
	prints_token "$KEY"
	[ "$(signatures)" -eq 1 ] || fail "$(signatures) signatures:" "$(cat "$SHIM_LOG")"
}

@test "the module: by module-name, and every registered one when none is named" {
	tokens_only
	export CHRONOCTL_PIN=$PIN
	unset PKCS11_MODULE_PATH
	signs chronograf
	with "$(reference chronograf)?module-name=softhsm2"
	prints_token "$KEY"
	with "$(reference chronograf)?module-name=opensc-pkcs11"
	refused 3
	with "$(reference chronograf)?module-name=no-such-module"
	refused 3 'no-such-module'
}

@test "right on a token of 500 keys" {
	tokens_only
	new_token_dir "$SCRATCH/many"
	new_token estate
	import_key "$KEY2" estate other b1
	multiply 499 "$SCRATCH"/many/tokens/*
	import_key "$KEY" estate chronograf a1
	CHRONOCTL_PIN=$PIN signs chronograf
	CHRONOCTL_PIN=$PIN signs_not other 'private keys match'
}

@test "verbose shows what is done, and no PIN" {
	CHRONOCTL_PIN=$PIN with "$(reference chronograf)" --verbose
	prints_token "$KEY"
	says "by the signer '${SIGNER[1]}'"
	never_says "$PIN"
}

# crossed LINK LABEL REGEX [ARGUMENT…]: of the PIN and the key doctor finds this one broken, with these words, and what follows is not known.
crossed() {
	chronoctl doctor --no-prompt -o json --chronograf-url "$URL" "${SIGNER[@]}" --priv-key-file "$(reference "$2")" "${@:4}"
	[ "$status" -eq 3 ] || fail "exit status 3 expected" || return
	jq -e --arg link "$1" --arg regex "$3" '[.findings[] | select(.link == ("pin", "key") and .state == "failed")] |
		length == 1 and .[0].link == $link and (.[0].fact + (.[0].advice // "") | test($regex))' <<<"$output" ||
		fail "the broken link is not '$1', with /$3/" || return
	jq -e 'all(.findings[] | select(.link == ("signature", "public-half")); .state == "unknown")' <<<"$output" || fail "known"
}

@test "doctor: with no PIN given, the broken link is the PIN, not the key" {
	crossed pin chronograf 'pin-source'
	tried 0
}

@test "doctor: with a PIN that is wrong, locked, too short or not text, the broken link is the PIN, not the key" {
	tokens_only
	CHRONOCTL_PIN=99999 crossed pin chronograf PIN
	tried 1
	CHRONOCTL_PIN=99999 crossed pin alone '.'
	tried 2
	export CHRONOCTL_PIN=$PIN
	SHIM_TOKEN_FLAGS=+CKF_USER_PIN_LOCKED crossed pin chronograf 'locked'
	tried 2
	SHIM_FAIL=C_Login:*=CKR_PIN_LOCKED crossed pin chronograf '.'
	SHIM_FAIL=C_Login:*=CKR_PIN_EXPIRED crossed pin chronograf '.'
	SHIM_FAIL=C_Login:*=CKR_FUNCTION_FAILED crossed pin chronograf '.'
	CHRONOCTL_PIN='@#%' crossed pin chronograf 'shorter'
	printf '12345\0678' >"$SCRATCH/pin"
	crossed pin chronograf '.' --pin-source "$SCRATCH/pin"
}

@test "doctor: with a key that is missing or may not sign, the broken link is the key, not the PIN" {
	export CHRONOCTL_PIN=$PIN
	crossed key nowhere '.'
	tokens_only
	SHIM_ATTRIBUTE=CKA_SIGN=0 crossed key chronograf 'may not sign'
}
