# --watch stays logged in: what becomes of a key, a PIN, a module, and of the file when it ends.
load helper
load watching

@test "a token that is pulled out and put back: no stale file meanwhile, then a new one" {
	use_shim
	export SHIM_CONTROL=$BATS_TEST_TMPDIR/control
	: >"$SHIM_CONTROL"
	start_server
	watch_token
	appears
	control 'SHIM_FAIL=C_Sign:*=CKR_DEVICE_REMOVED,C_Initialize:*=CKR_DEVICE_REMOVED'
	replace_nonce
	goes
	said "the token was removed or does not answer; check that it is plugged in"
	lives
	control ''
	appears
	wait_for accepted
	said "the key is back"
	kill -TERM "$WATCH"
	ended_with 0
}

@test "a session that is lost once is reopened at once, with the first PIN" {
	use_shim
	start_server
	SHIM_PULL=C_Sign:2 SHIM_PULL_CALLS=1 watch --priv-key-file 'pkcs11:object=chronograf' \
		--pin-source fd:7 7<"$PIN_FILE"
	appears
	replace_nonce
	wait_for logins 2 || fail "no second login"
	wait_for accepted || fail "no new token"
	lives
}

@test "a PIN that is refused when the token is back is not tried again: exit 3" {
	use_shim
	start_server
	SHIM_PULL=C_Sign:2 SHIM_PULL_CALLS=1 SHIM_FAIL=C_Login:2=CKR_PIN_INCORRECT watch_token
	appears
	replace_nonce
	ended_with 3
	called C_Login 2
	said "wrong PIN"
}

@test "if a login cannot be seen, a lost key is not reopened: exit 3" {
	[ -n "$("$CHRONOCTL" --version | grep 'signer libp11')" ] || skip "the signer libp11 is not built in"
	use_shim
	export SHIM_CONTROL=$BATS_TEST_TMPDIR/control
	: >"$SHIM_CONTROL"
	start_server
	watch_token --signer libp11
	appears
	control SHIM_FAIL=C_Sign:*=CKR_DEVICE_ERROR
	replace_nonce
	ended_with 3
	called C_Login 1
}

@test "a key that cannot be opened in the first place: exit 3, and nothing is tried again" {
	start_server
	printf 99999 >"$BATS_TEST_TMPDIR/wrong"
	use_shim
	own_tokens
	watch_token --pin-source "$BATS_TEST_TMPDIR/wrong"
	ended_with 3
	called C_Login 1
}

@test "SIGHUP reopens the key, and new tokens replace the old ones; the file is there all the time" {
	local old
	cp "$KEY" "$BATS_TEST_TMPDIR/changing"
	start_server
	watch --priv-key-file "$BATS_TEST_TMPDIR/changing"
	appears
	old=$(cat "$FILE")
	new_key "$BATS_TEST_TMPDIR/changing"
	sleep 1.5
	[ "$(cat "$FILE")" = "$old" ]
	kill -HUP "$WATCH"
	wait_for differs "$old"
	[ "$(cat "$FILE")" = "$(expected_token "$BATS_TEST_TMPDIR/changing")" ]
	[ ! -s "$BATS_TEST_TMPDIR/said" ]
	lives
}

@test "SIGHUP logs in again, with the first PIN" {
	use_shim
	start_server
	watch_token --pin-source fd:7 7<"$PIN_FILE"
	appears
	kill -HUP "$WATCH"
	wait_for logins 2
	sleep 0.5
	lives
	[ -s "$FILE" ]
}

@test "SIGHUP and SIGTERM reach it past a thread of a module that blocks none" {
	use_shim
	start_server
	SHIM_THREAD=C_Initialize:1 watch_token
	appears
	kill -HUP "$WATCH"
	wait_for logins 2 || fail "SIGHUP does not open the key anew" "$(cat "$BATS_TEST_TMPDIR/said")"
	lives
	appears
	kill -TERM "$WATCH"
	ended_with 0
}

@test "SIGTERM ends a key process that was stopped on its own" {
	start_server
	watch_token
	appears
	kill -STOP "$(pgrep -P "$WATCH")"
	kill -TERM "$WATCH"
	ended_with 0
}

