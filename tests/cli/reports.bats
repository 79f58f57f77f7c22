# docs/reports.md: each kind of fault that was reported has a test, and each test that it names is there.
load helper

PAGE=$SOURCE_DIR/docs/reports.md

# A line each: the suite, a tab, the test.
named() { sed -n 's/^- `\([a-z_0-9.]*\)`: \(.*\)$/\1\t\2/p' "$PAGE"; }

is_there() { # SUITE TEST
	case $1 in
	unit.*) grep -qF "static void $2(void **state)" "$SOURCE_DIR/tests/unit/test_${1#unit.}.c" ;;
	*) grep -qF "@test \"$2\" {" "$SOURCE_DIR/tests/cli/${1%%.*}.bats" ;;
	esac
}

@test "each test that the page names is there" {
	local suite name gone=
	[ "$(named | wc -l)" -ge 70 ] || fail "the page names hardly a test"
	while IFS=$'\t' read -r suite name; do
		is_there "$suite" "$name" || gone+=$'\n'"  $suite: $name"
	done < <(named)
	[ -z "$gone" ] || fail "docs/reports.md names tests that are not there:$gone"
}

@test "no test is named twice, and each kind of report, 1 to 26, has one" {
	[ -z "$(named | sort | uniq -d)" ] || fail "named twice:" "$(named | sort | uniq -d)"
	local kinds
	kinds=$(awk '/^\*\*[0-9]+\. / { kind = $1; gsub(/[*.]/, "", kind) } /^- `/ && kind != last { print kind; last = kind }' "$PAGE")
	[ "$kinds" = "$(seq 26)" ] || fail "the kinds with a test are: $(tr '\n' ' ' <<<"$kinds")"
}

@test "docs/reliability.md counts the tests of the page" {
	local count
	count=$(named | wc -l)
	grep -qE "\\| $count tests \\| $count right \\|$" "$SOURCE_DIR/docs/reliability.md" ||
		fail "run tests/report reports, and change its row in docs/reliability.md: the page names $count tests"
}
