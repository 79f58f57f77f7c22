# Common ground of the command-line suite: keys, tokens, the stand-in server, a terminal, and one way to run
# chronoctl. What is promised stands in the .bats files.
bats_require_minimum_version 1.5.0
. "${BASH_SOURCE[0]%/*}/../bats.bash"

: "${CHRONOCTL:?path of chronoctl}" "${STANDIN:?path of standin}" "${SHIM:?path of the shim}"
: "${SOURCE_DIR:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"

NONCE=7d9f2c1e-5b3a-4c6d-8e9f-0a1b2c3d4e5f
OTHER_NONCE=3a8e1d5c-9b27-4f60-a1c4-5e7d2f9b8036
PIN=20394
# The time that `|cat` and chronoctl may take on a busy machine under AddressSanitizer.
PATIENCE=60

first_of() {
	local path
	for path; do
		[ ! -e "$path" ] || { printf '%s\n' "$path" && return; }
	done
}
SOFTHSM=$(first_of /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so)
SPY=$(first_of /usr/lib/*/pkcs11-spy.so /usr/lib/*/pkcs11/pkcs11-spy.so)
# How chronoctl reaches SoftHSM's tokens: with REMOTE=ON, in another process behind p11-kit's socket.
TOKENS=$SOFTHSM
if [ "${REMOTE-}" = ON ]; then
	TOKENS=$(first_of /usr/lib/*/pkcs11/p11-kit-client.so /usr/lib/pkcs11/p11-kit-client.so)
fi
export SHIM_MODULE=$TOKENS

# ---- Environment ----

# The user's configuration must not affect tests, and tests must not touch the user's files.
private_environment() {
	SCRATCH=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}
	export HOME=$SCRATCH/home XDG_RUNTIME_DIR=$SCRATCH/home/run LC_ALL=C.UTF-8
	export XDG_CONFIG_HOME=$HOME/.config XDG_CACHE_HOME=$HOME/.cache XDG_DATA_HOME=$HOME/.local/share
	mkdir -p "$XDG_CONFIG_HOME" "$XDG_CACHE_HOME" "$XDG_RUNTIME_DIR"
	chmod 700 "$XDG_RUNTIME_DIR"
	export TERM=dumb
	unset COLUMNS NO_COLOR CHRONOGRAF_URL PRIV_KEY_FILE PKCS11_MODULE_PATH CHRONOCTL_PIN CREDENTIALS_DIRECTORY \
		http_proxy HTTP_PROXY https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
	export ASAN_OPTIONS=${ASAN_OPTIONS:-abort_on_error=0}
	export LSAN_OPTIONS=suppressions=$SOURCE_DIR/tests/cli/lsan.supp:print_suppressions=0
	export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
}

end_processes() {
	local pid
	[ -f "$1/pids" ] || return 0
	while read -r pid; do
		# If it is stopped, it hears nothing before SIGCONT; which comes first, since it would take away the SIGSTOP by
		# which LeakSanitizer holds the threads of a program that ends, and that program would spin for ever.
		kill -CONT "$pid" 2>/dev/null || true
		kill "$pid" 2>/dev/null || true
	done <"$1/pids"
	rm -f "$1/pids" "$1"/server.*
}

setup() { private_environment; }
teardown() { end_processes "$BATS_TEST_TMPDIR"; }
teardown_file() { end_processes "$BATS_FILE_TMPDIR"; }

# wait_for COMMAND…: until it succeeds; fails after PATIENCE.
wait_for() {
	local turn
	for ((turn = 0; turn < PATIENCE * 20; turn++)); do
		"$@" && return
		sleep 0.05
	done
	return 1
}

# fill_pipe FIFO: to the last byte, through a descriptor of its own, so that others' writes still wait.
fill_pipe() {
	dd if=/dev/zero of="$1" bs=4096 oflag=nonblock status=none 2>/dev/null || true
	dd if=/dev/zero of="$1" bs=1 oflag=nonblock status=none 2>/dev/null || true
}

# A user other than root: p11-kit reads no user's configuration for root, and root may read every file. The powers to
# get at files are kept, so that the suite's folders stay private.
if [ "$(id -u)" -ne 0 ]; then
	as_user() { "$@"; }
else
	as_user() {
		setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all,+dac_override \
			--ambient-caps=-all,+dac_override -- "$@"
	}
fi

need_user() {
	[ "$(as_user id -u 2>/dev/null)" -gt 0 ] 2>/dev/null ||
		skip "p11-kit reads no user configuration for root, and setpriv is not allowed here"
}

# user_module NAME LINE…: registers a module in the user's p11-kit configuration. Use with as_user.
user_module() {
	mkdir -p "$XDG_CONFIG_HOME/pkcs11/modules"
	printf '%s\n' "${@:2}" >"$XDG_CONFIG_HOME/pkcs11/modules/$1.module"
}

# ---- Keys ----

# new_key FILE [BITS]: PKCS#1 PEM, as Chronograf's manual makes it, and no second time the same in one suite. The suites of
# a build folder have their first keys in common, and so the second ones, since to make them takes long.
new_key() {
	local bits=${2:-2048} made=${BATS_FILE_TMPDIR:-$SCRATCH}/keys number
	made+=.$bits
	echo >>"$made"
	number=$(wc -l <"$made")
	(umask 077 && cat "$(kept_key "$bits" "$number")" >"$1")
	chmod 600 "$1"
}

# Two suites may make it at once: the first has its name.
kept_key() { # BITS NUMBER
	local folder=${KEPT_KEYS:-${BATS_FILE_TMPDIR:-$SCRATCH}/kept} new
	local kept=$folder/rsa$1.$2
	if [ ! -e "$kept" ]; then
		mkdir -p "$folder"
		new=$(mktemp "$kept.XXXXXX")
		openssl genrsa -traditional -out "$new" "$1" 2>/dev/null
		ln "$new" "$kept" 2>/dev/null || [ -e "$kept" ]
		rm "$new"
	fi
	echo "$kept"
}

# One PKCS#1 block labelled PUBLIC KEY: the form that the server takes.
chronograf_public_key() {
	{
		echo '-----BEGIN PUBLIC KEY-----'
		openssl rsa -in "$1" -RSAPublicKey_out -outform DER 2>/dev/null | base64 -w 64
		echo '-----END PUBLIC KEY-----'
	} >"$2"
}

new_ec_key() { # FILE
	openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1"
}

# PKCS#8 under a passphrase.
encrypt_key() { # KEY FILE PASSPHRASE
	(umask 077 && openssl pkcs8 -topk8 -passout "pass:$3" -in "$1" -out "$2")
}

new_certificate() { # KEY FILE
	openssl req -new -x509 -key "$1" -subj /CN=chronograf -days 2 -out "$2" 2>/dev/null
}

# new_tls_key NAME SUBJECT-ALTERNATIVE-NAMES: NAME.key, and NAME.crt, signed by itself.
new_tls_key() {
	new_key "$1.key"
	openssl req -x509 -key "$1.key" -out "$1.crt" -days 2 -subj "/CN=${1##*/}" -addext "subjectAltName=$2"
}

