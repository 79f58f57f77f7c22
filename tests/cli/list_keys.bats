# list-keys: every RSA key in the machine's tokens, each with a URI that finds it again.
load helper
load keys

setup_file() {
	suite_key_in_token ops
	new_key "$D/second" 3072
	import_key "$D/second" ops 'with space;and=more' a2
	import_private_key "$KEY" ops certified b1
	import_certificate "$KEY" ops certified b1
	token_tool --token-label ops --login --pin "$PIN" --keypairgen --key-type EC:prime256v1 --label elliptic --id e1
	start_standin
}

setup() {
	private_environment
	export PKCS11_MODULE_PATH=$SOFTHSM
}

lists() { [ "$status" -eq 0 ] || fail "exit status 0 expected"; }

# The columns of a row that follow the label.
row() { # LABEL KIND
	grep -E "  $1 .* $2 " <<<"$output" | tr -s ' '
}

@test "without a PIN: what is public, and that more may be hidden" {
	use_shim
	chronoctl list-keys
	lists
	[[ $(row chronograf public) == *' public 2048 - - public key' ]]
	[ -z "$(row chronograf private)" ]
	[[ $(row certified certificate) == *' certificate 2048 - - certificate' ]]
	says 'may hold more' '--login'
	called C_Login 0
}

@test "with --login: token, label, id, bits, can sign, needs its PIN each time, where the public half is" {
	CHRONOCTL_PIN=$PIN chronoctl list-keys --login
	lists
	[[ $(row chronograf private) == 'ops chronograf a1 private 2048 yes no private key' ]]
	[[ $(row certified private) == 'ops certified b1 private 2048 yes no private key' ]]
	[[ $(row 'with space;and=more' private) == *'a2 private 3072 yes no private key' ]]
	[[ $output != *elliptic* ]]
	[ -z "$(row certified certificate)" ]
	is_silent
}

@test "what a token says about a private key is shown: no signing, a PIN each time, public halves elsewhere" {
	use_shim
	CHRONOCTL_PIN=$PIN SHIM_ATTRIBUTE=CKA_SIGN=0,CKA_ALWAYS_AUTHENTICATE=1 SHIM_CONTEXT_PIN=$PIN SHIM_HIDE=CKA_MODULUS \
		chronoctl list-keys --login
	lists
	[[ $(row chronograf private) == 'ops chronograf a1 private 2048 no yes public key' ]]
	[[ $(row certified private) == 'ops certified b1 private 2048 no yes certificate' ]]
}

@test "a public half without an id is a part of the key of its label: no row of its own, and no longer URI" {
	own_tokens
	use_shim
	import_private_key "$KEY" ops lonely c1
	openssl rsa -in "$KEY" -pubout -outform DER -out "$SCRATCH/half" 2>/dev/null
	token_tool --token-label ops --login --pin "$PIN" --write-object "$SCRATCH/half" --type pubkey --label lonely
	CHRONOCTL_PIN=$PIN chronoctl list-keys --login
	lists
	[ -z "$(row lonely public)" ]
	grep -qxF "  'pkcs11:token=ops;object=lonely'" <<<"$output" || fail "$output"
}

@test "--login asks on the terminal, once for the token" {
	on_terminal 'PIN of the token' "$PIN\n" "'$CHRONOCTL' list-keys --login"
	[ "$status" -eq 0 ] || fail "$screen"
	shows "PIN of the token 'ops'"
	shows 'private .* private key'
	never_shows "$PIN"
}

@test "--login with a wrong PIN for one token: the next one is asked for its own" {
	local labels
	use_shim
	new_token_dir "$SCRATCH/two"
	new_token one
	new_token two
	mapfile -t labels < <(softhsm2-util --show-slots | sed -n 's/^ *Label: *\(one\|two\) *$/\1/p')
	on_terminal "PIN of the token '${labels[0]}'" '99999\n' "PIN of the token '${labels[1]}'" "$PIN\n" "'$CHRONOCTL' list-keys --login"
	[ "$status" -eq 3 ] || fail "$screen"
	shows "wrong PIN for token '${labels[0]}'"
	never_shows "'${labels[1]}' has refused"
	called C_Login 2
}

@test "--login with a wrong PIN: one C_Login, the public keys are still listed, and exit 3" {
	use_shim
	CHRONOCTL_PIN=99999 chronoctl list-keys --login
	[ "$status" -eq 3 ]
	[ -n "$(row chronograf public)" ]
	grep -q "wrong PIN for token 'ops', tried once" <<<"$output"
	called C_Login 1
	never_says 99999
	[[ $stderr$output != *--login* ]] || fail "it advises what was done"
	[[ $stderr$output != *'\x0a'* ]] || fail "a line end is shown as such"
}

