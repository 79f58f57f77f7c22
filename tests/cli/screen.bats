# What only a terminal gets to see: waits, widths, colours. Where it is redirected, nothing of it is there.
load helper

setup_file() {
	suite_key_in_token ops
}

setup() {
	private_environment
	use_shim
	export CHRONOCTL_PIN=$PIN TERM=xterm NO_COLOR=1
}

ESC=$'\033'
KEY_URI='pkcs11:token=ops;object=chronograf'
FRAME='[|/\\-]'

# at_screen COMMAND: a shell command on a terminal. Sets drawn, a line for each drawing, and left, what stands there
# when all is over.
at_screen() {
	on_terminal 'never to be seen' '' "$1"
	left=$(sed "s/.*\r$ESC\[K//; s/\r\$//" <"$SCRATCH/screen" | grep -v '^Script \(started\|done\)' | tr -d '\000') || true
	drawn=$(tr '\r' '\n' <"$SCRATCH/screen")
}

# waited REGEX: a spinner with these words and with seconds was drawn, and the command went well.
waited() {
	[ "$status" -eq 0 ] || fail "$drawn" || return
	grep -qE "^$FRAME $1$ESC\[K\$" <<<"$drawn" || fail "no wait /$1/ was seen:" "$drawn" || return
	never_left
}

never_left() { ! grep -qE "^$FRAME .*, [0-9]+ s|$ESC" <<<"$left" || fail "a trace is left:" "$left"; }

never_waits() { ! grep -qE "^$FRAME .*, [0-9]+ s" <<<"$drawn" || fail "a wait was seen:" "$drawn"; }

quoted() { printf '%q ' "$@"; }

# ---- Waiting is seen ----

@test "a slow server: its name, the seconds, and the option that says how long" {
	start_standin --pub-key-file "$PUB" --delay 2500
	at_screen "$(quoted "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY" --timeout 40)"
	waited "waiting for ${URL#http://}, [12] s; --timeout 40"
	[ "$left" = "$(expected_token "$KEY")" ] || fail "more is left than the token:" "$left"
}

@test "nothing is shown in the first half second" {
	local command
	start_standin --pub-key-file "$PUB" --delay 1500
	command=$(quoted "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY")
	# script(1) in a terminal of its own notes when something came: SECONDS BYTES.
	at_screen "script -qfec $(printf %q "$command") -T '$SCRATCH/times' '$SCRATCH/inner' >/dev/null"
	[ "$status" -eq 0 ] || fail "$screen"
	grep -qE "^.?$FRAME .*, [01] s" "$SCRATCH/inner" || fail "no wait is seen at all:" "$(cat "$SCRATCH/inner")"
	awk 'NR == 1 { exit !($1 >= 0.5) }' "$SCRATCH/times" || fail "seen too early:" "$(head -n 3 "$SCRATCH/times")"
}

@test "--watch shows that it waits until there is a token in the file" {
	start_standin --pub-key-file "$PUB" --delay 2000
	at_screen "$(quoted timeout --foreground 4 "$CHRONOCTL" token --watch --out-file "$SCRATCH/token" --chronograf-url "$URL" \
		--priv-key-file "$KEY"); true"
	waited "waiting for ${URL#http://}, [12] s; --timeout 30"
	! grep -qE ', [3-9] s' <<<"$drawn" || fail "it still waits:" "$drawn"
}

@test "several servers: how many have answered" {
	local one
	start_standin --pub-key-file "$PUB"
	one=$URL
	start_standin --pub-key-file "$PUB" --nonce "$OTHER_NONCE" --delay 1500
	at_screen "$(quoted "$CHRONOCTL" token --chronograf-url "$one" --chronograf-url "$URL" --priv-key-file "$KEY")"
	waited '1 of 2 servers, 0 failed, [01] s; --timeout 30'
	[ "$(wc -l <<<"$left")" -eq 2 ] || fail "not two lines:" "$left"
}

@test "a token that is slow to open, to sign and to close" {
	start_standin --pub-key-file "$PUB"
	SHIM_DELAY=150000 at_screen "$(quoted "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY_URI")"
	waited "opening the key '$KEY_URI', [0-9] s"
	[ "$left" = "$(expected_token "$KEY")" ] || fail "more is left than the token:" "$left"
	SHIM_DELAY=700000 at_screen "$(quoted "$CHRONOCTL" token --nonce "$NONCE" --priv-key-file "$KEY_URI")"
	waited 'signing, [01] s'
	waited 'closing the tokens, [01] s'
}

