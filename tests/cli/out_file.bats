# --out-file: which file may be replaced and removed, and what is said of its folder before anything is asked.
load helper

setup_file() {
	suite_key
	start_standin --pub-key-file "$PUB"
}

setup() {
	private_environment
	FOLDER=$BATS_TEST_TMPDIR/run
	FILE=$FOLDER/token
	mkdir "$FOLDER"
}

# kept ARGUMENT…: --watch, ended once the file holds tokens and nothing but.
kept() {
	rm -f "$SCRATCH/kept"
	"$CHRONOCTL" token --chronograf-url "$URL" --watch --out-file "$FILE" --priv-key-file "$KEY" "$@" \
		>"$SCRATCH/printed" 2>"$SCRATCH/said" 3>&- 4>&- </dev/null &
	WATCH=$!
	echo $WATCH >>"$SCRATCH/pids"
	holds_token() { grep -qF "$(expected_token "$KEY")" "$FILE" 2>/dev/null; }
	wait_for holds_token || fail "no token: $(cat "$SCRATCH/said")"
	cp "$FILE" "$SCRATCH/kept"
}

ends() {
	kill -TERM "$WATCH"
	wait "$WATCH"
}

watched() { # ARGUMENT…
	chronoctl_token --watch --out-file "$FILE" --no-prompt "$@"
}

# spared REGEX ARGUMENT…: refused with that, and the file is as it was.
spared() {
	local before
	before=$(sha256sum "$FILE")
	watched "${@:2}"
	refused 2 "$1"
	[ "$(sha256sum "$FILE")" = "$before" ] || fail "the file is another"
	[ "$(ls -A "$FOLDER")" = token ] || fail "something is left beside it: $(ls -A "$FOLDER")"
}

@test "a file with anything but tokens in it is refused before anything is asked, and stays" {
	local text
	for text in 'important notes' 'http://localhost:8888' "$PIN" '{"token": "x"}' "CHRONOGRAF_TOKEN='x'" \
		"$(expected_token "$KEY")x" "$(printf 'name\t%s' "$(expected_token "$KEY")")" \
		"$(expected_token "$KEY")"$'\n'notes; do
		printf '%s\n' "$text" >"$FILE"
		spared "something other than tokens" --priv-key-file "$KEY"
	done
	head -c 20000 /dev/urandom >"$FILE"
	spared "something other than tokens" --priv-key-file "$KEY"
	head -c 20000 /dev/zero | tr '\0' A >"$FILE"
	spared "something other than tokens" --priv-key-file "$KEY"
	[ "$(requests)" -eq 0 ] || fail "the server was asked"
}

@test "the key file is never replaced: named twice, by a hard link, or a symbolic one" {
	cp "$KEY" "$FILE"
	spared "something other than tokens" --priv-key-file "$FILE"
	ln -f "$FILE" "$SCRATCH/link"
	spared "something other than tokens" --priv-key-file "$SCRATCH/link"
	ln -sf "$FILE" "$SCRATCH/link"
	spared "something other than tokens" --priv-key-file "$SCRATCH/link"
}

@test "the PIN file is never replaced, though what is in it looks like a token" {
	expected_token "$KEY" >"$FILE"
	spared "its PIN" --priv-key-file "$KEY" --pin-source "$FILE"
	spared "its PIN" --priv-key-file "$KEY" --pin-source "file://$FILE"
	ln "$FILE" "$SCRATCH/link"
	spared "its PIN" --priv-key-file "$KEY" --pin-source "$SCRATCH/link"
	spared "its PIN" --priv-key-file 'pkcs11:object=x?pin-source='"$FILE"
	CREDENTIALS_DIRECTORY=$FOLDER spared "its PIN" --priv-key-file "$KEY" --pin-source credential:token
	spared "its PIN" --priv-key-file "$KEY" --pin-source fd:7 7<"$FILE"
}

@test "a file of an earlier time is replaced in every form" {
	local form old new
	old=$(expected_token "$KEY" an-older-nonce) new=$(expected_token "$KEY")
	leave() { perl -pe "s{\Q$new\E}{$old}g" "$SCRATCH/kept" >"$FILE"; }
	: >"$FILE"
	kept
	ends
	for form in token header env json; do
		kept -o "$form"
		ends
		leave
		kept --chronograf-urls-from /dev/null -o "$form"
		ends
		leave
	done
	kept
	ends
}

@test "a file that somebody else puts in its place meanwhile is not removed" {
	kept
	echo 'important notes' >"$FILE.new"
	mv "$FILE.new" "$FILE"
	ends || true
	[ "$(cat "$FILE")" = 'important notes' ]
}

@test "a folder that is not there, or cannot be written, is an error before a PIN is asked for" {
	chronoctl_token --watch --out-file "$FOLDER/no/token" --priv-key-file "$KEY" --pin-source "|touch $SCRATCH/asked"
	refused 1 "open the folder.*No such file"
	chronoctl_token --watch --out-file "$FOLDER/" --priv-key-file "$KEY"
	refused 2 "not a file's name"
	chronoctl_token --watch --out-file /proc/token --priv-key-file "$KEY" --pin-source "|touch $SCRATCH/asked"
	refused 1 "make a file in the folder of '/proc/token'"
	[ ! -e "$SCRATCH/asked" ]
}

@test "a folder that others can write to is warned of, but not a sticky one" {
	chmod 777 "$FOLDER"
	kept
	grep -q "warning: others can write to the folder" "$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
	ends
	chmod 1777 "$FOLDER"
	kept
	ends
	[ ! -s "$SCRATCH/said" ] || fail "$(cat "$SCRATCH/said")"
}

@test "the folder is where it was, whatever a module does with the working directory" {
	cd "$FOLDER"
	FILE=token kept
	ends
	[ -z "$(ls -A "$FOLDER")" ] || fail "left: $(ls -A "$FOLDER")"
}

# The fixed name that it once had beside the file.
@test "nothing beside the file can block it, and nothing is left beside it" {
	mkdir "$FOLDER/.token.new"
	kept
	[ "$(ls -A "$FOLDER" | tr '\n' ' ')" = ".token.new token " ]
	ends
	[ "$(ls -A "$FOLDER")" = .token.new ]
}

@test "where the file system has no files without a name, it is the same" {
	local -x ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0"
	mkdir "$FOLDER/.token.new"
	DISK_WITHOUT_TMPFILE=1 LD_PRELOAD=$DISKFAIL kept
	[ "$(ls -A "$FOLDER" | tr '\n' ' ')" = ".token.new token " ]
	[ "$(stat -c %a "$FILE")" = 600 ]
	ends
	[ "$(ls -A "$FOLDER")" = .token.new ]
	[ ! -s "$SCRATCH/said" ] || fail "$(cat "$SCRATCH/said")"
}
