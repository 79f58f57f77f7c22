# Which token is logged in to if the URI names none: one, or an error. No PIN is ever offered to two.
load helper

setup_file() {
	suite_key
	export KEY2=$D/key2 KEY3=$D/key3
	new_key "$KEY2"
	new_key "$KEY3"
	new_three_tokens "$D/softhsm"
	import_private_key "$KEY3" three hidden c1 3333
	import_open_key "$KEY2" one open d1 1111
	start_standin
}

signs() { # KEY ARGUMENT…
	chronoctl_token --no-prompt --priv-key-file "${@:2}"
	prints_token "$1"
}

# Every listed URI names one token by its label; the key is found by adding what the user looked for.
lists_tokens() { # LABEL…
	local label
	for label; do
		listed_uris | grep -qE "[:;]token=$label(;|\$)" || fail "token $label is not listed as a URI" || return
	done
}

lists_no_token() { # LABEL…
	local label
	for label; do
		! listed_uris | grep -qE "[:;]token=$label(;|\$)" || fail "token $label is listed" || return
	done
}

@test "pkcs11:object=chronograf works as written beside trust module, OpenSC and three tokens" {
	CHRONOCTL_PIN=2222 signs "$KEY" 'pkcs11:object=chronograf'
}

@test "the login goes to the token that shows the public key, once" {
	use_shim
	CHRONOCTL_PIN=2222 signs "$KEY" 'pkcs11:object=chronograf'
	called C_Login 1
	CHRONOCTL_PIN=2222 signs "$KEY" 'pkcs11:id=%a1'
	called C_Login 2
}

@test "the public key shows in two tokens: an error that lists both as URIs, and no login" {
	use_shim
	CHRONOCTL_PIN=1111 chronoctl_token --priv-key-file 'pkcs11:object=shared'
	refused 3 'shared'
	lists_tokens one three
	lists_no_token two
	called C_Login 0
}

@test "the listed token URIs can be copied" {
	local uri
	CHRONOCTL_PIN=1111 chronoctl_token --priv-key-file 'pkcs11:object=shared'
	uri=$(listed_uris | grep -E '[:;]token=one(;|$)')
	[[ $uri == *object=* ]] || uri="$uri;object=shared"
	CHRONOCTL_PIN=1111 signs "$KEY2" "$uri"
}

@test "nothing shows before login: an error that lists all three tokens, and no login" {
	use_shim
	CHRONOCTL_PIN=3333 chronoctl_token --priv-key-file 'pkcs11:object=hidden'
	refused 3 'hidden'
	lists_tokens one two three
	called C_Login 0
}

@test "nothing shows before login, and the token is named: found after login" {
	use_shim
	CHRONOCTL_PIN=3333 signs "$KEY3" 'pkcs11:token=three;object=hidden'
	called C_Login 1
}

@test "nothing shows before login, but there is one token only: found after login" {
	use_shim
	new_token_dir "$SCRATCH/single"
	new_token lonely
	import_private_key "$KEY" lonely chronograf a1
	CHRONOCTL_PIN=$PIN signs "$KEY" 'pkcs11:object=chronograf'
	called C_Login 1
}

@test "uninitialised tokens are left out" {
	use_shim
	new_token_dir "$SCRATCH/single"
	new_token lonely
	import_private_key "$KEY" lonely chronograf a1
	# One more slot without a token in it, beside SoftHSM's free one.
	SHIM_SLOTS=4 CHRONOCTL_PIN=$PIN signs "$KEY" 'pkcs11:object=chronograf'
	called C_Login 1
}

@test "no initialised token at all: an error" {
	new_token_dir "$SCRATCH/none"
	CHRONOCTL_PIN=$PIN chronoctl_token --priv-key-file 'pkcs11:object=chronograf'
	refused 3 'token'
}

@test "a certificate alone shows which token holds the key" {
	use_shim
	own_tokens
	softhsm2-util --init-token --free --label four --so-pin 87654321 --pin 4444 >/dev/null
	import_private_key "$KEY3" four certified e1 4444
	PIN=4444 import_certificate "$KEY3" four certified e1
	CHRONOCTL_PIN=4444 signs "$KEY3" 'pkcs11:object=certified'
	called C_Login 1
	CHRONOCTL_PIN=4444 signs "$KEY3" 'pkcs11:id=%e1'
}

