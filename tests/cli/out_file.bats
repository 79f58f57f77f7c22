# --out-file: which file may be replaced and removed, who may read it, and the warnings about its folder.
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
	# For what stands for a file of an earlier run.
	umask 077
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

# --watch, ended once it has told that the file is none of its own.
watch_until_told() {
	: >"$SCRATCH/said"
	"$CHRONOCTL" token --chronograf-url "$URL" --watch --out-file "$FILE" --priv-key-file "$KEY" \
		2>"$SCRATCH/said" 3>&- 4>&- </dev/null &
	WATCH=$!
	echo $WATCH >>"$SCRATCH/pids"
	wait_for grep -q "something other than tokens" "$SCRATCH/said" || fail "not told: $(cat "$SCRATCH/said" "$FILE")"
	ends || true
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
	printf '%s\0notes\n' "$(expected_token "$KEY")" >"$FILE"
	spared "something other than tokens" --priv-key-file "$KEY"
	printf '%s\n\0notes' "$(expected_token "$KEY")" >"$FILE"
	spared "something other than tokens" --priv-key-file "$KEY"
	head -c 20000 /dev/urandom >"$FILE"
	spared "something other than tokens" --priv-key-file "$KEY"
	head -c 20000 /dev/zero | tr '\0' A >"$FILE"
	spared "something other than tokens" --priv-key-file "$KEY"
	[ "$(requests)" -eq 0 ] || fail "the server was asked"
}

@test "a file with what resembles tokens is refused: more members, other URLs, other lengths, forms that are mixed" {
	local token header json text
	token=$(expected_token "$KEY") header="Authorization: CHRONOGRAF-SHA256 $token"
	json='{"url":"http://h:1","token":"'$token'","header":"'$header'","key":"k","nonce_expires":null,"valid_for_seconds":null,"check":null}'
	for text in "${json%\}},\"mine\":1}" "${json/,\"check\":null/}" "${json/\"url\"/\"token\":\"x\",\"url\"}" \
		"${json/http:/mailto:}" "${json/\"k\"/7}" "[$json]" "$json $json" "${json/\"check\":null/\"check\":1}" \
		"see http://h:1"$'\t'"$token" "ftp://h:1"$'\t'"$token" "notes://"$'\t'"$token" "http://"$'\t'"$token" \
		"http://h 1"$'\t'"$token" "http://h:1"$'\t'"$token"$'\t'"$token" "http://h:1"$'\t'"CHRONOGRAF_TOKEN='$token'" \
		"$token"$'\n'"$token" "$header"$'\n'"$header" "CHRONOGRAF_TOKEN='$token'"$'\n'"CHRONOGRAF_TOKEN='$token'" \
		"$token"$'\n'"http://h:1"$'\t'"$token" "http://h:1"$'\t'"$token"$'\n'"http://h:2"$'\t'"$header" "$json"$'\n'"$token" \
		"$token"$'\n' "http://h:1"$'\t'"$token"$'\n\n'"http://h:2"$'\t'"$token" "${token%?==}B==" "${token%==}" \
		"$(printf %2736s | tr ' ' A)" "CHRONOGRAF_TOKEN='" "CHRONOGRAF_TOKEN=$token" "export CHRONOGRAF_TOKEN='$token'"; do
		printf '%s\n' "$text" >"$FILE"
		spared "something other than tokens" --priv-key-file "$KEY" || fail "with: $text"
	done
	[ "$(requests)" -eq 0 ] || fail "the server was asked"
}

@test "a line of base64 in a file that others can read is nobody's token, and stays; an empty file is replaced" {
	local mode
	head -c 256 /dev/urandom | base64 -w 0 >"$FILE"
	echo >>"$FILE"
	for mode in 644 604 660 700 2640 1600; do
		chmod "$mode" "$FILE"
		spared "exists with mode 0*$mode, which --out-file never gives a file" --priv-key-file "$KEY"
	done
	[ "$(requests)" -eq 0 ] || fail "the server was asked"
	: >"$FILE"
	chmod 644 "$FILE"
	kept
	ends
}

