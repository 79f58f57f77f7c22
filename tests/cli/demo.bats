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

@test "it says what it is installing" {
	mkdir -p "$SCRATCH/tree/softhsm" "$SCRATCH/tree/tests"
	cp "$SOURCE_DIR/softhsm/demo" "$SCRATCH/tree/softhsm"
	mkfifo "$SCRATCH/go-on"
	cat >"$SCRATCH/tree/tests/run" <<-END
		#!/bin/sh
		echo '== Installing cmake softhsm2'
		echo 'Setting up cmake (3.25.1-1) ...'
		read word <"$SCRATCH/go-on"
		exit 1
	END
	chmod +x "$SCRATCH/tree/tests/run"
	"$SCRATCH/tree/softhsm/demo" >"$SCRATCH/told" 2>&1 3>&- 4>&- </dev/null &
	echo $! >>"$SCRATCH/pids"
	wait_for grep -q 'Setting up cmake' "$SCRATCH/told" || fail "$(cat "$SCRATCH/told")"
	grep -q 'Installing cmake softhsm2' "$SCRATCH/told"
	! grep -q 'installing failed' "$SCRATCH/told" || fail "told when it was over"
	echo word >"$SCRATCH/go-on"
	wait_for grep -q 'installing failed' "$SCRATCH/told"
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
