# Nothing of ours reads what was never written, by valgrind, once for each way to a key or to an error: leaks and wrong
# accesses are found in every suite by the build with sanitizers. Leaks inside PKCS#11 modules are theirs (valgrind.supp).
load helper

setup_file() {
	suite_key_in_token estate
	import_key "$KEY" estate twin b1
	import_key "$KEY" estate twin b2
	encrypt_key "$KEY" "$D/encrypted.pem" "$PIN"
	start_standin
}

setup() {
	[ "${SANITIZED:-OFF}" = OFF ] || skip "AddressSanitizer and valgrind exclude each other"
	command -v valgrind >/dev/null || skip "no valgrind here"
	private_environment
	export CHRONOCTL_PIN=$PIN PKCS11_MODULE_PATH=$SOFTHSM
	WRAPPER=(valgrind --quiet --log-file="$SCRATCH/valgrind.%p" --vgdb=no --trace-children=no --child-silent-after-fork=no
		--leak-check=full --show-leak-kinds=definite,indirect,possible --errors-for-leak-kinds=definite,indirect,possible
		--keep-debuginfo=yes --num-callers=40 --error-exitcode=99 --track-fds=no
		--suppressions="$SOURCE_DIR/tests/cli/valgrind.supp")
}

# The network program, too: once for each thing that it does.
program_as_well() {
	CHRONOCTL=${CHRONOCTL%/bin/*}/tests/figures/bin/chronoctl # valgrind has to write code, and to read its own
	WRAPPER=("${WRAPPER[@]/#--trace-children=no/--trace-children=yes}")
}

# Valgrind's own messages in the network program, which may open no file, do not count.
complaints() { grep -h '^==' "$SCRATCH"/valgrind.* | grep -vE 'warning: connection to image|no debug info loaded'; }

is_clean() {
	[ "$status" -ne 99 ] && ls "$SCRATCH"/valgrind.* >/dev/null && [ -z "$(complaints)" ] ||
		fail "$(cat "$SCRATCH"/valgrind.*)"
	rm "$SCRATCH"/valgrind.*
}

@test "a key in a file" {
	program_as_well
	chronoctl_token --priv-key-file "$KEY"
	is_clean
	prints_token "$KEY"
}

@test "an encrypted key in a file" {
	chronoctl_token --priv-key-file "$D/encrypted.pem"
	is_clean
	prints_token "$KEY"
}

@test "a key in a token, by a URI with everything in it" {
	unset CHRONOCTL_PIN PKCS11_MODULE_PATH
	chronoctl_token -v --priv-key-file \
		"pkcs11:token=estate;object=chronograf;id=%a1;type=private?module-path=$SOFTHSM&pin-value=$PIN"
	is_clean
	prints_token "$KEY"
}

@test "a key in a token, by the machine's modules" {
	unset PKCS11_MODULE_PATH
	chronoctl_token --priv-key-file 'pkcs11:object=chronograf'
	is_clean
	prints_token "$KEY"
}

@test "errors: several keys, wrong PIN, unknown attribute, bad file" {
	local uri
	for uri in 'pkcs11:object=twin' 'pkcs11:object=chronograf?pin-value=99999' 'pkcs11:objct=chronograf' /dev/null; do
		chronoctl_token --no-prompt --priv-key-file "$uri"
		is_clean
		refused '2|3'
	done
}

@test "errors: the server" {
	program_as_well
	start_standin --mode html
	chronoctl_token --priv-key-file "$KEY"
	is_clean
	refused 4
	chronoctl token --chronograf-url http://127.0.0.1:1 --priv-key-file 'pkcs11:object=chronograf'
	is_clean
	refused 4
}

@test "a usage error" {
	chronoctl token --no-such-option
	is_clean
	[ "$status" -eq 2 ]
}