expected_token() { # KEY [NONCE]
	printf %s "${2:-$NONCE}" | openssl dgst -sha256 -sign "$1" | base64 -w 0
}

# ---- Tokens ----

new_token_dir() { # DIR
	mkdir -p "$1/tokens"
	cat >"$1/softhsm2.conf" <<-END
		directories.tokendir = $1/tokens
		objectstore.backend = file
		log.level = ERROR
		slots.removable = false
	END
	export SOFTHSM2_CONF=$1/softhsm2.conf
}

# A copy of the suite's tokens for a test that changes them.
own_tokens() {
	local from=${SOFTHSM2_CONF%/*}
	new_token_dir "$BATS_TEST_TMPDIR/own"
	cp -r "$from/tokens/." "$BATS_TEST_TMPDIR/own/tokens"
}

new_token() { # LABEL [PIN]
	softhsm2-util --init-token --free --label "$1" --so-pin 87654321 --pin "${2:-$PIN}" >/dev/null
}

# Private and public key object.
import_key() { # KEY TOKEN LABEL ID [PIN]
	openssl pkcs8 -topk8 -nocrypt -in "$1" -out "$SCRATCH/import.p8"
	softhsm2-util --import "$SCRATCH/import.p8" --token "$2" --label "$3" --id "$4" --pin "${5:-$PIN}" \
		>/dev/null
	rm "$SCRATCH/import.p8"
}

token_tool() { pkcs11-tool --module "$SOFTHSM" "$@" >"$SCRATCH/token_tool" 2>&1 || fail "$(cat "$SCRATCH/token_tool")"; }

# Just the private key object, invisible before login.
import_private_key() { # KEY TOKEN LABEL ID [PIN]
	openssl rsa -in "$1" -traditional -outform DER -out "$SCRATCH/import.der" 2>/dev/null
	token_tool --token-label "$2" --login --pin "${5:-$PIN}" --write-object "$SCRATCH/import.der" \
		--type privkey --usage-sign --label "$3" --id "$4"
	rm "$SCRATCH/import.der"
}

# Just the private key object, visible without login.
import_open_key() { # KEY TOKEN LABEL ID [PIN]
	openssl rsa -in "$1" -traditional -outform DER -out "$SCRATCH/import.der" 2>/dev/null
	[ -x "$SCRATCH/open_key" ] || "${CC:-cc}" -o "$SCRATCH/open_key" "$BATS_TEST_DIRNAME/open_key.c" \
		$(pkg-config --cflags --libs p11-kit-1 libcrypto) -ldl
	"$SCRATCH/open_key" "$SOFTHSM" "$2" "${5:-$PIN}" "$SCRATCH/import.der" "$3" "$4"
	rm "$SCRATCH/import.der"
}

import_certificate() { # KEY TOKEN LABEL ID
	new_certificate "$1" "$SCRATCH/import.crt"
	openssl x509 -in "$SCRATCH/import.crt" -outform DER -out "$SCRATCH/import.der"
	token_tool --token-label "$2" --login --pin "$PIN" --write-object "$SCRATCH/import.der" \
		--type cert --label "$3" --id "$4"
	rm "$SCRATCH/import.crt" "$SCRATCH/import.der"
}

# serve_tokens MODULE: `p11-kit server` offers the module, with the tokens that SOFTHSM2_CONF names now, at a socket of its
# own, until the test ends. It answers each client in a process of its own.
serve_tokens() {
	local state=${SOFTHSM2_CONF%/*}
	state=$SCRATCH/server.${state##*/}
	if [ -f "$state" ]; then
		export P11_KIT_SERVER_ADDRESS=unix:path=$(cat "$state")
		return
	fi
	# One that is ending removes its socket, even if that is another's meanwhile: so each has a new name.
	SERVER_SOCKET=$(mktemp -u "$SCRATCH/socket.XXXXXX")
	export P11_KIT_SERVER_ADDRESS=unix:path=$SERVER_SOCKET
	p11-kit server --foreground --name "$SERVER_SOCKET" --provider "$1" pkcs11: >/dev/null 2>&1 3>&- 4>&- </dev/null &
	SERVER_PID=$!
	echo "$SERVER_PID" >>"$SCRATCH/pids"
	wait_for [ -S "$SERVER_SOCKET" ] || fail "p11-kit server does not start"
	echo "$SERVER_SOCKET" >"$state"
}

