# Modules that hang, crash or end the process: module and function are named, in time.
load helper
load token

setup() {
	private_environment
	use_shim
	export CHRONOCTL_PIN=$PIN
}

# breaks HOW CALL REGEX: exit 3 in time, module and function named, no token and no PIN. Where the token has been printed
# and the module is only closed, that is a warning.
breaks() {
	local start=$SECONDS
	: >"$SHIM_LOG"
	export "$1=$2:1"
	chronoctl_token --no-prompt --module-timeout 2 --priv-key-file 'pkcs11:object=chronograf'
	case $2 in
	C_CloseSession | C_Finalize)
		prints_token "$KEY"
		says "warning: .*shim\.so.*$3.* in $2, when all was done"
		;;
	*) refused 3 'shim\.so' "$3" "\\b$2\\b" ;;
	esac
	never_says "$PIN"
	[ $((SECONDS - start)) -lt "$PATIENCE" ]
	grep -q "^$2 $1\$" "$SHIM_LOG" || fail "the call did not take place:" "$(cat "$SHIM_LOG")"
	unset "$1"
}

CALLS='C_GetFunctionList C_Initialize C_GetSlotList C_GetTokenInfo C_OpenSession C_Login C_FindObjectsInit
	C_GetAttributeValue C_SignInit C_Sign C_CloseSession C_Finalize'

@test "a module that hangs is named in time" {
	local call
	for call in C_GetFunctionList C_Initialize C_Login C_Sign C_Finalize; do breaks SHIM_HANG "$call" 'does not answer'; done
}

@test "a module that crashes at any call is named" {
	local call
	for call in $CALLS; do breaks SHIM_CRASH "$call" 'crash'; done
}

@test "a module that ends the process, at any call: exit status 3, not 0" {
	local call
	for call in $CALLS; do breaks SHIM_EXIT "$call" 'ended the process'; done
}

@test "a registered module that was not named hangs or crashes: the advice is to name the key's own" {
	local how
	need_user
	user_module zz-broken "module: $SHIM" 'priority: -9'
	for how in SHIM_HANG SHIM_CRASH SHIM_EXIT; do
		run --separate-stderr as_user env -u PKCS11_MODULE_PATH "$how=C_Initialize:1" setsid -w timeout "$PATIENCE" \
			"$CHRONOCTL" token --chronograf-url "$URL" --no-prompt --module-timeout 2 \
			--priv-key-file 'pkcs11:object=chronograf'
		refused 3 'shim\.so' 'C_Initialize' 'module-name=' '--pkcs11-module'
		run --separate-stderr as_user env "$how=C_Initialize:1" setsid -w timeout "$PATIENCE" \
			"$CHRONOCTL" token --chronograf-url "$URL" --no-prompt --module-timeout 2 \
			--priv-key-file 'pkcs11:object=chronograf'
		refused 3 'shim\.so' 'C_Initialize' '--signer'
		never_says 'module-name='
	done
}

@test "a module that closes all descriptors: that is said, and no token" {
	local call
	for call in C_Initialize C_Login C_Sign; do
		SHIM_CLOSE=$call:1 chronoctl_token --no-prompt --priv-key-file 'pkcs11:object=chronograf'
		refused '1|3|4' 'closed its descriptors'
	done
}

@test "a module that crashes leaves no core file, whatever the limit" {
	cd "$SCRATCH"
	ulimit -c unlimited || skip "the limit of core files cannot be raised here"
	breaks SHIM_CRASH C_Sign 'crash'
	[ -z "$(find "$SCRATCH" -name 'core*')" ] || fail "a core file"
	[[ $(ulimit -c) == unlimited ]]
}