@test "--login logs in to a token that requires no login but hides its keys" {
	use_shim
	CHRONOCTL_PIN=$PIN SHIM_TOKEN_FLAGS=-CKF_LOGIN_REQUIRED chronoctl list-keys --login
	lists
	[[ $(row chronograf private) == 'ops chronograf a1 private 2048 yes no private key' ]]
	called C_Login 1
}

@test "every URI that is printed finds just that key again" {
	local uri uris
	export CHRONOCTL_PIN=$PIN
	chronoctl list-keys --login -o uri
	lists
	[ "$(wc -l <<<"$output")" -eq 3 ]
	mapfile -t uris <<<"$output"
	for uri in "${uris[@]}"; do
		chronoctl list-keys --login -o uri "$uri"
		lists
		[ "$output" = "$uri" ] || fail "$uri finds something else"
		chronoctl pub-key --priv-key-file "$uri"
		lists
		chronoctl_token --priv-key-file "$uri"
		[[ $uri == *with* ]] && prints_token "$D/second" || prints_token "$KEY"
	done
}

@test "the three forms list the same keys: short URIs, in JSON and with --verbose the whole ones" {
	local uris whole
	export CHRONOCTL_PIN=$PIN
	chronoctl list-keys --login -o uri
	uris=$output
	chronoctl list-keys --login
	[ "$(sed -n "s/^  '\(pkcs11:.*\)'$/\1/p" <<<"$output")" = "$uris" ]
	chronoctl list-keys --login --output json
	whole=$(grep -o '"uri": "[^"]*"' <<<"$output" | cut -d '"' -f 4)
	[ "$(grep -c 'model=.*manufacturer=.*serial=.*token=.*id=.*object=.*type=private' <<<"$whole")" -eq 3 ]
	chronoctl list-keys --login --verbose -o uri
	[ "$output" = "$whole" ]
	chronoctl list-keys --login -v
	[ "$(sed -n "s/^  '\(pkcs11:.*\)'$/\1/p" <<<"$output")" = "$whole" ]
	chronoctl list-keys --output xml
	refused 2 output
}

@test "JSON has every fact, and is JSON" {
	local before
	chronoctl list-keys -o json
	lists
	before=$output
	CHRONOCTL_PIN=$PIN chronoctl list-keys --login -o json
	lists
	command -v python3 >/dev/null || skip "no python3 to read it with"
	python3 - "$before" "$output" <<-'END'
		import json, sys
		before, keys = ({(k["label"], k["kind"]): k for k in json.loads(text)["keys"]} for text in sys.argv[1:])
		key = keys[("chronograf", "private")]
		assert (key["token"], key["id"], key["bits"]) == ("ops", "a1", 2048)
		assert (key["can_sign"], key["pin_for_each_signature"]) == (True, False)
		assert key["public_half_from"] == "private key"
		assert len(keys) == 3
		assert before[("chronograf", "public")]["can_sign"] is None
		assert before[("certified", "certificate")]["public_half_from"] == "certificate"
		assert len(before) == 3
	END
}

@test "two objects with one label and id have no URI, and the list says so" {
	own_tokens
	softhsm_twins
	CHRONOCTL_PIN=$PIN chronoctl list-keys --login 'pkcs11:object=twin;type=private'
	lists
	[ "$(grep -c 'no URI finds it' <<<"$output")" -eq 2 ]
	CHRONOCTL_PIN=$PIN chronoctl list-keys --login -o uri 'pkcs11:object=twin;type=private'
	lists
	[ -z "$output" ]
	says 'twin'
}

# Two private keys with the same label and id, which SoftHSM allows.
softhsm_twins() {
	import_private_key "$KEY" ops twin f1
	import_private_key "$D/second" ops twin f1
}

