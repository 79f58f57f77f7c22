# What the command inherits, and what modules do to its process: signals, descriptors, exits, children, folders.
load helper

setup_file() {
	suite_key_in_token estate
	suite_pin_file
	start_standin --pub-key-file "$PUB"
}

setup() {
	private_environment
	use_shim
}

URI='pkcs11:object=chronograf'

inherits() { # SETTING-OF-ENV…
	WRAPPER=(env "$@")
	PATIENCE=20 chronoctl_token --priv-key-file "$URI" --pin-source "|cat $PIN_FILE"
	prints_token "$KEY"
}

@test "signals that the parent ignores or blocks: the command works" {
	local signal
	for signal in CHLD PIPE TERM HUP INT QUIT USR1; do inherits "--ignore-signal=$signal"; done
	inherits --block-signal
	inherits --ignore-signal --block-signal
}

@test "if the parent ignores SIGCHLD, each command works" {
	WRAPPER=(env --ignore-signal=CHLD)
	export CHRONOCTL_PIN=$PIN
	PATIENCE=20 chronoctl pub-key --priv-key-file "$KEY"
	[ "$status" -eq 0 ]
	PATIENCE=20 chronoctl list-keys --login
	[ "$status" -eq 0 ]
	PATIENCE=20 chronoctl doctor --chronograf-url "$URL" --priv-key-file "$URI"
	[ "$status" -eq 0 ]
	PATIENCE=20 chronoctl gen-keypair --out "$SCRATCH/new" --bits 2048
	[ "$status" -eq 0 ]
	PATIENCE=20 chronoctl completion bash
	[ "$status" -eq 0 ]
}

# starts ARGUMENT…: `token` in the background, by the wrapper. Sets COMMAND.
starts() {
	start_standin --mode never
	"${WRAPPER[@]}" "$CHRONOCTL" token --chronograf-url "$URL" --timeout "$PATIENCE" "$@" \
		>"$SCRATCH/printed" 2>"$SCRATCH/said" 3>&- 4>&- </dev/null &
	COMMAND=$!
	echo $COMMAND >>"$SCRATCH/pids"
}

# ends_by SIGNAL: in two seconds.
ends_by() {
	kill "-$1" "$COMMAND"
	PATIENCE=2 wait_for is_over || fail "it does not end by SIG$1"
}

is_over() { ! grep -q . "/proc/$COMMAND/cmdline" 2>/dev/null; }

@test "SIGTERM ends it, even if the parent ignores or blocks it" {
	WRAPPER=(env --ignore-signal=TERM --ignore-signal=CHLD)
	starts --priv-key-file "$KEY"
	sleep 1
	ends_by TERM
	WRAPPER=(env --block-signal=TERM --block-signal=CHLD)
	starts --priv-key-file "$KEY"
	sleep 1
	ends_by TERM
}

@test "--watch can be ended while it waits for a PIN from a FIFO, or a command" {
	mkfifo "$SCRATCH/fifo"
	local source
	for source in "$SCRATCH/fifo" "|sleep 30"; do
		starts --watch --out-file "$SCRATCH/token" --priv-key-file "$URI" --pin-source "$source"
		sleep 1
		ends_by TERM
	done
	starts --watch --out-file "$SCRATCH/token" --priv-key-file "$SCRATCH/fifo"
	sleep 1
	ends_by TERM
}

@test "under nohup --watch outlives its terminal, and can be ended" {
	local -x WATCH_URL=$URL
	on_terminal 'going' 'x\n' "nohup $CHRONOCTL token --chronograf-url $URL --watch --out-file $SCRATCH/token \
		--priv-key-file $KEY >/dev/null 2>&1 & echo \$! >$SCRATCH/pid; \
		until [ -s $SCRATCH/token ]; do sleep 0.1; done; echo going; read x"
	COMMAND=$(cat "$SCRATCH/pid")
	echo "$COMMAND" >>"$SCRATCH/pids"
	sleep 1
	[ -s "$SCRATCH/token" ] || fail "it has ended with its terminal"
	ends_by TERM
	[ ! -e "$SCRATCH/token" ]
}