# feed FILE FIFO: offers the file to the reader of the FIFO, once.
feed() {
	cat "$1" >"$2" 3>&- 4>&- &
	echo $! >>"$SCRATCH/pids"
}

# SoftHSM keeps an object a file: copies of the files, under names of the same kind, are further objects.
multiply() { # COUNT FOLDER
	local object name copies copy number
	for object in "$2"/????????-????-????-????-????????????.object; do
		name=${object##*/}
		copies=()
		for ((number = 2; number <= $1; number++)); do
			printf -v copy "%s/%s-%04x-ffff-%s" "$2" "${name%%-*}" "$number" "${name#*-*-*-}"
			copies+=("$copy")
		done
		tee "${copies[@]}" <"$object" >/dev/null
	done
}

# new_three_tokens DIR: $KEY is in one of them, $KEY2 in the other two.
new_three_tokens() {
	new_token_dir "$1"
	new_token one 1111
	new_token two 2222
	new_token three 3333
	import_key "$KEY" two chronograf a1 2222
	import_key "$KEY2" one shared b1 1111
	import_key "$KEY2" three shared b1 3333
}

# ---- What suites start from, in setup_file ----

# $D: the suite's folder.
suite_folder() {
	private_environment
	export D=$BATS_FILE_TMPDIR
}

# $KEY: an RSA key in a file. $PUB: its public half, as the server takes it.
suite_key() {
	suite_folder
	export KEY=$D/key PUB=$D/key.pub
	new_key "$KEY"
	chronograf_public_key "$KEY" "$PUB"
}

# An empty token, alone in its folder.
suite_token() { # LABEL [PIN]
	suite_folder
	new_token_dir "$D/softhsm"
	new_token "$@"
}

# $KEY and $PUB, and the same key in a token, as 'chronograf'.
suite_key_in_token() { # LABEL [PIN]
	suite_key
	suite_token "$@"
	import_key "$KEY" "$1" chronograf a1 "${2:-$PIN}"
}

# $PIN_FILE: a file with the PIN.
suite_pin_file() {
	export PIN_FILE=$D/pin
	(umask 077 && printf '%s\n' "$PIN" >"$PIN_FILE")
}

# ---- The server ----

# start_standin ARGUMENT…: sets URL, and STANDIN_LOG, where its requests are logged.
start_standin() {
	local files
	files=$(mktemp "$SCRATCH/standin.XXXXXX")
	: >"$files.log"
	"$STANDIN" --nonce "$NONCE" --log "$files.log" "$@" >"$files" 2>"$files.err" 3>&- 4>&- </dev/null &
	echo $! >>"$SCRATCH/pids"
	wait_for [ -s "$files" ] || fail "the stand-in server does not start: $(cat "$files.err")"
	read -r URL <"$files"
	export URL STANDIN_LOG=$files.log
}

requests() { grep -c . "$STANDIN_LOG" || true; }

# ---- chronoctl ----

# Leaks in the engine are recognised by their callers, which frame pointers do not lead to.
unwind_engine() { # ARGUMENTS
	case " $1 ${CHRONOCTL_SIGNER-} " in *[\ =\']engine[\ \']*) ASAN_OPTIONS+=:fast_unwind_on_malloc=0 ;; esac
}

sanitizer_stands() { # TEXT
	[[ $1 != *"RTLD_DEEPBIND flag which is incompatible with sanitizer"* ]] ||
		skip "AddressSanitizer ends a process with a module that is loaded by RTLD_DEEPBIND"
}

# chronoctl ARGUMENT…: no terminal, no endless waiting. Sets status, output, stderr.
chronoctl() {
	local -x ASAN_OPTIONS=$ASAN_OPTIONS
	unwind_engine "$*"
	[ "$TOKENS" = "$SOFTHSM" ] || serve_tokens "$SOFTHSM"
	run --separate-stderr setsid -w timeout "$PATIENCE" "${WRAPPER[@]}" "$CHRONOCTL" "$@"
	[ "$status" -ne 124 ] || fail "chronoctl hangs"
	[ "$status" -lt 128 ] || fail "chronoctl is killed by a signal"
	# Texts of several lines are shown as such, but for a nonce that is spoilt by a line end.
	[ -n "${LINE_END_EXPECTED-}" ] || [[ $stderr$output != *'\x0a'* || $stderr$output == *'UUID with white space'* ]] ||
		fail "a line end is shown as \x0a"
	sanitizer_stands "$stderr"
	[[ $stderr != *Sanitizer* && $stderr != *"runtime error"* ]] || fail "a sanitizer objects"
}
WRAPPER=()

# chronoctl_token ARGUMENT…: at the stand-in server.
chronoctl_token() { chronoctl token --chronograf-url "$URL" "$@"; }

# With $KEY at a separate stand-in server. Sets TOOK, the seconds.
asked() { # MODE ARGUMENT…
	start_standin --mode "$1"
	SECONDS=0
	chronoctl_token --priv-key-file "$KEY" "${@:2}"
	TOOK=$SECONDS
	end_processes "$SCRATCH"
}

fail() {
	printf '%s\n' "$@" "status: ${status-}" "stdout: ${output-}" "stderr: ${stderr-}" >&2
	return 1
}

prints_token() { # KEY
	[ "$status" -eq 0 ] || fail "exit status 0 expected" || return
	[ "$output" = "$(expected_token "$1")" ] || fail "not the token that openssl makes of this key and nonce"
}

# refused STATUS REGEX…: this exit status, nothing on standard output, all of these on standard error, where each line has
# the prefix, since a journal shows lines apart.
refused() {
	[[ $status =~ ^($1)$ ]] || fail "exit status $1 expected" || return
	[ -z "$output" ] || fail "standard output is not empty" || return
	grep -q '^chronoctl: ' <<<"$stderr" || fail "no message that begins with 'chronoctl: '" || return
	! grep -qvE '^(chronoctl|shim|toy): ' <<<"$stderr" || fail "a line does not begin with 'chronoctl: '" || return
	says "${@:2}"
}

# What a message says about a call's return code: its meaning, or the code itself if that is not known.
told_as() { # FUNCTION CODE
	case $2 in
	CKR_SESSION_HANDLE_INVALID | CKR_SESSION_CLOSED) echo 'the token lost the connection; try again' ;;
	CKR_DEVICE_REMOVED | CKR_TOKEN_NOT_PRESENT) echo 'was removed or does not answer; check that it is plugged in' ;;
	CKR_DEVICE_MEMORY) echo 'the token is full; ' ;;
	CKR_KEY_FUNCTION_NOT_PERMITTED) echo 'the token does not let the key do this; use a signing key' ;;
	CKR_USER_NOT_LOGGED_IN) echo 'the token requires a PIN for this; ' ;;
	*) echo "$1 of .* answered $2: [a-z]" ;;
	esac
}

