# Which PKCS#11 modules are loaded, and what happens to noisy, broken or missing ones.
load helper
load token

setup() {
	private_environment
	export CHRONOCTL_PIN=$PIN
}

signs() { # ARGUMENT…
	chronoctl_token --no-prompt --priv-key-file "$@"
	prints_token "$KEY"
}

@test "module-path in the URI" {
	signs "pkcs11:object=chronograf?module-path=$SOFTHSM"
	signs "pkcs11:object=chronograf?module-path=${SOFTHSM//soft/%73oft}"
}

@test "--pkcs11-module, and PKCS11_MODULE_PATH" {
	signs 'pkcs11:object=chronograf' --pkcs11-module "$SOFTHSM"
	signs 'pkcs11:object=chronograf' "--pkcs11-module=$SOFTHSM"
	PKCS11_MODULE_PATH=$SOFTHSM signs 'pkcs11:object=chronograf'
	PKCS11_MODULE_PATH=/nonexistent.so signs 'pkcs11:object=chronograf' --pkcs11-module "$SOFTHSM"
}

@test "module-name in the URI" {
	signs 'pkcs11:object=chronograf?module-name=softhsm2'
	chronoctl_token --priv-key-file 'pkcs11:object=chronograf?module-name=opensc-pkcs11'
	refused 3
}

@test "every module that p11-kit has registered on the machine, when none is named" {
	signs 'pkcs11:object=chronograf'
}

@test "p11-kit's proxy stands for every registered module, for every signer" {
	local proxy signer
	proxy=$(pkg-config --variable=proxy_module p11-kit-1)
	PKCS11_MODULE_PATH=$proxy signs 'pkcs11:object=chronograf'
	signs "pkcs11:object=chronograf?module-path=$proxy"
	signs 'pkcs11:object=chronograf?module-name=softhsm2' --pkcs11-module "$proxy"
	ln -s "$(realpath "$proxy")" "$SCRATCH/other-name.so"
	signs 'pkcs11:object=chronograf' --pkcs11-module "$SCRATCH/other-name.so"
	for signer in pkcs11 libp11 engine; do
		built_in "$signer" || continue
		signs 'pkcs11:object=chronograf' --pkcs11-module "$proxy" --signer "$signer"
	done
}

@test "p11-kit's proxy: the same for the other commands" {
	export PKCS11_MODULE_PATH
	PKCS11_MODULE_PATH=$(pkg-config --variable=proxy_module p11-kit-1)
	chronoctl list-keys --login -o uri
	[ "$status" -eq 0 ] && [[ $output == *object=chronograf* ]]
	chronoctl pub-key --priv-key-file 'pkcs11:object=chronograf'
	[ "$output" = "$(cat "$PUB")" ]
	chronoctl doctor --chronograf-url "$URL" --priv-key-file 'pkcs11:object=chronograf'
	grep -qE '✓ module .*libsofthsm2' <<<"$output"
	own_tokens
	chronoctl gen-keypair --bits 2048 --out 'pkcs11:token=estate;object=new'
	[ "$status" -eq 0 ]
}

@test "module-path beats --pkcs11-module, which beats module-name" {
	signs "pkcs11:object=chronograf?module-path=$SOFTHSM" --pkcs11-module /nonexistent.so
	signs 'pkcs11:object=chronograf?module-name=no-such-module' --pkcs11-module "$SOFTHSM"
	signs "pkcs11:object=chronograf?module-path=$SOFTHSM&module-name=softhsm2"
}

@test "only the module that is named is loaded" {
	chronoctl_token --priv-key-file 'pkcs11:token=nowhere' --pkcs11-module "$SOFTHSM"
	refused 3 'softhsm'
	[[ $stderr != *opensc* && $stderr != *trust* ]]
}

