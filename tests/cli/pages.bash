# Pages of the documents as a reader follows them: the boxes of sh are run as they are printed, those of console are not.
# Load it after helper.

page() { first_of "$SOURCE_DIR/docs/guides/$1.md" "$SOURCE_DIR/docs/$1.md"; } # NAME

# Where a reader of any page stands: chronoctl is installed, SoftHSM is registered, the folder is empty.
reader() {
	private_environment
	p11-kit list-modules 2>/dev/null | grep -qi softhsm || skip "SoftHSM is not registered with p11-kit"
	mkdir "$SCRATCH/bin" "$SCRATCH/there"
	ln -s "$CHRONOCTL" "$SCRATCH/bin/chronoctl"
	PATH=$SCRATCH/bin:$PATH
	cd "$SCRATCH/there"
}

# boxes [FIRST [LAST]]: the commands in the boxes of sh on standard input, which are counted from 1.
boxes() {
	awk -v first="${1:-1}" -v last="${2:-999}" '
		/^```sh$/ { box++; inside = 1; next }
		/^```$/ { inside = 0 }
		inside && first <= box && box <= last { print; found = 1 }
		END { exit !found }'
}

boxes_of() { boxes "${@:2}" <"$(page "$1")"; } # PAGE [FIRST [LAST]]

section_of() { # PAGE HEADING
	awk -v heading="## $2" '
		/^## / { here = $0 == heading }
		here { print; found = 1 }
		END { exit !found }' "$(page "$1")"
}

# The shell of a reader, whose commands all have to succeed.
types() { # FILE
	run --separate-stderr timeout "$PATIENCE" bash -eu "$1" 3>&- 4>&- </dev/null
	[ "$status" -eq 0 ] || fail "a command fails"
}

follow() { # PAGE [FIRST [LAST]]
	boxes_of "$@" >"$SCRATCH/commands" || fail "$1.md has no such boxes"
	types "$SCRATCH/commands"
}
