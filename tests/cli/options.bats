# The command line of `chronoctl token`: options, their variables, usage errors, exit statuses.
load helper

setup_file() {
	suite_key
	start_standin --servers 2
	mkdir -p "$D/elsewhere"
}

# Nobody listens on port 1.
NOWHERE=http://127.0.0.1:1

@test "--chronograf-url and --priv-key-file: a token and a newline on standard output, nothing anywhere else" {
	setsid -w "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY" >"$SCRATCH/out" 2>"$SCRATCH/err"
	{ expected_token "$KEY" && echo; } | cmp - "$SCRATCH/out"
	[ ! -s "$SCRATCH/err" ]
}

@test "--flag=value is the same as --flag value" {
	chronoctl token "--chronograf-url=$URL" "--priv-key-file=$KEY"
	prints_token "$KEY"
	chronoctl token "--chronograf-url=$URL" --priv-key-file "$KEY" --timeout=20
	prints_token "$KEY"
	chronoctl token --timeout 20 --priv-key-file "$KEY" --chronograf-url "$URL"
	prints_token "$KEY"
}

@test "letters in one argument, a value right behind its letter, and abbreviations that mean one option" {
	chronoctl_token --priv-key-file "$KEY" -kv
	prints_token "$KEY"
	says nonce
	chronoctl_token --priv-key-file "$KEY" -kojson
	[ "$(jq -r .token <<<"$output")" = "$(expected_token "$KEY")" ] || fail "not the token in JSON"
	chronoctl_token --priv-key-f "$KEY" --no-pr --timeo=20 --out=token
	refused 2 "'--out' is ambiguous: --output, --out-file"
	chronoctl_token --priv-key-f "$KEY" --no-pr --timeo=20 --outp=token
	prints_token "$KEY"
}

@test "an ambiguous abbreviation: exit 2, the candidates named, its value not" {
	chronoctl_token "--p=$PIN"
	refused 2 "'--p' is ambiguous: .*--priv-key-file, .*--pin-source"
	never_says "$PIN"
}

@test "--pin and --passphrase abbreviate nothing: a PIN behind them is not repeated" {
	local given
	for given in "--pin=$PIN" "--pin $PIN" "--passphrase $PIN"; do
		chronoctl_token --priv-key-file "$KEY" $given
		refused 2 "no option takes a PIN, .*--pin-source"
		never_says "$PIN"
	done
	chronoctl_token --priv-key-file "$KEY" "--pi=$PIN"
	refused 2 "option '--pi' is ambiguous: .*--pin-source"
	never_says "$PIN"
	chronoctl import-key --passphrase "$PIN"
	refused 2 "no option takes a passphrase, .*--passphrase-source"
	never_says "$PIN"
	chronoctl completion "--pin=$PIN"
	refused 2 "unknown option '--pin'"
	never_says "$PIN"
}

@test "-- ends the options" {
	chronoctl_token --priv-key-file "$KEY" --
	prints_token "$KEY"
	chronoctl_token --priv-key-file "$KEY" -- --help
	refused 2 argument
	chronoctl completion -- bash
	[ "$status" -eq 0 ] && [ -n "$output" ] || fail "no script"
	chronoctl completion -- --help
	refused 2 'bash, zsh or fish'
}

@test "options may stand behind an operand, whatever POSIXLY_CORRECT says" {
	POSIXLY_CORRECT=1 chronoctl completion bash --help
	[ "$status" -eq 0 ] && [[ $output == usage:* ]] || fail "no help"
}

@test "an option that is given again: the last one holds; one that is a list grows" {
	chronoctl_token --priv-key-file /nonexistent --priv-key-file "$KEY" -ojson -o token
	prints_token "$KEY"
	chronoctl token --chronograf-url "$URL/s/0" --chronograf-url "$URL/s/1" --priv-key-file "$KEY"
	[ "$status" -eq 0 ] && [ "$(wc -l <<<"$output")" -eq 2 ] || fail "not two tokens"
}

