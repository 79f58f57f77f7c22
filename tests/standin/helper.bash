# Common ground of the stand-in's own tests: a server, a key, a token, and the headers of an answer.
. "${BASH_SOURCE[0]%/*}/../bats.bash"

NONCE=6ba7b810-9dad-4de1-80b4-00c04fd430c8
MAPPINGS=chronograf/v1/mappings

setup_file()
{
	openssl genrsa -traditional -out "$BATS_FILE_TMPDIR/key" 2048
	openssl rsa -in "$BATS_FILE_TMPDIR/key" -RSAPublicKey_out |
		sed 's/RSA PUBLIC KEY/PUBLIC KEY/' > "$BATS_FILE_TMPDIR/key.pub"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost \
		-keyout "$BATS_FILE_TMPDIR/tls.key" -out "$BATS_FILE_TMPDIR/tls.pem"
}

setup()
{
	cd "$BATS_TEST_TMPDIR"
}

teardown()
{
	[[ -z ${PID-} ]] || stop
}

# Sets URL and PID. No subshell: the stand-in dies with its parent.
start()
{
	mkfifo ready
	"$STANDIN" --log log "$@" > ready 2> stderr 3>&- &
	PID=$!
	read -r URL < ready
	rm ready
}

stop()
{
	local pid=$PID

	PID=
	kill "$pid"
	wait "$pid"
}

status_of()
{
	curl --silent --output body --write-out '%{http_code}' "$@"
}

token_for()
{
	printf %s "$1" | openssl dgst -sha256 -sign "$BATS_FILE_TMPDIR/key" | base64 -w 0
}

# check TOKEN URL: the status of the check with this token
check()
{
	status_of --header "Authorization: CHRONOGRAF-SHA256 $1" "$2/$MAPPINGS"
}

# header NAME [PATH] [CURL-ARGUMENT...]
header()
{
	curl --silent --include "${@:3}" "$URL${2-/nonce}" | tr -d '\r' | sed -n "s/^$1: //p"
}

# has_headers_of_chronograf PATH [CURL-ARGUMENT...]; all headers are in `headers` afterwards.
has_headers_of_chronograf()
{
	curl --silent --include "${@:2}" "$URL$1" | tr -d '\r' | sed '/^$/q' > headers
	grep -qx 'X-Chronograf-Version: 1.11.4' headers
	grep -qx 'X-Frame-Options: SAMEORIGIN' headers
	grep -qx 'Cross-Origin-Resource-Policy: same-origin' headers
}
