# Signing in a token: mechanism, the sequence of calls, and no signature printed that was not verified.
load helper

setup_file() {
	suite_key_in_token estate
	export KEY2=$D/key2
	new_key "$KEY2"
	import_private_key "$KEY" estate alone b1
	import_private_key "$KEY" estate certified c1
	import_certificate "$KEY" estate certified c1
	import_private_key "$KEY" estate mismatched d1
	import_certificate "$KEY2" estate mismatched d1
	new_ec_key "$D/ec"
	softhsm2-util --import "$D/ec" --token estate --label curve --id e1 --pin "$PIN" >/dev/null
	start_standin
}

setup() {
	private_environment
	use_shim
	export CHRONOCTL_PIN=$PIN
}

signs() { # LABEL
	chronoctl_token --no-prompt --priv-key-file "pkcs11:object=$1"
	prints_token "$KEY"
}

signs_not() { # LABEL REGEX…
	chronoctl_token --no-prompt --priv-key-file "pkcs11:object=$1"
	refused 3 "${@:2}"
}

@test "C_SignInit and C_Sign follow each other with no call between, once" {
	signs chronograf
	followed C_SignInit C_Sign
	called C_SignInit 1
	called C_Sign 1
}

@test "a token that has CKM_RSA_PKCS alone makes the same token" {
	SHIM_MECHANISMS=CKM_RSA_PKCS signs chronograf
	followed C_SignInit C_Sign
}

@test "a token that has CKM_SHA256_RSA_PKCS alone makes the same token" {
	SHIM_MECHANISMS=CKM_SHA256_RSA_PKCS signs chronograf
}

@test "a token that has neither mechanism: exit 3, says so" {
	SHIM_MECHANISMS=CKM_RSA_PKCS_PSS signs_not chronograf 'mechanism|CKM_'
	called C_Sign 0
}

@test "a wrong signature is never printed" {
	local fault
	for fault in flip short empty long; do
		SHIM_SIGNATURE=$fault signs_not chronograf 'signature'
		SHIM_SIGNATURE=$fault SHIM_MECHANISMS=CKM_RSA_PKCS signs_not chronograf 'signature'
		SHIM_SIGNATURE=$fault SHIM_HIDE=CKA_MODULUS,CKA_PUBLIC_EXPONENT signs_not chronograf 'signature'
		SHIM_SIGNATURE=$fault signs_not alone 'signature'
	done
}

@test "a missing public key object does not stop a signature" {
	signs alone
	SHIM_HIDE_CLASS=CKO_PUBLIC_KEY signs chronograf
}

@test "the public half from the public key object, when the private key object does not have it" {
	SHIM_HIDE=CKA_MODULUS,CKA_PUBLIC_EXPONENT signs chronograf
	SHIM_HIDE=CKA_PUBLIC_EXPONENT signs chronograf
}

@test "the public half from the certificate with the same id" {
	SHIM_HIDE=CKA_MODULUS,CKA_PUBLIC_EXPONENT signs certified
	SHIM_HIDE=CKA_PUBLIC_EXPONENT signs certified
}

@test "no public half anywhere: nothing unverified is printed" {
	SHIM_HIDE=CKA_MODULUS,CKA_PUBLIC_EXPONENT signs_not alone 'public'
}

@test "the certificate with the same id is another key's: nothing is printed" {
	SHIM_HIDE=CKA_MODULUS,CKA_PUBLIC_EXPONENT signs_not mismatched
}

@test "a token that does not know CKA_ALWAYS_AUTHENTICATE" {
	SHIM_HIDE=CKA_ALWAYS_AUTHENTICATE signs chronograf
	called C_Login 1
}

@test "an EC key in a token: exit 3, says that it must be RSA" {
	signs_not curve 'RSA'
	called C_Sign 0
}

@test "a call that fails: exit 3, its reason, nothing on standard output" {
	local function
	for function in C_OpenSession C_FindObjectsInit C_FindObjects C_SignInit C_Sign; do
		: >"$SHIM_LOG"
		SHIM_FAIL=$function:*=CKR_DEVICE_ERROR signs_not chronograf 'device.?error'
		[ "$(calls C_Login)" -le 2 ] # once more on a fresh session
	done
}

@test "a token that is pulled out before it signs: exit 3" {
	SHIM_FAIL=C_Sign:*=CKR_DEVICE_REMOVED signs_not chronograf 'the token was removed or does not answer; check that it is plugged in'
}