@test "a private key that shows without login needs no PIN and gets no login" {
	use_shim
	signs "$KEY2" 'pkcs11:object=open'
	called C_Login 0
	signs "$KEY2" 'pkcs11:token=one;object=open'
	called C_Login 0
}

@test "a token that needs no login gets none" {
	use_shim
	SHIM_TOKEN_FLAGS=-CKF_LOGIN_REQUIRED signs "$KEY2" 'pkcs11:object=open'
	SHIM_TOKEN_FLAGS=-CKF_LOGIN_REQUIRED chronoctl_token --no-prompt --priv-key-file 'pkcs11:token=three;object=hidden'
	refused 3
	called C_Login 0
}

@test "a token that requires no login but hides its keys: a PIN that was given logs in to that one, once" {
	use_shim
	export SHIM_TOKEN_FLAGS=-CKF_LOGIN_REQUIRED
	CHRONOCTL_PIN=3333 signs "$KEY3" 'pkcs11:token=three;object=hidden'
	called C_Login 1
	: >"$SHIM_LOG"
	CHRONOCTL_PIN=3333 signs "$KEY2" 'pkcs11:object=open'
	called C_Login 0
	: >"$SHIM_LOG"
	CHRONOCTL_PIN=3333 chronoctl_token --priv-key-file 'pkcs11:object=hidden'
	refused 3 'no PIN is tried on more than one'
	called C_Login 0
}

@test "the same by the signer libp11, and nothing is tried if the PIN has one try left" {
	built_in libp11 || skip "the signer libp11 is not built in"
	use_shim
	export CHRONOCTL_PIN=3333
	SHIM_TOKEN_FLAGS=-CKF_LOGIN_REQUIRED chronoctl_token --no-prompt --signer libp11 \
		--priv-key-file 'pkcs11:token=three;object=hidden'
	prints_token "$KEY3"
	called C_Login 1
	SHIM_TOKEN_FLAGS=-CKF_LOGIN_REQUIRED,+CKF_USER_PIN_FINAL_TRY chronoctl_token --no-prompt --signer libp11 \
		--priv-key-file 'pkcs11:token=three;object=hidden'
	refused 3 'one try is left'
	called C_Login 1
}

@test "a wrong guess costs nothing: the PIN of one token is not tried on another" {
	use_shim
	CHRONOCTL_PIN=1111 chronoctl_token --priv-key-file 'pkcs11:object=chronograf'
	refused 3 'two'
	called C_Login 1
}

@test "registered modules together: still one login" {
	need_user
	export SHIM_LOG=$SCRATCH/cryptoki.log
	: >"$SHIM_LOG"
	user_module softhsm2 "module: $SHIM"
	CHRONOCTL_PIN=2222 run --separate-stderr as_user setsid -w timeout "$PATIENCE" "$CHRONOCTL" token \
		--chronograf-url "$URL" --no-prompt --priv-key-file 'pkcs11:object=chronograf'
	prints_token "$KEY"
	called C_Login 1
}

@test "a token that cannot compute: logged in to if it requires that, and if not, no PIN that was given is tried" {
	use_shim
	export CHRONOCTL_PIN=3333 SHIM_NO_MECHANISMS=1
	chronoctl_token --no-prompt --priv-key-file 'pkcs11:token=three;object=hidden'
	called C_Login 1
	: >"$SHIM_LOG"
	CHRONOCTL_PIN=2222 chronoctl_token --no-prompt --priv-key-file 'pkcs11:object=chronograf'
	called C_Login 1
	: >"$SHIM_LOG"
	SHIM_TOKEN_FLAGS=-CKF_LOGIN_REQUIRED chronoctl_token --no-prompt --priv-key-file 'pkcs11:token=three;object=hidden'
	refused 3 'hidden'
	called C_Login 0
	chronoctl list-keys --login --pkcs11-module "$SHIM" 'pkcs11:token=three'
	called C_Login 0
	grep -q 'token=three .*: a store of certificates' <<<"$output" || fail "it is listed"
	chronoctl gen-keypair --out 'pkcs11:token=three;object=new'
	refused 3 'it takes no keys'
	called C_Login 0
}
