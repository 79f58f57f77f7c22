# Whatever one call into the module answers: a good token, or a message that tells which call, which code and what to do.
load helper

setup() {
	private_environment
	export TMPDIR=$BATS_TEST_TMPDIR
}

# sweeps SITUATION…: all cases survive; how many there are stands in the output of the tests.
sweeps() {
	run --separate-stderr "$SOURCE_DIR/tests/sweep/sweep" "$@"
	echo "# ${lines[-1]}" >&3
	[ "$status" -eq 0 ] || fail "some cases do not survive"
	[[ ${lines[-1]} =~ ^"sweep: "[1-9][0-9][0-9]+" cases, " ]] || fail "too few cases"
}

@test "each call for a token fails with each code, one at a time" {
	sweeps plain
}

@test "each call fails: a PIN at each signature, a bare token, a choice of tokens" {
	[ "$SANITIZED" = ON ] || skip "takes minutes; the build with sanitizers does it"
	sweeps each-time bare choice
}
