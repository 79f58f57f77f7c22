# The canary: a PIN, passphrase or prime that can be recognised, given in each way, is then searched for everywhere it could have
# got to, while the command waits for the server. It may be in the key process's locked pages only.
# secrets.bats looks at messages, command lines and environments at other moments.
load helper

: "${CANARY_SEARCH:?path of canary}"

# Long, so that remains in a partly overwritten buffer are found as well.
PIECE=k4nary-5f0c1e-PIN
ENCODED=k4nary%2D5f0c1e%2DPIN
repeated() { # TEXT
	printf -- '%.0s'"${1//%/%%}" {1..14}
}
CANARY=$(repeated "$PIECE") ENCODED_CANARY=$(repeated "$ENCODED")
URI='pkcs11:object=chronograf'

setup_file() {
	suite_key_in_token estate "$CANARY"
	(
		umask 077
		openssl pkcs8 -topk8 -passout "pass:$CANARY" -in "$KEY" -out "$D/pkcs8.pem"
		openssl pkcs8 -topk8 -passout "pass:$CANARY" -in "$KEY" -outform DER -out "$D/pkcs8.der"
		openssl pkcs8 -topk8 -passout "pass:$CANARY" -in "$KEY" -v1 PBE-SHA1-3DES -out "$D/pkcs12-pbe.pem"
		openssl rsa -traditional -aes128 -passout "pass:$CANARY" -in "$KEY" -out "$D/traditional.pem" 2>/dev/null
	)
	printf '%s\n' "$CANARY" >"$D/pin"
	start_standin --mode never
}

setup() {
	[ "$(id -u)" -eq 0 ] || skip "only root may look into these processes"
	[ "${SANITIZED:-OFF}" = OFF ] || skip "AddressSanitizer locks nothing, and keeps what is freed"
	private_environment
	export PKCS11_MODULE_PATH=$SOFTHSM CREDENTIALS_DIRECTORY=$D
	WAY=
}

# What tests/report shows.
teardown_file() {
	end_processes "$BATS_FILE_TMPDIR"
	[ ! -f "$BATS_FILE_TMPDIR/searches" ] ||
		echo "# canary: $(wc -l <"$BATS_FILE_TMPDIR/searches") searches, $(grep -c ' found$' "$BATS_FILE_TMPDIR/searches") finds" >&3
}

searched() { # WHERE found|nothing
	printf '%s: %s %s\n' "$WAY" "$1" "$2" >>"$D/searches"
	[ "$2" = nothing ] || TROUBLE+="$WAY: $1"$'\n'
}

# For texts; bytes of a key are searched for in memory alone.
search_file() { # WHERE FILE
	[[ $PIECE != hex:* ]] || return 0
	if tr '\0' '\n' <"$2" | grep -qaF -e "$PIECE" -e "$ENCODED"; then
		searched "$1" found
	else
		searched "$1" nothing
	fi
}

