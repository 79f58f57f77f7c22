# The same with --watch: no more signatures than are due, no file that stays, no lines without end, and a program that is restarted.
load helper
load watching
load lies

@test "--watch, a descriptor with the answer to the job, after its death: exit 1" {
	lies 'nonce 0 a' 'sleep 1000' die
	on_old_kernel watch_token
	appears
	lies 'first job' pass 'nonce 0 a'
	ended_with 1
	said 'network program misbehaves: it sent a message with a descriptor'
}

@test "--watch, a connection whose last close waits for a server, with a message: exit 1" {
	mute_server
	lies "connect $MUTE" 'nonce 0 a' 'sleep 1000' linger 'nonce 0 b'
	on_old_kernel watch_token
	ended_with 1
	said 'network program misbehaves: it sent a message with a descriptor'
}

@test "--watch, a new nonce after each death: one signature a second at most" {
	lies 'fresh 0' 'sleep 100' die
	SECONDS=0
	watch_token
	sleep 8
	lives
	[ "$(calls C_Sign)" -ge 2 ] && [ "$(calls C_Sign)" -le "$((SECONDS + 2))" ] || fail "$(calls C_Sign) signatures"
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch, nothing, keeps silent, and cannot be killed: it is restarted once it has ended, and SIGTERM ends the command" {
	lies 'hold 16000' 'nonce 0 a' 'sleep 3600000'
	local token
	watch_token --timeout 1
	appears
	token=$(cat "$FILE")
	lies 'nonce 0 b' 'sleep 3600000'
	SECONDS=0
	kill -HUP "$WATCH"
	wait_for said 'the network program was killed, and does not end' || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	[ "$SECONDS" -lt 10 ] || fail "after $SECONDS seconds"
	wait_for differs "$token" || fail "its nonce is not signed: $(cat "$BATS_TEST_TMPDIR/said")"
	[ "$(times_said 'is restarted')" -eq 1 ] || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	token=$(cat "$FILE")
	lies 'hold 30000' 'nonce 0 c' 'sleep 3600000'
	kill -HUP "$WATCH"
	wait_for differs "$token" || fail "the third one's nonce is not signed: $(cat "$BATS_TEST_TMPDIR/said")"
	SECONDS=0
	kill -TERM "$WATCH"
	ended_with 0
	[ "$SECONDS" -lt 3 ] || fail "after $SECONDS seconds"
	! said 'it was killed' || fail "$(cat "$BATS_TEST_TMPDIR/said")"
}

@test "--watch, answers, but takes no token to be tried: it is restarted" {
	local script=() number
	for number in {1..40}; do script+=('failed 0 a' 'nonce 0 a' 'sleep 750'); done
	lies deaf 'nonce 0 a' 'sleep 300' "${script[@]}"
	watch_token --check
	wait_for said 'cannot speak to the network program: Broken pipe' || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	lies 'nonce 0 b' 'accept 9'
	PATIENCE=10 appears
	[ "$(times_said 'is restarted')" -eq 1 ] || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch, answers, but takes no token to be tried, with a descriptor behind its answers: exit 1" {
	lies deaf 'nonce 0 a' 'nonce 0 a' pass 'nonce 0 a'
	SHIM_DELAY=100000 on_old_kernel watch_token --check
	ended_with 1
	said 'a message with a descriptor' || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	! said 'is restarted' || fail "it was restarted"
}

# heard_at_once LINE: a program that is started anew and says that is waited for when SIGTERM comes.
heard_at_once() {
	lies "$1"
	kill -HUP "$WATCH"
	sleep 3
	lives
	SECONDS=0
	kill -TERM "$WATCH"
	ended_with 0
	[ "$SECONDS" -lt 5 ] || fail "after $SECONDS seconds"
}

@test "--watch, no hello when it is restarted by SIGHUP or after its death: SIGTERM ends it at once" {
	lies 'nonce 0 a' 'sleep 3600000'
	watch_token
	appears
	heard_at_once 'mute 3600000'
	lies 'nonce 0 a' 'sleep 1000' die
	watch_token
	appears
	lies 'mute 3600000'
	wait_for said 'is restarted' || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	sleep 1
	SECONDS=0
	kill -TERM "$WATCH"
	ended_with 0
	[ "$SECONDS" -lt 5 ] || fail "after $SECONDS seconds"
}

