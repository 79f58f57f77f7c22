# What a network program that was taken over says of nonces, verdicts and replaced files, with --watch: no more signatures
# than are due, no file that stays, no lines without end.
load helper
load watching
load lies

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
	[ "$(calls C_Sign)" -le 1 ] || fail "$(calls C_Sign) signatures"
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

@test "--watch --check, verdicts that all come after their nonces have ended: it is said the second time, and no file appears" {
	local verdict
	for verdict in refused accepted everyone; do
		lies 'nonce 0 a 0' request 'sleep 1500' "$verdict 0 a" 'nonce 0 b 0' request 'sleep 1500' "$verdict 0 b" 'sleep 3600000'
		watch_token --check
		wait_for said 'gets no token: its nonce had ended or was replaced before the token was tried, again' ||
			fail "$verdict: $(cat "$BATS_TEST_TMPDIR/said")"
		is_gone
		called C_Sign 2
		kill -TERM "$WATCH"
		ended_with 0
	done
}

@test "--watch --check, nonces that are each replaced while their tokens are on trial: it is said the second time" {
	lies 'nonce 0 a' request 'sleep 900' 'nonce 0 b' 'accepted 0 a' request 'sleep 900' 'nonce 0 c' 'accepted 0 b' 'sleep 3600000'
	watch_token --check
	wait_for said 'gets no token: its nonce had ended or was replaced before the token was tried, again' ||
		fail "$(cat "$BATS_TEST_TMPDIR/said")"
	is_gone
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch --check, a trial that fails after its nonce has ended, or was replaced: why is said" {
	lies 'nonce 0 a 0' request 'sleep 1500' 'failed 0 a' 'sleep 3600000'
	watch_token --check
	wait_for said 'http://liar: it says so' || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	kill -TERM "$WATCH"
	ended_with 0
	lies 'nonce 0 a' request 'nonce 0 b' 'failed 0 a' 'sleep 3600000'
	watch_token --check
	wait_for said 'http://liar: it says so' || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch --check, a trial that fails, and the same nonce, again and again: one trial a second at most" {
	local script=() number
	for number in {1..6}; do script+=('nonce 0 a' request 'failed 0 a'); done
	lies "${script[@]}" 'nonce 0 b' 'sleep 3600000'
	SECONDS=0
	watch_token --check
	wait_for eval '[ "$(calls C_Sign)" -eq 2 ]' || fail "$(calls C_Sign) signatures, not 2:" "$(cat "$BATS_TEST_TMPDIR/said")"
	[ "$SECONDS" -ge 3 ] || fail "after $SECONDS seconds"
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch, a nonce that another server has given out before its present one: only the other one gets a token" {
	lies 'nonce 0 a' 'nonce 0 c' 'nonce 1 a' 'sleep 3600000'
	watch_token --chronograf-url http://127.0.0.1:2
	wait_for said 'http://127.0.0.1:2 gets no token, for its nonce is that of http://127.0.0.1:1, too' ||
		fail "$(cat "$BATS_TEST_TMPDIR/said")"
	appears
	sleep 2
	[ "$(wc -l <"$FILE")" -eq 1 ] || fail "$(cat "$FILE")"
	grep -qP '^http://127.0.0.1:1\t' "$FILE" || fail "$(cat "$FILE")"
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch --check, a nonce of two servers, one of which moves on during its trial: both get tokens when the other has, too" {
	lies 'nonce 0 a' 'nonce 1 b' request request 'nonce 1 a' 'nonce 0 c' 'accepted 0 a' 'accepted 1 b' 'sleep 600' 'nonce 1 d' 'accept 2' \
		'sleep 3600000'
	watch_token --check --chronograf-url http://127.0.0.1:2
	wait_for eval '[ -e "$FILE" ] && [ "$(wc -l <"$FILE")" -eq 2 ]' || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch, new nonces of one of two servers, which keep a slow key busy, and nothing of the other: it is restarted" {
	local script=() number
	for number in {1..40}; do script+=('fresh 1' 'sleep 950'); done
	export SHIM_CONTROL=$BATS_TEST_TMPDIR/control
	lies 'nonce 0 a' 'nonce 1 b' "${script[@]}"
	watch_token --timeout 1 --chronograf-url http://127.0.0.1:2
	appears
	control SHIM_DELAY=350000
	wait_for said 'has said nothing of http://127.0.0.1:1 for 13 seconds, and was ended' || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch, a nonce that waits for its signature while another ends, and then failures: the token goes at its end" {
	local script=() number
	for number in {1..20}; do script+=('sleep 1000' 'lost 0'); done
	lies 'nonce 0 a 0' 'sleep 300' 'nonce 0 b 5' 'sleep 500' 'nonce 0 c 3' "${script[@]}"
	watch_token
	appears
	sleep 2
	appears
	PATIENCE=6 goes
	said 'no valid token is left'
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch --check, the failure of a question, and then a refusal or another's nonce: each is said once" {
	lies 'lost 0' 'nonce 0 a' request 'refused 0 a' request 'nonce 0 a' 'sleep 900' 'nonce 0 a' 'sleep 900' 'nonce 0 a' 'sleep 3600000'
	watch_token --check
	wait_for said 'does not accept the token' || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	sleep 2
	[ "$(times_said 'does not accept the token')" -eq 1 ] || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	kill -TERM "$WATCH"
	ended_with 0
	lies 'lost 1' 'nonce 0 a' 'nonce 1 a' 'sleep 3600000'
	watch_token --chronograf-url http://127.0.0.1:2
	wait_for said 'http://127.0.0.1:2 gets no token, for its nonce is that of' || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch --check, many refusals at once, while other tokens are to be tried: that is no silence" {
	lies 'crowd 60 30'
	printf 'http://127.0.0.1:%d\n' {1..90} >"$BATS_TEST_TMPDIR/list"
	watch_token --check --chronograf-urls-from "$BATS_TEST_TMPDIR/list"
	wait_for eval '[ "$(calls C_Sign)" -ge 120 ]' || fail "$(calls C_Sign) signatures"
	sleep 2
	lives
	! said 'silent|restarted' || fail "$(cat "$BATS_TEST_TMPDIR/said")"
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
