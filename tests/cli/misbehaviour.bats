# A network program that was taken over says what no honest one can say: that ends the command, and no signature comes of it.
load helper
load watching

: "${HOSTILE:?folder of the hostile tree}"

# lies LINE…: from now on chronoctl's network program says that (tests/hostile/liar.c).
lies() {
	local tree=$BATS_TEST_TMPDIR/hostile program
	[ -d "$tree" ] || { mkdir "$tree" && cp -r "$HOSTILE/bin" "$HOSTILE/libexec" "$tree"; }
	program=$(find "$tree" -name chronoctl-network)
	printf '%s\n' "$@" >"${program%/*}/script"
	CHRONOCTL=$tree/bin/chronoctl
	URL=http://127.0.0.1:1
	use_shim
}

with_token() {
	chronoctl token --priv-key-file 'pkcs11:object=chronograf' --pin-source "$PIN_FILE" --chronograf-url "$URL" "$@"
}

misbehaves() { # REGEX…
	[ "$status" -eq 1 ] || fail "exit status 1 expected" || return
	[ -z "$output" ] || fail "something is printed" || return
	says 'network program misbehave' "$@"
}

@test "a verdict in place of a nonce: exit 1, and nothing is signed or printed" {
	for verdict in accepted refused everyone failed; do
		lies "$verdict 0 a"
		with_token
		misbehaves 'nonce was due'
		with_token --check
		misbehaves 'nonce was due'
	done
	called C_Sign 0
}

@test "a nonce in place of a verdict: exit 1, and it is not signed" {
	lies 'nonce 0 a' request 'nonce 0 b'
	with_token --check
	misbehaves 'a nonce from .* when a verdict on its token was due'
	called C_Sign 1
}

@test "a verdict on a token that was not tried: exit 1" {
	lies 'nonce 0 a' request 'accepted 0 b'
	with_token --check
	misbehaves verdict
}

@test "an answer of a server that has answered: exit 1, and it is not signed" {
	lies 'nonce 0 a' 'nonce 0 b' 'nonce 1 c'
	with_token --chronograf-url http://127.0.0.1:2
	misbehaves
	[ "$(calls C_Sign)" -le 1 ] || fail "$(calls C_Sign) signatures"
}

@test "two refusals: two signatures, and no third" {
	lies 'nonce 0 a' request 'refused 0 a' request 'nonce 0 b' request 'refused 0 b' 'nonce 0 c' 'nonce 0 d'
	with_token --check
	refused 5 'does not accept'
	called C_Sign 2
}

@test "a nonce that is refused and comes again is not signed again" {
	lies 'nonce 0 a' request 'refused 0 a' request 'nonce 0 a'
	with_token --check
	refused 5 'its nonce is still the one'
	called C_Sign 1
}

@test "a life of all the seconds that there are: refused" {
	lies 'nonce 0 a 9223372036854775807'
	with_token -o json
	misbehaves
}

@test "doctor: a verdict in place of a nonce, and no signature of a nonce" {
	lies 'accepted 0 a'
	chronoctl doctor --priv-key-file "$KEY" --chronograf-url "$URL"
	[ "$status" -eq 1 ] || fail "exit status 1 expected"
	[[ $output == *'network program misbehave'* ]] || fail "not told"
	[[ $output != *accepts* ]]
}

# falls_silent LINE… -- ARGUMENT…: says that, then no more, and hears nothing. --timeout is 1 s, and 10 s are added to it.
falls_silent() {
	local said=()
	while [ "$1" != -- ]; do said+=("$1") && shift; done
	lies "${said[@]}" 'sleep 3600000'
	SECONDS=0
	with_token --timeout 1 "${@:2}"
	refused 1 'the network program has been silent for 11 seconds, and was ended'
	[ "$SECONDS" -ge 11 ] && [ "$SECONDS" -lt 40 ] || fail "after $SECONDS seconds"
}

# $COUNT servers more; NONCES: one of each, the first one's, too.
many_servers() {
	local number
	NONCES=('nonce 0 !') SERVERS=()
	for ((number = 1; number <= COUNT; number++)); do
		SERVERS+=(--chronograf-url "http://127.0.0.1:1/$number")
		NONCES+=("nonce $number $(printf "\\$(printf %o $((number + 33)))")")
	done
}

@test "a network program that says nothing, or no more, is ended by itself" {
	falls_silent --
	called C_Sign 0
	falls_silent 'nonce 0 a' request -- --check
	called C_Sign 1
}

@test "one that hears nothing of the tokens to be tried is ended as well" {
	local COUNT=90
	many_servers
	falls_silent "${NONCES[@]}" -- --check "${SERVERS[@]}"
}

@test "--watch: one that says nothing is started anew, and told once" {
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

@test "--watch: 851 nonces at once get no more than one signature a second, and end the command" {
	lies 'flood 0 851'
	watch_token
	ended_with 1
	said 'network program misbehaved'
	[ "$(calls C_Sign)" -le 2 ] || fail "$(calls C_Sign) signatures"
}

@test "--watch: a verdict that nothing was on trial for ends the command" {
	lies 'nonce 0 a' 'sleep 300' 'accepted 0 a'
	watch_token
	ended_with 1
	said 'network program misbehaved'
}

@test "--watch: replicas whose nonces alternate at an honest pace are served" {
	lies 'nonce 0 a' 'sleep 900' 'nonce 0 b' 'sleep 900' 'nonce 0 a' 'sleep 900' 'nonce 0 b' 'sleep 900' 'nonce 0 a' \
		'sleep 900' 'nonce 0 b'
	watch_token
	signed_all() { [ "$(calls C_Sign)" -ge 6 ]; }
	wait_for signed_all || fail "$(calls C_Sign) signatures"
	lives
	kill -TERM "$WATCH"
	ended_with 0
}

@test "--watch: a network program that says nothing keeps nobody from ending it" {
	lies 'sleep 3600000'
	watch_token
	sleep 1
	lives
	kill -TERM "$WATCH"
	ended_with 0
}
