# --watch: stays logged in, and keeps a file that holds valid tokens or is not there.
load helper

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
	timeout "$PATIENCE" tail --pid="$WATCH" -f /dev/null || fail "it does not end"
	wait "$WATCH" || status=$?
	[ "$status" -eq "$1" ] || fail "exit status $1 expected" "$(cat "$BATS_TEST_TMPDIR/said")" || return
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/run")" ] || fail "something is left:" "$(ls -A "$BATS_TEST_TMPDIR/run")"
}

lives() { kill -0 "$WATCH" || fail "it has ended: $(cat "$BATS_TEST_TMPDIR/said")"; }
said() { grep -qE -e "$1" "$BATS_TEST_TMPDIR/said"; }
times_said() { grep -cE -e "$1" "$BATS_TEST_TMPDIR/said" || true; }
appears() { wait_for [ -s "$FILE" ] || fail "there is no file: $(cat "$BATS_TEST_TMPDIR/said")"; }
is_gone() { [ ! -e "$FILE" ]; }
goes() { wait_for is_gone || fail "the file stays"; }
differs() { [ -s "$FILE" ] && [ "$(cat "$FILE")" != "$1" ]; }
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

@test "the file holds the token, is whole, and is its owner's alone whatever the umask" {
	umask 000
	start_server
	watch --priv-key-file "$KEY"
	appears
	[ "$(cat "$FILE")" = "$(expected_token "$KEY")" ]
	[ "$(stat -c '%a %F' "$FILE")" = "600 regular file" ]
	[ "$(ls -A "${FILE%/*}")" = token ]
	[ ! -s "$BATS_TEST_TMPDIR/printed" ] && [ ! -s "$BATS_TEST_TMPDIR/said" ]
	kill -TERM "$WATCH"
	ended_with 0
}

@test "the forms of --output stand in the file, too" {
	start_server
	watch --priv-key-file "$KEY" -o header
	appears
	[ "$(cat "$FILE")" = "Authorization: CHRONOGRAF-SHA256 $(expected_token "$KEY")" ]
	[ "$(curl -sS -o /dev/null -w '%{http_code}' -H @"$FILE" "$URL/chronograf/v1/mappings")" = 200 ]
	kill -INT "$WATCH"
	ended_with 0
	watch --priv-key-file "$KEY" -o json
	appears
	[ "$(jq -r .token "$FILE")" = "$(expected_token "$KEY")" ]
}

@test "--watch and --out-file go together, and only a regular file is replaced: exit 2" {
	start_server
	chronoctl_token --priv-key-file "$KEY" --watch
	refused 2 "--out-file"
	chronoctl_token --priv-key-file "$KEY" --out-file "$FILE"
	refused 2 "--watch"
	ln -s /proc/self/fd/1 "$SCRATCH/stdout"
	chronoctl_token --priv-key-file "$KEY" --watch --out-file "$SCRATCH/stdout"
	refused 2 "not a regular file"
	[ -L "$SCRATCH/stdout" ]
	ln -s "$KEY" "$FILE"
	chronoctl_token --priv-key-file "$KEY" --watch --out-file "$FILE"
	refused 2 "not a regular file"
	[ -s "$KEY" ]
}

@test "each new nonce is signed soon after the old one has ended, all in one login" {
	local old round
	use_shim
	start_server --nonce-expiration 3
	watch_token --poll-interval 60
	for round in 1 2 3; do
		appears
		wait_for accepted || fail "it is not accepted"
		old=$(cat "$FILE")
		wait_for differs "$old" || fail "it stays the same"
	done
	called C_Login 1
	called C_OpenSession 1
	[ "$(calls C_Sign)" -ge 4 ]
}

@test "a server that restarts has a new nonce before the old one's time: it is found at the next poll" {
	local old
	start_server
	watch --priv-key-file "$KEY"
	appears
	old=$(cat "$FILE")
	replace_nonce
	wait_for differs "$old" || fail "it stays the same"
	accepted
}

# Reads the file over and over for five seconds: how many different texts there were, or what was not whole.
read_fast() { # LENGTH
	perl -e '
		my %seen;
		for (my $end = time + 5; time < $end;) {
			open(my $file, "<", $ARGV[0]) or print("it is not there\n"), exit;
			my $text = join("", <$file>);
			length($text) == $ARGV[1] or print("not whole: $text\n"), exit;
			$seen{$text} = 1;
		}
		print scalar(keys %seen), "\n"' "$FILE" "$1"
}

@test "who reads the file finds one whole token, at any time" {
	local found round
	start_server
	watch --priv-key-file "$KEY"
	appears
	read_fast "$(wc -c <"$FILE")" >"$BATS_TEST_TMPDIR/found" 3>&- 4>&- &
	for round in $(seq 12); do
		replace_nonce
		sleep 0.5
	done
	wait $!
	found=$(cat "$BATS_TEST_TMPDIR/found")
	[ "$found" -ge 3 ] || fail "the reader says: $found"
}

@test "a server that is gone: the file stays as long as its nonce lives, and no longer; and comes back" {
	start_server --nonce-expiration 7
	watch --priv-key-file "$KEY" --timeout 1
	appears
	signal_server STOP
	sleep 1.5
	[ -s "$FILE" ] || fail "removed before its time"
	goes
	lives
	wait_for said "no nonce from $URL"
	said "no valid token is left"
	signal_server CONT
	appears
	wait_for accepted
	wait_for said "is well again"
	[ "$(times_said "no nonce from")" -eq 1 ] || fail "it repeats itself"
}

@test "a server that fails is asked less and less often" {
	start_standin --mode status-503
	watch --priv-key-file "$KEY" --poll-interval 60
	sleep 6
	lives
	is_gone
	[ "$(requests)" -ge 2 ]
	[ "$(requests)" -le 6 ] || fail "$(requests) requests in 6 seconds"
}

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
	said CKR_DEVICE_REMOVED
	lives
	control ''
	appears
	wait_for accepted
	said "the key is back"
	kill -TERM "$WATCH"
	ended_with 0
}

@test "a session that is lost once is opened anew at once, with the PIN of the first time" {
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
	said CKR_PIN_INCORRECT
}

@test "where a login cannot be seen, a lost key is not opened again: exit 3" {
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

@test "SIGHUP opens the key anew, and what it signs replaces the old; the file is there all the time" {
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

@test "SIGHUP logs in again, with the PIN of the first time" {
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

@test "a person is asked for the PIN once" {
	start_server
	on_terminal 'PIN of the token' "$PIN\n" "$CHRONOCTL token --chronograf-url $URL --watch --out-file $FILE \
		--poll-interval 1 --pkcs11-module $SOFTHSM --priv-key-file pkcs11:object=chronograf & \
		watch=\$!; until [ -s $FILE ]; do sleep 0.1; done; kill -HUP \$watch; sleep 2; \
		[ -s $FILE ] && kill -TERM \$watch; wait \$watch"
	[ "$status" -eq 0 ] || fail "exit status 0 expected" "$screen"
	[ "$(grep -c 'PIN of the token' <<<"$screen")" -eq 1 ] || fail "asked more than once: $screen"
}

@test "however it ends, no file stays: a module that crashes, hangs, or a process that is killed" {
	use_shim
	start_server
	SHIM_CRASH=C_Sign:2 watch_token
	appears
	replace_nonce
	ended_with 3
	said "crashed.*C_Sign"
	SHIM_HANG=C_Sign:2 watch_token --module-timeout 2
	appears
	replace_nonce
	ended_with 3
	said "does not answer.*C_Sign"
	watch_token
	appears
	pkill -KILL -P "$WATCH"
	ended_with 1
}

@test "the network process dies: it is told, and no file stays" {
	start_server
	watch --priv-key-file "$KEY"
	appears
	pkill -KILL -P "$(pgrep -P "$WATCH")"
	ended_with 1
	said "network process died"
}

@test "a file of an earlier time is removed before the server has answered" {
	expected_token "$KEY" other-nonce >"$FILE"
	start_standin --mode never
	watch --priv-key-file "$KEY"
	goes
	lives
}

@test "a file that cannot be written: it is told once, the old one goes, and it is tried again" {
	local lock="chmod 500" unlock="chmod 700"
	[ "$(id -u)" -ne 0 ] || lock="chattr +i" unlock="chattr -i"
	$lock "$BATS_TEST_TMPDIR/run" 2>/dev/null || skip "root may write everywhere"
	$unlock "$BATS_TEST_TMPDIR/run"
	start_server
	watch --priv-key-file "$KEY"
	appears
	$lock "$BATS_TEST_TMPDIR/run"
	replace_nonce
	sleep 3
	lives
	$unlock "$BATS_TEST_TMPDIR/run"
	appears
	wait_for accepted
	[ "$(times_said 'cannot make a file')" -eq 1 ]
}

@test "a disk that fails once: it is told, and it is tried again" {
	local -x ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0"
	start_server
	DISK_FAIL=fsync:1 LD_PRELOAD=$DISKFAIL watch --priv-key-file "$KEY"
	appears
	[ "$(cat "$FILE")" = "$(expected_token "$KEY")" ]
	[ "$(ls -A "${FILE%/*}")" = token ]
	[ "$(times_said "cannot write '.*/token': Input/output error")" -eq 1 ]
}

@test "a folder that takes the place of the file is left alone, and told once" {
	start_server --nonce-expiration 3
	watch --priv-key-file "$KEY"
	appears
	rm "$FILE"
	mkdir "$FILE"
	wait_for said 'not a regular file'
	sleep 2
	rmdir "$FILE"
	appears
	[ "$(times_said 'not a regular file')" -eq 1 ]
	[ "$(ls -A "${FILE%/*}")" = token ]
}

@test "--check: a token that is refused is not written, which is said once" {
	start_server --mode other-replica
	watch --priv-key-file "$KEY" --check
	wait_for said "does not accept"
	sleep 2.5
	is_gone
	lives
	[ "$(times_said 'does not accept')" -eq 1 ]
}

@test "--check: a token that is accepted is written, and a nonce that was replaced meanwhile is no refusal" {
	start_server --mode replaced-once
	watch --priv-key-file "$KEY" --check
	appears
	accepted
	replace_nonce
	wait_for accepted
	[ "$(times_said 'does not accept')" -eq 0 ]
}

@test "--check: a server in trouble is tried again at the next poll" {
	start_server --mode check-500
	watch --priv-key-file "$KEY" --check
	wait_for said "status 500"
	sleep 2.5
	is_gone
	[ "$(grep -c mappings "$STANDIN_LOG")" -ge 2 ]
	[ "$(times_said 'status 500')" -eq 1 ]
}

@test "many servers: a line each in the order given, and none for one that is dead" {
	start_server --servers 30
	for i in $(seq 29 -1 0); do
		echo "$URL/s/$i"
	done >"$BATS_TEST_TMPDIR/list"
	watch --chronograf-url http://127.0.0.1:1 --chronograf-urls-from "$BATS_TEST_TMPDIR/list" --priv-key-file "$KEY"
	complete() { [ "$(cut -f 1 "$FILE" | tail -n 30)" = "$(cat "$BATS_TEST_TMPDIR/list")" ]; }
	wait_for complete || fail "not all: $(cut -f 1 "$FILE")"
	[ "$(wc -l <"$FILE")" -eq 31 ]
	replaced() { [ "$(cut -f 2 "$FILE" | sort -u | wc -l)" -eq 31 ] && ! grep -qF "$old" "$FILE"; }
	old=$(tail -n 1 "$FILE")
	replace_nonce
	wait_for replaced || fail "not all are replaced"
	[ "$(times_said 'no nonce from')" -eq 1 ]
}

@test "many servers with --check and SIGHUP: all are signed again, and nobody waits for ever" {
	use_shim
	start_server --servers 200
	for i in $(seq 0 199); do
		echo "$URL/s/$i"
	done >"$BATS_TEST_TMPDIR/list"
	URL=$URL/s/0
	watch_token --check --chronograf-urls-from "$BATS_TEST_TMPDIR/list"
	complete() { [ -e "$FILE" ] && [ "$(wc -l <"$FILE")" -eq 201 ]; }
	wait_for complete || fail "only $(wc -l <"$FILE") lines"
	kill -HUP "$WATCH"
	signed_again() { [ "$(calls C_Sign)" -ge 402 ]; }
	wait_for signed_again || fail "$(calls C_Sign) signatures"
	complete
	kill -TERM "$WATCH"
	ended_with 0
	called C_Login 2
}

# notified REGEX: what a service manager has been told.
notified() { grep -qE -e "$1" "$BATS_TEST_TMPDIR/notified"; }

listen_for_notice() { # ADDRESS, as $NOTIFY_SOCKET has it
	perl -MSocket -e '
		$| = 1; my ($socket, $text); my $name = $ARGV[0]; $name =~ s/^@/\0/;
		socket($socket, AF_UNIX, SOCK_DGRAM, 0) or die $!;
		bind($socket, sockaddr_un($name)) or die $!;
		print "listening\n";
		print "$text\n" while defined recv($socket, $text, 4096, 0)' "$1" \
		>"$BATS_TEST_TMPDIR/notified" 3>&- 4>&- &
	echo $! >>"$SCRATCH/pids"
	wait_for notified listening
}

@test "a service manager is told READY when the file is there, STATUS, RELOADING and STOPPING" {
	export NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify
	listen_for_notice "$NOTIFY_SOCKET"
	start_server
	signal_server STOP
	watch --priv-key-file "$KEY" --timeout 1
	sleep 1
	kill -HUP "$WATCH"
	sleep 1
	! notified READY || fail "READY without a file"
	signal_server CONT
	wait_for notified '^READY=1$'
	[ -s "$FILE" ]
	notified '^STATUS=valid tokens for 1 of 1 servers$'
	kill -HUP "$WATCH"
	wait_for notified '^RELOADING=1$'
	wait_for notified '^MONOTONIC_USEC=[0-9]+$'
	! notified STOPPING
	kill -TERM "$WATCH"
	ended_with 0
	wait_for notified '^STOPPING=1$'
}

@test "READY waits until every server has answered or failed once" {
	local good
	export NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify
	listen_for_notice "$NOTIFY_SOCKET"
	start_server
	good=$URL
	start_standin --mode never
	watch --chronograf-url "$good" --priv-key-file "$KEY" --timeout 4
	appears
	sleep 1
	! notified READY || fail "READY before the second server has failed"
	wait_for notified '^READY=1$'
	notified '^STATUS=valid tokens for 1 of 2 servers$'
}

@test "the socket of the service manager may be an abstract one" {
	export NOTIFY_SOCKET=@chronoctl-test-$$
	listen_for_notice "$NOTIFY_SOCKET"
	start_server
	watch --priv-key-file "$KEY"
	wait_for notified '^READY=1$'
}

@test "the unit in docs passes systemd-analyze verify, and takes no more than it needs" {
	command -v systemd-analyze >/dev/null || skip "there is no systemd-analyze"
	local unit=$BATS_TEST_TMPDIR/chronoctl-watch.service
	sed "s|/usr/bin/chronoctl|$CHRONOCTL|" "$SOURCE_DIR/docs/chronoctl-watch.service" >"$unit"
	run systemd-analyze verify --man=no "$unit"
	[ "$status" -eq 0 ] && [ -z "$output" ] || fail "systemd-analyze objects"
	run systemd-analyze security --offline=true --threshold=25 "$unit"
	[ "$status" -eq 0 ] || fail "the unit is exposed"
}