@test "a file of its own is replaced and removed, whatever mode it has been given meanwhile" {
	kept
	chmod 644 "$FILE"
	ends
	[ -z "$(ls -A "$FOLDER")" ] || fail "it stays"
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

@test "the file of an earlier run is replaced in every form" {
	local form old new
	old=$(expected_token "$KEY" an-older-nonce) new=$(expected_token "$KEY")
	leave() { perl -pe "s{\Q$new\E}{$old}g" "$SCRATCH/kept" >"$FILE"; }
	: >"$FILE"
	kept
	ends
	for form in $(words_of token --output); do
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

@test "a file that somebody else puts in its place while it is written stays, with and without the flags of renameat2" {
	local -x ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0"
	local before turn
	export DISK_MOVE=$FOLDER/mine DISK_MOVE_TO=$FILE
	for turn in with without; do
		[ $turn = with ] || local -x DISK_WITHOUT_FLAGS=1
		for before in nothing token; do
			rm -f "$FILE"
			[ $before = nothing ] || expected_token "$KEY" an-older-nonce >"$FILE"
			echo 'important notes' >"$FOLDER/mine"
			LD_PRELOAD=$DISKFAIL watch_until_told
			[ "$(cat "$FILE")" = 'important notes' ] || fail "$turn, $before: $(cat "$FILE")"
			[ "$(ls -A "$FOLDER")" = token ] || fail "$turn, $before: left: $(ls -A "$FOLDER")"
		done
	done
}

@test "a file that somebody else puts in its place while it is removed stays" {
	local -x ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0"
	export DISK_LATE=1 DISK_MOVE=$FOLDER/mine DISK_MOVE_TO=$FILE
	echo 'important notes' >"$FOLDER/mine"
	LD_PRELOAD=$DISKFAIL kept
	ends
	[ "$(cat "$FILE")" = 'important notes' ] || fail "it is lost"
	[ "$(ls -A "$FOLDER")" = token ] || fail "left: $(ls -A "$FOLDER")"
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

@test "a folder of another user is warned of" {
	[ "$(id -u)" -eq 0 ] || skip "only root can give a folder away"
	chown 65534 "$FOLDER"
	kept
	ends
	[ "$(cat "$SCRATCH/said")" = "chronoctl: warning: the folder of '$FILE' belongs to another user, who can replace the file" ] ||
		fail "$(cat "$SCRATCH/said")"
}

@test "the folder is where it was, whatever a module does with the working directory" {
	cd "$FOLDER"
	FILE=token kept
	ends
	[ -z "$(ls -A "$FOLDER")" ] || fail "left: $(ls -A "$FOLDER")"
}

# The fixed name that it had in earlier versions.
@test "nothing beside the file can block it, and nothing is left beside it" {
	mkdir "$FOLDER/.token.new"
	kept
	[ "$(ls -A "$FOLDER" | tr '\n' ' ')" = ".token.new token " ]
	ends
	[ "$(ls -A "$FOLDER")" = .token.new ]
}

@test "the name that it has beside the file is another one each time, and cannot be guessed" {
	local -x ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0"
	local turn
	for turn in 1 2 3; do
		DISK_NAMES=$SCRATCH/names LD_PRELOAD=$DISKFAIL kept
		ends
	done
	[ "$(grep -cE '^\.chronoctl-[0-9a-f]{16}$' "$SCRATCH/names")" -ge 3 ] || fail "$(cat "$SCRATCH/names")"
	[ -z "$(uniq "$SCRATCH/names" | grep -vx token | sort | uniq -d)" ] || fail "twice the same: $(cat "$SCRATCH/names")"
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

@test "a watchdog's SIGABRT while it is written leaves nothing beside it, with and without O_TMPFILE" {
	local -x ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0"
	local turn
	export DISK_ABORT=1
	for turn in with without; do
		[ $turn = with ] || local -x DISK_WITHOUT_TMPFILE=1
		LD_PRELOAD=$DISKFAIL run timeout "$PATIENCE" "$CHRONOCTL" token --chronograf-url "$URL" --watch --out-file "$FILE" \
			--priv-key-file "$KEY"
		[ "$status" -eq 134 ] || fail "$turn: status $status: $output"
		[ -z "$(ls -A "$FOLDER")" ] || fail "$turn: left: $(ls -A "$FOLDER")"
	done
}

# ---- Its mode and its group ----

# A group that this user may give a file to and that new files do not get by default, if there is one.
group_to_give() {
	local own
	own=$(id -gn)
	if [ "$(id -u)" -eq 0 ]; then
		awk -F: -v own="$own" '$1 != own { print $1; exit }' /etc/group
	else
		{ id -Gn | tr ' ' '\n' | grep -vxF "$own" || echo "$own"; } | head -n 1
	fi
}

nothing_is_done() { # REQUESTS
	[ -z "$(ls -A "$FOLDER")" ] || fail "there is a file" || return
	[ ! -e "$SCRATCH/asked" ] || fail "the PIN is read" || return
	[ "$(requests)" -eq "$1" ] || fail "a server is asked"
}

@test "--out-mode and --out-group: who reads it, in every form and for several servers, whatever the umask" {
	local group form mask
	group=$(group_to_give)
	for mask in 000 077; do
		umask "$mask"
		for form in $(words_of token --output); do
			kept -o "$form" --out-mode 0640 --out-group "$group"
			[ "$(stat -c '%a %G' "$FILE")" = "640 $group" ] || fail "$form: $(ls -l "$FILE")"
			ends
		done
	done
	kept --chronograf-url "$URL/s/1" --out-group "$group" -o json
	[ "$(stat -c '%a %G' "$FILE")" = "640 $group" ] || fail "a list: $(ls -l "$FILE")"
	ends
	for form in 0400 0440 0600; do
		kept --out-mode "$form"
		[ "$(stat -c %a "$FILE")" = "${form#0}" ] || fail "$form: $(ls -l "$FILE")"
		ends
	done
	[ ! -s "$SCRATCH/said" ] || fail "$(cat "$SCRATCH/said")"
}

@test "without them it is the owner's alone, and --out-group alone lets the group read it; a number is a group, too" {
	local group
	group=$(getent group "$(group_to_give)" | cut -d : -f 3)
	umask 000
	kept
	[ "$(stat -c '%a %g' "$FILE")" = "600 $(id -g)" ]
	ends
	kept --out-group "$group"
	[ "$(stat -c '%a %g' "$FILE")" = "640 $group" ]
	ends
	kept --out-mode 0400 --out-group "$group"
	[ "$(stat -c '%a %g' "$FILE")" = "400 $group" ]
	ends
}

@test "its mode and group are there before it has a name, with and without O_TMPFILE" {
	local -x ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0"
	local group order turn
	group=$(group_to_give)
	for turn in with without; do
		[ $turn = with ] || local -x DISK_WITHOUT_TMPFILE=1
		DISK_LOG=$SCRATCH/disk.$turn LD_PRELOAD=$DISKFAIL kept --out-group "$group"
		ends
		# The first file is the one that is made to see whether it can be; then the one of an earlier run is moved away.
		order=$(grep -vx close "$SCRATCH/disk.$turn" | tr '\n' ' ')
		[[ $order =~ open\ fchown\ fchmod\ renameat2\ open\ fchown\ fchmod\ fsync\ (linkat\ )?renameat ]] ||
			fail "the order is another, $turn O_TMPFILE: $order"
	done
}

@test "a file that cannot be given its mode or group gets no name: it is told, and tried again" {
	local -x ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0"
	local call group
	group=$(group_to_give)
	for call in fchown fchmod; do
		DISK_FAIL=$call:2 LD_PRELOAD=$DISKFAIL kept --out-group "$group"
		[ "$(stat -c '%a %G' "$FILE")" = "640 $group" ]
		[ "$(grep -cE "cannot give '.*/token' .*: Input/output error" "$SCRATCH/said")" -eq 1 ] || fail "$(cat "$SCRATCH/said")"
		[ "$(ls -A "$FOLDER")" = token ]
		ends
	done
}

@test "a mode by which others write it, run it, or everyone reads it is refused, and so is what is none" {
	local mode before
	before=$(requests)
	for mode in 0644 0666 0660 0620 0700 0750 4640 0200 0040 0000 600 0o640 rw-r----- ''; do
		watched --priv-key-file "$KEY" --out-mode "$mode" --pin-source "|touch $SCRATCH/asked"
		refused 2 "--out-mode is 0600, 0640, 0400 or 0440, not '$mode'"
	done
	nothing_is_done "$before"
}

@test "a group that is not there is refused before the PIN is read and a server asked" {
	local group before
	before=$(requests)
	for group in no-such-group 4294967295 99999999999999999999 12x '' "it's;false"; do
		watched --priv-key-file "$KEY" --out-group "$group" --pin-source "|touch $SCRATCH/asked"
		refused 2 "no group '$group' in /etc/group"
		[ "$(advised 'getent group ' ')')" = "$group" ]
	done
	nothing_is_done "$before"
}

@test "a group that the user is not in is refused before the PIN is read and a server asked" {
	need_user
	# Group 0 is nobody's here.
	local group=0 before
	before=$(requests)
	chmod 777 "$FOLDER"
	run --separate-stderr as_user setsid -w timeout "$PATIENCE" "$CHRONOCTL" token --chronograf-url "$URL" --watch \
		--out-file "$FILE" --priv-key-file "$KEY" --out-group "$group" --pin-source "|touch $SCRATCH/asked" --quiet
	refused 2 "this user is not in the group '$group', and so cannot give '$FILE' to it"
	nothing_is_done "$before"
}

@test "a member of the group gives the file to it without being root" {
	[ "$(id -u)" -eq 0 ] || skip "only root can choose the groups of a process"
	local group
	group=$(group_to_give)
	chmod 777 "$FOLDER"
	setpriv --reuid=65534 --regid=65534 --groups="$(getent group "$group" | cut -d : -f 3)" --inh-caps=-all,+dac_override \
		--ambient-caps=-all,+dac_override -- "$CHRONOCTL" token --chronograf-url "$URL" --watch --out-file "$FILE" \
		--priv-key-file "$KEY" --out-group "$group" --quiet 2>"$SCRATCH/said" 3>&- 4>&- </dev/null &
	WATCH=$!
	echo $WATCH >>"$SCRATCH/pids"
	wait_for [ -s "$FILE" ] || fail "no file: $(cat "$SCRATCH/said")"
	[ "$(stat -c '%a %u %G' "$FILE")" = "640 65534 $group" ] || fail "$(ls -ln "$FILE")"
	[ ! -s "$SCRATCH/said" ] || fail "$(cat "$SCRATCH/said")"
	ends
}

@test "--out-mode and --out-group without --out-file are a usage error" {
	chronoctl_token --priv-key-file "$KEY" --out-mode 0640
	refused 2 'rights of --out-file'
	chronoctl token --nonce "$NONCE" --priv-key-file "$KEY" --out-group "$(id -gn)"
	refused 2 'rights of --out-file'
}
