# What the suites about new keys share: a look into the token and onto the disk by other tools than ours, and the
# sweep, which lets each Cryptoki call fail once. Load it after helper.

BITS=1280 # the least that is quick and not refused

# The objects in the one token of $SOFTHSM2_CONF, as files of SoftHSM: it keeps an object a file.
objects() { find "${SOFTHSM2_CONF%/*}/tokens" -name '*.object' ! -name token.object | wc -l; }

# listed TYPE LABEL: what pkcs11-tool says of an object; it lists them all, whatever --label says.
listed() { # privkey|pubkey LABEL
	pkcs11-tool --module "$SOFTHSM" --login --pin "$PIN" --list-objects --type "$1" 2>/dev/null |
		awk -v label="$2" '
			function end() { if (mine) printf "%s", object; object = ""; mine = 0 }
			/^[^ ]/ { end() }
			{ object = object $0 "\n" }
			$1 == "label:" && $2 == label { mine = 1 }
			END { end() }'
}

# By OpenSC's `ID: 0102`, and since 0.27 `ID: 258 (0x01:02)`.
id_of() { listed "$1" "$2" | sed -nE '/^ *ID: */ { s///; s/.*\(0x(.*)\)/\1/; s/^0x//; s/://g; p }'; }

# What the private and the public half may do, and how they are guarded (ACCESS), by pkcs11-tool.
signs_and_stays() { # LABEL ACCESS
	local text
	text=$(listed privkey "$1")
	[ "$(grep -c '^Private Key Object' <<<"$text")" -eq 1 ] || fail "not one private key:" "$text" || return
	grep -qxE ' *Usage: *sign' <<<"$text" || fail "it may not just sign:" "$text" || return
	grep -qxE " *Access: *$2" <<<"$text" || fail "access is not '$2':" "$text" || return
}

verifies_only() { # LABEL ACCESS
	local text
	text=$(listed pubkey "$1")
	[ "$(grep -c '^Public Key Object' <<<"$text")" -eq 1 ] || fail "not one public key:" "$text" || return
	grep -qxE ' *Usage: *verify' <<<"$text" || fail "it may not just verify:" "$text" || return
	grep -qxE " *Access: *$2" <<<"$text" || fail "access is not '$2':" "$text" || return
}

hidden_without_login() { # LABEL
	! pkcs11-tool --module "$SOFTHSM" --list-objects --type privkey --label "$1" 2>/dev/null | grep -q 'Private Key'
}

# The same token as at the start, whatever a run has done to it.
renew_token() {
	rm -rf "$BATS_TEST_TMPDIR/own"
	SOFTHSM2_CONF=$D/softhsm/softhsm2.conf
	own_tokens
}

# whole_or_nothing FILE…: either it says that it went well, and everything is there, or the reason, and nothing is.
whole_or_nothing() {
	local file
	if [ "$status" -eq 0 ]; then
		[ "$(objects)" -eq 2 ] && [[ $output == pkcs11:*object=* ]] ||
			fail "success, and $(objects) objects" || return
		for file; do [ -s "$file" ] || fail "success, and no file $file" || return; done
	else
		[ "$(objects)" -eq 0 ] || fail "failure, and $(objects) objects are left" || return
		[ -z "$output" ] && [ -n "$stderr" ] || fail "failure, and not just a message" || return
		for file; do [ ! -e "$file" ] || fail "failure, and the file $file is left" || return; done
	fi
}

# sweep COMMAND…: runs it once for each Cryptoki call of a good run, with that call failing. `pub` is a file that it may
# make. Sets cases and survivors.
sweep() {
	local name names files=()
	declare -A turn=()
	use_shim
	chronoctl "$@"
	[ "$status" -eq 0 ] || fail "the good run fails" || return
	mapfile -t names < <(cut -d ' ' -f 1 "$SHIM_LOG")
	cases=0 survivors=0
	[ ! -e pub ] || files=(pub)
	for name in "${names[@]}"; do
		turn[$name]=$((${turn[$name]:-0} + 1))
		[ "$name" != C_GetFunctionList ] || continue
		renew_token
		rm -f pub
		SHIM_FAIL=$name:${turn[$name]}=CKR_DEVICE_ERROR chronoctl "$@"
		whole_or_nothing "${files[@]}" || fail "with $name:${turn[$name]} failing" || return
		cases=$((cases + 1))
		[ "$status" -ne 0 ] || survivors=$((survivors + 1))
	done
}

