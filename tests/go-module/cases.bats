# Promises about modules that bring a run-time of their own: threads, a collector, handlers of signals with stacks of
# their own. By tests/go-module/run, which makes $GO_MODULE (a PKCS#11 module) and $GO_SERVER (behind p11-kit's RPC).
load ../cli/helper

setup_file() {
	suite_key
	suite_pin_file
	start_standin --pub-key-file "$PUB"
}

setup() {
	private_environment
	export GO_TOKEN_KEY=$KEY
}

URI='pkcs11:token=estate;object=chronograf'
HEAVY='GO_TOKEN_SIGNALS=1 GODEBUG=asyncpreemptoff=0 GOGC=1'

by_module() { export PKCS11_MODULE_PATH=$GO_MODULE; }

by_server() {
	rm -f "$SCRATCH/rpc"
	"$GO_SERVER" "$SCRATCH/rpc" >/dev/null 2>"$SCRATCH/rpc.err" 3>&- 4>&- </dev/null &
	echo $! >>"$SCRATCH/pids"
	wait_for [ -S "$SCRATCH/rpc" ] || fail "the server does not start"
	export P11_KIT_SERVER_ADDRESS=unix:path=$SCRATCH/rpc
	PKCS11_MODULE_PATH=$(first_of /usr/lib/*/pkcs11/p11-kit-client.so /usr/lib/pkcs11/p11-kit-client.so)
	export PKCS11_MODULE_PATH
}

has_file() { # 'NAME: "FOLDER"' FILE
	local folder=${1#*\"}
	[ -e "${folder%\"}/$2" ]
}

# Those that this machine has for a token.
signers() {
	local name
	for name in pkcs11 libp11 engine provider; do
		"$CHRONOCTL" --version | grep -q "^  signer $name " || continue
		[ "$name" != engine ] || has_file "$(openssl version -e)" pkcs11.so || continue
		[ "$name" != provider ] || has_file "$(openssl version -m)" pkcs11.so || continue
		echo "$name"
	done
}

of() { # SIGNER
	printf '%s\n' --signer "$1"
	[ "$1" != provider ] || printf '%s\n' --provider pkcs11
}

token_by() { # SIGNER ARGUMENT…
	chronoctl_token --no-prompt --priv-key-file "$URI" $(of "$1") --pin-source "$PIN_FILE" "${@:2}"
}

every_signer() { # COMMAND…: with the name of each
	local name
	for name in $(signers); do
		"$@" "$name" || fail "signer $name"
		echo "# $BATS_TEST_DESCRIPTION: $name" >&3
	done
}

good_token() {
	token_by "$1" --check
	prints_token "$KEY" || return
	chronoctl_token --no-prompt --priv-key-file "$URI" $(of "$1") --pin-source "|cat '$PIN_FILE'"
	prints_token "$KEY"
}

wrong_pin() {
	CHRONOCTL_PIN=99999 chronoctl_token --no-prompt --priv-key-file "$URI" $(of "$1")
	refused 3 'wrong PIN|PIN'
	never_says 99999
}

@test "module: every signer makes the token that openssl makes, and the server accepts it" {
	by_module
	every_signer good_token
}

@test "module: the same with handlers of SIGCHLD, SIGPIPE and SIGURG, and a collector that always runs" {
	by_module
	export $HEAVY
	every_signer good_token
}

@test "server: every signer makes the token that openssl makes, and the server accepts it" {
	by_server
	every_signer good_token
}

@test "module and server: a wrong PIN is an error that does not repeat it" {
	by_module
	every_signer wrong_pin
	by_server
	every_signer wrong_pin
}

@test "module and server: the keys are listed, and their public half is printed" {
	local way
	for way in by_module by_server; do
		$way
		chronoctl list-keys --no-prompt --login --pin-source "$PIN_FILE" -o uri
		[ "$status" -eq 0 ] && [[ $output == *object=chronograf* ]] || fail "$way"
		chronoctl pub-key --no-prompt --priv-key-file "$URI" --pin-source "$PIN_FILE"
		[ "$status" -eq 0 ] && [ "$output" = "$(cat "$PUB")" ] || fail "$way"
	done
}

@test "module and server: doctor finds nothing wrong" {
	local way
	for way in by_module by_server; do
		$way
		chronoctl doctor --no-prompt --priv-key-file "$URI" --pin-source "$PIN_FILE" --chronograf-url "$URL"
		[ "$status" -eq 0 ] || fail "$way"
	done
}

@test "module: a panic, and a pointer to nowhere, are told with the module's name, and no token" {
	local fault
	by_module
	for fault in panic nil; do
		# The trace has the words that a sanitizer's has.
		GO_TOKEN_FAULT=$fault run --separate-stderr "$CHRONOCTL" token --nonce "$NONCE" --no-prompt --priv-key-file "$URI" \
			--pin-source "$PIN_FILE"
		[ "$status" -eq 3 ] && [ -z "$output" ] || fail "exit status 3 expected, and no token"
		says "$(basename "$GO_MODULE").* crashed .* in C_Sign"
	done
}

@test "module: one that ends the process by itself gives no exit status 0" {
	by_module
	GO_TOKEN_FAULT=exit token_by pkcs11
	[ "$status" -ne 0 ] && [ -z "$output" ] || fail "a token, or exit status 0"
	says "$(basename "$GO_MODULE")"
}

@test "module: one that hangs is told in time" {
	by_module
	GO_TOKEN_FAULT=hang token_by pkcs11 --module-timeout 2
	refused 3 "$(basename "$GO_MODULE")" 'does not answer'
}

@test "module: what it prints is kept away from the token" {
	by_module
	export GO_TOKEN_FAULT=pipe
	every_signer good_token
}

@test "module: its own children, which end in SIGCHLD, disturb nothing" {
	by_module
	export GO_TOKEN_FAULT=child $HEAVY
	every_signer good_token
}

@test "module: nobody reads the token: exit 1, and no crash" {
	local signer
	by_module
	export $HEAVY
	for signer in $(signers); do
		run --separate-stderr bash -c '"$@" | true; exit ${PIPESTATUS[0]}' - setsid -w timeout "$PATIENCE" "$CHRONOCTL" token \
			--chronograf-url "$URL" --no-prompt --priv-key-file "$URI" $(of "$signer") --pin-source "$PIN_FILE"
		[ "$status" -eq 0 ] || [ "$status" -eq 1 ] || fail "$signer: a signal, or another status"
	done
}

@test "module: SIGTERM and SIGINT end a call that hangs" {
	local signal pid
	by_module
	export GO_TOKEN_FAULT=hang $HEAVY
	for signal in TERM INT; do
		# bash has its children in the background ignore SIGINT.
		setsid env --default-signal=INT "$CHRONOCTL" token --chronograf-url "$URL" --no-prompt --priv-key-file "$URI" --pin-source "$PIN_FILE" \
			>/dev/null 2>&1 3>&- 4>&- </dev/null &
		pid=$!
		sleep 2
		SECONDS=0
		kill -s "$signal" "$pid"
		wait "$pid" || status=$?
		[ "$SECONDS" -lt 5 ] && [ "$status" -ge 128 ] || fail "SIG$signal: status $status after $SECONDS s"
	done
}

is_right() { [ "$(cat "$SCRATCH/token" 2>/dev/null)" = "$(expected_token "$KEY" "$(curl -s "$URL/nonce")")" ]; }

@test "module and server: --watch signs nonce after nonce, over SIGHUP, and ends on SIGTERM" {
	local way pid
	start_standin --nonce-expiration 3 --pub-key-file "$PUB"
	for way in by_module by_server; do
		$way
		env $HEAVY "$CHRONOCTL" token --watch --out-file "$SCRATCH/token" --chronograf-url "$URL" --no-prompt \
			--priv-key-file "$URI" --pin-source "$PIN_FILE" >/dev/null 2>"$SCRATCH/watch" 3>&- 4>&- </dev/null &
		pid=$!
		echo $pid >>"$SCRATCH/pids"
		wait_for is_right || fail "$way: no token" "$(cat "$SCRATCH/watch")"
		sleep 4
		wait_for is_right || fail "$way: no second token"
		kill -HUP $pid
		sleep 4
		wait_for is_right || fail "$way: no token after SIGHUP" "$(cat "$SCRATCH/watch")"
		kill -TERM $pid
		wait $pid
		[ ! -e "$SCRATCH/token" ]
	done
}

@test "server: it goes away: exit 3, and the client's module is named" {
	by_server
	end_processes "$SCRATCH"
	token_by pkcs11
	refused 3 'p11-kit-client'
}
