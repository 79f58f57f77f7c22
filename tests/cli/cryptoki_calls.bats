# One token costs 14 Cryptoki calls and one a slot, however many keys there are: recorded by OpenSC's pkcs11-spy.
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
	multiply 999 "$D"/many/tokens/*
	import_key "$KEY" estate chronograf a1
	start_standin
}

setup() {
	private_environment
	export CHRONOCTL_PIN=$PIN PKCS11SPY=$SOFTHSM PKCS11SPY_OUTPUT=$SCRATCH/spy
}

# In call order; the loader's C_GetFunctionList does not count, nor C_GetInterface, for which p11-kit 0.25 asks first.
spied_calls() {
	sed -n 's/^[0-9]*: \(C_[A-Za-z]*\).*/\1/p' "$PKCS11SPY_OUTPUT" | grep -vE '^C_Get(FunctionList|Interface)$'
}

# SoftHSM has one slot more than tokens. Only an empty result ends a search, so C_FindObjects is called twice.
# C_Finalize would end the session, but p11-kit closes what is open before it, and so nothing is saved by leaving it open.
CALLS='C_Initialize C_GetSlotList C_GetTokenInfo C_GetTokenInfo C_OpenSession C_GetTokenInfo C_Login C_FindObjectsInit C_FindObjects
	C_FindObjects C_FindObjectsFinal C_GetAttributeValue C_SignInit C_Sign C_CloseSession C_Finalize'

costs() { # URI
	rm -f "$PKCS11SPY_OUTPUT"
	chronoctl_token --no-prompt --pkcs11-module "$SPY" --priv-key-file "$1"
	prints_token "$KEY"
	[ "$(spied_calls | xargs)" = "$(xargs <<<"$CALLS")" ] || fail "$(spied_calls | wc -l) calls:" "$(spied_calls)"
}

costs_alike() {
	costs 'pkcs11:object=chronograf'
	costs 'pkcs11:id=%a1'
	costs 'pkcs11:token=estate;object=chronograf;id=%a1'
}

@test "on a token of 1 key: 14 calls and one a slot" {
	export SOFTHSM2_CONF=$D/one/softhsm2.conf
	costs_alike
}

@test "there are 1,000 key pairs on the other token" {
	export SOFTHSM2_CONF=$D/many/softhsm2.conf
	[ "$(pkcs11-tool --module "$SOFTHSM" -O --login --pin "$PIN" 2>/dev/null | grep -c '^Private Key')" -eq 1000 ]
}

@test "on a token of 1,000 keys: the same" {
	export SOFTHSM2_CONF=$D/many/softhsm2.conf
	costs_alike
}

@test "999 keys that match: an error, without reading them one by one to the end of time" {
	export SOFTHSM2_CONF=$D/many/softhsm2.conf
	chronoctl_token --no-prompt --priv-key-file 'pkcs11:object=other' --pkcs11-module "$SOFTHSM"
	refused 3 'pkcs11:.*other'
}
