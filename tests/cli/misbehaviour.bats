# A network program that was taken over sends what no honest one can send: that ends the command without a signature.
load helper
load watching
load lies

with_token() {
	chronoctl token --priv-key-file 'pkcs11:object=chronograf' --pin-source "$PIN_FILE" --chronograf-url "$URL" "$@"
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

@test "a verdict in place of its hello, or of the answer to its job: exit 1, and nothing is signed or printed" {
	local of
	for of in hello job; do
		lies "first $of" 'accepted 0 a'
		with_token
		refused 1 "not chronoctl's|no answer to its job"
		chronoctl doctor --priv-key-file "$KEY" --chronograf-url "$URL"
		refused 1 "not chronoctl's|no answer to its job"
	done
	called C_Sign 0
}

@test "a verdict on a token that was not tried: exit 1" {
	lies 'nonce 0 a' request 'accepted 0 b'
	with_token --check
	misbehaves verdict
}

@test "a verdict on another nonce than was on trial, after the nonce has become another server's, too: exit 1" {
	lies 'nonce 0 a' 'nonce 1 b' request request 'refused 1 b' request 'nonce 1 a' 'accepted 0 z'
	with_token --chronograf-url http://127.0.0.1:2 --check
	misbehaves verdict
}

@test "a second answer from a server: exit 1, and it is not signed" {
	lies 'nonce 0 a' 'nonce 0 b' 'nonce 1 c'
	with_token --chronograf-url http://127.0.0.1:2
	misbehaves
	[ "$(calls C_Sign)" -le 1 ] || fail "$(calls C_Sign) signatures"
}

@test "two refusals, and more nonces: two signatures, no third" {
	lies 'nonce 0 a' request 'refused 0 a' request 'nonce 0 b' request 'refused 0 b' 'nonce 0 c' 'nonce 0 d'
	with_token --check
	refused 5 'does not accept'
	called C_Sign 2
}

@test "a nonce that was refused before: it is not signed again" {
	lies 'nonce 0 a' request 'refused 0 a' request 'nonce 0 a'
	with_token --check
	refused 5 'its nonce is still the one'
	called C_Sign 1
}

@test "a nonce that ends soon, and another: one wait, one signature, of the second" {
	lies 'nonce 0 a 3' request 'nonce 0 b 3' 'nonce 0 c 3' 'nonce 0 d 600'
	with_token
	[ "$status" -eq 0 ] || fail "exit status 0 expected"
	says 'warning: .*--min-life'
	called C_Sign 1
}

@test "a verdict in place of the next nonce: exit 1, and nothing is signed" {
	lies 'nonce 0 a 3' request 'accepted 0 a'
	with_token --check
	misbehaves 'nonce was due'
	called C_Sign 0
}

@test "a next nonce that was not asked for: exit 1, and it is not signed" {
	lies 'nonce 0 a' 'nonce 0 b 3'
	with_token --chronograf-url http://127.0.0.1:2
	misbehaves
	[ "$(calls C_Sign)" -le 1 ] || fail "$(calls C_Sign) signatures"
}

@test "a life that is the largest number of seconds, or negative: exit 1, and nothing is printed" {
	for life in 9223372036854775807 -9223372036854775808 -2; do
		lies "nonce 0 a $life"
		with_token -o json
		misbehaves 'impossible life'
	done
}

@test "doctor, a verdict in place of a nonce: exit 1, and nothing is accepted" {
	lies 'accepted 0 a'
	chronoctl doctor --priv-key-file "$KEY" --chronograf-url "$URL"
	[ "$status" -eq 1 ] || fail "exit status 1 expected"
	[[ $output == *'network program misbehave'* ]] || fail "not told"
	[[ $output != *accepts* ]]

	# Whether TLS was used is no matter of the program's word.
	lies 'field tls 1' 'nonce 0 a' request 'accepted 0 a'
	chronoctl doctor --priv-key-file "$KEY" --chronograf-url "$URL"
	[[ $output == *'not encrypted'* && $output != *'certificate is good'* ]] || fail "what is encrypted?"
}

@test "doctor, a nonce that it gave for another server, too, and then the failure of its trial: exit 4, and nothing is accepted" {
	lies 'nonce 0 a' 'nonce 1 b' request request 'refused 1 b' request 'nonce 1 a' 'failed 0 a'
	chronoctl doctor --priv-key-file "$KEY" --chronograf-url "$URL" --chronograf-url http://127.0.0.1:2
	[ "$status" -eq 4 ] || fail "exit status 4 expected"
	[ "$(grep -c 'acceptance .*no token, for its nonce is that of' <<<"$output")" -eq 2 ] || fail "not told"
	[[ $output != *accepts* && $stderr != *LeakSanitizer* ]]
}

@test "a message of another length, down to an empty one and up to 100000 bytes: exit 1, and nothing is signed" {
	for length in 0 1 8 2000 4000 100000; do
		lies "length $length" 'nonce 0 a'
		with_token
		misbehaves 'wrong length'
	done
	called C_Sign 0
}

@test "a number out of range in any of its fields, or news that was not asked for: exit 1, and nothing is signed" {
	for field in 'magic 1' 'version 99' 'server 1' 'server -1' 'outcome 0' 'outcome 9' 'outcome 10' 'outcome 32' \
		'outcome -1' 'http_status 1000' 'http_status 403' 'reached 4' 'reached 1' 'tls 2' 'tls -1' \
		'answered 1' 'answered -1' 'answered 9000000000000000' 'at_least 2'; do
		lies "field $field" 'nonce 0 a'
		with_token
		misbehaves
	done
	lies 'field answered -9223372036854775808' 'lost 0'
	with_token
	misbehaves 'another time'
	called C_Sign 0
}

@test "an invalid nonce: exit 1, and nothing is signed" {
	for text in eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyb290In0 7D9F2C1E-5B3A-4C6D-8E9F-0A1B2C3D4E5F \
		7d9f2c1e-5b3a-1c6d-8e9f-0a1b2c3d4e5f ''; do
		lies "text nonce $text" 'nonce 0 a'
		with_token
		misbehaves 'an invalid nonce'
	done
	called C_Sign 0
}

@test "a text without an end, or with a line that looks like one of chronoctl's: exit 1" {
	for text in 'text failure the server accepts the token' 'text failure http://x\x0a \x0athe server accepts the token' \
		'fill failure' 'fill trace' 'fill release' 'text failure http://x\x0achronoctl: the server accepts the token' \
		'text failure http://x\x0a \xe2\x80\x8bchronoctl: accepted'; do
		lies "$text" 'lost 0'
		with_token
		misbehaves 'text|failure of no server'
	done
}

@test "escape sequences in each of its texts: they are printed as \x.., not sent to the terminal" {
	lies 'text trace \x1b]52;c;Zm9yZ2VkCg==\x07' 'text failure http://127.0.0.1:1: \x1b[2J\x0d\xe2\x80\xae' 'lost 0'
	with_token -v
	refused 4 '\\x1b\[2J\\x0d\\xe2\\x80\\xae' '\\x1b\]52;'
	lies 'text release \x1b[31m1.8' 'nonce 0 a' request 'accepted 0 a'
	chronoctl doctor --priv-key-file "$KEY" --chronograf-url "$URL"
	never_says $'\e'
	[[ $output == *'\x1b[31m1.8'* ]] || fail "its release is not there"
}

@test "blanks up to where a line of the terminal begins, and characters that it does not show: one blank, and \x.. for each" {
	lies 'text trace GET x        \xc2\xa0\xe2\x80\x83  chronoctl: a\xc2\xad\xf3\xa0\x80\x81\xd7\x90' \
		'text failure http://127.0.0.1:1: y         \xe3\x80\x80    chronoctl: b\xe1\xa0\x8e\xf0\x9d\x85\xb3' 'lost 0'
	with_token -v
	refused 4 'http://127.0.0.1:1: y chronoctl: b\\xe1\\xa0\\x8e\\xf0\\x9d\\x85\\xb3' \
		'chronoctl:   chronoctl-network says: "GET x chronoctl: a\\xc2\\xad\\xf3\\xa0\\x80\\x81\\xd7\\x90"'
	lies 'text release 1.8       chronoctl: c\xe2\xa0\x80' 'nonce 0 a' request 'accepted 0 a'
	chronoctl doctor --priv-key-file "$KEY" --chronograf-url "$URL"
	[[ $output == *'says that it is Chronograf "1.8 chronoctl: c\xe2\xa0\x80"'* ]] || fail "its release is not there"
}

# on_rows WIDTH: what with_token says on a terminal of that width.
on_rows() {
	on_terminal 'never to be seen' '' "stty cols $1; LC_ALL=${2-C.UTF-8} TERM=dumb $CHRONOCTL token --chronograf-url $URL \
		--priv-key-file 'pkcs11:object=chronograf' --pin-source $PIN_FILE"
	[ "$status" -eq 4 ] || fail "exit status 4 expected:" "$screen"
}

@test "at any width of a terminal, no words of others begin a row" {
	local words width
	for words in "$(printf 'a%.0s' {1..90})chronoctl:b" 'a aa aaa aaaa chronoctl: b bb bbb chronoctl: c cc chronoctl: d' \
		"$(printf '\\xe9\\x8d\\xb5%.0s' {1..20}) chronoctl: a" "$(printf 'e\\xcc\\x81%.0s \\xcc\\x81' {1..8}) chronoctl: a"; do
		lies "text failure https://x: $words" 'lost 0'
		URL=https://x
		for width in 21 37 80 81; do
			on_rows "$width"
			[ "$(grep -c '^chronoctl: ' <<<"$screen")" -eq 1 ] || fail "a row of theirs at $width:" "$screen"
			! grep -qvE '^(chronoctl: |  [^ ])' <<<"$screen" || fail "a row that is not indented at $width:" "$screen"
			[ "$(LC_ALL=C.UTF-8 wc -L <<<"$screen")" -le "$width" ] || fail "a row wider than $width:" "$screen"
		done
	done
	grep -q ' .*chronoctl:' <<<"$screen" || fail "the words are not there:" "$screen"
}

@test "at any width of a terminal, no word of others begins a row of doctor's, even if it looks like a URI" {
	local word width
	word=pkcs11:$(printf 'A%.0s' {1..200})no_problem_found
	for text in "failure http://127.0.0.1:1: $word and more" "failure http://127.0.0.1:1: a '$word'" "failure http://127.0.0.1:1: a\\x0a$word"; do
		lies "text $text" 'field reached 2' 'lost 0'
		for width in 37 80; do
			on_terminal 'never to be seen' '' "stty cols $width; LC_ALL=C.UTF-8 TERM=dumb $CHRONOCTL doctor --priv-key-file $KEY \
				--chronograf-url http://127.0.0.1:1"
			grep -q 'AAAA' <<<"$screen" || fail "the word is not there:" "$screen"
			! grep -qE '^[A_]' <<<"$screen" || fail "a row of theirs at $width:" "$screen"
			[ "$(grep 'AA\|no_problem' <<<"$screen" | LC_ALL=C.UTF-8 wc -L)" -le "$width" ] || fail "a row wider than $width:" "$screen"
		done
	done
}

@test "where the locale is not UTF-8, what is not ASCII is written as \x.., on a terminal and behind a pipe" {
	lies 'text failure http://127.0.0.1:1: \xc3\xa9\xe9\x8d\xb5' 'lost 0'
	on_rows 200 C
	grep -qF 'http://127.0.0.1:1: \xc3\xa9\xe9\x8d\xb5' <<<"$screen" || fail "$screen"
	on_rows 200
	grep -q 'http://127.0.0.1:1: é鍵' <<<"$screen" || fail "$screen"
	LC_ALL=C with_token
	refused 4 'http://127.0.0.1:1: \\xc3\\xa9\\xe9\\x8d\\xb5'
	with_token
	refused 4 'http://127.0.0.1:1: é鍵'
	lies 'text release é鍵' 'nonce 0 a' request 'accepted 0 a'
	LC_ALL=C chronoctl doctor --priv-key-file "$KEY" --chronograf-url "$URL"
	[[ $output == *'Chronograf "\xc3\xa9\xe9\x8d\xb5"'* ]] || fail "not escaped"
	LC_ALL=C chronoctl doctor --priv-key-file "$KEY" --chronograf-url "$URL" -o json
	! LC_ALL=C grep -q '[^ -~]' <<<"$output" || fail "not ASCII"
	jq -e 'any(.findings[]; .fact | contains("é鍵"))' <<<"$output" || fail "other JSON"
	chronoctl doctor --priv-key-file "$KEY" --chronograf-url "$URL"
	[[ $output == *'Chronograf "é鍵"'* ]] || fail "changed in UTF-8"
}

@test "bytes on standard output and standard error: they reach nobody" {
	lies 'shout chronoctl: forged\x1b]52;c;Zm9yZ2VkCg==\x07' 'nonce 0 a'
	with_token
	[ "$status" -eq 0 ] || fail "exit status 0 expected"
	never_says forged
	lies 'shout chronoctl: forged' die
	with_token
	refused 1 'network program died'
	[ "$SANITIZED" = ON ] || never_says forged
}

@test "words that no URL stands before, in its trace and its release: they are quoted, and it is said whose they are" {
	lies 'text trace http://x: "chronoctl: accepted"' 'text release 1" chronoctl: accepted' 'nonce 0 a' request 'accepted 0 a'
	with_token -v --check
	[ "$status" -eq 0 ] || fail "exit status 0 expected"
	says '^chronoctl:   chronoctl-network says: "http://x: \\x22chronoctl: accepted\\x22"$'
	chronoctl doctor --priv-key-file "$KEY" --chronograf-url "$URL"
	[[ $output == *'it is Chronograf "1\x22 chronoctl: accepted"'* ]] || fail "its release is not there"
	lies 'text trace status 200ʺ The server accepts the token: ″“a”' 'text release 1.9” and its certificate is good, it’s “1' 'nonce 0 a' \
		request 'accepted 0 a'
	with_token -v --check
	says 'says: "status 200\\xca\\xba The server accepts the token: \\xe2\\x80\\xb3\\xe2\\x80\\x9ca\\xe2\\x80\\x9d"$'
	chronoctl doctor --priv-key-file "$KEY" --chronograf-url "$URL"
	[[ $output == *'it is Chronograf "1.9\xe2\x80\x9d and its certificate is good, it’s \xe2\x80\x9c1"'* ]] || fail "its release is not there"
}

@test "a failure that does not name its server, such as chronoctl's own words: it is quoted, and it is said whose words they are" {
	local words
	for words in 'http://127.0.0.1:1 accepts the token' 'http://127.0.0.1:2: no answer' 'the server: no answer' \
		'http://127.0.0.1:1 (redirected to http://127.0.0.1:2 or so): no answer'; do
		lies "text failure $words" 'lost 0'
		with_token --check
		refused 4 "^chronoctl: chronoctl-network says: \"${words//[()]/.}\"\$"
	done
	lies 'text failure http://127.0.0.1:1 (redirected to http://127.0.0.1:2/): no answer' 'lost 0'
	with_token --check
	refused 4 '^chronoctl: http://127.0.0.1:1 .redirected to http://127.0.0.1:2/.: no answer$'
}

@test "words on standard error in place of its hello, to --version: quoted, on indented rows, and not on standard output" {
	lies 'first hello' "shout $(printf 'x%.0s' {1..50}) chronoctl: all is well Û2J" die
	chronoctl --version
	[[ $status -eq 0 && $output == *'in chronoctl-network  not known' ]] || fail "its words are on standard output"
	says '^chronoctl: .*chronoctl-network says: "x* chronoctl: all is well Û2J'
	local width
	for width in 37 79 80; do
		on_terminal 'never to be seen' '' "stty cols $width; LC_ALL=C TERM=dumb $CHRONOCTL --version"
		[ "$(grep -c '^chronoctl: ' <<<"$screen")" -eq 1 ] || fail "a row of theirs at $width:" "$screen"
		[ "$(grep 'xx\|well' <<<"$screen" | wc -L)" -le "$width" ] || fail "a row wider than $width:" "$screen"
		! LC_ALL=C grep -q '[^ -~]' <<<"$screen" || fail "not escaped:" "$screen"
	done
}

@test "an answer to the job that says of its URL what no honest one says: it is quoted, and it is said whose words they are" {
	local words right
	right="'http://127.0.0.1:1' ends with /nonce, which is added to it: write "
	for words in "'http://127.0.0.1:1' accepts the token" "'http://127.0.0.1:1' is not a server's URL: it is. All is well" \
		"${right}'http://127.0.0.1:2'" "${right}'http://127.0.0.1:12'" "${right}'http://127.0.0.1:1/' to the administrator'" \
		"${right}'http://127.0.0.1:1/a\\xc2\\xa0b'" "${right}http://127.0.0.1:1/" "${right}'http://127.0.0.1:1'." \
		"${right}'http://127.0.0.1:1/a';id;''" "${right}'http://127.0.0.1:1/a'\\\\'';id;'" \
		"'http://127.0.0.1:1' is not a server's URL: all is well\\x0aWrite it like http://host:8888 or https://host/base/path." \
		"'http://127.0.0.1:1' does not begin with http:// or https://: write 'http://127.0.0.1:1'"; do
		lies 'first job' 'field outcome 33' "text failure $words" 'lost 0'
		with_token
		[[ $status -eq 2 && $stderr == 'chronoctl: chronoctl-network says: "'*'"' ]] || fail "not quoted: $words"
	done
	lies 'first job' 'field outcome 33' "text failure ${right}'http://127.0.0.1:1/a'" 'lost 0'
	with_token
	[[ $status -eq 2 && $stderr == "chronoctl: ${right}'http://127.0.0.1:1/a'" ]] || fail "quoted"
}

@test "a descriptor with a message: exit 1, and nothing is signed" {
	lies pass 'nonce 0 a'
	on_old_kernel with_token
	misbehaves 'a message with a descriptor'
	called C_Sign 0
}

@test "a descriptor with its hello, or with the answer to its job: exit 1, and nothing is signed" {
	local of
	for of in hello job; do
		lies "first $of" pass 'nonce 0 a'
		on_old_kernel with_token
		misbehaves 'a message with a descriptor'
	done
	called C_Sign 0
}

@test "an empty message, also before the end, while the key is in use: exit 1, and nothing more is signed" {
	lies 'nonce 0 a' 'length 0' 'nonce 0 b' die
	SHIM_DELAY=100000 with_token --check
	misbehaves 'wrong length'
	called C_Sign 1
}

@test "the same connection with a message that nobody reads, after an empty one: the token is printed, and the command ends" {
	mute_server
	lies "connect $MUTE" 'nonce 0 a' 'length 0' 'nonce 0 b' linger 'nonce 0 c'
	SHIM_DELAY=100000 on_old_kernel with_token
	[ "$status" -eq 0 ] || fail "exit status 0 expected"
	[ -n "$output" ] || fail "no token"
}

@test "one nonce as that of two servers: exit 4, and no token is printed" {
	lies 'nonce 0 a' 'nonce 1 a'
	with_token --chronograf-url http://127.0.0.1:2
	refused 4 'nonce'
}

@test "a nonce that another server has given out before its present one: exit 4, and no token is printed" {
	lies 'nonce 0 a' 'nonce 1 b' request request 'refused 0 a' request 'nonce 0 c' request 'accepted 0 c' \
		'refused 1 b' request 'nonce 1 a' request 'accepted 1 a'
	with_token --check --chronograf-url http://127.0.0.1:2
	refused 4 'http://127.0.0.1:2 gets no token, for its nonce is that of http://127.0.0.1:1'
	lies 'nonce 0 a 3' request 'nonce 0 b 600' 'nonce 1 a 600'
	with_token --min-life 60 --chronograf-url http://127.0.0.1:2
	refused 4 'gets no token, for its nonce is that of'
}

@test "a nonce that was refused, after one that ends too soon: exit 5, and it is not signed again" {
	lies 'nonce 0 a 600' request 'refused 0 a' request 'nonce 0 b 3' request 'nonce 0 a 600' request 'accepted 0 a'
	with_token --check --min-life 60
	refused 5 'does not accept the token'
	called C_Sign 1
}

@test "851 nonces at once, to token and to doctor: exit 1, and one signature at most" {
	lies 'flood 0 851'
	with_token
	[ "$(calls C_Sign)" -le 1 ] || fail "$(calls C_Sign) signatures"
	lies 'flood 0 851'
	chronoctl doctor --priv-key-file 'pkcs11:object=chronograf' --pin-source "$PIN_FILE" --chronograf-url "$URL"
	[ "$status" -eq 1 ] || fail "exit status 1 expected"
	[[ $output == *'network program misbehave'* ]] || fail "not told"
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

@test "nothing, or no more, and keeps silent: exit 1, 10 seconds after --timeout" {
	falls_silent --
	called C_Sign 0
	falls_silent 'nonce 0 a' request -- --check
	called C_Sign 1
}

@test "nothing, and does not read the tokens to be tried: exit 1, 10 seconds after --timeout" {
	local COUNT=90
	many_servers
	falls_silent "${NONCES[@]}" -- --check "${SERVERS[@]}"
}

@test "nothing, keeps silent, and cannot be killed: exit 1, a second later" {
	lies 'hold 30000' 'sleep 3600000'
	SECONDS=0
	with_token --timeout 1
	refused 1 'the network program has been silent for 11 seconds, and was ended'
	[ "$SECONDS" -ge 11 ] && [ "$SECONDS" -lt 30 ] || fail "after $SECONDS seconds"
}

# ends_late SECONDS WORDS ARGUMENT…: exit 1, by that time and no more than a busy machine's delay later. --timeout is 1 s.
ends_late() {
	SECONDS=0
	with_token --timeout 1 "${@:3}"
	refused 1 "$2"
	[ "$SECONDS" -ge "$1" ] && [ "$SECONDS" -lt $(($1 + 20)) ] || fail "after $SECONDS seconds"
}

@test "no hello, and does not read a job of many packets: exit 1, 10 seconds after --timeout" {
	local number
	lies 'mute 3600000'
	ends_late 11 'network program has not started within 11 seconds'
	for ((number = 0; number < 20000; number++)); do echo "http://127.0.0.1:1/$number"; done >"$BATS_TEST_TMPDIR/list"
	ends_late 11 'network program has not started within 11 seconds' --chronograf-urls-from "$BATS_TEST_TMPDIR/list"
}

@test "an answer from time to time, each in time: exit 1, after the time that all may take" {
	lies 'nonce 0 a' 'sleep 6000' 'nonce 1 b' 'sleep 6000' 'nonce 2 c'
	ends_late 11 'network program has taken more than 11 seconds in all' \
		--chronograf-url http://127.0.0.1:2 --chronograf-url http://127.0.0.1:3
	lies 'nonce 0 a' request 'sleep 8000' 'refused 0 a' request 'sleep 8000' 'nonce 0 b' request 'accepted 0 b'
	ends_late 13 'network program has taken more than 13 seconds in all' --check
}

@test "the tables in docs/reliability.md have what is said here, and what comes of it" {
	diff <(sed -n 's/^@test "\(.*\): \(.*\)" {$/| \1 | \2 |/p' "$BATS_TEST_FILENAME" \
		"$BATS_TEST_DIRNAME"/watch_{misbehaviour,lies}.bats) \
		<(sed '1,/^| what it says | what comes of it |$/d; /^|---/d; /^$/,$d' "$SOURCE_DIR/docs/reliability.md")
}
