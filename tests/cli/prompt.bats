# The prompt for a PIN or passphrase: on the terminal, without echo, and only there.
load helper

setup_file() {
	suite_key_in_token estate
	encrypt_key "$KEY" "$D/encrypted.pem" "$PIN"
	start_standin
}

setup() {
	private_environment
	own_tokens
	use_shim
}

URI='pkcs11:object=chronograf'
ASKS='PIN|pass(phrase|word)'

# at_terminal REGEX KEYS ARGUMENT…: chronoctl with its standard output in a file, as in TOKEN=$(…). The screen ends
# with the exit status and the terminal's settings.
at_terminal() {
	local quoted
	printf -v quoted '%q ' "$CHRONOCTL" token --chronograf-url "$URL" "${@:3}"
	cat >"$SCRATCH/command" <<-END
		trap : INT
		$quoted >'$SCRATCH/out'
		echo "status \$?"
		stty -a
	END
	on_terminal "$1" "$2" "bash '$SCRATCH/command'"
	shows '^status [0-9]+' || return
	shows '(^| )echo( |$)' || fail "the terminal is left without echo"
}

printed_token() {
	shows '^status 0$' || return
	[ "$(cat "$SCRATCH/out")" = "$(expected_token "$KEY")" ] || fail "not the token:" "$(cat "$SCRATCH/out")"
}

printed_nothing() { # STATUS
	shows "^status ($1)\$" || return
	[ ! -s "$SCRATCH/out" ] || fail "standard output:" "$(cat "$SCRATCH/out")"
}

@test "the suite's terminal echoes what is typed" {
	on_terminal ready 'opensesame\n' 'echo ready; read x'
	shows opensesame
}

@test "a prompt that names token and key; the PIN is not echoed; the token alone on standard output" {
	at_terminal "$ASKS" "$PIN\n" --priv-key-file "$URI"
	printed_token
	shows 'PIN'
	shows 'estate'
	shows 'chronograf'
	never_shows "$PIN"
	called C_Login 1
}

@test "the echo is off before the question is there, so that no PIN is seen or dropped that is typed at once" {
	command -v strace >/dev/null || skip "there is no strace"
	local trace=$SCRATCH/trace
	ASAN_OPTIONS+=:detect_leaks=0 # it cannot look for them under ptrace(2)
	CHRONOCTL="strace -f -qq -e trace=ioctl,write -o $trace $CHRONOCTL"
	cat >"$SCRATCH/command" <<-END
		$CHRONOCTL token --chronograf-url "$URL" --priv-key-file "$URI" >"$SCRATCH/out"
		echo "status \$?"
	END
	on_terminal "$ASKS" "$PIN\n" "bash '$SCRATCH/command'"
	printed_token
	grep -E 'TCSETSF|PIN of the token' "$trace" >"$SCRATCH/order"
	head -n 1 "$SCRATCH/order" | grep -q TCSETSF || fail "$(cat "$SCRATCH/order")"
}

@test "a question that is wider than the terminal goes on in indented rows" {
	local file
	file=$SCRATCH/$(printf 'a%.0s' {1..90})$(printf ':chronoctl:%.0s' {1..10})
	cp "$D/encrypted.pem" "$file"
	on_terminal "$ASKS" "$PIN\n" "stty cols 40; $(printf '%q ' "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$file") >'$SCRATCH/out'"
	grep -q '^  .*chronoctl:' <<<"$screen" || fail "no row is indented:" "$screen"
	[ "$(wc -L <<<"$screen")" -le 40 ] || fail "wider than 40:" "$screen"
}

@test "the prompt goes to the terminal, not to standard input or standard error" {
	local quoted
	printf -v quoted '%q ' "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$URI"
	on_terminal "$ASKS" "$PIN\n" "$quoted >'$SCRATCH/out' 2>'$SCRATCH/err' </dev/null"
	[ "$status" -eq 0 ] || fail "status" "$(cat "$SCRATCH/err")"
	[ "$(cat "$SCRATCH/out")" = "$(expected_token "$KEY")" ]
	[ ! -s "$SCRATCH/err" ] || fail "standard error:" "$(cat "$SCRATCH/err")"
	never_shows "$PIN"
}

@test "the passphrase of a file is asked for by the file's name, and not echoed" {
	at_terminal "$ASKS" "$PIN\n" --priv-key-file "$D/encrypted.pem"
	printed_token
	shows 'encrypted\.pem'
	never_shows "$PIN"
}

@test "a wrong PIN typed: exit 3, not asked again" {
	at_terminal "$ASKS" '99999\n' --priv-key-file "$URI"
	printed_nothing 3
	called C_Login 1
	never_shows 99999
}

@test "an arrow or Tab typed with the PIN: not tried, exit 3; a blank at its end is warned of" {
	local key
	for key in '\x1b[A' '\t'; do
		at_terminal "$ASKS" "$PIN$key\n" --priv-key-file "$URI"
		shows 'was not tried: a key was pressed that is no character'
		called C_Login 0
	done
	at_terminal "$ASKS" "$PIN \n" --priv-key-file "$URI"
	shows 'warning: .*white space'
}

