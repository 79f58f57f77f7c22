# The signers engine and provider, where they differ from the rest: references that are no pkcs11: URI, the providers
# that openssl.cnf loads, and the module that belongs to the provider.
load helper

setup_file() {
	suite_key_in_token estate
	encrypt_key "$KEY" "$D/encrypted.pem" "$PIN"
	mkdir "$D/toy"
	openssl pkcs8 -topk8 -nocrypt -in "$KEY" -outform DER -out "$D/toy/a.key"
	start_standin
}

setup() {
	private_environment
	export OPENSSL_MODULES=${TOY%/*} TOY_SETTINGS=$SCRATCH/settings
	: >"$TOY_SETTINGS"
}

has_signer() {
	local version
	version=$("$CHRONOCTL" --version)
	[[ $version == *"signer $1 "* ]] || skip "the signer $1 is not built in"
}

with() { chronoctl_token --no-prompt --priv-key-file "$@"; }

configuration() { # LINE… of the provider's section
	cat >"$SCRATCH/openssl.cnf" <<-END
		openssl_conf = all
		[all]
		providers = list
		alg_section = algorithms
		[list]
		toy = toy
		[toy]
		activate = 1
		$1
		[algorithms]
		$2
	END
}

# Not for the openssl that prints_token compares to.
configured() { OPENSSL_CONF=$SCRATCH/openssl.cnf with "$@"; }

@test "auto sends another scheme to the provider" {
	has_signer provider
	with "toy:$D/toy" --provider toy
	prints_token "$KEY"
	with "toy:$D/toy" --provider toy --signer auto
	prints_token "$KEY"
}

@test "a file by the signer provider: OpenSSL's file store, encrypted too, and the token is the same" {
	has_signer provider
	with "$KEY" --signer provider
	prints_token "$KEY"
	with "file:$KEY" --signer provider
	prints_token "$KEY"
	CHRONOCTL_PIN=$PIN with "$D/encrypted.pem" --signer provider
	prints_token "$KEY"
	CHRONOCTL_PIN=canary with "$D/encrypted.pem" --signer provider
	refused 3 'with the PIN given, which was tried once' 'decrypt'
	never_says canary
}

@test "what openssl.cnf loads is loaded" {
	has_signer provider
	configuration
	configured "toy:$D/toy"
	prints_token "$KEY"
}

@test "property queries in openssl.cnf break nothing" {
	has_signer provider
	configuration '' 'default_properties = ?provider=toy'
	configured "toy:$D/toy"
	prints_token "$KEY"
	configured "$KEY" --signer provider
	prints_token "$KEY"
}

@test "several providers side by side" {
	has_signer provider
	with "toy:$D/toy" --provider default --provider toy --provider base
	prints_token "$KEY"
}

@test "a scheme that nobody takes: says which providers are loaded" {
	has_signer provider
	with 'handle:0x81000001'
	refused 3 'handle:0x81000001' 'providers: default' '--provider'
}

@test "a provider that cannot be loaded: named, with the reason" {
	has_signer provider
	with "toy:$D/toy" --provider no-such-provider
	refused 3 "'no-such-provider'" 'no such file'
}

@test "openssl.cnf loads a provider that is not there: told if the key is not found, else no matter" {
	has_signer provider
	configuration '' ''
	sed -i 's/^toy = toy$/ghost = ghost\ntoy = toy/; $a [ghost]\nactivate = 1' "$SCRATCH/openssl.cnf"
	configured "toy:$D/toy" --provider toy
	prints_token "$KEY"
	configured 'handle:1'
	refused 3 'ghost'
}

@test "a module that the provider cannot be told: refused, with the backend's name" {
	has_signer provider
	configuration "pkcs11-module-path = $SHIM" ''
	configured 'pkcs11:object=chronograf' --signer provider --pkcs11-module "$SOFTHSM"
	refused 2 'provider' 'pkcs11-module-path' "$SHIM"
}

# The module that is named is given to a provider, or cannot be: `openssl list` tells which OpenSSL it is.
gives_module() { [ "$(printf '3.2\n%s\n' "$(openssl version | cut -d ' ' -f 2)" | sort -V | head -n 1)" = 3.2 ]; }

@test "a module goes to a provider that --provider loads, by OpenSSL 3.2 and later, and to none that openssl.cnf has loaded" {
	has_signer provider
	local key='pkcs11:object=chronograf'
	with "$key" --signer provider --provider toy --pkcs11-module "$SOFTHSM"
	if gives_module; then
		refused 3 'no OpenSSL provider here opens'
		[ "$(cat "$TOY_SETTINGS")" = "$SOFTHSM" ] || fail "the provider has got: $(cat "$TOY_SETTINGS")"
	else
		refused 2 'names none'
	fi
	: >"$TOY_SETTINGS"
	configuration
	configured "$key" --signer provider --provider toy --pkcs11-module "$SOFTHSM"
	refused 2 'names none'
	configured "$key" --signer provider --pkcs11-module "$SOFTHSM"
	refused 2 'names none'
	[ ! -s "$TOY_SETTINGS" ]
}

@test "a module that is configured already: no other is given, and the same may be named, by any of its names" {
	has_signer provider
	local key='pkcs11:object=chronograf' link=$SCRATCH/module.so
	ln -s "$SOFTHSM" "$link"
	export PKCS11_PROVIDER_MODULE=$link
	with "$key" --signer provider --provider toy --pkcs11-module "$SOFTHSM"
	refused 3 'no OpenSSL provider here opens'
	with "$key" --signer provider --provider toy
	refused 3 'no OpenSSL provider here opens'
	[ ! -s "$TOY_SETTINGS" ] || fail "the provider has got: $(cat "$TOY_SETTINGS")"
	with "$key" --signer provider --provider toy --pkcs11-module "$SHIM"
	refused 2 "'$SHIM'" "which names $link"
}

@test "no provider takes pkcs11: an error that names those that are loaded" {
	has_signer provider
	CHRONOCTL_PIN=$PIN with 'pkcs11:object=chronograf' --signer provider --provider toy
	refused 3 'default' 'toy'
}

@test "an engine that is not there: named, with the package" {
	has_signer engine
	with 'pkcs11:object=chronograf' --signer engine --engine no-such-engine --pkcs11-module "$SOFTHSM"
	refused 3 "'no-such-engine'" 'no-such-engine.so'
}

@test "an engine that would choose the token by a name of its own gets no key and no PIN: exit 2" {
	has_signer engine
	[ -e "$(openssl version -e | cut -d '"' -f 2)/pkcs11.so" ] || skip 'no libengine-pkcs11-openssl'
	use_shim
	CHRONOCTL_PIN=$PIN with 'label_chronograf' --signer engine
	refused 2 'the engine .pkcs11. would choose the token' 'pkcs11:token='
	called C_Login 0
}

@test "a signer that is not built in, or cannot take the key: says which there are" {
	with "$KEY" --signer tpm
	refused 2 "'tpm'" 'there are: file pkcs11'
	with "$KEY" --signer pkcs11
	refused 2 "'pkcs11'"
	with 'pkcs11:object=chronograf' --signer file
	refused 2 "'file'"
}
