# What many suites begin with: a key in a token behind the shim, and the stand-in. Load it after helper.

setup_file() {
	suite_key_in_token estate
	start_standin
}

setup() {
	private_environment
	use_shim
}

URI='pkcs11:object=chronograf'