@test "list-keys, pub-key and doctor say what they wait for, too" {
	start_standin --pub-key-file "$PUB"
	export SHIM_DELAY=100000
	at_screen "$(quoted "$CHRONOCTL" list-keys)"
	waited 'reading the tokens, [0-9] s'
	at_screen "$(quoted "$CHRONOCTL" pub-key --priv-key-file "$KEY_URI")"
	waited "reading the public half of '$KEY_URI', [0-9] s"
	at_screen "$(quoted "$CHRONOCTL" doctor --chronograf-url "$URL" --priv-key-file "$KEY_URI")"
	waited 'looking at modules and tokens, [0-9] s'
	waited "opening the key '$KEY_URI', [0-9] s"
}

@test "a new key in a file, and in a token" {
	local name
	# Now and then the primes are found at once.
	for name in {1..10}; do
		at_screen "cd '$SCRATCH' && $(quoted "$CHRONOCTL" gen-keypair --out "$name" --bits 4096)"
		! grep -q ', 0 s' <<<"$drawn" || break
	done
	waited 'making the key, [0-9]+ s'
	own_tokens
	SHIM_DELAY=250000 at_screen "$(quoted "$CHRONOCTL" gen-keypair --out 'pkcs11:token=ops;object=new' --bits 2048)"
	waited "preparing 'pkcs11:token=ops;object=new', [0-9] s"
	waited 'making the key in the token; a card may take minutes, [0-9] s'
}

@test "messages have lines of their own, and the wait goes on after them" {
	local bad
	start_standin --mode html --delay 1200
	bad=$URL
	start_standin --pub-key-file "$PUB" --delay 2500
	at_screen "$(quoted "$CHRONOCTL" token --chronograf-url "$bad" --chronograf-url "$URL" --priv-key-file "$KEY"); true"
	waited '0 of 2 servers, 0 failed, [01] s; --timeout 30'
	waited '1 of 2 servers, 1 failed, [12] s; --timeout 30'
	grep -qE "^chronoctl: .*$bad" <<<"$left" || fail "no message on a line of its own:" "$left"
}

@test "a prompt, and a PIN command, have the terminal to themselves" {
	local command
	unset CHRONOCTL_PIN
	command=$(quoted "$CHRONOCTL" token --nonce "$NONCE" --priv-key-file "$KEY_URI")
	on_terminal 'a while later' "$PIN\n" "(sleep 2; echo a while later) & $command"
	[ "$status" -eq 0 ] || fail "$screen"
	drawn=$(tr '\r' '\n' <"$SCRATCH/screen")
	never_waits
	SHIM_DELAY=150000 on_terminal 'PIN of the token' "$PIN\n" "$command"
	left=$(sed "s/.*\r$ESC\[K//" <"$SCRATCH/screen")
	grep -q '^PIN of the token' <<<"$left" || fail "the question stands behind something:" "$left"
	grep -qE "^.$FRAME opening" "$SCRATCH/screen" || fail "no wait before it:" "$screen"
	at_screen "$command --pin-source '|echo who goes there >&2; sleep 1.5; echo $PIN'"
	[ "$status" -eq 0 ] || fail "$screen"
	never_waits
}

@test "nothing is drawn if the terminal is dumb, in use by another process or without echo, with --quiet, or if standard error is no terminal" {
	local command
	start_standin --pub-key-file "$PUB" --delay 1500
	command=$(quoted "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY")
	TERM=dumb at_screen "$command"
	[ "$status" -eq 0 ]
	never_waits
	at_screen "set -m; $command & wait \$!"
	[ "$status" -eq 0 ]
	never_waits
	at_screen "stty -echo; $command"
	[ "$status" -eq 0 ]
	never_waits
	at_screen "$command --quiet"
	[ "$status" -eq 0 ]
	never_waits
	at_screen "$command 2>'$SCRATCH/err'"
	[ "$status" -eq 0 ] && [ ! -s "$SCRATCH/err" ] || fail "$(cat "$SCRATCH/err")"
	never_waits
}

