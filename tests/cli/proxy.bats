# Proxies from the environment, as in curl(1). The stand-in is the proxy: its log shows the requests.
load helper

setup_file() {
	suite_key
	start_standin
	export PROXY=$URL DEAD=http://127.0.0.1:1
}

setup() {
	private_environment
	: >"$STANDIN_LOG"
}

asks() { # URL
	: >"$STANDIN_LOG"
	chronoctl token --chronograf-url "$1" --priv-key-file "$KEY" --timeout 5
}

through_proxy() { # URL
	asks "$1"
	refused 4
	grep -qF "GET $1/nonce HTTP/1.1" "$STANDIN_LOG" || fail "the proxy was not asked for $1"
}

past_proxy() { # URL
	asks "$1"
	refused 4
	[ "$(requests)" -eq 0 ] || fail "the proxy was asked for $1"
}

@test "http_proxy and HTTP_PROXY" {
	http_proxy=$PROXY through_proxy http://chronograf.invalid:8888
	HTTP_PROXY=$PROXY through_proxy http://chronograf.invalid:8888
	http_proxy=${PROXY#http://} through_proxy http://chronograf.invalid
}

@test "https_proxy and HTTPS_PROXY, by CONNECT" {
	https_proxy=$PROXY asks https://chronograf.invalid
	refused 4
	grep -q '^CONNECT chronograf.invalid:443 ' "$STANDIN_LOG"
	HTTPS_PROXY=$PROXY asks https://chronograf.invalid:8888
	refused 4
	grep -q '^CONNECT chronograf.invalid:8888 ' "$STANDIN_LOG"
}

@test "each for its own scheme" {
	https_proxy=$PROXY HTTPS_PROXY=$PROXY past_proxy http://chronograf.invalid
	http_proxy=$PROXY HTTP_PROXY=$PROXY past_proxy https://chronograf.invalid
}

@test "never for localhost or a loopback address" {
	local host
	export http_proxy=$DEAD HTTP_PROXY=$DEAD
	for host in 127.0.0.1 localhost; do
		asks "${URL/127.0.0.1/$host}"
		prints_token "$KEY"
	done
	export http_proxy=$PROXY HTTP_PROXY=$PROXY
	for host in 127.0.0.2:1 '[::1]:1' LOCALHOST:1 chronograf.localhost:1 '[::ffff:127.0.0.1]:1'; do
		past_proxy "http://$host"
	done
}

@test "all_proxy and ALL_PROXY, where the scheme has none" {
	all_proxy=$PROXY through_proxy http://chronograf.invalid:8888
	ALL_PROXY=$PROXY through_proxy http://chronograf.invalid:8888
	all_proxy=$DEAD http_proxy=$PROXY through_proxy http://chronograf.invalid:8888
}

@test "HTTP_PROXY not where REQUEST_METHOD is set, for there it is whatever the client of a CGI program says" {
	REQUEST_METHOD=GET HTTP_PROXY=$PROXY past_proxy http://chronograf.invalid:8888
	REQUEST_METHOD=GET http_proxy=$PROXY through_proxy http://chronograf.invalid:8888
}

@test "no_proxy and NO_PROXY: host names, domains and addresses" {
	local name
	export http_proxy=$PROXY
	for name in chronograf.invalid invalid .invalid 'other.example, chronograf.invalid' '*'; do
		no_proxy=$name past_proxy http://chronograf.invalid:8888
		NO_PROXY=$name past_proxy http://chronograf.invalid:8888
	done
	for name in graf.invalid other.example chronograf.invalid.example; do
		no_proxy=$name through_proxy http://chronograf.invalid:8888
		NO_PROXY=$name through_proxy http://chronograf.invalid:8888
	done
	no_proxy=198.51.100.7 through_proxy http://198.51.100.8:8888
	no_proxy=198.51.100.7 past_proxy http://198.51.100.7:8888
}

@test "an empty proxy variable is not set" {
	http_proxy='' HTTP_PROXY=$PROXY through_proxy http://chronograf.invalid:8888
	http_proxy='' past_proxy http://chronograf.invalid:8888
}

# misread VARIABLE=VALUE ARGUMENT…: the command names the variable, and shows nothing of its value.
misread() {
	chronoctl() { run env "$1" setsid -w timeout "$PATIENCE" "$CHRONOCTL" "${@:2}"; }
	chronoctl "$@" --priv-key-file "$KEY" --timeout 3 --chronograf-url "${1%%_*}://192.0.2.1:99"
	[ "$status" -eq 4 ] || fail "exit status 4 expected for $1"
	[[ $output == *"${1%%=*} is not the URL of a proxy"* ]] || fail "$1 is not named"
	[[ $output != *canary* && $output != *us3r* && $output != *4242* ]] || fail "$1 is repeated"
}

@test "a mistyped proxy variable is named, and its user and password are not printed" {
	local value
	for value in http://us3r:canary@proxy:99999 us3r:canary@proxy:99999 foo://us3r:canary@proxy:99 http://us3r:canary/pw@proxy:99 \
		'http://us3r:canary pw@proxy:99' 'http://us3r:canary#pw@proxy:99' 'us3r:canary?@proxy:99' http://us3r:canary \
		http://us3r:4242/canary@proxy:99 http://127.0.0.1:1/us3r:canary@proxy; do
		misread "http_proxy=$value" token --verbose
		misread "https_proxy=$value" token
		misread "http_proxy=$value" doctor
		misread "https_proxy=$value" doctor --verbose -o json
	done
}

@test "a mistyped proxy variable does not matter where no_proxy applies" {
	export http_proxy=http://us3r:canary/pw@proxy:99 no_proxy=chronograf.invalid
	asks http://chronograf.invalid
	refused 4 'resolve host'
}

# The other servers are this machine's, so that none of them is behind the proxy.
@test "a proxy that answers CONNECT with a page without end fails its own server, and at once" {
	local good=$URL
	start_standin --mode endless-tunnel
	SECONDS=0
	https_proxy=$URL asks https://chronograf.invalid
	refused 4 '^chronoctl: https://chronograf.invalid: the proxy refuses the tunnel \(CONNECT\) with status 407. The proxy asks for a login: '
	https_proxy=$URL chronoctl token --priv-key-file "$KEY" --timeout 5 --chronograf-url https://chronograf.invalid \
		--chronograf-url "$good"
	[ "$status" -eq 4 ] || fail "exit status 4 expected"
	[ "$output" = "$good"$'\t'"$(expected_token "$KEY")" ] || fail "the other server's token is missing"
	[ "$SECONDS" -lt 5 ] || fail "that takes $SECONDS seconds"
}