# with_disk SETTING… -- ARGUMENT…: chronoctl, and nothing else, on a disk that fails or keeps a log.
with_disk() {
	local WRAPPER=(env LD_PRELOAD="$DISKFAIL" ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0")
	while [ "$1" != -- ]; do
		WRAPPER+=("$1")
		shift
	done
	chronoctl "${@:2}"
}

# unread ARGUMENT…: chronoctl, whose standard output is a full pipe that nobody reads, is $UNREAD.
unread() {
	mkfifo "$SCRATCH/unread"
	exec 9<>"$SCRATCH/unread"
	fill_pipe "$SCRATCH/unread"
	"$CHRONOCTL" "$@" >"$SCRATCH/unread" 2>"$SCRATCH/err" 3>&- 9>&- &
	UNREAD=$!
	echo "$UNREAD" >>"$SCRATCH/pids"
}

# ends_unread SIGNAL: the signal ends it, and SIGINT, which a shell's background job ignores, does not; with the status and the words of a signal that takes a pair back.
ends_unread() {
	local status=0
	kill -INT "$UNREAD"
	# What is left to do before it waits, and until it would have heard.
	sleep 1
	kill "-$1" "$UNREAD" || fail "it does not wait: $(cat "$SCRATCH/err")"
	timeout "$PATIENCE" tail --pid="$UNREAD" -s 0.05 -f /dev/null || fail "SIG$1 does not end it"
	exec 9>&-
	wait "$UNREAD" || status=$?
	[ "$status" -eq $((128 + $(kill -l "$1"))) ] || fail "exit status $status: $(cat "$SCRATCH/err")"
	grep -q '^chronoctl: interrupted; what was made is taken back' "$SCRATCH/err" || fail "$(cat "$SCRATCH/err")"
}

# stays NAME: SIGTERM ends what is unread, and another file that gets the name NAME meanwhile, before or after what has it is looked
# at, stays.
stays() {
	local -x ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0"
	local turn
	for turn in before after; do
		echo precious >"$SCRATCH/mine"
		rm -f "$SCRATCH/unread"
		[ $turn = before ] || local -x LD_PRELOAD=$DISKFAIL DISK_LATE=1 DISK_MOVE=$SCRATCH/mine DISK_MOVE_TO=$PWD/$1
		unread "${@:2}"
		wait_for [ -s "$1" ] || fail "$(cat "$SCRATCH/err")"
		[ $turn = after ] || mv "$SCRATCH/mine" "$1"
		ends_unread TERM
		[ "$(cat "$1")" = precious ] || fail "$turn: it is lost"
		[ "$(ls -A)" = "$1" ] || fail "$turn: left: $(ls -A)"
		grep -q "'$1' is another file now, and stays" "$SCRATCH/err" || fail "$(cat "$SCRATCH/err")"
		rm "$1"
	done
}

# ends_waiting ARGUMENT…: SIGTERM ends chronoctl while it waits for a pipe, $SCRATCH/pipe, that nobody fills.
ends_waiting() {
	local status=0 process
	[ -p "$SCRATCH/pipe" ] || mkfifo -m 600 "$SCRATCH/pipe"
	"$CHRONOCTL" "$@" >"$SCRATCH/out" 2>"$SCRATCH/err" 3>&- &
	process=$!
	echo "$process" >>"$SCRATCH/pids"
	# Until it waits.
	sleep 1
	kill -TERM "$process" || fail "it does not wait: $(cat "$SCRATCH/err")"
	timeout "$PATIENCE" tail --pid="$process" -s 0.05 -f /dev/null || fail "SIGTERM does not end it"
	wait "$process" || status=$?
	[ "$status" -eq 143 ] || fail "exit status $status: $(cat "$SCRATCH/err")"
}
