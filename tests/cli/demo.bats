# softhsm/demo, the README's first command: the whole story, whatever else is on the machine.
load helper

setup_file() { suite_key_in_token other; }

@test "the demo passes beside another token that has a key of the same label" {
	need_user
	import_key "$KEY" other chronograf 77
	serve_tokens "$SOFTHSM"
	user_module other "module: $(first_of /usr/lib/*/pkcs11/p11-kit-client.so)"
	run as_user env -u SOFTHSM2_CONF timeout $((PATIENCE * 5)) "$SOURCE_DIR/softhsm/demo"
	[ "$status" -eq 0 ] || fail "$output"
	[[ $output == *"with the token     200"* && $output == *"without            403"* ]] || fail "$output"
}

# demo_with_installer COMMANDS: a tree in which these commands are what installs.
demo_with_installer() {
	mkdir -p "$SCRATCH/tree/softhsm" "$SCRATCH/tree/tests"
	cp "$SOURCE_DIR/softhsm/demo" "$SCRATCH/tree/softhsm"
	printf '#!/bin/sh\n%s\nexit 1\n' "$1" >"$SCRATCH/tree/tests/run"
	chmod +x "$SCRATCH/tree/tests/run"
}

@test "it says what it is installing" {
	mkfifo "$SCRATCH/go-on"
	demo_with_installer "echo '== Installing cmake softhsm2'; echo 'Setting up cmake (3.25.1-1) ...'
		read word <'$SCRATCH/go-on'"
	"$SCRATCH/tree/softhsm/demo" >"$SCRATCH/told" 2>&1 3>&- 4>&- </dev/null &
	echo $! >>"$SCRATCH/pids"
	wait_for grep -q 'Setting up cmake' "$SCRATCH/told" || fail "$(cat "$SCRATCH/told")"
	grep -q 'Installing cmake softhsm2' "$SCRATCH/told"
	! grep -q 'installing failed' "$SCRATCH/told" || fail "told when it was over"
	echo word >"$SCRATCH/go-on"
	wait_for grep -q 'installing failed' "$SCRATCH/told"
}

@test "it lists packages in one line of a terminal" {
	local line=$'\r   Setting up cmake\e[K\r   Setting up softhsm2\e[K\r\e[K'
	demo_with_installer "echo 'Setting up cmake (3.25.1-1) ...'; echo 'Setting up softhsm2 (2.6.1-2.1) ...'"
	run script -qec "$SCRATCH/tree/softhsm/demo" /dev/null </dev/null
	[[ $output == *"$line"* ]] || fail "$output"
}

@test "--serve runs a stand-in that accepts a token of the key" {
	cd "$SCRATCH"
	chronoctl gen-keypair --out key --bits 2048
	"$SOURCE_DIR/softhsm/demo" --serve key.pub 0 >told 2>&1 3>&- 4>&- </dev/null &
	echo $! >>"$SCRATCH/pids"
	for _ in 1 2 3; do wait_for grep -q 'until Ctrl+C' told && break; done
	URL=$(grep -o 'http://[0-9.:]*' told) || fail "$(cat told)"
	chronoctl_token --check --priv-key-file key
	[ "$status" -eq 0 ] || fail "$output"
}

@test "--serve refuses an unreadable public key before it installs anything" {
	run "$SOURCE_DIR/softhsm/demo" --serve "$SCRATCH/none.pub"
	[ "$status" -eq 1 ]
	[ "$output" = "softhsm/demo: $SCRATCH/none.pub cannot be read" ] || fail "$output"
	run "$SOURCE_DIR/softhsm/demo" --server
	[ "$status" -eq 2 ]
}

@test "it installs neither a linter nor what the tests alone need" {
	local package
	for package in clang clang-tidy cppcheck bats valgrind libcmocka-dev; do
		run awk -v name="$package" '$1 == name { print $2 }' "$SOURCE_DIR/tests/packages"
		[[ -n $output && $output != *build* && $output != *demo* ]] || fail "$package is for: $output"
	done
	run "$SOURCE_DIR/tests/run" --install nonsense
	[ "$status" -eq 2 ]
}