@test "a signal that a module makes up is a failure, and so is one that was sent to the key process alone" {
	use_shim
	start_server
	SHIM_RAISE_LATER=C_Sign:1 watch_token
	ended_with 1
	said 'ended by a signal: Terminated'
	watch_token
	appears
	kill -TERM "$(pgrep -P "$WATCH")"
	ended_with 1
	said 'ended by a signal that was not sent to this one'
}

@test "SIGHUP reopens the key with the loaded modules: none is initialised again" {
	use_shim
	start_server
	watch_token
	appears
	: >"$SHIM_LOG"
	kill -HUP "$WATCH"
	wait_for logins 1
	wait_for called C_Sign 1
	called C_Initialize 0
	called C_Finalize 0
	called C_GetFunctionList 0
	lives
}

@test "SIGHUP reopens the key by the signer libp11, too" {
	"$CHRONOCTL" --version | grep -q 'signer libp11' || skip 'it is not built in'
	use_shim
	start_server
	watch_token --signer libp11
	appears
	: >"$SHIM_LOG"
	kill -HUP "$WATCH"
	wait_for logins 1
	wait_for called C_Sign 1
	sleep 0.5
	lives
	[ -s "$FILE" ]
}

@test "SIGTERM ends it while it waits, after SIGHUP, for a key from a FIFO that nobody fills: exit 0, and no file" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	start_server
	feed "$KEY" "$BATS_TEST_TMPDIR/fifo"
	watch --priv-key-file "$BATS_TEST_TMPDIR/fifo"
	appears
	kill -HUP "$WATCH"
	sleep 1
	lives
	kill -TERM "$WATCH"
	PATIENCE=10 ended_with 0
}

@test "SIGTERM ends it while a module keeps it waiting, at the login of SIGHUP and at a signature: exit 0, and no file" {
	use_shim
	start_server
	SHIM_HANG=C_Login:2 watch_token
	appears
	kill -HUP "$WATCH"
	wait_for logins 2
	kill -TERM "$WATCH"
	PATIENCE=10 ended_with 0
	: >"$SHIM_LOG"
	SHIM_HANG=C_Sign:2 watch_token
	appears
	replace_nonce
	wait_for called C_Sign 2
	kill -TERM "$WATCH"
	PATIENCE=10 ended_with 0
}

@test "a PIN is offered twice at most while the token does not say whether it is right" {
	local answer
	use_shim
	export SHIM_CONTROL=$BATS_TEST_TMPDIR/control
	start_server
	for answer in CKR_SESSION_HANDLE_INVALID CKR_DEVICE_REMOVED; do
		: >"$SHIM_CONTROL"
		: >"$SHIM_LOG"
		watch_token
		appears
		control "SHIM_FAIL=C_Login:*=$answer"
		kill -HUP "$WATCH"
		ended_with 3
		said "the PIN is not tried again automatically"
		[ "$(calls C_Login)" -eq 3 ] || fail "$answer: $(calls C_Login) logins"
	done
}

@test "the same for a key that requires its PIN at each signature: the other login, which succeeds, does not count for it" {
	use_shim
	start_server
	export SHIM_ATTRIBUTE=CKA_ALWAYS_AUTHENTICATE=1 SHIM_CONTEXT_PIN=$PIN
	SHIM_FAIL=$(for ((i = 4; i < 40; i += 2)); do printf 'C_Login:%d=CKR_SESSION_HANDLE_INVALID,' "$i"; done)
	export SHIM_FAIL=${SHIM_FAIL%,}
	watch_token
	appears
	kill -HUP "$WATCH"
	ended_with 3
	said "the PIN is not tried again automatically"
	[ "$(grep -c '^C_Login CKR_SESSION_HANDLE_INVALID' "$SHIM_LOG")" -eq 2 ] || fail "$(grep C_Login "$SHIM_LOG")"
}