@test "--watch, no hello when it is restarted: the token ends in its time, and the program is restarted again" {
	lies 'nonce 0 a 8' 'sleep 2000' die
	watch_token --timeout 1
	appears
	lies 'mute 3600000'
	goes
	lies 'nonce 0 b' 'sleep 3600000'
	wait_for said 'is restarted' || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	appears
	lives
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch, nothing more, and keeps silent: it is restarted" {
	lies 'nonce 0 a' 'sleep 3600000'
	watch_token --timeout 1
	appears
	wait_for said 'the network program has been silent for 12 seconds' || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	lies 'nonce 0 b' 'sleep 3600000'
	signed_again() { [ "$(calls C_Sign)" -ge 1 ]; }
	wait_for signed_again || fail "its nonce is not signed: $(cat "$BATS_TEST_TMPDIR/said")"
	[ "$(times_said 'has been silent')" -eq 1 ] || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	lives
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch, a nonce of one of two servers again and again, and nothing of the other: it is restarted" {
	local script=() number
	for number in {1..40}; do script+=('nonce 0 a' 'sleep 900'); done
	lies "${script[@]}"
	watch_token --timeout 1 --chronograf-url http://127.0.0.1:2
	wait_for said 'has said nothing of http://127.0.0.1:2 for 13 seconds, and was ended' || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	is_gone
	lies 'nonce 0 a' 'nonce 1 b' 'sleep 3600000'
	appears
	[ "$(times_said 'is restarted')" -eq 1 ] || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch --check, a nonce again and again, but no verdict on its token: it is restarted, and the token is tried again" {
	local script=() number
	for number in {1..40}; do script+=('nonce 0 a' 'sleep 900'); done
	lies "${script[@]}"
	watch_token --timeout 1 --check
	wait_for said 'has said nothing of the token for http://127.0.0.1:1 for 12 seconds, and was ended' || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	is_gone
	lies 'nonce 0 a' 'accept 9'
	appears
	# Of the second program's time.
	called C_Sign 0
	[ "$(times_said 'is restarted')" -eq 1 ] || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch, all of it is stopped for longer than the network program may be silent: that is not held against it" {
	local key_process network
	lies 'nonce 0 a' 'sleep 2000' 'nonce 0 a' 'sleep 3600000'
	watch_token --timeout 1
	appears
	key_process=$(pgrep -P "$WATCH")
	network=$(pgrep -P "$key_process")
	kill -STOP "$WATCH" "$key_process" "$network"
	sleep 14
	kill -CONT "$WATCH" "$key_process"
	sleep 2
	kill -CONT "$network"
	sleep 2
	[ "$(times_said 'is restarted')" -eq 0 ] || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	[ -s "$FILE" ]
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch, 851 nonces at once: exit 1, and no more than one signature a second" {
	lies 'flood 0 851'
	watch_token
	ended_with 1
	said 'network program misbehaved'
	[ "$(calls C_Sign)" -le 2 ] || fail "$(calls C_Sign) signatures"
}

@test "--watch, a nonce and a failure in turn, thousands of times: exit 1, and a few lines" {
	lies 'storm 0 5000'
	watch_token
	ended_with 1
	said 'misbehaves: it sent a message with too many others before it'
	[ "$(wc -l <"$BATS_TEST_TMPDIR/said")" -lt 40 ] || fail "$(wc -l <"$BATS_TEST_TMPDIR/said") lines"
	[ "$(calls C_Sign)" -eq 1 ] || fail "$(calls C_Sign) signatures"
}

@test "--watch, a verdict that nothing was on trial for: exit 1" {
	lies 'nonce 0 a' 'sleep 300' 'accepted 0 a'
	watch_token
	ended_with 1
	said 'network program misbehaved'
}

@test "--watch, a verdict on another nonce than was on trial, after a new one: exit 1" {
	lies 'nonce 0 a' request 'sleep 1200' 'nonce 0 b' 'accepted 0 z'
	watch_token --check
	ended_with 1
	said 'network program misbehaved'
}

@test "--watch, news of replaced files after each start: it is restarted after longer and longer pauses" {
	local before
	lies 'fresh 0' 'field outcome 9' 'nonce 0 a'
	watch_token
	appears
	sleep 18
	lives
	[ "$(calls C_Sign)" -ge 3 ] && [ "$(calls C_Sign)" -le 8 ] || fail "$(calls C_Sign) signatures"
	before=$(calls C_Sign)
	signed_twice() { [ "$(calls C_Sign)" -ge $((before + 2)) ]; }
	SECONDS=0
	kill -HUP "$WATCH"
	wait_for signed_twice || fail "SIGHUP waits for the pause to end"
	[ "$SECONDS" -lt 6 ] || fail "after $SECONDS seconds"
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch, hundreds of messages, and news of replaced files, again after each restart: exit 1, and a few hundred lines at most" {
	lies 'storm 0 100' 'field outcome 9' 'nonce 0 a'
	watch_token
	ended_with 1
	said 'misbehaves: it sent a message with too many others before it'
	[ "$(wc -l <"$BATS_TEST_TMPDIR/said")" -lt 400 ] || fail "$(wc -l <"$BATS_TEST_TMPDIR/said") lines"
}