@test "a module's thread that calls _exit(0) is no success, for any command" {
	export SHIM_EXIT_LATER=C_Initialize:1
	local slow="|sleep 2; cat $PIN_FILE"
	chronoctl_token --priv-key-file "$URI" --pin-source "$slow"
	refused 1 "ended with status 0 before its work was done"
	chronoctl list-keys --login --pin-source "$slow"
	refused 1 "before its work was done"
	chronoctl gen-keypair --out 'pkcs11:token=estate;object=new' --pin-source "$slow"
	refused 1 "before its work was done"
	chronoctl import-key --priv-key-file "$KEY" --to 'pkcs11:token=estate;object=new' --pin-source "$slow"
	refused 1 "before its work was done"
	chronoctl doctor --chronograf-url "$URL" --priv-key-file "$URI" --pin-source "$slow"
	[ "$status" -eq 1 ] && grep -q '^✗ process .*before its work was done' <<<"$output" || fail "no row of it"
	start_standin --mode never
	chronoctl_token --priv-key-file "$URI" --pin-source "$PIN_FILE" --watch --out-file "$SCRATCH/token"
	refused 1 "before its work was done"
}

@test "a module that takes all memory away ends the command with a message" {
	[ "${SANITIZED:-OFF}" = OFF ] || skip "AddressSanitizer ends a process without memory by itself"
	for call in C_Initialize C_GetSlotList C_OpenSession C_Login C_Sign; do
		SHIM_NO_MEMORY=$call:1 chronoctl_token --priv-key-file 'pkcs11:object=chronograf' --pin-source "$PIN_FILE"
		refused '1|3' "ended the process in $call|out of memory"
	done
}

@test "the message about a broken module is printable, and bounded" {
	local module=$SCRATCH/$'\e]52;c;\a\xff'.so
	cp "$SHIM" "$module"
	SHIM_CRASH=C_Initialize:1 chronoctl_token --priv-key-file "$URI" --pin-source "$PIN_FILE" --pkcs11-module "$module"
	refused 3 'crashed.*in C_Initialize' '\\x1b\]52;c;\\x07\\xff\.so'
	! grep -q $'[\e\a]' <<<"$stderr" || fail "control characters"
}

@test "no /dev/null: the network program cannot start, and the message names that step" {
	unshare -m true || skip "no mounts of its own are to be had here"
	WRAPPER=(unshare -m sh -c 'mkdir "$0" && cp -a /dev/urandom "$0" && mount --bind "$0" /dev && exec "$@"' "$SCRATCH/dev")
	chronoctl_token --priv-key-file "$KEY"
	refused 1 'cannot start the network program: cannot open /dev/null: No such file'
}

@test "a key process that dies of a signal that its supervisor did not get is a failure, with a message" {
	local signal
	for signal in TERM USR1 ALRM; do
		starts --priv-key-file "$KEY"
		sleep 1
		kill "-$signal" "$(pgrep -P "$COMMAND" | head -n 1)"
		status=0
		wait "$COMMAND" || status=$?
		[ "$status" -eq 1 ] || fail "exit status 1 expected after SIG$signal, not $status"
		grep -q 'the process was ended by a signal: ' "$SCRATCH/said"
	done
}

# delays_nothing SETTING [RESULT]: what the module leaves behind lives for five seconds.
delays_nothing() {
	local took
	took=$(date +%s%N)
	env "$1=C_Initialize:1" PKCS11_MODULE_PATH=$SHIM "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$URI" \
		--pin-source "$PIN_FILE" 2>"$SCRATCH/said" 3>&- 4>&- | cat >"$SCRATCH/printed"
	took=$((($(date +%s%N) - took) / 1000000))
	[ "$(cat "$SCRATCH/printed")" = "${2-$(expected_token "$KEY")}" ] || fail "$(cat "$SCRATCH/said")"
	[ "$took" -lt 4000 ] || fail "waited for $took ms"
}

@test "a process that a module forks does not delay the result" {
	delays_nothing SHIM_FORK
}

@test "nor does one that it makes by the bare system call, even if the key process crashes" {
	delays_nothing SHIM_CLONE
	SHIM_CRASH=C_Login:1 delays_nothing SHIM_CLONE ''
}

@test "a module that changes the folder does not lose the file" {
	cd "$SCRATCH"
	SHIM_CHDIR=C_Initialize:1 "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$URI" --pin-source "$PIN_FILE" \
		--watch --out-file token 2>"$SCRATCH/said" 3>&- 4>&- </dev/null &
	COMMAND=$!
	echo $COMMAND >>"$SCRATCH/pids"
	wait_for [ -s "$SCRATCH/token" ] || fail "no file: $(cat "$SCRATCH/said")"
	ends_by TERM
	[ ! -e "$SCRATCH/token" ] || fail "the file stays"
}

