# Every URI printed for use: it finds one private key unchanged, and none of its attributes can be left out. In
# situations that are odd: tokens and keys of one label, without one, seen twice, and halves that are labelled apart.
load helper

setup_file() {
	local number
	suite_folder
	for number in 1 2 3 4 5 6 7; do
		new_key "$D/key$number"
	done
	new_token_dir "$D/other"
	new_token ops
	import_key "$D/key7" ops chronograf a1
	new_token_dir "$D/softhsm"
	new_token ops
	import_key "$D/key1" ops chronograf a1
	import_key "$D/key2" ops chronograf a2
	import_key "$D/key3" ops 'of its own; 1/2' a3
	import_halves "$D/key4" 'PIV AUTH key' 'PIV AUTH pubkey' b1
	import_private_key "$D/key5" ops 'Private key' b2
	import_certificate "$D/key5" ops 'Certificate' b2
	import_halves "$D/key6" '' '' c1
	# Two tokens of one label.
	cp -r "$D/other/tokens/." "$D/softhsm/tokens"
	start_standin
}

setup() {
	private_environment
	export CHRONOCTL_PIN=$PIN PKCS11_MODULE_PATH=$SOFTHSM
}

import_halves() { # KEY PRIVATE-LABEL PUBLIC-LABEL ID
	openssl rsa -in "$1" -traditional -outform DER -out "$SCRATCH/private.der" 2>/dev/null
	openssl rsa -in "$1" -pubout -outform DER -out "$SCRATCH/public.der" 2>/dev/null
	token_tool --token-label ops --login --pin "$PIN" --write-object "$SCRATCH/private.der" --type privkey \
		--usage-sign --label "$2" --id "$4"
	token_tool --token-label ops --login --pin "$PIN" --write-object "$SCRATCH/public.der" --type pubkey \
		--label "$3" --id "$4"
}