@test "a value may be empty, or begin with a dash" {
	chronoctl_token --priv-key-file ''
	refused '2|3'
	chronoctl_token --priv-key-file --check
	refused 3 "'--check'"
}

@test "a word that is none of an option's: the words are named" {
	chronoctl_token -oxml
	refused 2 "--output is token, header, env or json, not 'xml'"
	chronoctl doctor --output=xml
	refused 2 "--output is text or json, not 'xml'"
	chronoctl list-keys --output xml
	refused 2 "--output is table, json or uri, not 'xml'"
	chronoctl pub-key --format der
	refused 2 "--format is chronograf or spki, not 'der'"
}

@test "a message repeats no control character and no invalid UTF-8 of an argument" {
	local bad=$'\x1b]0;x\xff'
	chronoctl_token "-o$bad"
	refused 2 "not '.x1b]0;x.xff'"
	chronoctl_token "--chronograf$bad"
	refused 2 "unknown option '--chronograf.x1b]0;x.xff'"
	chronoctl "$bad"
	refused 2 "unknown command '.x1b]0;x.xff'"
	chronoctl add-superadmin "$bad"
	never_says "$bad"
	touch "$BATS_TEST_TMPDIR/$bad"
	chronoctl_token "$BATS_TEST_TMPDIR/$bad"
	refused 2 "did you mean --priv-key-file '.*/.x1b]0;x.xff'"
	chronoctl_token "http://$bad"
	refused 2 "did you mean --chronograf-url 'http://.x1b]0;x.xff'"
	chronoctl completion "$bad"
	refused 2 "not '.x1b]0;x.xff'"
	chronoctl_token --priv-key-file "$KEY" --watch --out-file "$SCRATCH/none" --out-mode "$bad"
	refused 2 "not '.x1b]0;x.xff'"
	chronoctl_token --priv-key-file "$KEY" --watch --out-file "$SCRATCH/none" --out-group "$bad"
	refused 2 "no group '.x1b]0;x.xff'"
}

@test "what is mistyped: the option or the command that was meant" {
	chronoctl_token --privkey-file "$KEY"
	refused 2 "unknown option '--privkey-file'; did you mean --priv-key-file\?"
	chronoctl_token --chekc
	refused 2 'did you mean --check\?'
	chronoctl tokne
	refused 2 "unknown command 'tokne'; did you mean token\?"
	chronoctl help tokne
	refused 2 "unknown command 'tokne'; did you mean token\?"
	chronoctl hepl
	refused 2 'did you mean help\?'
}

@test "a part of an option or a command: the one that was meant" {
	chronoctl_token --url "$URL"
	refused 2 'did you mean --chronograf-url\?'
	chronoctl_token --key "$KEY"
	refused 2 'did you mean --priv-key-file\?'
	chronoctl gen-key
	refused 2 'did you mean gen-keypair\?'
	chronoctl list
	refused 2 'did you mean list-keys\?'
}

@test "an option before the command: that it comes after; its value is not repeated" {
	chronoctl "--pin=$PIN" token
	refused 2 "'--pin' comes after a command"
	never_says "$PIN"
}

@test "an operand where an option was meant: the option is named, and what is known to be no PIN" {
	chronoctl_token "$KEY"
	refused 2 "unexpected argument '$KEY'; did you mean --priv-key-file '$KEY'\?"
	chronoctl token "${URL/:\/\//:\/\/ops:$PIN@}"
	refused 2 "unexpected argument '$URL'; did you mean --chronograf-url '$URL'\?"
	never_says "$PIN"
	chronoctl pub-key 'pkcs11:object=chronograf'
	refused 2 "did you mean --priv-key-file 'pkcs11:object=chronograf'\?"
	touch "$SCRATCH/it's;false"
	chronoctl_token "$SCRATCH/it's;false"
	[ "$(advised 'did you mean --priv-key-file ' '?')" = "$SCRATCH/it's;false" ]
	chronoctl_token check
	refused 2 "unexpected argument 'check'; did you mean --check\?"
	chronoctl_token "$PIN"
	refused 2 'unexpected argument; .*--priv-key-file KEY'
	never_says "$PIN"
	chronoctl_token "pkcs11:object=chronograf?pin-value=$PIN"
	refused 2 'unexpected argument; .*--priv-key-file KEY'
	never_says "$PIN" chronograf
}