@test "a URI chooses: by object, by id, by type, by token" {
	export CHRONOCTL_PIN=$PIN
	chronoctl list-keys --login -o uri 'pkcs11:object=chronograf'
	[ "$output" = 'pkcs11:token=ops;object=chronograf' ]
	chronoctl list-keys --login 'pkcs11:object=chronograf;type=public'
	[ -n "$(row chronograf public)" ] && [ -z "$(row chronograf private)" ]
	chronoctl list-keys --login -o uri 'pkcs11:id=%b1;type=private'
	[ "$(wc -l <<<"$output")" -eq 1 ]
	chronoctl list-keys --login -o uri 'pkcs11:token=osp'
	lists
	[ -z "$output" ]
	says "warning: no token 'osp'; there are: ops; did you mean 'ops'\?$"
	chronoctl list-keys "$KEY"
	refused 2 'pkcs11:'
	chronoctl list-keys 'pkcs11:objct=x'
	refused 2 objct
	chronoctl list-keys pkcs11: pkcs11:
	refused 2 argument
}

@test "many tokens: all are listed without a PIN; a PIN that is given is tried on none of them" {
	own_tokens
	new_token second
	new_token third
	import_key "$KEY" second more c1
	use_shim
	chronoctl list-keys
	lists
	[ -n "$(row chronograf public)" ] && [ -n "$(row more public)" ]
	says 'token=ops' 'token=second' 'token=third'
	CHRONOCTL_PIN=$PIN chronoctl list-keys --login
	refused 3 'token=ops' 'token=second' 'token=third'
	called C_Login 0
	CHRONOCTL_PIN=$PIN chronoctl list-keys --login 'pkcs11:token=second'
	lists
	[ -n "$(row more private)" ]
	called C_Login 1
}

@test "empty slots and uninitialised tokens are rows with a reason" {
	use_shim
	SHIM_SLOTS=6 chronoctl list-keys
	lists
	[ -n "$(row chronograf public)" ]
	[ "$(grep -c 'slot .*no token is in it' <<<"$output")" -ge 3 ]
	grep -q 'slot .*not initialised' <<<"$output"
}

@test "a token that fails is a row with a reason" {
	use_shim
	SHIM_FAIL=C_OpenSession:1=CKR_DEVICE_ERROR chronoctl list-keys
	lists
	grep -q 'token=ops.*CKR_DEVICE_ERROR' <<<"$output"
	SHIM_FAIL=C_FindObjects:1=CKR_DEVICE_ERROR chronoctl list-keys
	lists
	grep -q 'token=ops.*CKR_DEVICE_ERROR' <<<"$output"
	SHIM_FAIL=C_GetAttributeValue:1=CKR_DEVICE_ERROR chronoctl list-keys
	lists
	grep -q 'token=ops.*CKR_DEVICE_ERROR' <<<"$output"
	[ -n "$(row 'with space;and=more' public)$(row chronograf public)" ]
}

@test "a registered module that does not load or start is a row with a reason, and stops nothing" {
	need_user
	unset PKCS11_MODULE_PATH
	user_module missing 'module: /nonexistent.so'
	user_module broken "module: $SHIM"
	run --separate-stderr as_user env SHIM_FAIL=C_Initialize:1=CKR_DEVICE_ERROR setsid -w timeout "$PATIENCE" \
		"$CHRONOCTL" list-keys
	lists
	[ -n "$(row chronograf public)" ]
	grep -q 'shim.*CKR_DEVICE_ERROR' <<<"$output"
	grep -q 'missing\|nonexistent' <<<"$output"
}

@test "one token by two modules: the URIs tell them apart, and work" {
	local uri
	need_user
	unset PKCS11_MODULE_PATH
	# Another file, hence another instance of the library, which reads the same tokens.
	cp "$SOFTHSM" "$SCRATCH/again.so"
	user_module again "module: $SCRATCH/again.so"
	run --separate-stderr as_user setsid -w timeout "$PATIENCE" "$CHRONOCTL" list-keys -o uri \
		'pkcs11:object=chronograf;type=public'
	lists
	[ "$(sort -u <<<"$output" | wc -l)" -eq 2 ]
	uri=$(grep -E 'module-name=again$' <<<"$output")
	run --separate-stderr as_user setsid -w timeout "$PATIENCE" "$CHRONOCTL" list-keys -o uri "$uri"
	[ "$output" = "$uri" ] || fail "looked for $uri"
	run --separate-stderr as_user setsid -w timeout "$PATIENCE" "$CHRONOCTL" pub-key --no-prompt --priv-key-file "$uri"
	lists
}

@test "the machine's own modules, stores of certificates among them, stop nothing" {
	unset PKCS11_MODULE_PATH
	chronoctl list-keys
	lists
	[ -n "$(row chronograf public)" ]
}

@test "a module that was named and does not load is an error" {
	chronoctl list-keys --pkcs11-module /nonexistent.so
	refused 3 '/nonexistent.so'
}
