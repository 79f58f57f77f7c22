# What the suites of gen-keypair share. Load it after keys.

setup_file() {
	suite_token ops
	start_standin
}

setup() {
	private_environment
	mkdir "$SCRATCH/work"
	cd "$SCRATCH/work"
	own_tokens
	export PKCS11_MODULE_PATH=$SOFTHSM
}

URI='pkcs11:token=ops;object=chronograf'

in_token() { CHRONOCTL_PIN=$PIN chronoctl gen-keypair --out "$URI" --bits $BITS "$@"; }

made() { [ "$status" -eq 0 ] || fail "exit status 0 expected"; }

nothing_here() { [ -z "$(ls -A)" ] || fail "files are left: $(ls -A)"; }
