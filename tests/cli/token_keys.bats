# Keys in tokens by RFC 7512 URI: every attribute, finding the key, the messages when none or several match.
load helper

setup_file() {
	suite_key
	suite_token 'first token'
	new_token second
	export KEY2=$D/key2
	new_key "$KEY2"
	import_key "$KEY" 'first token' chronograf a1
	import_key "$KEY2" 'first token' twin b1
	import_key "$KEY" 'first token' twin b2
	import_key "$KEY2" second 'Schlüssel; 1/ß' 00ff25
	start_standin
}

setup() {
	private_environment
	export CHRONOCTL_PIN=$PIN PKCS11_MODULE_PATH=$TOKENS
}

# shown FIELD: of the first token and its library, as pkcs11-tool shows them by the same module.
shown() {
	if [ "$TOKENS" != "$SOFTHSM" ]; then serve_tokens "$SOFTHSM"; fi
	{
		pkcs11-tool --module "$TOKENS" --show-info
		pkcs11-tool --module "$TOKENS" --list-slots
	} 2>/dev/null | sed -nE '
		s/^Manufacturer +(.*)/library-manufacturer \1/p
		s/^Library +(.*) \(ver (.*)\)$/library-description \1\nlibrary-version \2/p
		s/^Slot [0-9]+ \((0x[0-9a-f]+)\): (.*)/slot-id \1\nslot-description \2/p
		s/^ +token label +: (.*)/token \1/p
		s/^ +serial num +: (.*)/serial \1/p' | awk -v field="$1" '
		{ name = $1; sub(/^[^ ]+ /, ""); sub(/ +$/, ""); gsub(/ /, "%20"); seen[name] = $0 }
		name == "token" { inside = $0 == "first%20token" }
		name == field && field ~ /^library/ { print; exit }
		name == "serial" && inside { print seen[field]; exit }'
}

signs() { # URI KEY
	chronoctl_token --no-prompt --priv-key-file "$1"
	prints_token "$2"
}

no_match() { # URI [REGEX…]
	chronoctl_token --no-prompt --priv-key-file "$1"
	refused 3 "${@:2}"
}

# decides ATTRIBUTE VALUE OTHER: with the value the key is found, with the other one it is not.
decides() {
	signs "pkcs11:$1=$2;object=chronograf" "$KEY"
	no_match "pkcs11:$1=$3;object=chronograf"
}

@test "token" { decides token 'first%20token' second; }
@test "manufacturer" { decides manufacturer SoftHSM%20project Acme; }
@test "serial" { decides serial "$(shown serial)" 0123456789abcdef; }
@test "model" { decides model SoftHSM%20v2 SoftHSM%20v1; }
@test "slot-id" { decides slot-id "$(($(shown slot-id)))" 3; }
@test "slot-description" { decides slot-description "$(shown slot-description)" Reader%201; }
@test "slot-manufacturer" { decides slot-manufacturer SoftHSM%20project Acme; }
@test "library-manufacturer" { decides library-manufacturer "$(shown library-manufacturer)" Acme; }
@test "library-description" { decides library-description "$(shown library-description)" Other; }
@test "library-version" { decides library-version "$(shown library-version)" 9.9; }

@test "object" {
	signs 'pkcs11:object=chronograf' "$KEY"
	no_match 'pkcs11:object=chronogra' 'chronogra'
	no_match 'pkcs11:object=Chronograf'
}

@test "id" {
	signs 'pkcs11:id=%a1' "$KEY"
	signs 'pkcs11:id=%A1;object=chronograf' "$KEY"
	no_match 'pkcs11:id=%a2'
	no_match 'pkcs11:id=%a1;object=twin'
}

@test "id of any bytes, NUL too" {
	signs 'pkcs11:id=%00%ff%25' "$KEY2"
	no_match 'pkcs11:id=%00'
}

@test "type=private; what is no private key signs nothing" {
	signs 'pkcs11:object=chronograf;type=private' "$KEY"
	chronoctl_token --priv-key-file 'pkcs11:object=chronograf;type=public'
	refused '2|3'
	chronoctl_token --priv-key-file 'pkcs11:object=chronograf;type=cert'
	refused '2|3'
}

@test "all attributes at once, in any order" {
	signs "pkcs11:type=private;id=%a1;object=chronograf;serial=$(shown serial);token=first%20token;model=SoftHSM%20v2;library-manufacturer=$(shown library-manufacturer);manufacturer=SoftHSM%20project" \
		"$KEY"
}

@test "labels of any characters, percent-encoded" {
	signs 'pkcs11:object=Schl%c3%bcssel%3B%201%2F%C3%9F' "$KEY2"
	signs 'pkcs11:token=%66irst%20token;object=chrono%67raf' "$KEY"
}

@test "an attribute that is not known is named, instead of matching nothing" {
	local name
	for name in slotid tokn label Object; do
		chronoctl_token --priv-key-file "pkcs11:$name=1;object=chronograf"
		refused '2|3' "\\b$name\\b"
	done
	chronoctl_token --priv-key-file 'pkcs11:object=chronograf?pin-vlaue=1'
	refused '2|3' 'pin-vlaue'
}

