# What modules, engines and providers print: shown with --verbose, behind an error without, and else nowhere.
load helper

setup_file() {
	suite_key_in_token estate
	start_standin --pub-key-file "$PUB"
}

setup() {
	private_environment
	use_shim
	export CHRONOCTL_PIN=$PIN SHIM_NOISE=1
}

URI='pkcs11:object=chronograf'

# On standard error, in this order, with whatever between them.
says_in_order() { # TEXT…
	local text rest=$stderr
	for text; do
		[[ $rest == *"$text"* ]] || fail "no '$text' there"
		rest=${rest#*"$text"}
	done
}

module_lines() { grep -c '^chronoctl: module: ' <<<"$stderr" || true; }

@test "a command that does its work is silent, whatever its module prints" {
	chronoctl_token --priv-key-file "$URI"
	prints_token "$KEY"
	is_silent
	chronoctl pub-key --priv-key-file "$URI"
	[ "$output" = "$(cat "$PUB")" ]
	is_silent
	chronoctl list-keys --login -o uri
	[ "$status" -eq 0 ] && is_silent
	chronoctl doctor --chronograf-url "$URL" --priv-key-file "$URI"
	[ "$status" -eq 0 ] && is_silent
	never_says 'shim: noise'
}

@test "--verbose shows each line as the module's, at its place among the calls" {
	chronoctl_token -v --priv-key-file "$URI"
	prints_token "$KEY"
	says_in_order 'chronoctl: module: shim: noise on standard error, at load' 'C_GetFunctionList of' \
		'chronoctl: module: shim: noise on standard output, in C_Initialize' \
		'chronoctl: module: shim: noise on descriptor 1, in C_Initialize' \
		'chronoctl: module: shim: noise on standard error, in C_Initialize' 'C_Initialize of' \
		'C_SignInit of' 'module: shim: noise on standard error, in C_Sign' 'C_Sign of' 'C_CloseSession of' \
		'module: shim: noise on standard error, in C_Finalize'
	[ "$(module_lines)" -eq 12 ]
	! grep -v '^chronoctl: ' <<<"$stderr" || fail "lines without a prefix"
}

@test "if the key cannot be used, the last eight lines follow the error" {
	SHIM_FAIL='C_Sign:*=CKR_DEVICE_ERROR' chronoctl_token --priv-key-file "$URI"
	refused 3 'C_Sign .*CKR_DEVICE_ERROR'
	says_in_order 'answered CKR_DEVICE_ERROR' 'chronoctl: module: … (--verbose shows all)' \
		'module: shim: noise on standard error, in C_Finalize'
	[ "$(module_lines)" -eq 9 ]
	[[ ${stderr##*$'\n'} == 'chronoctl: module: shim: noise on standard error, in C_Finalize' ]]
}

@test "a module that crashes, hangs, aborts or ends the process: its last words follow the error" {
	SHIM_CRASH=C_Sign:1 chronoctl_token --priv-key-file "$URI"
	refused 3 'crashed .*in C_Sign'
	says_in_order 'in C_Sign' 'module: shim: noise on standard error, in C_Initialize'
	SHIM_HANG=C_Sign:1 chronoctl_token --module-timeout 2 --priv-key-file "$URI"
	says_in_order 'does not answer' 'module: shim: noise on standard error, in C_Initialize'
	SHIM_EXIT=C_Sign:1 chronoctl_token --priv-key-file "$URI"
	says_in_order 'ended the process' 'module: shim: noise on standard error, in C_Initialize'
	SHIM_CRASH=C_Finalize:1 chronoctl_token --priv-key-file "$URI"
	prints_token "$KEY"
	says_in_order 'warning: ' 'when all was done' 'module: shim: noise on standard error, in C_Sign'
	SHIM_SETTING=wrong chronoctl_token --priv-key-file "$URI"
	refused 3 'crashed \(Aborted\)'
	says_in_order 'Aborted' "module: shim: environment: no setting is called 'SHIM_SETTING'"
}

@test "--quiet leaves it out after a warning, but not after an error" {
	SHIM_CRASH=C_Finalize:1 chronoctl_token --quiet --priv-key-file "$URI"
	prints_token "$KEY"
	is_silent
	SHIM_CRASH=C_Sign:1 chronoctl_token --quiet --priv-key-file "$URI"
	refused 3 'crashed .*in C_Sign' 'module: shim: noise on standard error, in C_Initialize'
}

@test "if the server is at fault, nothing from the module is shown" {
	chronoctl token --chronograf-url http://127.0.0.1:1 --priv-key-file "$URI"
	refused 4
	[ "$(module_lines)" -eq 0 ]
}

@test "a thread that prints more than a pipe holds stops nothing, and what is kept is bounded and printable" {
	unset SHIM_NOISE
	SHIM_FLOOD=C_SignInit:1 chronoctl_token --priv-key-file "$URI"
	prints_token "$KEY"
	is_silent
	SHIM_FLOOD=C_SignInit:1 SHIM_FAIL='C_Sign:*=CKR_DEVICE_ERROR' chronoctl_token --priv-key-file "$URI"
	refused 3
	says_in_order 'CKR_DEVICE_ERROR' '(--verbose shows all)' 'module: shim: \x1b[31mflood 20000\xff' \
		'00 and no end'
	[ "$(module_lines)" -eq 9 ]
	[ "$(wc -c <<<"$stderr")" -lt 5000 ]
	! grep -q $'[\e\r]' <<<"$stderr" || fail "control characters"
}

@test "--verbose shows a flood line by line, a long line as several" {
	unset SHIM_NOISE
	SHIM_FLOOD=C_SignInit:1 chronoctl_token -v --priv-key-file "$URI"
	prints_token "$KEY"
	[ "$(module_lines)" -eq 20003 ]
	! grep -q $'[\e\r]' <<<"$stderr" || fail "control characters"
	# bash is slow at long texts.
	stderr=$(grep -E 'flood (1|20000)\\|no end|C_SignInit of' <<<"$stderr")
	says_in_order 'module: shim: \x1b[31mflood 1\xff' 'module: shim: \x1b[31mflood 20000\xff' 'C_SignInit of' '00 and no end'
}

@test "--verbose shows what has no line end after a second" {
	unset SHIM_NOISE
	SHIM_FLOOD=C_SignInit:1 SHIM_HANG=C_SignInit:1 "$CHRONOCTL" token -v --chronograf-url "$URL" --priv-key-file "$URI" \
		2>"$SCRATCH/said" 3>&- 4>&- </dev/null &
	echo $! >>"$SCRATCH/pids"
	wait_for grep -q 'module: 0*00 and no end$' "$SCRATCH/said"
}

@test "a module's child that outlives the command does not block a reader of the messages" {
	local took
	took=$(date +%s%N)
	{ SHIM_FORK=C_Initialize:1 "$CHRONOCTL" token -v --chronograf-url "$URL" --priv-key-file "$URI" 2>&1 3>&- 4>&- &&
		echo done; } | cat >"$SCRATCH/all"
	took=$((($(date +%s%N) - took) / 1000000))
	grep -qx done "$SCRATCH/all"
	grep -q 'module: shim: noise on standard error, in a child' "$SCRATCH/all"
	[ "$took" -lt 4000 ] || fail "waited for $took ms"
}

@test "a command that gives the PIN is no module: what it says is shown at once, as it is" {
	chronoctl_token --priv-key-file "$URI" --pin-source "|echo 'Which PIN?' >&2; echo $PIN"
	prints_token "$KEY"
	[ "$stderr" = 'Which PIN?' ]
	encrypt_key "$KEY" "$SCRATCH/encrypted" "$PIN"
	chronoctl_token --priv-key-file "$SCRATCH/encrypted" --pin-source "|echo 'Which PIN?' >&2; echo $PIN"
	prints_token "$KEY"
	[ "$stderr" = 'Which PIN?' ]
}

@test "the prompt is on the terminal, and the noise is not" {
	unset CHRONOCTL_PIN
	on_terminal 'PIN of the token' "$PIN\n" "$CHRONOCTL token --chronograf-url $URL --priv-key-file $URI"
	[ "$status" -eq 0 ]
	[[ $screen == *"$(expected_token "$KEY")"* ]]
	never_shows 'shim: noise'
}

@test "OpenSC's module and its spy print freely" {
	[ -n "$SPY" ] || skip "no pkcs11-spy here"
	unset SHIM_NOISE
	export PKCS11SPY=$SOFTHSM
	chronoctl_token --priv-key-file "$URI" --pkcs11-module "$SPY"
	prints_token "$KEY"
	is_silent
	chronoctl_token -v --priv-key-file "$URI" --pkcs11-module "$SPY"
	prints_token "$KEY"
	says 'module: .*C_Initialize' 'module: .*C_Sign'
	OPENSC_DEBUG=9 chronoctl_token --priv-key-file "$URI" --pkcs11-module opensc-pkcs11.so
	refused 3
	says 'module: .*opensc|module: .*card|module: .*ctx|module: .*pcsc'
}
