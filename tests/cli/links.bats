# The documents: the targets of their links exist, and the README is one page.
load helper

documents() { find "$SOURCE_DIR/README.md" "$SOURCE_DIR/CHANGELOG.md" "$SOURCE_DIR/docs" -name '*.md'; }

links() { grep -oE '\]\([^) ]+\)' "$1" | sed 's/^](//; s/)$//' | grep -vE '^https?:' || true; } # FILE

# As the pages are shown: lower case, blanks are dashes, and other signs are left out.
headings() { sed -nE 's/^#+ //p' "$1" | tr '[:upper:] ' '[:lower:]-' | sed 's/[^a-z0-9_-]//g'; } # FILE

@test "every link of a document leads to a file that exists, and to a heading in it" {
	local document link file missing=
	while read -r document; do
		while read -r link; do
			file=$(dirname "$document")/${link%%#*}
			[ "${link%%#*}" ] || file=$document
			if [ ! -e "$file" ]; then
				missing+=$'\n'"${document#"$SOURCE_DIR"/}: $link"
			elif [[ $link == *#* ]] && ! headings "$file" | grep -qxF -e "${link#*#}"; then
				missing+=$'\n'"${document#"$SOURCE_DIR"/}: no heading for $link"
			fi
		done < <(links "$document")
	done < <(documents)
	[ -z "$missing" ] || fail "links that lead nowhere:$missing"
}

@test "the suites of tests that a document names are there" {
	local suite missing=
	while read -r suite; do
		[ -e "$SOURCE_DIR/tests/cli/${suite#cli.}.bats" ] || [ -e "$SOURCE_DIR/tests/unit/test_${suite#unit.}.c" ] ||
			missing+=" $suite"
	done < <(grep -ohE '\b(cli|unit)\.[a-z_]+' "$SOURCE_DIR/docs/security.md" "$SOURCE_DIR/docs/reliability.md" | sort -u)
	[ -z "$missing" ] || fail "there is no$missing"
}

@test "the README is one page" {
	[ "$(wc -l <"$SOURCE_DIR/README.md")" -le 110 ] || fail "it has grown: what is not for everyone belongs into docs/"
}
