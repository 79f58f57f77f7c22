# The same with --watch: a program that passes descriptors, dies or keeps silent; it is restarted, and no file stays.
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
	for number in {1..20}; do script+=('failed 0 a' 'nonce 0 a' 'sleep 1500'); done
	lies deaf 'nonce 0 a' 'sleep 1500' "${script[@]}"
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
