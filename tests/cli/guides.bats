#!/usr/bin/env bats
# The guides: commands that a page says are run, are run here as they are printed.
load helper

commands_of() { sed -n '/^```sh$/,/^```$/{/^```/d;p}' "$SOURCE_DIR/docs/guides/$1.md"; }

@test "softhsm.md leads to a token by its commands as printed" {
	p11-kit list-modules 2>/dev/null | grep -qi softhsm || skip "SoftHSM is not registered with p11-kit"
	start_standin
	commands_of softhsm >"$SCRATCH/commands"
	[ -s "$SCRATCH/commands" ]
	mkdir "$SCRATCH/bin" "$SCRATCH/there"
	ln -s "$CHRONOCTL" "$SCRATCH/bin/chronoctl"
	cd "$SCRATCH/there"
	CHRONOGRAF_URL=$URL PATH=$SCRATCH/bin:$PATH run --separate-stderr bash -eu "$SCRATCH/commands"
	[ "$status" -eq 0 ] || fail "a command fails"
	[[ ${lines[-1]} == 'Authorization: CHRONOGRAF-SHA256 '* ]] || fail "no header at the end"
	grep -q 'BEGIN PUBLIC KEY' chronograf.pub
}

@test "each guide says of what it shows whether it was run" {
	for guide in "$SOURCE_DIR"/docs/guides/*.md; do
		grep -qiE 'not run here|runs the commands|were run' "$guide" || fail "$guide does not say"
	done
}
