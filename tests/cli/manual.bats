#!/usr/bin/env bats
# The manual pages: they list exactly the options of each command, and mandoc finds no errors.
load helper

MANUALS=$SOURCE_DIR/docs/man

commands() {
	"$CHRONOCTL" --help | sed -n '/^commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
}

options_of_help() { # COMMAND
	"$CHRONOCTL" "$1" --help | sed -n '/^options:/,$p' |
		sed -nE 's/^  (-([a-z]),|   ) (--[a-z0-9-]+).*/\2 \3/p' |
		tr ' ' '\n' | sed -nE 's/^([a-z])$/-\1/p; /^--/p' | sort
}

options_of_page() { # COMMAND
	sed -nE 's/^\.It Fl (([a-z]) , Fl )?-([a-z0-9-]+).*/\2 --\3/p' "$MANUALS/chronoctl-$1.1" |
		tr ' ' '\n' | sed -nE 's/^([a-z])$/-\1/p; /^--/p' | sort
}

variables_of_help() { "$CHRONOCTL" "$1" --help | grep -oE '\[\$[A-Z0-9_]+\]' | tr -d '[]$' | sort -u; }

# faults FILE…: whether other packages' pages are on this machine is no fault of ours, nor that a page names the project
# where the pages of NetBSD name their system.
faults() {
	# By way of a file: what it says on both outputs at once has lines within lines.
	{ mandoc -T lint "$@" 2>"$SCRATCH/complaints" || true; cat "$SCRATCH/complaints"; } |
		grep -vE 'referenced manual not found|mandoc\.db|operating system explicitly specified: Os chronoctl' ||
		true
}

@test "each command has a page, and each page a command" {
	pages=$(cd "$MANUALS" && printf '%s\n' chronoctl-*.1 | sed 's/^chronoctl-//; s/\.1$//' | sort)
	[ "$(commands | sort)" = "$pages" ] || fail "commands:" "$(commands)" "pages:" "$pages"
}

@test "chronoctl(1) names each command" {
	for command in $(commands); do
		grep -qx "\.It Cm $command" "$MANUALS/chronoctl.1" || fail "chronoctl.1 has no $command"
		grep -qE "^\.Xr chronoctl-$command 1" "$MANUALS/chronoctl.1" || fail "no reference to $command"
	done
}

@test "every option of --help is in the command's page, and the other way round" {
	for command in $(commands); do
		help=$(options_of_help "$command")
		[ -n "$help" ] || fail "no options in the help of $command"
		differences=$(diff <(echo "$help") <(options_of_page "$command")) ||
			fail "$command: < in --help only, > in the page only" "$differences"
	done
}

@test "every word that an option takes is in the command's page, where the option is" {
	for command in $(commands); do
		for option in $(sed -nE 's/^\.It Fl (. , Fl )?-([a-z0-9-]+) Ar .*/--\2/p' "$MANUALS/chronoctl-$command.1"); do
			about=$(sed -nE "/^\.It Fl (. , Fl )?${option#-}( |\$)/,/^\.It|^\.El/p" "$MANUALS/chronoctl-$command.1")
			for word in $(words_of "$command" "$option"); do
				grep -qE "^\.Cm (.* )?$word(\\\\&)?( |\$)" <<<"$about" || fail "chronoctl-$command.1: $option has no $word"
			done
		done
	done
}

@test "every variable of --help is in the command's page" {
	for command in $(commands); do
		for variable in $(variables_of_help "$command"); do
			grep -qx "\.It Ev $variable" "$MANUALS/chronoctl-$command.1" ||
				fail "chronoctl-$command.1 has no $variable"
		done
	done
}

@test "every function of the library's headers is in chronosign(3), and the other way round" {
	[ -f "$MANUALS/chronosign.3" ]
	declared=$(cat "$SOURCE_DIR"/include/chronosign/*.h | sed 's,/\*.*\*/,,' |
		grep -vE '^ ?\*|^typedef' | grep -oE 'chronosign_[a-z_]+\(' | tr -d '(' | sort -u)
	documented=$(sed -nE 's/^\.Fo (chronosign_[a-z_]+).*/\1/p' "$MANUALS/chronosign.3" | sort -u)
	differences=$(diff <(echo "$declared") <(echo "$documented")) ||
		fail "< in the headers only, > in the page only" "$differences"
}

@test "mandoc finds no fault in the manual pages, in their style neither" {
	command -v mandoc >/dev/null || skip "mandoc is not installed"
	found=$(faults "$MANUALS"/*.[13])
	[ -z "$found" ] || fail "$found"
}

@test "each page has the project's name and its date at its foot, and not the system's" {
	for page in "$MANUALS"/*.[13]; do
		foot=$(mandoc -T ascii "$page" | tail -n 1)
		[[ $foot =~ ^chronoctl\ +(January|February|March|April|May|June|July|August|September|October|November|December)\ [0-9]+,\ 20[0-9][0-9]\ +chronoctl$ ]] ||
			fail "$page ends with '$foot'"
	done
}

@test "the page of a command has these sections, in this order" {
	for page in "$MANUALS"/*.1; do
		sections=$(sed -nE 's/^\.Sh (ENVIRONMENT|FILES|EXIT STATUS|EXAMPLES|DIAGNOSTICS|SEE ALSO)$/\1/p' "$page" | xargs)
		[ "$sections" = 'ENVIRONMENT FILES EXIT STATUS EXAMPLES DIAGNOSTICS SEE ALSO' ] || fail "$page has $sections"
		for section in ENVIRONMENT FILES 'EXIT STATUS' EXAMPLES DIAGNOSTICS; do
			[ -n "$(sed -n "/^.Sh $section\$/,/^.Sh/{/^\.Sh/d;p}" "$page")" ] || fail "$page: $section is empty"
		done
	done
}