@test "a UTF-8 PIN typed" {
	new_token_dir "$SCRATCH/special"
	new_token special 'пароль ß'
	import_private_key "$KEY" special chronograf a1 'пароль ß'
	at_terminal "$ASKS" 'пароль ß\n' --priv-key-file "$URI"
	printed_token
	never_shows 'пароль'
}

@test "end of input at the prompt: exit 3, no login" {
	at_terminal "$ASKS" '\004' --priv-key-file "$URI"
	printed_nothing 3
	called C_Login 0
}

@test "an empty line, and one longer than any PIN: exit 3, no login" {
	at_terminal "$ASKS" '\n' --priv-key-file "$URI"
	printed_nothing 3
	shows 'nothing was entered'
	at_terminal "$ASKS" '%01100d\n' --priv-key-file "$URI"
	printed_nothing 3
	shows 'longer than 1024 bytes'
	never_shows 0000
	called C_Login 0
}

@test "Ctrl-C at the prompt: no token, no login, the terminal echoes again" {
	at_terminal "$ASKS" '\003' --priv-key-file "$URI"
	printed_nothing '[1-9][0-9]*'
	called C_Login 0
}

@test "Ctrl-C at the prompt, past a thread of a module that blocks no signal: the terminal echoes again" {
	export SHIM_THREAD=C_Initialize:1
	at_terminal "$ASKS" '\003' --priv-key-file "$URI"
	printed_nothing '[1-9][0-9]*'
	called C_Login 0
}

@test "Ctrl-Z at the prompt: the terminal echoes while the command is stopped; when it goes on, it asks again" {
	cat >"$SCRATCH/stops" <<-END
		set -m
		"$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$URI" >"$SCRATCH/printed"
		echo "stopped: \$? \$(stty -a | grep -oE -- '-?\becho\b')"
		printf 'going on '
		fg >/dev/null
		echo "ended: \$? \$(stty -a | grep -oE -- '-?\becho\b')"
	END
	on_terminal "$ASKS" '204\032' "going on .*$ASKS" "$PIN\n" "bash $SCRATCH/stops"
	shows '^stopped: 148 echo$'
	shows '^ended: 0 echo$'
	[ "$(cat "$SCRATCH/printed")" = "$(expected_token "$KEY")" ] || fail "no token: $screen"
	never_shows "$PIN"
	never_shows '204^'
	called C_Login 1
}

@test "SIGUSR1, SIGABRT, and SIGKILL of the key process at the prompt: the terminal echoes again" {
	local end
	for end in 'kill -USR1 $pid' 'kill -ABRT $pid' 'kill -KILL $(pgrep -P $pid)'; do
		cat >"$SCRATCH/killed" <<-END
			"$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$URI" >"$SCRATCH/printed" &
			pid=\$!
			until stty -a | grep -q -- '-echo '; do sleep 0.1; done
			echo asked
			$end
			wait \$pid
			echo "ended: \$(stty -a | grep -oE -- '-?\becho\b')"
		END
		on_terminal 'never shown at all' x "bash $SCRATCH/killed"
		shows '^asked$|: asked$' || return
		shows '^ended: echo$' || fail "$end"
	done
	called C_Login 0
}

@test "a PIN that is given asks nobody" {
	export CHRONOCTL_PIN=$PIN
	at_terminal "$ASKS" 'x\n' --priv-key-file "$URI"
	printed_token
	[[ ! $screen =~ PIN ]] || fail "the screen shows a prompt:" "$screen"
}

@test "a key that needs no PIN asks nobody" {
	at_terminal "$ASKS" 'x\n' --priv-key-file "$KEY"
	printed_token
	[[ ! $screen =~ PIN|passphrase ]] || fail "the screen shows a prompt:" "$screen"
}

@test "a URL that is none asks nobody: exit 2" {
	URL=localhost:8888
	at_terminal "$ASKS" 'x\n' --priv-key-file "$URI"
	printed_nothing 2
	never_shows PIN
	at_terminal "$ASKS" 'x\n' --priv-key-file "$D/encrypted.pem"
	printed_nothing 2
	never_shows assphrase
	called C_Login 0
}

@test "--no-prompt asks nobody: exit 3, says how to give a PIN" {
	at_terminal 'never shown at all' 'x\n' --priv-key-file "$URI" --no-prompt
	printed_nothing 3
	shows '--pin-source'
	called C_Login 0
}

@test "a PIN pad is looked at, not the keyboard" {
	export SHIM_TOKEN_FLAGS=+CKF_PROTECTED_AUTHENTICATION_PATH SHIM_PINPAD=$PIN
	at_terminal 'never shown at all' 'x\n' --priv-key-file "$URI"
	printed_token
	shows 'reader|PIN ?pad|keypad'
	called C_Login 1
}
