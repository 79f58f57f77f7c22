# One token costs at most 16 Cryptoki calls, however many keys there are: counted by OpenSC's pkcs11-spy.
load helper

setup_file() {
	suite_key
	new_key "$D/other"
	new_token_dir "$D/one"
	new_token estate
	import_key "$KEY" estate chronograf a1
	new_token_dir "$D/many"
	new_token estate
	import_key "$D/other" estate other b1
	multiply 499 "$D"/many/tokens/*
	import_key "$KEY" estate chronograf a1
	start_standin
}

setup() {
	private_environment
	export CHRONOCTL_PIN=$PIN PKCS11SPY=$SOFTHSM PKCS11SPY_OUTPUT=$SCRATCH/spy
}

spied_calls() { grep -cE '^[0-9]+: C_' "$PKCS11SPY_OUTPUT"; }

# costs MOST URI [ENVIRONMENT…]
costs() {
	rm -f "$PKCS11SPY_OUTPUT"
	chronoctl_token --no-prompt --pkcs11-module "$SPY" --priv-key-file "$2"
	prints_token "$KEY"
	[ "$(spied_calls)" -le "$1" ] ||
		fail "$(spied_calls) calls:" "$(grep -E '^[0-9]+: C_' "$PKCS11SPY_OUTPUT")"
}

@test "on a token of 1 key: at most 16 calls" {
	export SOFTHSM2_CONF=$D/one/softhsm2.conf
	costs 16 'pkcs11:object=chronograf'
	costs 16 'pkcs11:id=%a1'
	costs 16 'pkcs11:token=estate;object=chronograf;id=%a1'
}

@test "there are 500 key pairs on the other token" {
	export SOFTHSM2_CONF=$D/many/softhsm2.conf
	[ "$(pkcs11-tool --module "$SOFTHSM" -O --login --pin "$PIN" 2>/dev/null | grep -c '^Private Key')" -eq 500 ]
}

@test "on a token of 500 keys: at most 16 calls" {
	export SOFTHSM2_CONF=$D/many/softhsm2.conf
	costs 16 'pkcs11:object=chronograf'
	costs 16 'pkcs11:id=%a1'
	costs 16 'pkcs11:token=estate;object=chronograf;id=%a1'
}

@test "the number of calls is the same on both" {
	local one
	export SOFTHSM2_CONF=$D/one/softhsm2.conf
	costs 16 'pkcs11:object=chronograf'
	one=$(spied_calls)
	export SOFTHSM2_CONF=$D/many/softhsm2.conf
	costs "$one" 'pkcs11:object=chronograf'
}

@test "500 keys that match: an error, without reading them one by one to the end of time" {
	export SOFTHSM2_CONF=$D/many/softhsm2.conf
	chronoctl_token --no-prompt --priv-key-file 'pkcs11:object=other' --pkcs11-module "$SOFTHSM"
	refused 3 'pkcs11:.*other'
}