@test "a URI that cannot be read is refused" {
	local uri
	for uri in 'pkcs11:object' 'pkcs11:object=%zz' 'pkcs11:object=%4' 'pkcs11:id=%1;object=chronograf' \
		'pkcs11:slot-id=first' 'pkcs11:library-version=two' 'pkcs11:type=secret-sauce'; do
		chronoctl_token --priv-key-file "$uri"
		refused '2|3'
	done
}

@test "an attribute given twice is refused, not half forgotten" {
	chronoctl_token --priv-key-file 'pkcs11:object=chronograf;object=twin'
	refused '2|3' 'object'
}

@test "no match in several tokens: what each has, by which module" {
	use_shim
	SHIM_TOKEN_FLAGS=-CKF_LOGIN_REQUIRED CHRONOCTL_PIN= no_match 'pkcs11:object=chronogra' "no key matches '.*chronogra'; looked at" \
		"pkcs11:token=first%20token \(.*shim\.so\): it has: (chronograf, twin|twin, chronograf); did you mean 'chronograf'\?$" \
		'pkcs11:token=second \(.*shim\.so\): it has: Schlüssel; 1/ß$'
}

@test "no such key in the token: the labels that it has, on one line, and the one that was probably meant" {
	no_match 'pkcs11:token=first%20token;object=chronogarf' \
		"^chronoctl: no key 'chronogarf' in token 'first token'; it has: [a-z, ]*; did you mean 'chronograf'\?$"
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	no_match 'pkcs11:token=first%20token;object=web' \
		"^chronoctl: no key 'web' in token 'first token'; it has: (chronograf, twin|twin, chronograf)$"
	no_match 'pkcs11:token=second;id=%0a%ff' "^chronoctl: no key with the id 0aff in token 'second'; it has: Schlüssel; 1/ß$"
}

@test "no such token: says which ones exist, and which one was probably meant" {
	no_match 'pkcs11:token=third;object=chronograf' 'third' 'first( |%20)token' 'second' 'softhsm|p11-kit-client'
	never_says 'did you mean'
	no_match 'pkcs11:token=sceond;object=chronograf' "no token 'sceond'; there are: .*second" "did you mean 'second'\?"
}

@test "a new key's token by a wrong label: which ones exist, and which one was probably meant" {
	chronoctl gen-keypair --out 'pkcs11:token=sceond;object=new'
	refused 3 "no token 'sceond'; there are: .*second" "did you mean 'second'\?"
}

@test "a public half without its private key is not what was meant" {
	own_tokens
	openssl rsa -in "$KEY" -pubout -outform DER -out "$SCRATCH/half" 2>/dev/null
	token_tool --token-label second --login --pin "$PIN" --write-object "$SCRATCH/half" --type pubkey --label half --id e2
	no_match 'pkcs11:token=second;object=half' "no key 'half' in token 'second'; it shows its public half and no private key: it has none, or hides it from this login$"
	no_match 'pkcs11:token=second;id=%01;object=Schl%c3%bcssel%3B%201%2F%C3%9F' 'with the id 01 in token .*it has: .*half$'
}

@test "a key without a label is listed, too" {
	own_tokens
	import_private_key "$KEY" second '' e1
	no_match 'pkcs11:token=second;object=web' 'it has: (.*, )?one without a label'
}

@test "of many keys eight labels are listed, and the number of the others" {
	local number
	own_tokens
	for number in 1 2 3 4 5 6 7 8 9; do
		import_private_key "$KEY" second "key $number" "f$number"
	done
	no_match 'pkcs11:token=second;object=web' "it has: ([^,]*, ){7}[^,]* and 2 more$"
}

@test "no such key in the token that is named: says so after one login" {
	use_shim
	no_match 'pkcs11:token=second;object=chronograf' 'second' 'chronograf'
	[ "$(calls C_Login)" -le 1 ]
}

@test "several keys match: an error that lists each as a URI, and each such URI works" {
	local uris uri tokens
	chronoctl_token --no-prompt --priv-key-file 'pkcs11:object=twin'
	refused 3
	mapfile -t uris < <(listed_uris | grep -F 'id=')
	[ "${#uris[@]}" -eq 2 ] || fail "two URIs expected: ${uris[*]}"
	for uri in "${uris[@]}"; do
		[[ $uri == *token=first%20token* && $uri == *object=twin* ]] || fail "not a full URI: $uri"
		chronoctl_token --no-prompt --priv-key-file "$uri"
		[ "$status" -eq 0 ] || fail "$uri does not work"
		tokens+=$output$'\n'
	done
	diff <(sort <<<"${tokens%$'\n'}") <(for k in "$KEY" "$KEY2"; do expected_token "$k" && echo; done | sort)
}

@test "several keys match: a label of odd characters is listed so that it can be copied" {
	local uris uri
	own_tokens
	import_key "$KEY" second 'Schlüssel; 1/ß' 00fe26
	chronoctl_token --no-prompt --priv-key-file 'pkcs11:object=Schl%C3%BCssel%3B%201%2F%C3%9F'
	refused 3
	mapfile -t uris < <(listed_uris | grep -F 'id=')
	[ "${#uris[@]}" -eq 2 ] || fail "two URIs expected: ${uris[*]}"
	for uri in "${uris[@]}"; do
		chronoctl_token --no-prompt --priv-key-file "$uri"
		[ "$status" -eq 0 ] || fail "$uri does not work"
	done
}