@test "a module that cannot be loaded: named, with the reason" {
	chronoctl_token --priv-key-file 'pkcs11:object=chronograf' --pkcs11-module /nonexistent.so
	refused 3 '/nonexistent\.so' 'no such file|cannot open'
	chronoctl_token --priv-key-file 'pkcs11:object=chronograf?module-path=/nonexistent.so'
	refused 3 '/nonexistent\.so' 'no such file|cannot open'
	echo 'no library' >"$SCRATCH/text.so"
	chronoctl_token --priv-key-file 'pkcs11:object=chronograf' --pkcs11-module "$SCRATCH/text.so"
	refused 3 'text\.so' 'header|ELF|too short|invalid'
	chronoctl_token --priv-key-file 'pkcs11:object=chronograf' --pkcs11-module libm.so.6
	refused 3 'libm\.so\.6'
}

@test "module-name of a module that is not registered: named" {
	chronoctl_token --priv-key-file 'pkcs11:object=chronograf?module-name=no-such-module'
	refused 3 'no-such-module'
}

@test "a module that does not start: named, with the reason" {
	use_shim
	SHIM_FAIL='C_Initialize:*=CKR_DEVICE_ERROR' chronoctl_token --priv-key-file 'pkcs11:object=chronograf'
	refused 3 'device.?error' 'shim'
}

@test "no match, and a registered module that does not start: the modules are listed with the reason" {
	SOFTHSM2_CONF=/nonexistent chronoctl_token --priv-key-file 'pkcs11:object=chronograf'
	refused 3 'softhsm2' 'opensc' 'CKR_|general.?error|not (be )?(initiali|start|load)'
}

@test "registered modules that print noise or do not start neither reach standard output nor stop us" {
	need_user
	export SHIM_NOISE=1
	user_module broken "module: $SCRATCH/broken.so"
	echo 'no library' >"$SCRATCH/broken.so"
	user_module missing "module: /nonexistent.so"
	user_module failing "module: $SHIM"
	SHIM_FAIL='C_Initialize:*=CKR_GENERAL_ERROR' as_user_chronoctl 'pkcs11:object=chronograf'
	prints_token "$KEY"
	SHIM_FAIL='C_GetSlotList:*=CKR_GENERAL_ERROR' as_user_chronoctl 'pkcs11:object=chronograf'
	prints_token "$KEY"
	rm "$XDG_CONFIG_HOME/pkcs11/modules/failing.module"
	user_module softhsm2 "module: $SHIM"
	as_user_chronoctl 'pkcs11:object=chronograf'
	prints_token "$KEY"
}

@test "a module that does not load or start: a given PIN is tried on no other token, unless that is named or shows the key" {
	local how
	need_user
	new_token_dir "$SCRATCH/three"
	new_token estate
	import_private_key "$KEY" estate hidden c1
	user_module other "module: $SHIM"
	for how in 'C_Initialize:*' 'C_GetSlotList:*' missing; do
		[ "$how" != missing ] || user_module other "module: $SCRATCH/shim.so"
		SHIM_FAIL=$how=CKR_GENERAL_ERROR CHRONOCTL_PIN=$PIN as_user_chronoctl 'pkcs11:object=hidden'
		refused 3 'is tried on no other' 'pkcs11:token=estate;object=hidden' 'shim\.so'
		SHIM_FAIL=$how=CKR_GENERAL_ERROR CHRONOCTL_PIN=$PIN as_user_chronoctl 'pkcs11:token=estate;object=hidden'
		prints_token "$KEY"
	done
}

