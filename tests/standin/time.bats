#!/usr/bin/env bats
# When nonces change, and what Expires says of it.
load helper

@test "a nonce ends with its time, and at SIGHUP, and with it its token" {
	start --nonce $NONCE --nonce-expiration 1 --pub-key-file "$BATS_FILE_TMPDIR/key.pub"
	sleep 1.2
	local second
	second=$(curl --silent "$URL/nonce")
	[ "$second" != $NONCE ]
	[ "$(check "$(token_for $NONCE)" "$URL")" = 403 ]
	stop

	start --nonce $NONCE
	kill -HUP "$PID"
	sleep 0.2
	[ "$(curl --silent "$URL/nonce")" != $NONCE ]
}

# next_change [PATH]: the time of the next change in milliseconds, seen by asking often.
next_change()
{
	local old path=${1-/nonce}
	old=$(curl --silent "$URL$path")
	while [ "$(curl --silent "$URL$path")" = "$old" ]; do
		sleep 0.01
	done
	date +%s%3N
}

@test "nonces change at start + k periods, whether anybody asks or not" {
	local started first second
	until [[ $(date +%3N) =~ ^[56] ]]; do sleep 0.01; done # not at a whole second, as Expires is
	started=$(date +%s%3N)
	start --nonce-expiration 2
	first=$(next_change)
	((first - started >= 2000 && first - started < 2700))
	sleep 3
	second=$(next_change)
	# Replaced by those who ask, it would be 5,000 ms.
	((second - first > 3300 && second - first < 4700))
}

@test "the nonces of many servers change all at once, or in turn" {
	start --servers 2 --nonce-expiration 2
	local first second
	first=$(next_change /s/0/nonce)
	second=$(next_change /s/1/nonce)
	((second - first > 1500 && second - first < 2700))
	stop
	start --servers 2 --nonce-expiration 2 --spread
	first=$(next_change /s/0/nonce)
	second=$(next_change /s/1/nonce)
	((second - first > 300 && second - first < 1500))
}

@test "Expires is the time of the next change, cut to whole seconds" {
	start --nonce-expiration 2
	local expires change
	expires=$(date -d "$(header Expires)" +%s)
	change=$(next_change)
	((change >= expires * 1000 && change < expires * 1000 + 1700))
}

@test "a restart starts the ticker anew" {
	start --nonce-expiration 2
	local nonce
	sleep 1.2
	kill -HUP "$PID"
	sleep 0.1
	nonce=$(curl --silent "$URL/nonce")
	sleep 1.2
	[ "$(curl --silent "$URL/nonce")" = "$nonce" ]
}

@test "the old nonce stays with the new time for as long as it is told to" {
	start --nonce $NONCE --nonce-expiration 2 --late-nonce 1500 --pub-key-file "$BATS_FILE_TMPDIR/key.pub"
	local before
	before=$(date -d "$(header Expires)" +%s)
	sleep 2.2
	[ "$(date -d "$(header Expires)" +%s)" -eq $((before + 2)) ]
	[ "$(curl --silent "$URL/nonce")" = $NONCE ]
	[ "$(check "$(token_for $NONCE)" "$URL")" = 200 ]
	sleep 1.5
	[ "$(curl --silent "$URL/nonce")" != $NONCE ]
	[ "$(check "$(token_for $NONCE)" "$URL")" = 403 ]
}

# zone ZONE LABEL MINUTES-EAST: Expires, read as if it were UTC, is later by what the zone is east.
zone()
{
	start --nonce-expiration 3600 --zone "$1"
	local expires east
	expires=$(header Expires)
	[[ $expires =~ ^[A-Z][a-z]{2},\ [0-9]{2}\ [A-Z][a-z]{2}\ [0-9]{4}\ [0-9:]{8}\ [A-Z]+$ ]]
	[ "${expires##* }" = "$2" ]
	east=$(($(date -d "${expires% *} UTC" +%s) - $(date +%s) - 3600 - $3 * 60))
	stop
	((east > -10 && east < 10))
}

@test "Expires is in the zone of choice" {
	zone UTC UTC 0
	zone CET CET 60
	zone IST IST 330
	zone EST EST -300
	zone XYZ XYZ 0
	zone Asia/Kolkata IST 330
	zone Asia/Shanghai CST 480
	run "$STANDIN" --zone Nowhere/Town
	[ "$status" -eq 2 ]
	run "$STANDIN" --zone 'a b'
	[ "$status" -eq 2 ]
}