@test "a narrow terminal: the words give way, not the seconds, and the line is one" {
	start_standin --pub-key-file "$PUB" --delay 1500
	at_screen "stty cols 40; $(quoted "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY")"
	waited 'waiting for 127[^ ]*…, [01] s; --timeout 30'
	[ "$(grep -E "^$FRAME " <<<"$drawn" | sed "s/$ESC.*//" | wc -L)" -le 39 ] || fail "wider:" "$drawn"
}

# one_row WIDTH: what was drawn while it waited is narrower, even if each character beyond ASCII takes two columns.
one_row() {
	local frames
	frames=$(grep -E "^$FRAME .*, [0-9]+ s" <<<"$drawn" | sed "s/$ESC.*//; s/[^ -~]/xx/g")
	[ -n "$frames" ] || fail "no wait was seen:" "$drawn" || return
	[ "$(wc -L <<<"$frames")" -lt "$1" ] || fail "as wide as $1:" "$frames"
}

@test "a wait is one row also if the terminal shows two columns for a character of one, or is narrower than the numbers" {
	local command fifo
	fifo=$(printf 'é%.0s' {1..50})
	cd "$SCRATCH"
	mkfifo "$fifo"
	command="(sleep 1.5; cat '$KEY' >'$fifo') & $(quoted "$CHRONOCTL" token --nonce "$NONCE" --priv-key-file)'$fifo'"
	at_screen "stty cols 60; LC_ALL=C.UTF-8; $command"
	waited "opening the key 'é+…, [01] s"
	one_row 60
	at_screen "stty cols 60; export LC_ALL=C; $command"
	waited "opening the key '(\\\\xc3\\\\xa9)+.*~, [01] s"
	one_row 60
	start_standin --pub-key-file "$PUB" --delay 1500
	at_screen "stty cols 20; $(quoted "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY")"
	waited ', [01] s; --tim.*…'
	one_row 20
}

@test "a key that is moved into a token" {
	own_tokens
	SHIM_DELAY=250000 at_screen "$(quoted "$CHRONOCTL" import-key --priv-key-file "$KEY" --to 'pkcs11:token=ops;object=new')"
	waited 'storing the key in the token, [0-9] s'
}

@test "Ctrl-Z during the wait leaves no trace, and the wait shows again when the command continues" {
	start_standin --pub-key-file "$PUB" --delay 8000
	cat >"$SCRATCH/stops" <<-END
		set -m
		$(quoted "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY") >"$SCRATCH/printed"
		echo stopped
		fg >/dev/null
	END
	on_terminal 'waiting for .*1 s' '\032' "bash '$SCRATCH/stops'"
	left=$(sed "s/.*\r$ESC\[K//; s/\r\$//" <"$SCRATCH/screen")
	grep -qx stopped <<<"$left" || fail "a trace is left:" "$left"
	never_left
	sed '1,/stopped/d' "$SCRATCH/screen" | grep -qE "$FRAME waiting for .*, [0-9] s" || fail "not seen again:" "$left"
	[ "$(cat "$SCRATCH/printed")" = "$(expected_token "$KEY")" ] || fail "no token"
}

@test "Ctrl-C during the wait leaves no trace" {
	start_standin --pub-key-file "$PUB" --delay 20000
	on_terminal 'waiting for .*1 s' '\003' "trap : INT; $(quoted "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY"); echo ended"
	left=$(sed "s/.*\r$ESC\[K//; s/\r\$//" <"$SCRATCH/screen")
	grep -qx ended <<<"$left" || fail "a trace is left:" "$left"
}

# ---- Widths ----

widest() { sed "s/$ESC\[[0-9;]*m//g" <<<"$left" | wc -L; }

@test "doctor's rows and advice are wrapped at blanks to the terminal's width, indented; URIs stay whole" {
	start_standin --pub-key-file "$PUB" --mode html
	at_screen "stty cols 60; $(quoted "$CHRONOCTL" doctor --chronograf-url "$URL" --priv-key-file "$KEY_URI"); true"
	grep -q '^✗ nonce ' <<<"${left//$ESC\[31m✗$ESC\[0m/✗}" || fail "no row:" "$left"
	[ "$(sed "s/$ESC\[[0-9;]*m//g" <<<"$left" | grep -vE 'pkcs11:|[0-9a-f]{64}|/shim' | wc -L)" -le 60 ] || fail "wider than 60:" "$left"
	grep -qE '^    [^ ]' <<<"$left" || fail "nothing is indented:" "$left"
}

@test "COLUMNS makes rows shorter, but none wider than the terminal: it may be that of another" {
	local doctor
	start_standin --mode html
	doctor=$(quoted "$CHRONOCTL" doctor --chronograf-url "$URL" --priv-key-file "$KEY")
	at_screen "stty cols 250; COLUMNS=60 $doctor; true"
	[ "$(sed "s/$ESC\[[0-9;]*m//g" <<<"$left" | grep -vE '[0-9a-f]{64}' | wc -L)" -le 60 ] || fail "COLUMNS is not heeded:" "$left"
	at_screen "stty cols 60; COLUMNS=250 $doctor; true"
	[ "$(sed "s/$ESC\[[0-9;]*m//g" <<<"$left" | wc -L)" -le 60 ] || fail "wider than the terminal:" "$left"
	at_screen "stty cols 60; COLUMNS=250 $(quoted "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY"); true"
	[ "$(wc -L <<<"$left")" -le 60 ] || fail "wider than the terminal:" "$left"
}

@test "list-keys fits 80 columns and fewer: headings in two lines, long names cut, URIs whole" {
	own_tokens
	new_token 'a token with a long label'
	import_key "$KEY" 'a token with a long label' 'a-label-that-is-rather-long-for-a-table' a1b2c3d4e5f6
	at_screen "stty cols 80; $(quoted "$CHRONOCTL" list-keys)"
	[ "$(grep -vE "^    'pkcs11:|^chronoctl: |shim" <<<"$left" | wc -L)" -le 80 ] || fail "wider than 80:" "$left"
	grep -qE '^TOKEN .* PIN +PUBLIC' <<<"$left" || fail "no heading:" "$left"
	grep -qE '^  a token[a-z ]*…' <<<"$left" || fail "the label is not cut:" "$left"
	grep -q "^    'pkcs11:.*object=a-label-that-is-rather-long-for-a-table'\$" <<<"$left" || fail "the URI is not whole:" "$left"
	at_screen "stty cols 64; LC_ALL=C $(quoted "$CHRONOCTL" list-keys)"
	[ "$(grep -vE "^    'pkcs11:|^chronoctl: |shim" <<<"$left" | wc -L)" -le 64 ] || fail "wider than 64:" "$left"
	grep -qE '^  a t[a-z ]*~' <<<"$left" || fail "the label is not cut:" "$left"
}

@test "characters of two columns are cut and aligned as such" {
	own_tokens
	import_key "$KEY" ops '鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵' e5
	at_screen "stty cols 64; $(quoted "$CHRONOCTL" list-keys)"
	[ "$(grep -vE "^    'pkcs11:|^chronoctl: |shim" <<<"$left" | wc -L)" -le 64 ] || fail "wider than 64:" "$left"
	[ "$(grep -o '^.* public' <<<"$left" | while IFS= read -r row; do wc -L <<<"$row"; done | sort -u | wc -l)" -eq 1 ] ||
		fail "not in line:" "$left"
	grep -q '^  ops .*鍵…' <<<"$left" || fail "not cut:" "$left"
}

@test "into a pipe or a file nothing is cut, wrapped or coloured, whatever COLUMNS says" {
	own_tokens
	new_token 'a token with a long label'
	import_key "$KEY" 'a token with a long label' 'a-label-that-is-rather-long-for-a-table' a1b2c3d4e5f6
	start_standin --pub-key-file "$PUB"
	at_screen "stty cols 60; $(quoted "$CHRONOCTL" list-keys) | cat"
	grep -qE '^a token with a long label +a-label-that-is-rather-long-for-a-table ' <<<"$left" || fail "cut:" "$left"
	unset NO_COLOR
	at_screen "stty cols 60; COLUMNS=60 $(quoted "$CHRONOCTL" doctor --chronograf-url "$URL" --priv-key-file "$KEY") | cat"
	! grep -qE "^ |$ESC" <<<"$left" || fail "wrapped or coloured:" "$left"
	[ "$(widest)" -gt 100 ] || fail "wrapped:" "$left"
}

# What begins a row of list-keys.
row_begins() { grep -vE '^(  |$)' <<<"$left" | sed 's/ .*//' | sort -u | tr '\n' ' '; }

@test "no words of a token begin a row of list-keys, also where the terminal shows two columns for a character of one or none" {
	local width accents
	own_tokens
	accents=$(printf '\u0301%.0s' {1..70})
	import_key "$KEY" ops "a${accents}chronoctl: forged" e5
	SHIM_LABEL=$(printf 'chronoctl: wrong PIN for token x' | od -An -v -tx1 | tr -d ' \n')
	export SHIM_LABEL
	for width in 20 37 64 80 200; do
		at_screen "stty cols $width; LC_ALL=C.UTF-8 $(quoted "$CHRONOCTL" list-keys) 2>'$SCRATCH/err'"
		[ "$(row_begins)" = 'NOT TOKEN slot ' ] || fail "a row begins with other words at $width:" "$left"
		grep -q '^  chro' <<<"$left" || fail "no row at $width:" "$left"
		# The last accent, each character beyond ASCII counted as two.
		[ "$(sed 's/[^ -~]/xx/g' <<<"$left" | grep -oE '^.*xx' | wc -L)" -le "$width" ] || fail "a row wider than $width:" "$left"
	done
	at_screen "LC_ALL=C $(quoted "$CHRONOCTL" list-keys) 2>'$SCRATCH/err'"
	grep -qF 'a\xcc\x81\xcc\x81' <<<"$left" || fail "not escaped:" "$left"
	LC_ALL=C chronoctl list-keys
	[[ $output == *'a\xcc\x81\xcc\x81'* ]] || fail "not escaped in a pipe"
	[[ $output == *"a%CC%81%CC%81"* ]] || fail "no URI"
}

# same_json ARGUMENT…: what the terminal shows, wherever it wraps that, is what a pipe gets, and no row begins as ours do.
same_json() {
	local width
	"$CHRONOCTL" "$@" -o json >"$SCRATCH/json" 2>/dev/null || true
	grep -q 'chronoctl: forged' "$SCRATCH/json" || fail "changed in a pipe:" "$(cat "$SCRATCH/json")"
	for width in 19 37 79; do
		at_screen "stty cols $width; LC_ALL=C.UTF-8 $(quoted "$CHRONOCTL" "$@" -o json) 2>/dev/null"
		! fold -w "$width" <<<"$left" | grep '^chronoctl: ' || fail "a row begins so at $width:" "$left"
		diff <(jq . <<<"$left") <(jq . "$SCRATCH/json") || fail "other JSON at $width"
	done
	at_screen "LC_ALL=C $(quoted "$CHRONOCTL" "$@" -o json) 2>/dev/null"
	! grep -q '[^ -~]' <<<"$left" || fail "not ASCII:" "$left"
	diff <(jq . <<<"$left") <(jq . "$SCRATCH/json") || fail "other JSON in ASCII"
	diff <(LC_ALL=C "$CHRONOCTL" "$@" -o json 2>/dev/null) <(tr -d '\r' <<<"$left") || fail "not ASCII in a pipe"
}

@test "no words of a token or a file begin a row of JSON, and it is the same JSON as in a pipe" {
	local words
	words=$(printf 'chronoctl: forged %.0s' {1..12})
	own_tokens
	import_key "$KEY" ops "é \"$words" e5
	same_json list-keys
	same_json doctor --priv-key-file "$SCRATCH/é \"$words"
}

# In the URL, and so in a word of doctor's that has no blank.
long_word() { printf 'a%.0s' {1..90}; printf ':chronoctl:%.0s' {1..30}; }

@test "a message as wide as the terminal has no empty row behind it" {
	local message
	message=$("$CHRONOCTL" token --priv-key-file "$SCRATCH/none" --nonce "$NONCE" 2>&1) || true
	at_screen "stty cols ${#message}; LC_ALL=C.UTF-8 $(quoted "$CHRONOCTL" token --priv-key-file "$SCRATCH/none" --nonce "$NONCE")"
	[ "$left" = "$message" ] || fail "$left"
}

@test "a word wider than a row is broken and indented: no part of it begins a row of doctor's" {
	local width
	for width in 20 37 80 200; do
		at_screen "stty cols $width; LC_ALL=C.UTF-8 $(quoted "$CHRONOCTL" doctor --priv-key-file "$SCRATCH/$(long_word | head -c 240)")"
		grep -q '^    .*chronoctl:' <<<"$left" || fail "the word is not there at $width:" "$left"
		[ "$(LC_ALL=C.UTF-8 wc -L < <(grep -vE '^[0-9]+ problem' <<<"$left"))" -le "$width" ] || fail "a row wider than $width:" "$left"
	done
}

# copied BEGIN END: how many words a shell makes of the rows from BEGIN, itself among them, to END, and what else it does or says.
copied() {
	local rows
	[[ $left == *"$1"* ]] || fail "not there: $1" "$left" || return
	rows=${left#*"$1"}
	[ -z "$2" ] || rows=${rows%%"$2"*}
	bash -c "count() { echo \$#; }; count $1$rows" 2>&1
}

@test "a word that is to be copied is one word, and no command, also where the terminal breaks it" {
	local width name words
	words=$(printf "/a%.0s" {1..60})
	start_standin --redirect "http://127.0.0.2:1$words"
	for width in 30 37 58 80; do
		at_screen "stty cols $width; $(quoted "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY")"
		[ "$(copied --chronograf-url "")" = 2 ] || fail "several commands at $width:" "$left"
	done
	cd "$SCRATCH"
	# Each / may begin a row; and so could what follows a quote, which text outside the quotes stands for.
	for name in "$words" "/a '/b '/c" "$(printf "/'%.0s" {1..25})"; do
		mkdir -p "./$name"
		rmdir "./$name"
		cp "$KEY" "./$name"
		for width in {30..45}; do
			at_screen "stty cols $width; $(quoted "$CHRONOCTL" token --priv-key-file "$KEY" ".$name")"
			[[ $status -eq 2 && $left == *mean* ]] || fail "no advice:" "$left"
			[ "$(copied --priv-key-file "?")" = 2 ] || fail "several commands at $width:" "$left"
		done
	done
}

@test "a terminal that does not tell its width has 80 columns, unless COLUMNS says otherwise" {
	local command
	command=$(quoted "$CHRONOCTL" token --chronograf-url http://127.0.0.1:1 --priv-key-file "$SCRATCH/$(long_word | head -c 240)")
	at_screen "stty cols 0; $command"
	[ "$(wc -L <<<"$left")" -eq 80 ] || fail "not 80:" "$left"
	at_screen "stty cols 0; COLUMNS=50 $command"
	[ "$(wc -L <<<"$left")" -eq 50 ] || fail "not 50:" "$left"
	at_screen "stty cols 0; COLUMNS=-7 $command"
	[ "$(wc -L <<<"$left")" -eq 80 ] || fail "-7 is heeded:" "$left"
}

# ---- Colours ----

@test "ticks, crosses and warnings have a colour on a terminal, unless NO_COLOR is set and not empty, or TERM is dumb" {
	local command setting
	unset NO_COLOR
	start_standin --pub-key-file "$PUB" --mode html
	chmod 666 "$KEY"
	command=$(quoted "$CHRONOCTL" doctor --chronograf-url "$URL" --priv-key-file "$KEY")
	at_screen "$command; true"
	grep -qE "^$ESC\[32m✓$ESC\[0m key" <<<"$left" || fail "no green tick:" "$left"
	grep -qE "^$ESC\[31m✗$ESC\[0m nonce" <<<"$left" || fail "no red cross:" "$left"
	grep -qE "^chronoctl: $ESC\[33mwarning: $ESC\[0m" <<<"$left" || fail "no yellow warning:" "$left"
	NO_COLOR= at_screen "$command; true"
	grep -qE "$ESC\[31m" <<<"$left" || fail "an empty NO_COLOR is none:" "$left"
	for setting in NO_COLOR=1 TERM=dumb TERM=; do
		at_screen "$setting $command; true"
		! grep -q "$ESC" <<<"$left" || fail "$setting: coloured:" "$left"
		grep -q '^✗ nonce' <<<"$left" || fail "$setting: no row:" "$left"
	done
	chmod 600 "$KEY"
}