@test "a token that is pulled out while it is looked at: the second try offers the PIN to no other one" {
	local call
	need_user
	new_token_dir "$SCRATCH/there"
	new_token other 77777
	serve_tokens "$SOFTHSM"
	new_token_dir "$SCRATCH/here"
	new_token estate
	import_private_key "$KEY" estate hidden c1
	user_module softhsm2 "module: $SHIM"
	user_module other "module: $(first_of /usr/lib/*/pkcs11/p11-kit-client.so)"
	CHRONOCTL_PIN=$PIN as_user_chronoctl 'pkcs11:object=hidden'
	refused 3 'no PIN is tried on more than one' 'token=estate' 'token=other'
	for call in C_OpenSession C_FindObjectsInit C_FindObjects; do
		SHIM_PULL=$call:1 SHIM_PULL_CALLS=50 CHRONOCTL_PIN=$PIN as_user_chronoctl 'pkcs11:object=hidden'
		refused 3 'Trying once more' 'is tried on no other'
		never_says 'wrong PIN'
	done
	SHIM_FAIL=C_OpenSession:1=CKR_DEVICE_REMOVED,C_GetTokenInfo:3=CKR_TOKEN_NOT_PRESENT,C_GetTokenInfo:4=CKR_TOKEN_NOT_PRESENT \
		CHRONOCTL_PIN=$PIN as_user_chronoctl 'pkcs11:object=hidden'
	refused 3 'Trying once more' 'is tried on no other' 'is gone'
	never_says 'wrong PIN'
}

@test "no match: a registered module that would not load is named with the reason" {
	need_user
	user_module missing "module: /nonexistent.so"
	as_user_chronoctl 'pkcs11:token=estate;object=nowhere'
	refused 3 'missing|/nonexistent\.so' 'no such file|cannot open|load'
	says 'estate' 'softhsm2'
}

@test "a noisy module that holds the key: nothing of it on standard output" {
	use_shim
	SHIM_NOISE=1 signs 'pkcs11:object=chronograf'
}

@test "a user's module that holds the key is found too" {
	need_user
	user_module softhsm2 "module: $SHIM"
	export SHIM_LOG=$SCRATCH/cryptoki.log
	as_user_chronoctl 'pkcs11:object=chronograf'
	prints_token "$KEY"
	called C_Sign 1
}

# The configuration is a user's, and for that chronoctl runs as one.
as_user_chronoctl() { # URI
	run --separate-stderr as_user setsid -w timeout "$PATIENCE" "$CHRONOCTL" token \
		--chronograf-url "$URL" --no-prompt --priv-key-file "$1"
	[[ $stderr != *Sanitizer* && $stderr != *"runtime error"* ]] || fail "a sanitizer objects"
}

@test "a line end in what a module is called makes no line of its own, wherever it is shown" {
	use_shim
	export LINE_END_EXPECTED=yes
	local module=$SCRATCH/$'a\nb.so' line
	ln -s "$SHIM" "$module"
	chronoctl list-keys --login --pkcs11-module "$module"
	[ "$status" -eq 0 ] || fail
	never_breaks
	grep -qF "slot 1 ($SCRATCH/a b.so): a token that is not initialised" <<<"$output" || fail "another row"
	chronoctl list-keys --login -o json --pkcs11-module "$module"
	jq -e --arg name "$SCRATCH/a b.so" 'all(.. | .module? // empty; . == $name)' <<<"$output" || fail "another name"
	SHIM_NO_MECHANISMS=1 chronoctl list-keys --pkcs11-module "$module"
	never_breaks
	chronoctl doctor --no-prompt --chronograf-url "$URL" --priv-key-file 'pkcs11:object=chronograf' --pkcs11-module "$module"
	never_breaks
	grep -q 'a\\x0ab\.so: loaded and initialised' <<<"$output" || fail "doctor"
	signs 'pkcs11:object=chronograf' --pkcs11-module "$module" -v
	never_breaks
	SHIM_CRASH=C_Sign:1 chronoctl_token --no-prompt --priv-key-file 'pkcs11:object=chronograf' --pkcs11-module "$module"
	refused 3 'crashed'
	SHIM_FAIL=C_Initialize:1=CKR_DEVICE_ERROR chronoctl_token --no-prompt --priv-key-file 'pkcs11:object=chronograf' --pkcs11-module "$module"
	refused 3
}

never_breaks() { ! grep -q '^b\.so' <<<"$stderr$output" || fail "a line begins with the module's second"; }
