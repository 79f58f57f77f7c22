# A token in another process or on another machine: p11-kit's remoting. The suites signing, login, token_keys, pin_safety
# and second_try run through it as a whole (ALSO_REMOTE in CMakeLists.txt); here is what only remoting has.
REMOTE=ON
load helper
load token

# The shim stands behind the socket, so that its log has what the token itself is asked.
setup() {
	private_environment
	export SHIM_LOG=$SCRATCH/cryptoki.log SHIM_MODULE=$SOFTHSM PKCS11_MODULE_PATH=$TOKENS CHRONOCTL_PIN=$PIN
	: >"$SHIM_LOG"
}

# The server is started by this, with the shim's settings of the moment in its environment.
asks() { # ARGUMENT…
	serve_tokens "$SHIM"
	chronoctl_token --no-prompt --priv-key-file 'pkcs11:object=chronograf' "$@"
}

@test "the token is the one that openssl makes" {
	asks
	prints_token "$KEY"
	called C_Login 1
	called C_Sign 1
	followed C_SignInit C_Sign
}

@test "the signers libp11 and engine make the same token, though the login of theirs is not ours; a wrong PIN is tried once" {
	local signer
	for signer in libp11 engine; do
		built_in "$signer" || continue
		asks --signer "$signer"
		prints_token "$KEY"
		asks --signer "$signer" --priv-key-file 'pkcs11:object=nowhere'
		refused 3
		: >"$SHIM_LOG"
		CHRONOCTL_PIN=99999 asks --signer "$signer"
		refused 3 'PIN|log in'
		called C_Login 1
	done
}

@test "a token that hides its keys though it requires no login: the engine does not see our login, and what does is told" {
	export SHIM_TOKEN_FLAGS=-CKF_LOGIN_REQUIRED
	asks
	prints_token "$KEY"
	if built_in libp11; then
		asks --signer libp11
		prints_token "$KEY"
	fi
	built_in engine || return 0
	asks --signer engine
	refused 3 "cannot open the key 'pkcs11:object=chronograf': .*; use --signer pkcs11"
}

@test "a wrong PIN is one C_Login at the token, and the token's own answer" {
	CHRONOCTL_PIN=99999 asks
	refused 3 "wrong PIN for token '[^']*', tried once"
	called C_Login 1
	called C_Sign 0
}

@test "two tokens behind the socket: an error that lists both, and no login at either" {
	new_token_dir "$SCRATCH/two"
	new_token one 1111
	new_token two 2222
	import_key "$KEY" one chronograf a1 1111
	import_key "$KEY" two chronograf a1 2222
	asks
	refused 3 "'pkcs11:token=one;object=chronograf'" "'pkcs11:token=two;object=chronograf'"
	called C_Login 0
	serve_tokens "$SHIM"
	CHRONOCTL_PIN=2222 chronoctl_token --no-prompt --priv-key-file 'pkcs11:token=two;object=chronograf'
	prints_token "$KEY"
}

@test "it costs no more calls than beside us" {
	local remote
	asks
	prints_token "$KEY"
	# The server itself looks at its tokens; from the login on it is us.
	remote=$(sed -n '/^C_Login/,/^C_Sign /p' "$SHIM_LOG")
	: >"$SHIM_LOG"
	chronoctl_token --no-prompt --priv-key-file 'pkcs11:object=chronograf' --pkcs11-module "$SHIM"
	prints_token "$KEY"
	[ "$remote" = "$(sed -n '/^C_Login/,/^C_Sign /p' "$SHIM_LOG")" ] || fail "remote:" "$remote"
}

@test "registered with p11-kit as remote, without a file of its own" {
	need_user
	serve_tokens "$SHIM"
	chmod 777 "$SERVER_SOCKET"
	user_module far "remote: $P11_KIT_SERVER_ADDRESS"
	unset PKCS11_MODULE_PATH
	run --separate-stderr as_user setsid -w timeout "$PATIENCE" "$CHRONOCTL" token --chronograf-url "$URL" \
		--no-prompt --priv-key-file 'pkcs11:object=chronograf?module-name=far'
	prints_token "$KEY"
	called C_Login 1
}

@test "a module without a file: the signers libp11 and engine, which load modules by their file, say so, and log in nowhere" {
	local signer
	need_user
	serve_tokens "$SHIM"
	chmod 777 "$SERVER_SOCKET"
	user_module far "remote: $P11_KIT_SERVER_ADDRESS"
	unset PKCS11_MODULE_PATH
	for signer in libp11 engine; do
		built_in "$signer" || continue
		unwind_engine "--signer $signer"
		run --separate-stderr as_user setsid -w timeout "$PATIENCE" "$CHRONOCTL" token --chronograf-url "$URL" --signer "$signer" \
			--no-prompt --priv-key-file 'pkcs11:object=chronograf?module-name=far'
		refused 3 "loads modules by their file, and the module 'far' .* has none; use the signer pkcs11"
	done
	called C_Login 0
}

@test "no server at the socket: exit 3, the module is named" {
	export P11_KIT_SERVER_ADDRESS=unix:path=$SCRATCH/nothing
	TOKENS=$SOFTHSM chronoctl_token --no-prompt --priv-key-file 'pkcs11:object=chronograf'
	refused 3 'p11-kit-client\.so'
}

@test "a token that crashes behind the socket, at any call: exit 3, function and code" {
	local call
	for call in C_GetTokenInfo C_OpenSession C_Login C_FindObjectsInit C_SignInit C_Sign; do
		end_processes "$SCRATCH"
		export SHIM_CRASH=$call:1
		asks
		refused 3 "C_[A-Za-z]+ (of .*)?answered CKR_[A-Z_]+: [a-z]"
		never_says "$PIN"
	done
}

@test "a token that hangs behind the socket: named in time" {
	SHIM_HANG=C_Sign:1 asks --module-timeout 2
	# The server's process for this client, which hangs for good.
	pkill -P "$SERVER_PID"
	refused 3 'p11-kit-client\.so' 'does not answer' 'C_Sign'
}

@test "a token pulled out and put back behind the socket: mended by the second try" {
	SHIM_FAIL=C_Sign:1=CKR_SESSION_CLOSED asks
	prints_token "$KEY"
	called C_Login 2
}

@test "a wrong signature from behind the socket never leaves" {
	SHIM_SIGNATURE=flip asks
	refused 3 'signature does not verify'
}