# search_memory NAME PID [MAPPING]: its locked pages, and a mapping in which a library keeps its own copy, do not count.
# The server's address, which is in each process, is searched for as well, to show that the search works.
search_memory() {
	local finds address=${URL#http://}
	printf '%s\n' "$PIECE" "$ENCODED" "$address" | "$CANARY_SEARCH" "$2" >"$SCRATCH/finds" ||
		fail "the memory of the $1 process cannot be searched" || return
	grep -qF "text=$address" "$SCRATCH/finds" || fail "$WAY: not even the server is found in the $1 process" || return
	sed -i "/text=$address/d" "$SCRATCH/finds"
	cat "$SCRATCH/finds" >>"$SCRATCH/all-finds"
	if finds=$(grep '^found ' "$SCRATCH/finds" | grep -vF "mapping=${3:-none} "); then
		searched "memory of the $1 process: $(head -n 2 <<<"$finds" | tr '\n' ';')" found
	else
		searched "memory of the $1 process" nothing
	fi
}

search_process() { # NAME PID [MAPPING]
	search_memory "$@" || return
	search_file "command line of the $1 process" "/proc/$2/cmdline"
	search_file "environment of the $1 process" "/proc/$2/environ"
}

is_open() { grep -q 'by the signer' "$SCRATCH/err" || ! kill -0 "$1" 2>/dev/null; }

# Sets SUPERVISOR, KEY_PROCESS and NETWORK_PROCESS once the key is open and the server is waited for.
wait_for_key() { # PID
	wait_for is_open "$1" || true
	SUPERVISOR=$1
	KEY_PROCESS=$(pgrep -P "$SUPERVISOR") && NETWORK_PROCESS=$(pgrep -P "$KEY_PROCESS") ||
		fail "$WAY: no three processes: $(tail -n 3 "$SCRATCH/err")" || return
	sleep 0.3
}

search_all() { # [MAPPING]
	: >"$SCRATCH/all-finds"
	search_process supervisor "$SUPERVISOR" && search_process key "$KEY_PROCESS" "${1-}" &&
		search_process network "$NETWORK_PROCESS" || return
	search_file "standard output" "$SCRATCH/out"
	search_file "standard error, with --verbose" "$SCRATCH/err"
}

# given WAY [KEEPS=MAPPING] ARGUMENT…: chronoctl token with these, searched while it waits.
given() {
	local keeps=
	WAY=$1 TROUBLE=
	shift
	if [[ ${1-} == KEEPS=* ]]; then
		keeps=${1#KEEPS=}
		shift
	fi
	: >"$SCRATCH/err" # the last one's words are not this one's
	"$CHRONOCTL" token --chronograf-url "$URL" -v --no-prompt --timeout "$PATIENCE" "$@" \
		>"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null 3>&- &
	echo $! >>"$SCRATCH/pids"
	wait_for_key $! && search_all "$keeps" && kill "$SUPERVISOR" && { wait "$SUPERVISOR" || true; } || return
	[ -z "$TROUBLE" ] || fail "found:" "$TROUBLE"
}

@test "a PIN in the key's URI" {
	given pin-value --priv-key-file "$URI?pin-value=$CANARY"
	given 'pin-value, encoded' --priv-key-file "$URI?pin-value=$ENCODED_CANARY"
	PRIV_KEY_FILE="$URI?pin-value=$CANARY" given 'pin-value in PRIV_KEY_FILE'
	given 'pin-source, a file: URI' --priv-key-file "$URI?pin-source=file:$D/pin"
	given 'pin-source, a path' --priv-key-file "$URI?pin-source=$D/pin"
}

@test "a PIN by --pin-source" {
	given '--pin-source, a path' --priv-key-file "$URI" --pin-source "$D/pin"
	given '--pin-source file:' --priv-key-file "$URI" --pin-source "file://$D/pin"
	MY_PIN=$CANARY given '--pin-source env:' --priv-key-file "$URI" --pin-source env:MY_PIN
	given '--pin-source fd:' --priv-key-file "$URI" --pin-source fd:7 7<"$D/pin"
	given '--pin-source credential:' --priv-key-file "$URI" --pin-source credential:pin
	given '--pin-source |command' --priv-key-file "$URI" --pin-source "|cat '$D/pin'"
}

@test "a PIN by CHRONOCTL_PIN; what is found of it is in locked pages" {
	CHRONOCTL_PIN=$CANARY given CHRONOCTL_PIN --priv-key-file "$URI"
	grep -q "^locked pid=$KEY_PROCESS " "$SCRATCH/all-finds" || fail "not even the secret itself is found"
}

# typed WAY ARGUMENT…: at the prompt, on a terminal.
typed() {
	local quoted prompt
	WAY=$1 TROUBLE=
	printf -v quoted '%q ' "$CHRONOCTL" token --chronograf-url "$URL" -v --timeout "$PATIENCE" "${@:2}"
	printf '%s\n' "echo \$\$ >'$SCRATCH/pid'" "exec $quoted >'$SCRATCH/out' 2>'$SCRATCH/err'" >"$SCRATCH/command"
	: >"$SCRATCH/err"
	(on_terminal 'PIN|passphrase' "$CANARY\n" "bash '$SCRATCH/command'") >/dev/null 2>&1 3>&- &
	prompt=$!
	wait_for test -s "$SCRATCH/pid"
	wait_for_key "$(cat "$SCRATCH/pid")" && search_all && kill "$SUPERVISOR" || return
	wait "$prompt" || true
	search_file 'the screen' "$SCRATCH/screen"
	rm "$SCRATCH/pid"
	[ -z "$TROUBLE" ] || fail "found:" "$TROUBLE"
}

@test "a PIN and a passphrase typed at the prompt" {
	typed 'PIN typed' --priv-key-file "$URI"
	typed 'passphrase typed' --priv-key-file "$D/pkcs8.pem"
}

@test "the passphrase of a key file of each kind" {
	local file
	for file in pkcs8.pem pkcs8.der pkcs12-pbe.pem traditional.pem; do
		CHRONOCTL_PIN=$CANARY given "passphrase of $file" --priv-key-file "$D/$file"
		given "passphrase of $file by --pin-source" --priv-key-file "$D/$file" --pin-source "$D/pin"
	done
}

# One prime of the key, as in DER and as in a little-endian machine's memory: 32 bytes of each.
prime() {
	openssl rsa -in "$KEY" -noout -text 2>/dev/null | sed -n '/^prime1:/,/^prime2:/{/^ /p}' | tr -d ' :\n' |
		sed 's/^00//' | cut -c 17-80
}

reversed() { # HEX
	local i
	for ((i = ${#1} - 2; i >= 0; i -= 2)); do printf %s "${1:i:2}"; done
}

@test "the private key of a file is in locked memory of the key process, and nowhere else" {
	local file
	for file in "$KEY" "$D/pkcs8.pem" "$D/pkcs8.der" "$D/pkcs12-pbe.pem" "$D/traditional.pem"; do
		PIECE=hex:$(prime) ENCODED=hex:$(reversed "$(prime)")
		[ ${#PIECE} -eq 68 ] || fail "no prime: $PIECE"
		CHRONOCTL_PIN=$CANARY given "private key of ${file##*/}" --priv-key-file "$file"
		grep -q "^locked pid=$KEY_PROCESS .*hex:" "$SCRATCH/all-finds" || fail "not even the key itself is found"
	done
}

has_signer() { "$CHRONOCTL" --version | grep -qwi "$1"; }

@test "the passphrase of a key file that the signer provider opens" {
	has_signer provider || skip "no signer provider in this build"
	CHRONOCTL_PIN=$CANARY given 'passphrase, signer provider' --priv-key-file "$D/pkcs8.pem" --signer provider
}

# kept_by SIGNER COPIES: in the heap, whole.
kept_by() {
	has_signer "$1" || return 0
	CHRONOCTL_PIN=$CANARY given "PIN, signer $1" 'KEEPS=[heap]' --priv-key-file "$URI" --signer "$1"
	[ "$(grep -c '^found .*mapping=\[heap\]' "$SCRATCH/all-finds")" -le $((14 * $2)) ] || fail "more than $2 by $1:" "$(cat "$SCRATCH/all-finds")"
}

# libp11 keeps the PIN to log in again after a fork, and its engine keeps one more for the same reason; both are from
# OpenSSL's allocator, so in the heap, and there is no call to be rid of them. It is the heap of the key process alone,
# whose memory is never dumped.
@test "the copies that libp11 and its engine keep of a PIN are in the heap of the key process, and nowhere else" {
	kept_by libp11 1
	kept_by engine 2
}

@test "a core of the network process" {
	command -v gdb >/dev/null || skip "no gdb here to force one; its memory is searched by the tests above"
	WAY=core TROUBLE=
	CHRONOCTL_PIN=$CANARY "$CHRONOCTL" token --chronograf-url "$URL" -v --no-prompt --timeout "$PATIENCE" \
		--priv-key-file "$URI" >"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null 3>&- &
	echo $! >>"$SCRATCH/pids"
	wait_for_key $!
	gdb -batch -nx -p "$NETWORK_PROCESS" -ex "generate-core-file $SCRATCH/core" >"$SCRATCH/gdb" 2>&1 </dev/null ||
		fail "$(cat "$SCRATCH/gdb")"
	[ -s "$SCRATCH/core" ] || skip "gdb may not trace here"
	grep -qaF "${URL#http://}" "$SCRATCH/core" || fail "the core does not even hold the server's address"
	search_file "core of the network process" "$SCRATCH/core"
	kill "$SUPERVISOR"
	[ -z "$TROUBLE" ] || fail "found:" "$TROUBLE"
}