# In a folder of its own, with a module that leaves it in the first call, and later.
strays() { # ARGUMENT…
	SHIM_CHDIR=C_Initialize:1,C_OpenSession:* chronoctl "$@"
	[ "$status" -eq 0 ] || fail "exit status 0 expected of: $*"
}

@test "a module that changes the folder moves no path" {
	local backend
	mkdir "$SCRATCH/here"
	cd "$SCRATCH/here"
	cp "$PIN_FILE" pin
	cp "$KEY" key
	encrypt_key "$KEY" encrypted "$PIN"
	echo "$URL" >urls
	echo "$NONCE" >nonce
	for backend in pkcs11 libp11 engine; do
		built_in "$backend" || continue
		[ "$backend" != engine ] || compgen -G '/usr/lib/*/engines-3/pkcs11.so' >/dev/null || continue
		strays token --chronograf-urls-from urls --priv-key-file "$URI" --pin-source pin --signer "$backend"
	done
	strays token --nonce-from nonce --priv-key-file "$URI?pin-source=pin"
	prints_token "$KEY"
	strays token --nonce "$NONCE" --priv-key-file "$URI" --pin-source '|cat pin'
	strays gen-keypair --out 'pkcs11:token=estate;object=new' --pin-source pin --bits 2048 --pub-key-out new.pub
	[ -s new.pub ]
	strays pub-key --priv-key-file 'pkcs11:object=new' --out again.pub
	cmp new.pub again.pub
	strays import-key --priv-key-file encrypted --passphrase-source pin --to 'pkcs11:token=estate;object=copy' --pin-source pin
	strays list-keys --login --pin-source pin
	new_tls_key tls DNS:localhost
	start_standin --pub-key-file "$PUB" --tls-cert tls.crt --tls-key tls.key
	strays doctor --chronograf-url "$URL" --ca-file tls.crt --priv-key-file "$URI" --pin-source pin
}

@test "a module that calls setuid(2), for a command that root has started, does not keep it from ending" {
	[ "$(id -u)" -eq 0 ] || skip 'it needs root'
	status=0
	SHIM_LOG="" SHIM_SETUID=C_Sign:1 timeout "$PATIENCE" "$CHRONOCTL" token --chronograf-url "$URL" --check --priv-key-file "$URI" \
		--pin-source "$PIN_FILE" >"$SCRATCH/out" 2>"$SCRATCH/err" 3>&- 4>&- </dev/null || status=$?
	[ "$status" -ne 124 ] || fail "it does not end: $(cat "$SCRATCH/err")"
	[ -s "$SCRATCH/out" ] || fail "$(cat "$SCRATCH/err")"
}

# sleeps SECONDS: those that run `sleep SECONDS`, one a line.
sleeps() { pgrep -fx "sleep $1"; }

@test "a signal that ends chronoctl ends its PIN command, and what that has started" {
	local seconds=77.$BASHPID signal command printed number
	for signal in TERM INT HUP QUIT ABRT USR1; do
		for command in "sleep $seconds" "sleep $seconds | sleep $seconds" "(sleep $seconds; :) & sleep $seconds; :"; do
			mkfifo "$SCRATCH/both"
			env --default-signal "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$URI" --pin-source "|$command" >"$SCRATCH/both" 2>&1 \
				3>&- 4>&- </dev/null &
			COMMAND=$!
			echo $COMMAND >>"$SCRATCH/pids"
			exec 7<"$SCRATCH/both"
			rm "$SCRATCH/both"
			wait_for sleeps $seconds
			kill -$signal "$COMMAND"
			# As $(… 2>&1) does, until nobody has it any more.
			timeout 5 cat <&7 >"$SCRATCH/said" || fail "SIG$signal, $command: somebody still has the output"
			exec 7<&-
			! sleeps $seconds || fail "SIG$signal, $command: goes on"
		done
	done
}

@test "what a PIN command has put into a session of its own lives on" {
	local seconds=78.$BASHPID others=79.$BASHPID
	"$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$URI" --pin-source "|setsid sleep $seconds & sleep $others; :" \
		>"$SCRATCH/said" 2>&1 3>&- 4>&- </dev/null &
	COMMAND=$!
	echo $COMMAND >>"$SCRATCH/pids"
	wait_for sleeps $seconds
	wait_for sleeps $others
	ends_by TERM
	! sleeps $others || fail "the command goes on"
	sleeps $seconds >>"$SCRATCH/pids" || fail "it was ended, too"
	kill "$(sleeps $seconds)"
}