# without_one URI: the URI without each of its attributes that is not the style: the token, and the key's label (its id
# where there is none). What tells the token is taken from one that looks for another key, which no token shows.
without_one() {
	local path=${1#pkcs11:} query= name=object= attribute rest
	[[ $path != *\?* ]] || query=${path#*\?} path=${path%%\?*}
	[[ ";$path" == *";object="* ]] || name=id=
	local IFS=';'
	for attribute in $path; do
		[[ $attribute == token=* || $attribute == "$name"* ]] && continue
		rest=";$path;"
		rest=${rest/";$attribute;"/;}
		[[ $attribute == id=* ]] || rest=$(sed -E 's/;(id|object)=[^;]*//g' <<<"$rest")';object=nowhere;'
		rest=${rest//;;/;}
		rest=${rest#;}
		printf '%s\n' "pkcs11:${rest%;}${query:+?$query}"
	done
	[ -z "$query" ] || printf '%s\n' "pkcs11:$(sed -E 's/;(id|object)=[^;]*//g' <<<";$path" | sed 's/^;//');object=nowhere"
}

# signing: how a test signs; sets status and output.
signing() { chronoctl_token --priv-key-file "$1"; }

# none_can_go URI…: without any of its attributes it means several keys, or tokens.
none_can_go() {
	local uri shorter
	for uri; do
		while read -r shorter; do
			signing "$shorter"
			refused 3 'private keys match|several tokens' || fail "'$shorter' would do for '$uri'" || return
		done < <(without_one "$uri")
	done
}

# sign COUNT URI…: so many URIs, each for a different key, each alone.
sign() {
	local uri tokens=
	[ $(($# - 1)) -eq "$1" ] || fail "$1 URIs expected:" "${@:2}" || return
	for uri in "${@:2}"; do
		signing "$uri"
		[ "$status" -eq 0 ] || fail "'$uri' does not sign" || return
		tokens+=$output$'\n'
	done
	[ "$(sort -u <<<"${tokens%$'\n'}" | wc -l)" -eq "$1" ] || fail "two of these are one key:" "${@:2}" || return
	none_can_go "${@:2}"
}

# What list-keys prints below its rows, as a shell reads it.
listed_in_table() {
	local line
	uris=()
	while read -r line; do
		eval "uris+=($line)"
	done < <(grep "^  'pkcs11:" <<<"$output")
}

serial_of() { grep -o 'serial=[0-9a-f]*' <<<"$1"; }
in_lines() { mapfile -t uris <<<"$output"; }
# What an error lists: a line each, as a shell reads it.
in_message() { mapfile -t uris < <(sed -nE "s/^(chronoctl:)? *'(pkcs11:[^']*)'$/\2/p" <<<"$stderr"); }

@test "list-keys without a login, where two tokens have one label" {
	chronoctl list-keys
	listed_in_table
	sign 7 "${uris[@]}"
	# The label of a certificate is seldom that of its key.
	printf '%s\n' "${uris[@]}" | grep -qE '^pkcs11:token=ops;serial=[0-9a-f]+;id=%B2$' || fail "the certificate is not named by its id"
}

@test "list-keys --login, in each of the tokens that may hold more" {
	local token all=()
	chronoctl list-keys
	mapfile -t uris < <(sed -n "s/.*'\(pkcs11:.*\)' may hold more.*/\1/p" <<<"$stderr")
	[ "${#uris[@]}" -eq 2 ] || fail "two tokens expected"
	for token in "${uris[@]}"; do
		chronoctl list-keys --login -o uri "$token"
		in_lines
		all+=("${uris[@]}")
	done
	sign 7 "${all[@]}"
}

@test "a type stands in a URI only where a login has shown that there is no private key" {
	own_tokens
	openssl rsa -in "$D/key7" -pubout -outform DER -out "$SCRATCH/public.der" 2>/dev/null
	token_tool --slot-index 0 --login --pin "$PIN" --write-object "$SCRATCH/public.der" --type pubkey --label lonely --id e1
	chronoctl list-keys -o uri 'pkcs11:object=lonely'
	grep -qxE 'pkcs11:token=ops;object=lonely;serial=[0-9a-f]+' <<<"$output" || fail "not as short"
	local token=${output/;object=lonely}
	chronoctl list-keys -o json 'pkcs11:object=lonely'
	grep -q '"uri": ".*id=%E1;object=lonely"' <<<"$output" || fail "not in full, or with a type"
	chronoctl list-keys -o uri --login "$token"
	grep -qx 'pkcs11:token=ops;object=lonely;serial=.*;type=public' <<<"$output" || fail "no type"
	chronoctl pub-key --priv-key-file "$(grep lonely <<<"$output")"
	[ "$status" -eq 0 ]
}

@test "doctor's rows: short for a person, in full in JSON and with --verbose" {
	local uri
	chronoctl list-keys -o uri
	in_lines
	uri=${uris[0]}
	chronoctl doctor --priv-key-file "$uri"
	grep -qE "^. token +pkcs11:token=ops;$(serial_of "$uri"): the key is looked for here" <<<"$output" || fail "not short"
	chronoctl doctor --verbose --priv-key-file "$uri"
	grep -qE '^. token +pkcs11:model=.*manufacturer=.*serial=.*token=ops: the key is looked for here' <<<"$output" || fail "not in full"
	chronoctl doctor -o json --priv-key-file "$uri"
	grep -qE '"subject": "pkcs11:model=.*manufacturer=.*serial=.*token=ops"' <<<"$output" || fail "not in full"
}

@test "--verbose tells the whole URIs beside the short ones of an error" {
	chronoctl_token --verbose --priv-key-file 'pkcs11:object=chronograf'
	[ "$status" -eq 3 ]
	[ "$(grep -cE 'token: pkcs11:model=.*serial=.*token=ops, by ' <<<"$stderr")" -eq 2 ] || fail "not both in full"
}

@test "a label is enough where it is alone, and the id comes to it where it is not" {
	export SOFTHSM2_CONF=$SCRATCH/alone.conf
	mkdir "$SCRATCH/alone"
	cp -r "$D/other/tokens/." "$SCRATCH/alone"
	sed "s,^directories.tokendir.*,directories.tokendir = $SCRATCH/alone," "$D/softhsm/softhsm2.conf" >"$SOFTHSM2_CONF"
	chronoctl list-keys -o uri
	[ "$output" = 'pkcs11:token=ops;object=chronograf' ]
	import_key "$D/key2" ops chronograf a2
	chronoctl list-keys -o uri
	in_lines
	[ "$(sort <<<"$output")" = $'pkcs11:token=ops;object=chronograf;id=%A1\npkcs11:token=ops;object=chronograf;id=%A2' ]
	sign 2 "${uris[@]}"
}

@test "the error about several tokens" {
	signing 'pkcs11:object=chronograf'
	refused 3 'in several tokens'
	in_message
	sign 3 "${uris[@]}"
}

@test "the error about several tokens that show nothing" {
	signing 'pkcs11:object=PIV%20AUTH%20key'
	refused 3 'may be in several tokens'
	in_message
	[ "${#uris[@]}" -eq 2 ] || fail "two expected"
	signing "${uris[0]}"
	[ "$status" -eq 0 ] || signing "${uris[1]}"
	prints_token "$D/key4"
}

@test "the error about several keys" {
	local serial
	chronoctl list-keys -o uri
	serial=$(serial_of "$(grep 'id=%A2' <<<"$output")")
	signing "pkcs11:$serial;object=chronograf"
	refused 3 '2 private keys match'
	in_message
	sign 2 "${uris[@]}"
}

@test "tokens of one label without a serial number: the slot" {
	use_shim
	export SHIM_SERIAL=20
	chronoctl list-keys -o uri
	in_lines
	[[ ${uris[0]} == *slot-id=* && ${uris[0]} != *serial=* ]] || fail "no slot"
	sign 7 "${uris[@]}"
}

@test "one token by two modules: the module" {
	need_user
	unset PKCS11_MODULE_PATH
	export SOFTHSM2_CONF=$SCRATCH/alone.conf
	mkdir "$SCRATCH/alone"
	cp -r "$D/other/tokens/." "$SCRATCH/alone"
	sed "s,^directories.tokendir.*,directories.tokendir = $SCRATCH/alone," "$D/softhsm/softhsm2.conf" >"$SOFTHSM2_CONF"
	cp "$SOFTHSM" "$SCRATCH/again.so"
	user_module again "module: $SCRATCH/again.so"
	registered() { run --separate-stderr as_user setsid -w timeout "$PATIENCE" "$CHRONOCTL" "$@"; }
	signing() { registered token --chronograf-url "$URL" --priv-key-file "$1"; }
	registered list-keys -o uri
	in_lines
	[ "$(sort -u <<<"$output" | wc -l)" -eq 2 ] || fail "two URIs expected"
	local uri
	for uri in "${uris[@]}"; do
		signing "$uri"
		prints_token "$D/key7" || return
	done
	none_can_go "${uris[@]}"
	signing 'pkcs11:object=chronograf'
	refused 3 'in several tokens'
	in_message
	[ "$(printf '%s\n' "${uris[@]}" | grep -c 'module-name=')" -eq 2 ] || fail "not both modules"
}

@test "completion: for a new key the label is left to write, at the end" {
	output=$(printf 'chronoctl gen-keypair --out pkcs11:' | "$CHRONOCTL" __complete | sed -n 's/\t.*//; /^pkcs11:./p')
	in_lines
	[ "${#uris[@]}" -eq 2 ] || fail "two places expected"
	own_tokens
	chronoctl gen-keypair --bits 1280 --out "${uris[1]}typed"
	[ "$status" -eq 0 ]
	signing "$output"
	[ "$status" -eq 0 ]
}

@test "completion" {
	output=$(printf 'chronoctl token --priv-key-file pkcs11:' | "$CHRONOCTL" __complete | sed -n 's/\t.*//; /^pkcs11:./p')
	in_lines
	sign 7 "${uris[@]}"
}

@test "a new key: the error about several tokens, and what is made" {
	local new=()
	own_tokens
	chronoctl gen-keypair --bits 1280 --out 'pkcs11:token=ops;object=new'
	refused 3 'matches several tokens'
	in_message
	local places=("${uris[@]}") place
	for place in "${places[@]}"; do
		chronoctl gen-keypair --bits 1280 --out "$place"
		[ "$status" -eq 0 ] || fail "no key by '$place'"
		new+=("$output")
	done
	sign 2 "${new[@]}"
	chronoctl import-key --priv-key-file "$D/key7" --to "${places[0]/object=new/object=moved}"
	[ "$status" -eq 0 ]
	signing "$output"
	prints_token "$D/key7"
}

@test "the prompt for a PIN tells tokens of one label apart" {
	local uri
	unset CHRONOCTL_PIN
	chronoctl list-keys -o uri
	uri=$(grep 'id=%A2' <<<"$output")
	# The serial number is no part of the URI: two tokens match, and one shows the key.
	on_terminal 'PIN of the token' "$PIN\n" "'$CHRONOCTL' token --chronograf-url '$URL' --priv-key-file 'pkcs11:id=%A2'"
	shows "PIN of the token 'pkcs11:token=ops;$(serial_of "$uri")'"
}
