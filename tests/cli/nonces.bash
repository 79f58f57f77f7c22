# What the suites about nonces share: the modes of the stand-in server, and which of them are good. Load it after helper.

# Everything else that the stand-in can do is to be refused.
GOOD='ok chunked no-expires bad-expires past-expires redirect-once redirect-10
	replaced-once other-replica check-403-unnamed check-500 check-redirect'
WITHOUT_END='never slow endless endless-html endless-header endless-header-line endless-status-line
	endless-status endless-trailers endless-coded huge-length'

setup_file() { suite_key; }

modes() { "$STANDIN" --list-modes | cut -d ' ' -f 1; }

is_one_of() { [[ " ${*:2} " =~ [[:space:]]$1[[:space:]] ]]; }

# For tests/report: each mode of the stand-in whose outcome is the promised one.
as_promised() { printf '%s\n' "$1" >>"$BATS_FILE_TMPDIR/modes"; }

teardown_file() {
	end_processes "$BATS_FILE_TMPDIR"
	echo "# modes: $(sort -u "$BATS_FILE_TMPDIR/modes" | wc -l) as promised" >&3
}
