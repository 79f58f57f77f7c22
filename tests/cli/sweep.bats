# Whatever one call into the module answers: a good token, or a message that says what is wrong and what to do.
# The other situations take many minutes: tests/report has them all.
load helper

setup() {
	private_environment
	export TMPDIR=$BATS_TEST_TMPDIR
}

@test "each call for a token fails with each code, one at a time" {
	run --separate-stderr "$SOURCE_DIR/tests/sweep/sweep" plain
	[ "$status" -eq 0 ] || fail "some cases do not survive"
	echo "# ${lines[-1]}" >&3
	[[ ${lines[-1]} =~ ^"sweep: "[1-9][0-9][0-9]+" cases, " ]] || fail "too few cases"
}
