# docs/troubleshooting.md: its messages are those of the source, and in the order of their letters.
load helper

PAGE=$SOURCE_DIR/docs/troubleshooting.md

messages() { sed -n 's/^\*\*`\(.*\)`\*\*$/\1/p' "$PAGE"; }

# Every string of the source on a line, as the page would have it: literals in a row are one, and what printf puts in is ….
# The character '"' begins none.
strings_of_source() {
	find "$SOURCE_DIR/src" -name '*.[ch]' -exec cat {} + | tr '\n\t' '  ' |
		sed -E "s/'\\\\?\"'/ /g" | sed -E 's/([^\\])" *"/\1/g; s/([^\\])" *"/\1/g' |
		grep -oE '"([^"\\]|\\.)*"' |
		sed -E 's/%%/\x01/g; s/%[-+ #0]*[0-9]*(\.[0-9*]+)?(hh?|ll?|z|j|t)?[a-zA-Z]/…/g; s/\x01/%/g; s/\\"/"/g'
}

@test "each message of the page is in the source" {
	strings_of_source >"$SCRATCH/strings"
	[ "$(wc -l <"$SCRATCH/strings")" -gt 1000 ] || fail "the source has hardly a string"
	[ "$(messages | wc -l)" -ge 40 ] || fail "the page has hardly a message"
	local message gone=
	while IFS= read -r message; do
		grep -qF -e "$message" "$SCRATCH/strings" || gone+=$'\n'"  $message"
	done < <(messages)
	[ -z "$gone" ] || fail "src/ no longer says this. Change these lines of docs/troubleshooting.md (… stands for each %s), or remove their entries:$gone"
}

letters() { tr '[:upper:]' '[:lower:]' | sed -E 's/[^a-z0-9 ]//g; s/^ +//'; }

@test "the messages are in the order of their letters" {
	local order
	order=$(diff <(messages | LC_ALL=C letters) <(messages | LC_ALL=C letters | LC_ALL=C sort)) ||
		fail "move these entries of docs/troubleshooting.md (<: as it is, >: as it should be):" "$order"
}

@test "each message has a cause or a cure below it" {
	local bare
	bare=$(awk '/^\*\*`/ { if (message != "") print message; message = $0; next } NF { message = "" } END { if (message != "") print message }' "$PAGE")
	[ -z "$bare" ] || fail "$bare"
}