says() { # REGEX…
	local regex
	for regex; do
		grep -qiE -e "$regex" <<<"$stderr" || fail "standard error does not say /$regex/" || return
	done
}

# The words that a shell gets from the one command in the message, between these texts; "" for an end is the end of the line.
advised() { # BEGIN END
	local command
	command=$(grep -aF -e "$1" <<<"$stderr") || fail "standard error does not say '$1'" || return
	command=${command#*"$1"}
	[ -z "$2" ] || command=${command%%"$2"*}
	bash -c "printf '%s\n' $command"
}

never_says() { # TEXT…
	local text
	for text; do
		[[ $stderr$output != *"$text"* ]] || fail "'$text' is in the output" || return
	done
}

is_silent() { [ -z "$stderr" ] || fail "standard error is not empty"; }

# The words that an option takes, as completion offers them: a new one is tried wherever all are.
words_of() { # COMMAND OPTION
	printf 'chronoctl %s %s ' "$1" "$2" | "$CHRONOCTL" __complete | sed '1,3d; s/\t.*//'
}

built_in() { "$CHRONOCTL" --version | grep -q "^  signer $1 "; } # SIGNER

# The pkcs11: URIs on standard error, one a line.
listed_uris() { grep -oE "pkcs11:[^ '\"<>,]+" <<<"$stderr" | sort -u; }

# ---- Cryptoki calls, by the shim's log ----

use_shim() {
	export SHIM_LOG=$SCRATCH/cryptoki.log
	: >"$SHIM_LOG"
	export PKCS11_MODULE_PATH=$SHIM
	# A crash that a test asks the shim for is the system's to report, not the sanitizer's.
	ASAN_OPTIONS+=:handle_segv=0
}

calls() { # FUNCTION
	grep -c "^$1 " "$SHIM_LOG" || true
}

called() { # FUNCTION TIMES
	[ "$(calls "$1")" -eq "$2" ] || fail "$2 times $1 expected, it is $(calls "$1"):" "$(cat "$SHIM_LOG")"
}

# followed FUNCTION…: these calls stand one right after the other.
followed() {
	local names
	names=$(cut -d ' ' -f 1 "$SHIM_LOG" | tr '\n' ' ')
	[[ " $names" == *" $* "* ]] || fail "no '$*' in: $names"
}

# ---- A terminal ----

# on_terminal REGEX KEYS [REGEX KEYS]… COMMAND: runs a shell command on a pseudo-terminal that echoes, and types each line
# of KEYS once the screen shows the REGEX before it, since a prompt drops what was typed ahead. Sets status, and screen,
# what was to be seen.
on_terminal() {
	local file=$SCRATCH/screen keys=$SCRATCH/keys command=${!#} typist
	local -x ASAN_OPTIONS=$ASAN_OPTIONS
	unwind_engine "$command"
	[ "$TOKENS" = "$SOFTHSM" ] || serve_tokens "$SOFTHSM"
	rm -f "$keys" && mkfifo "$keys" && : >"$file"
	type_answers "${@:1:$#-1}" 3>&- 4>&- >/dev/null 2>&1 &
	typist=$!
	status=0
	timeout "$PATIENCE" script -E always -qfec "stty cols 1000; $command" "$file" <"$keys" >/dev/null 3>&- || status=$?
	kill "$typist" 2>/dev/null || true
	screen=$(grep -v '^Script \(started\|done\)' "$file" | tr -d '\r\000')
	sanitizer_stands "$screen"
}

# In a process of its own, which keeps the FIFO open until it is ended.
type_answers() { # REGEX KEYS…
	exec 8>"$keys"
	while [ $# -gt 0 ]; do
		wait_for grep -qiE "$1" "$file" || exit
		sleep 0.3
		printf "$2" >&8
		shift 2
	done
	exec sleep "$PATIENCE"
}

shows() { # REGEX
	grep -qiE -e "$1" <<<"$screen" || fail "the screen does not show /$1/:" "$screen"
}

never_shows() { # TEXT
	[[ $screen != *"$1"* ]] || fail "the screen shows '$1':" "$screen"
}
