# A PIN: any bytes of a sensible length, without trailing line ends.
load helper
load pins

@test "line ends at the end are dropped; other white space at either end is warned of, and tried" {
	printf '%s' "$PIN" >"$SCRATCH/none"
	signs --priv-key-file "$URI" --pin-source "$SCRATCH/none"
	local ends
	for ends in '\n' '\r\n' '\n\n' '\r\n\r\n' '\r'; do
		printf "%s$ends" "$PIN" >"$SCRATCH/ends"
		signs --priv-key-file "$URI" --pin-source "$SCRATCH/ends"
		never_says 'white space'
	done
	printf '%s \n' "$PIN" >"$SCRATCH/blank"
	wrong_pin --priv-key-file "$URI" --pin-source "$SCRATCH/blank"
	says 'warning: .*white space'
	printf '\t%s\n' "$PIN" >"$SCRATCH/before"
	wrong_pin --priv-key-file "$URI" --pin-source "$SCRATCH/before"
	says 'warning: .*white space'
}

@test "a source with several lines, a NUL byte or a byte order mark is not tried as a PIN, unless --force-login" {
	local what
	for what in "several lines=$PIN\\nurl: ops\\n" "several lines=\\n$PIN\\n" "several lines=$PIN\\rx" "a NUL byte=$PIN\\0" \
		"a byte order mark=\\xef\\xbb\\xbf$PIN\\n" "a byte order mark=\\xff\\xfe2\\0004\\000"; do
		printf "${what#*=}" >"$SCRATCH/more"
		no_pin "source has ${what%%=*}" --priv-key-file "$URI" --pin-source "$SCRATCH/more"
		no_pin "source has ${what%%=*}" --priv-key-file "$URI?pin-source=$SCRATCH/more"
	done
	printf '%s\nurl: ops\n' "$PIN" >"$SCRATCH/more"
	no_pin 'source has several lines' --priv-key-file "$URI" --pin-source "|cat '$SCRATCH/more'"
	CHRONOCTL_PIN=$(cat "$SCRATCH/more") no_pin 'source has several lines' --priv-key-file "$URI"
	wrong_pin --priv-key-file "$URI" --pin-source "$SCRATCH/more" --force-login
}

with_pin() { # PIN: a token with that PIN
	new_token_dir "$SCRATCH/special"
	new_token special "$1"
	import_private_key "$KEY" special chronograf a1 "$1"
}

@test "a PIN that ends in a newline" {
	with_pin $'20394\n'
	signs --priv-key-file "$URI?pin-value=20394%0a"
}

every_way() { # PIN URI-ENCODED: a token with this PIN is opened by it in every way
	with_pin "$1"
	printf '%s' "$1" >"$SCRATCH/pin"
	signs --priv-key-file "$URI?pin-value=$2"
	signs --priv-key-file "$URI?pin-source=$SCRATCH/pin"
	signs --priv-key-file "$URI" --pin-source "$SCRATCH/pin"
	signs --priv-key-file "$URI" --pin-source "|cat '$SCRATCH/pin'"
	signs --priv-key-file "$URI" --pin-source fd:7 7<"$SCRATCH/pin"
	MY_PIN=$1 signs --priv-key-file "$URI" --pin-source env:MY_PIN
	CHRONOCTL_PIN=$1 signs --priv-key-file "$URI"
}

@test "user:password" { every_way 'operator:s3cret word' 'operator:s3cret%20word'; }
@test "UTF-8" { every_way 'пароль-ß' '%d0%bf%d0%b0%d1%80%d0%be%d0%bb%d1%8c-%C3%9F'; }
@test "characters with a meaning in URIs and shells" { every_way 'a?b&c%41=;#$(d)"' 'a?b%26c%2541=%3b%23$(d)%22'; }
@test "bytes that are no text" { every_way $'\x01\xff\xfe\x80\x7f' '%01%ff%fe%80%7f'; }

@test "255 bytes" {
	local long
	printf -v long 'x%.0s' {1..255}
	every_way "$long" "$long"
}

@test "a PIN without sensible length is refused, not cut" {
	head -c 1000000 /dev/zero | tr '\0' 1 >"$SCRATCH/huge"
	no_pin 'PIN|long|byte' --priv-key-file "$URI" --pin-source "$SCRATCH/huge"
}

@test "a PIN that the token cannot have is not tried, unless --force-login" {
	printf 123 >"$SCRATCH/short"
	head -c 300 /dev/zero | tr '\0' 1 >"$SCRATCH/long"
	no_pin 'shorter .*at least 4 bytes.*--force-login' --priv-key-file "$URI" --pin-source "$SCRATCH/short"
	no_pin 'longer .*at most 255 bytes.*--force-login' --priv-key-file "$URI" --pin-source "$SCRATCH/long"
	: >"$SHIM_LOG"
	chronoctl_token --no-prompt --priv-key-file "$URI" --pin-source "$SCRATCH/short" --force-login
	refused 3
	called C_Login 1
}

@test "a token that tells no length of its PINs takes any" {
	local lengths
	printf 123 >"$SCRATCH/short"
	head -c 300 /dev/zero | tr '\0' 1 >"$SCRATCH/long"
	for lengths in zero unavailable; do
		: >"$SHIM_LOG"
		export SHIM_PIN_LENGTHS=$lengths
		signs --priv-key-file "$URI" --pin-source "|echo $PIN"
		called C_Login 1
		chronoctl_token --no-prompt --priv-key-file "$URI" --pin-source "$SCRATCH/short"
		refused 3
		called C_Login 2
		chronoctl_token --no-prompt --priv-key-file "$URI" --pin-source "$SCRATCH/long"
		refused 3
		called C_Login 3
	done
}

@test "a source without end is refused" {
	no_pin 'PIN|long|byte' --priv-key-file "$URI" --pin-source /dev/zero
	no_pin 'PIN|long|byte' --priv-key-file "$URI" --pin-source '|yes'
}

@test "an empty variable is not set" {
	CHRONOCTL_PIN='' no_pin '--pin-source' --priv-key-file "$URI"
	MY_PIN='' no_pin MY_PIN --priv-key-file "$URI" --pin-source env:MY_PIN
}