@test "--watch --check signs all of three nonces that come at once, though tokens are to be tried" {
	lies 'nonce 0 a' 'nonce 1 b' 'nonce 2 c' 'accept 3' 'sleep 2000' \
		'nonce 0 d' 'nonce 1 e' 'nonce 2 f' 'sleep 3600000'
	printf 'http://127.0.0.1:%d\n' 1 2 3 >"$BATS_TEST_TMPDIR/list"
	watch_token --check --chronograf-urls-from "$BATS_TEST_TMPDIR/list"
	wait_for eval '[ "$(calls C_Sign)" -eq 6 ]' || fail "$(calls C_Sign) signatures, not 6:" "$(cat "$BATS_TEST_TMPDIR/said")"
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch, hundreds of messages, and its death, again after each restart: exit 1, and a few lines" {
	lies 'storm 0 100' die
	watch_token
	ended_with 1
	said 'misbehaves: it sent a message with too many others before it'
	[ "$(wc -l <"$BATS_TEST_TMPDIR/said")" -lt 40 ] || fail "$(wc -l <"$BATS_TEST_TMPDIR/said") lines"
}

@test "--watch, a verdict in place of its hello, or of the answer to its job, after its death: exit 1" {
	local of
	for of in hello job; do
		lies 'nonce 0 a' 'sleep 1000' die
		watch_token
		appears
		lies "first $of" 'accepted 0 a'
		ended_with 1
		said "not chronoctl's|no answer to its job"
	done
}

@test "--watch, one nonce again and again, each time with a life of 0 seconds: one signature, and the token is back when it comes after its end" {
	local i lines=('nonce 0 a 0' 'sleep 4000')
	for i in {1..8}; do
		lines+=('nonce 0 a 0' 'sleep 950')
	done
	lies "${lines[@]}" 'sleep 3600000'
	watch_token
	appears
	cp "$FILE" "$BATS_TEST_TMPDIR/first"
	goes
	appears
	for i in {1..12}; do
		cmp "$FILE" "$BATS_TEST_TMPDIR/first" || fail "it is gone again"
		sleep 0.25
	done
	called C_Sign 1
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch, a nonce whose life ends while its token is on trial, the same again, and a late verdict: one signature" {
	lies 'nonce 0 a 0' request 'sleep 1500' 'nonce 0 a 600' 'accepted 0 a'
	watch_token --check
	appears
	called C_Sign 1
	kill -TERM "$WATCH"
	ended_with 0
	lies 'nonce 0 a 0' request 'sleep 1500' 'refused 0 a' 'nonce 0 a 600'
	watch_token --check
	wait_for said 'does not accept the token, and its nonce is still the one that was signed'
	lives
	is_gone
	called C_Sign 1
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch serves replicas whose nonces alternate at an honest pace" {
	lies 'nonce 0 a' 'sleep 900' 'nonce 0 b' 'sleep 900' 'nonce 0 a' 'sleep 900' 'nonce 0 b' 'sleep 900' 'nonce 0 a' \
		'sleep 900' 'nonce 0 b'
	watch_token
	signed_all() { [ "$(calls C_Sign)" -ge 6 ]; }
	wait_for signed_all || fail "$(calls C_Sign) signatures"
	lives
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch, a life that grows: the file stays as long as the nonce does, and comes back if it was removed too soon" {
	local key_process
	lies 'nonce 0 a 3' 'sleep 1000' 'nonce 0 a 60' 'sleep 3600000'
	watch_token
	appears
	sleep 7
	[ -s "$FILE" ] || fail "it was removed at the end that was said first"
	kill -TERM "$WATCH"
	ended_with 0
	watch_token
	appears
	key_process=$(pgrep -P "$WATCH")
	kill -STOP "$key_process"
	goes
	kill -CONT "$key_process"
	PATIENCE=10 appears
	lives
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch --check, nonces that end at once, by a server that lets everyone in: it is said once, and ten times that no token is left" {
	local script=() letter
	for letter in a b c d e f 0 1 2 3 4 5 6; do
		script+=("nonce 0 $letter 0" request "everyone 0 $letter" 'sleep 1300')
	done
	lies "${script[@]}" 'sleep 3600000'
	watch_token --check
	wait_for eval '[ "$(calls C_Sign)" -eq 13 ]' || fail "$(calls C_Sign) signatures, not 13:" "$(cat "$BATS_TEST_TMPDIR/said")"
	sleep 2
	[ "$(times_said 'lets everyone in')" -eq 1 ] || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	[ "$(times_said 'no valid token is left')" -eq 10 ] || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch, failures, when a nonce has ended while SIGHUP had the key opened anew: no file stays" {
	local fifo=$BATS_TEST_TMPDIR/fifo
	mkfifo -m 600 "$fifo"
	lies 'nonce 0 a 4' 'sleep 3600000'
	feed "$KEY" "$fifo"
	watch --priv-key-file "$fifo"
	appears
	lies 'lost 0' 'sleep 3600000'
	kill -HUP "$WATCH"
	# The nonce is held good for a second longer, and the supervisor waits for another one.
	sleep 5.5
	feed "$KEY" "$fifo"
	PATIENCE=5 goes
	lives
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch, nothing at all: SIGTERM ends it" {
	lies 'sleep 3600000'
	watch_token
	sleep 1
	lives
	kill -TERM "$WATCH"
	ended_with 0
}
