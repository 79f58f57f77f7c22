# What the suites about a network program that was taken over share: what it says. Load it after helper and watching.
: "${HOSTILE:?folder of the hostile tree}"

# lies LINE…: from now on chronoctl's network program says that (tests/hostile/liar.c).
lies() {
	local tree=$BATS_TEST_TMPDIR/hostile program
	[ -d "$tree" ] || { mkdir "$tree" && cp -r "$HOSTILE/bin" "$HOSTILE/libexec" "$tree"; }
	program=$(find "$tree" -name chronoctl-network)
	printf '%s\n' "$@" >"${program%/*}/script"
	CHRONOCTL=$tree/bin/chronoctl
	URL=http://127.0.0.1:1
	use_shim
}

misbehaves() { # REGEX…
	[ "$status" -eq 1 ] || fail "exit status 1 expected" || return
	[ -z "$output" ] || fail "something is printed" || return
	says 'network program misbehave' "$@"
}

# On a kernel that lets the program send descriptors, without the filter that does not.
on_old_kernel() {
	: >"$(dirname -- "$(find "$BATS_TEST_TMPDIR/hostile" -name chronoctl-network)")/no-filter"
	LD_PRELOAD=$OLD_KERNEL ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0 "$@"
}

# mute_server: sets MUTE to the port of one that takes connections, and reads nothing.
mute_server() {
	start_standin
	MUTE=${URL##*:}
	kill -STOP "$(tail -n 1 "$SCRATCH/pids")"
}