@test "a token that has come to its last try: a key that requires its PIN at each signature does not get it, with any signer" {
	local signer
	use_shim
	export SHIM_CONTROL=$BATS_TEST_TMPDIR/control
	export SHIM_ATTRIBUTE=CKA_ALWAYS_AUTHENTICATE=1 SHIM_CONTEXT_PIN=$PIN
	for signer in $("$CHRONOCTL" --version | sed -n 's/^ *signer \(pkcs11\|libp11\|engine\) .*/\1/p'); do
		[ "$signer" != engine ] || [ -e "$(openssl version -e | cut -d '"' -f 2)/pkcs11.so" ] || continue
		unwind_engine "--signer $signer"
		: >"$SHIM_CONTROL"
		start_server
		watch_token --signer "$signer"
		appears
		control 'SHIM_TOKEN_FLAGS=+CKF_USER_PIN_FINAL_TRY'
		: >"$SHIM_LOG"
		replace_nonce
		wait_for said 'one try is left before its PIN locks. No PIN was tried' || fail "$(cat "$BATS_TEST_TMPDIR/said")"
		kill -TERM "$WATCH" || true # with the other signers it has ended
		wait "$WATCH" || true
		called C_Login 0
	done
}

@test "behind a socket, where the login of the signer libp11 is not the only one, a PIN that is refused is not tried again: exit 3" {
	[ -n "$("$CHRONOCTL" --version | grep 'signer libp11')" ] || skip "the signer libp11 is not built in"
	local client
	client=$(first_of /usr/lib/*/pkcs11/p11-kit-client.so /usr/lib/pkcs11/p11-kit-client.so)
	use_shim
	export SHIM_CONTROL=$BATS_TEST_TMPDIR/control
	: >"$SHIM_CONTROL"
	start_server
	serve_tokens "$SHIM"
	watch_token --signer libp11 --pkcs11-module "$client"
	appears
	: >"$SHIM_LOG"
	control SHIM_FAIL=C_Login:*=CKR_PIN_INCORRECT
	kill -HUP "$WATCH"
	ended_with 3
	called C_Login 1
}

@test "while a module keeps it waiting, no file stays whose tokens have ended" {
	use_shim
	start_server --nonce-expiration 5
	SHIM_HANG=C_Sign:2 watch_token
	appears
	wait_for called C_Sign 2
	PATIENCE=8 goes
	lives
	pgrep -P "$WATCH"
	kill -TERM "$WATCH"
	PATIENCE=10 ended_with 0
}

@test "SIGTERM ends it even if a module ignores that signal and hangs: exit 0, no file, and the module is named" {
	use_shim
	start_server
	SHIM_DEAF=C_Sign:2 SHIM_HANG=C_Sign:2 watch_token
	appears
	replace_nonce
	wait_for called C_Sign 2
	kill -TERM "$WATCH"
	PATIENCE=30 ended_with 0
	said "warning: the PKCS#11 module '.*' kept the process from ending, in C_Sign: it was killed"
}

@test "a module that takes the descriptors' limit away ends it with an error, and without a file" {
	use_shim
	start_server
	SHIM_LOG="" SHIM_NO_FILES=C_Sign:2 watch_token
	appears
	replace_nonce
	ended_with 1
	said 'cannot wait for servers and signals: '
}

@test "SIGHUP does not read the PIN again, even if it came from a FIFO that nobody fills any more" {
	use_shim
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	start_server
	feed "$PIN_FILE" "$BATS_TEST_TMPDIR/fifo"
	watch --priv-key-file 'pkcs11:object=chronograf' --pin-source "$BATS_TEST_TMPDIR/fifo"
	appears
	kill -HUP "$WATCH"
	wait_for logins 2
	wait_for called C_Sign 2
	lives
	[ -s "$FILE" ]
}

@test "a file in a folder with a colon in its name is a file: read again after it could not be" {
	mkdir "$BATS_TEST_TMPDIR/dir:a"
	cp "$KEY" "$BATS_TEST_TMPDIR/dir:a/k.pem"
	start_server
	cd "$BATS_TEST_TMPDIR"
	watch --priv-key-file dir:a/k.pem
	appears
	mv dir:a/k.pem aside
	kill -HUP "$WATCH"
	sleep 1
	lives
	mv aside dir:a/k.pem
	wait_for grep -q 'the key is back' said
	lives
}

@test "a person is asked for the PIN once" {
	start_server
	on_terminal 'PIN of the token' "$PIN\n" "$CHRONOCTL token --chronograf-url $URL --watch --out-file $FILE \
		--poll-interval 1 --pkcs11-module $SOFTHSM --priv-key-file pkcs11:object=chronograf & \
		watch=\$!; until [ -s $FILE ]; do sleep 0.1; done; kill -HUP \$watch; sleep 1; \
		[ -s $FILE ] && kill -TERM \$watch; wait \$watch"
	[ "$status" -eq 0 ] || fail "exit status 0 expected" "$screen"
	[ "$(grep -c 'PIN of the token' <<<"$screen")" -eq 1 ] || fail "asked more than once: $screen"
}

@test "a PIN that was typed is not tried again at the token's last try: nobody is asked" {
	use_shim
	export SHIM_CONTROL=$BATS_TEST_TMPDIR/control
	: >"$SHIM_CONTROL"
	start_server
	on_terminal 'PIN of the token' "$PIN\n" "$CHRONOCTL token --chronograf-url $URL --watch --out-file $FILE \
		--poll-interval 1 --priv-key-file pkcs11:object=chronograf & \
		watch=\$!; until [ -s $FILE ]; do sleep 0.1; done; \
		echo SHIM_TOKEN_FLAGS=+CKF_USER_PIN_FINAL_TRY >$SHIM_CONTROL.new; mv $SHIM_CONTROL.new $SHIM_CONTROL; \
		kill -HUP \$watch; sleep 2; kill -TERM \$watch; wait \$watch"
	shows 'one try is left before its PIN locks. No PIN was tried'
	called C_Login 1
}

@test "however it ends, no file stays: a module that crashes, hangs, or a process that is killed" {
	use_shim
	start_server
	SHIM_CRASH=C_Sign:2 watch_token
	appears
	replace_nonce
	ended_with 3
	said "crashed.*C_Sign"
	SHIM_HANG=C_Sign:2 watch_token --module-timeout 1
	appears
	replace_nonce
	ended_with 3
	said "does not answer.*C_Sign"
	watch_token
	appears
	pkill -KILL -P "$WATCH"
	ended_with 1
}

network_program() { pgrep -P "$(pgrep -P "$WATCH")"; }

@test "the network program dies: that is reported once, it is restarted each time, and the file is kept" {
	local old
	start_server
	watch --priv-key-file "$KEY"
	appears
	for round in 1 2; do
		old=$(cat "$FILE")
		kill -KILL "$(network_program)"
		wait_for network_program || fail "it is not started anew"
		replace_nonce
		wait_for differs "$old" || fail "the token is not replaced"
		accepted
		lives
	done
	[ "$(times_said "network program died")" -eq 1 ] || fail "$(cat "$BATS_TEST_TMPDIR/said")"
}

@test "the network program dies while a token is on trial: it is tried again" {
	start_server --delay 1000
	watch --priv-key-file "$KEY" --check
	wait_for logged nonce 1
	sleep 0.3
	kill -KILL "$(network_program)"
	appears
	accepted
}

@test "SIGHUP restarts the network program" {
	local old
	start_server
	watch --priv-key-file "$KEY"
	appears
	old=$(network_program)
	sleep 1
	kill -HUP "$WATCH"
	is_another() { [ -n "$(network_program)" ] && [ "$(network_program)" != "$old" ]; }
	wait_for is_another || fail "it is still the same"
	lives
	[ ! -s "$BATS_TEST_TMPDIR/said" ]
}

@test "a token that is swapped while a session is lost: the PIN is not sent to the other one" {
	use_shim
	start_server
	SHIM_SWAP=C_Sign:2 SHIM_PULL=C_Sign:2 SHIM_PULL_CALLS=1 watch \
		--priv-key-file 'pkcs11:object=chronograf' --pin-source "$PIN_FILE"
	appears
	replace_nonce
	wait_for said "is not the one that" || fail "not refused"
	[ "$(calls C_Login)" -eq 1 ] || fail "another login"
}

@test "a token that is swapped before SIGHUP reopens the key: the kept PIN is not sent to the other one" {
	use_shim
	start_server
	SHIM_SWAP=C_Sign:1 watch --priv-key-file 'pkcs11:object=chronograf' --pin-source "$PIN_FILE"
	appears
	kill -HUP "$WATCH"
	wait_for said "'swapped' is not the one that the PIN was first used for; the PIN is not sent to it" || fail "not refused"
	[ "$(calls C_Login)" -eq 1 ] || fail "another login"
}