@test "CHRONOGRAF_URL and PRIV_KEY_FILE stand for their options" {
	CHRONOGRAF_URL=$URL PRIV_KEY_FILE=$KEY chronoctl token
	prints_token "$KEY"
}

@test "a flag beats its variable" {
	CHRONOGRAF_URL=$NOWHERE PRIV_KEY_FILE=/nonexistent chronoctl_token --priv-key-file "$KEY"
	prints_token "$KEY"
	CHRONOGRAF_URL=$URL chronoctl token --chronograf-url "$NOWHERE" --priv-key-file "$KEY"
	refused 4
}

@test "the server is http://localhost:8888 unless told otherwise" {
	if (exec 5<>/dev/tcp/localhost/8888) 2>/dev/null; then
		skip "something listens on port 8888 here"
	fi
	chronoctl token --priv-key-file "$KEY"
	refused 4 'localhost:8888'
}

@test "no key: an error that says so" {
	chronoctl_token
	refused 2 'priv-key-file' 'PRIV_KEY_FILE'
}

@test "chronoctl --help and -h: on standard output, exit 0, names the command" {
	local flag
	for flag in --help -h; do
		chronoctl "$flag"
		[ "$status" -eq 0 ] || fail "$flag"
		[[ $output == *token* ]] || fail "$flag"
		is_silent
	done
}

@test "chronoctl token --help and -h: every option with its variable and default, exit 0, no server asked" {
	local before flag word
	before=$(requests)
	for flag in --help -h; do
		chronoctl_token "$flag"
		[ "$status" -eq 0 ] || fail "$flag"
		is_silent
		for word in --help --chronograf-url CHRONOGRAF_URL http://localhost:8888 -k --skip-verify \
			--priv-key-file PRIV_KEY_FILE --pkcs11-module PKCS11_MODULE_PATH --pin-source \
			--no-prompt --ca-file --timeout 30 -v --verbose; do
			[[ $output == *"$word"* ]] || fail "no '$word' in the help"
		done
	done
	[ "$(requests)" -eq "$before" ]
}

@test "chronoctl help: that of the program, or of a command, the same as --help" {
	chronoctl help
	[ "$status" -eq 0 ] && [ "$output" = "$("$CHRONOCTL" --help)" ] || fail "not the help"
	chronoctl help pub-key
	[ "$status" -eq 0 ] && [ "$output" = "$("$CHRONOCTL" pub-key --help)" ] || fail "not the command's help"
}

@test "no arguments: the help on standard error, exit 2" {
	chronoctl
	[ "$status" -eq 2 ] && [ -z "$output" ] || fail "exit 2 expected, and nothing on standard output"
	[ "$stderr" = "$("$CHRONOCTL" --help)" ] || fail "not the help"
}

@test "the help fits 80 columns, and its options are grouped" {
	local command group
	for command in '' token gen-keypair pub-key list-keys import-key doctor completion; do
		output=$("$CHRONOCTL" $command --help)
		[ "$(wc -L <<<"$output")" -le 80 ] || fail "$command: wider than 80 columns"
	done
	output=$("$CHRONOCTL" token --help)
	for group in server key PIN output other; do
		grep -qx " $group:" <<<"$output" || fail "no group '$group'"
	done
}

@test "chronoctl --version: on standard output, exit 0" {
	chronoctl --version
	[ "$status" -eq 0 ] || fail "status"
	[[ $output =~ ^chronoctl\ [0-9]+\.[0-9]+ ]] || fail "no version"
	[ "$(grep -cE 'FIPS provider in chronoctl(-network)? +not active$' <<<"$output")" -eq 2 ] || fail "nothing of FIPS"
	is_silent
}

