# What the suites of --watch share: a key in a file and in a token, and chronoctl in the background. Load it after helper.

setup_file() {
	suite_key_in_token estate
	suite_pin_file
}

setup() {
	private_environment
	FILE=$BATS_TEST_TMPDIR/run/token
	mkdir "$BATS_TEST_TMPDIR/run"
}

# watch ARGUMENT…: in the background. Sets WATCH; its words go to $BATS_TEST_TMPDIR/said.
watch() {
	# Of an earlier one, which is not to be read for this one's.
	: >"$BATS_TEST_TMPDIR/said"
	"$CHRONOCTL" token --chronograf-url "$URL" --watch --out-file "$FILE" --poll-interval 1 "$@" \
		>"$BATS_TEST_TMPDIR/printed" 2>"$BATS_TEST_TMPDIR/said" 3>&- 4>&- </dev/null &
	WATCH=$!
	echo $WATCH >>"$SCRATCH/pids"
}

watch_token() {
	watch --priv-key-file 'pkcs11:object=chronograf' --pin-source "$PIN_FILE" "$@"
}

# ended_with STATUS: and has left no file, not even a temporary one.
ended_with() {
	status=0
	timeout "$PATIENCE" tail --pid="$WATCH" -s 0.05 -f /dev/null || fail "it does not end"
	wait "$WATCH" || status=$?
	[ "$status" -eq "$1" ] || fail "exit status $1 expected" "$(cat "$BATS_TEST_TMPDIR/said")" || return
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/run")" ] || fail "something is left:" "$(ls -A "$BATS_TEST_TMPDIR/run")"
}

# of_earlier_run NAME: a file as one has left it.
of_earlier_run() {
	(umask 077 && expected_token "$KEY" other-nonce >"$1")
}

lives() { kill -0 "$WATCH" || fail "it has ended: $(cat "$BATS_TEST_TMPDIR/said")"; }
said() { grep -qE -e "$1" "$BATS_TEST_TMPDIR/said"; }
times_said() { grep -cE -e "$1" "$BATS_TEST_TMPDIR/said" || true; }
appears() { wait_for [ -s "$FILE" ] || fail "there is no file: $(cat "$BATS_TEST_TMPDIR/said")"; }
is_gone() { [ ! -e "$FILE" ]; }
goes() { wait_for is_gone || fail "the file stays"; }
# Read once: while a signature waits for its second, there may be no file.
differs() {
	local now
	now=$(cat "$FILE" 2>/dev/null) && [ -n "$now" ] && [ "$now" != "$1" ]
}
logged() { [ "$(grep -cF "$1" "$STANDIN_LOG")" -ge "$2" ]; } # TEXT TIMES
logins() { [ "$(calls C_Login)" -ge "$1" ]; }

# control SETTING: the shim obeys from now on.
control() {
	echo "$1" >"$SHIM_CONTROL.new"
	mv "$SHIM_CONTROL.new" "$SHIM_CONTROL"
}

# The server accepts what stands in the file.
accepted() {
	[ "$(curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: CHRONOGRAF-SHA256 $(cat "$FILE")" \
		"$URL/chronograf/v1/mappings")" = 200 ]
}

replace_nonce() { kill -HUP "$(tail -n 1 "$SCRATCH/standin_pid")"; }

# As start_standin, and its process can be signalled.
start_server() {
	start_standin --pub-key-file "$PUB" "$@"
	tail -n 1 "$SCRATCH/pids" >"$SCRATCH/standin_pid"
}

signal_server() { kill "-$1" "$(cat "$SCRATCH/standin_pid")"; }