@test "usage errors: exit 2, nothing on standard output, the culprit named, no server asked" {
	local before
	before=$(requests)
	chronoctl_token --priv-key-file "$KEY" --no-such-option
	refused 2 'no-such-option'
	chronoctl_token --priv-key-file "$KEY" -x
	refused 2 'x'
	chronoctl_token --priv-key-file "$KEY" surplus
	refused 2 argument
	chronoctl_token --priv-key-file
	refused 2 'priv-key-file'
	chronoctl_token --priv-key-file "$KEY" --no-prompt=yes
	refused 2 'no-prompt'
	chronoctl no-such-command
	refused 2 'no-such-command'
	chronoctl
	[ "$status" -eq 2 ] && [ -z "$output" ] || fail "no command: exit 2"
	[ "$(requests)" -eq "$before" ]
}

@test "--timeout wants a number of seconds above 0" {
	local wrong
	for wrong in 0 -1 ten 10x '' 99999999999999999999; do
		chronoctl_token --priv-key-file "$KEY" "--timeout=$wrong"
		refused 2 'timeout'
	done
}

@test "a URL that is none, or neither http nor https, is refused" {
	local wrong
	for wrong in 'ftp://127.0.0.1/' 'file:///etc/passwd' 'http://' 'http://[::1' 'nonsense'; do
		chronoctl token --priv-key-file "$KEY" --chronograf-url "$wrong" --timeout 5
		refused '2|4'
	done
}

@test "-v and --verbose talk on standard error alone" {
	local flag
	for flag in -v --verbose; do
		chronoctl_token --priv-key-file "$KEY" "$flag"
		prints_token "$KEY"
		[ -n "$stderr" ] || fail "$flag says nothing"
		says 'nonce'
	done
}

@test "exit 3 for the key and 4 for the server" {
	chronoctl_token --priv-key-file /nonexistent
	refused 3 '/nonexistent'
	chronoctl token --chronograf-url "$NOWHERE" --priv-key-file "$KEY"
	refused 4 '127.0.0.1'
}

@test "exit 1 when the token cannot be written" {
	[ -c /dev/full ] || skip "no /dev/full"
	local status=0
	setsid -w "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY" >/dev/full 2>"$SCRATCH/err" ||
		status=$?
	[ "$status" -eq 1 ]
	grep -q '^chronoctl: ' "$SCRATCH/err"
}

@test "exit 1 when the help, the version or a completion script cannot be written" {
	[ -c /dev/full ] || skip "no /dev/full"
	local command
	for command in --help --version 'completion bash'; do
		run --separate-stderr bash -c '"$0" $1 >/dev/full' "$CHRONOCTL" "$command"
		[ "$status" -eq 1 ] || fail "$command: exit status 1 expected"
		says '^chronoctl: .*standard output'
	done
}

@test "exit 1, and not killed, when the token is more than the limit on the size of files lets through" {
	head -c 1000 /dev/zero >"$SCRATCH/out"
	run --separate-stderr bash -c 'ulimit -f 1; exec "$@" >>"$0"' "$SCRATCH/out" \
		"$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY"
	[ "$status" -eq 1 ] || fail "exit status 1 expected"
	[[ $stderr == *'too large'* ]] || fail "not told"
}

@test "exit 1 when there is no standard output at all" {
	local status=0
	setsid -w "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY" >&- 2>"$SCRATCH/err" || status=$?
	[ "$status" -eq 1 ]
}

@test "closed standard input and standard error do not matter" {
	setsid -w "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY" >"$SCRATCH/out" <&- 2>&-
	[ "$(cat "$SCRATCH/out")" = "$(expected_token "$KEY")" ]
}

@test "a current folder of any kind is as good as another" {
	cd "$D/elsewhere"
	chronoctl_token --priv-key-file ../key
	prints_token "$KEY"
}
