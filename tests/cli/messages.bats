# Messages after a mistake: the object first, what is wrong and what to do, on one line, and nothing twice.
load helper

setup_file() {
	suite_key_in_token ops
	suite_pin_file
}

setup() {
	private_environment
	echo "$NONCE" >"$SCRATCH/nonce"
}

# signs_not ARGUMENT…: with a given nonce, so that no server is involved.
signs_not() { chronoctl token --nonce-from "$SCRATCH/nonce" --no-prompt "$@"; }

# one_line STATUS TEXT: this exit status, and exactly this one line.
one_line() {
	refused "$1" || return
	[ "$stderr" = "chronoctl: $2" ] || fail "expected: chronoctl: $2"
}

@test "a wrong PIN is reported once, with the token and what it says about tries" {
	(umask 077 && echo 9999 >"$SCRATCH/wrong")
	signs_not --priv-key-file 'pkcs11:token=ops;object=chronograf' --pin-source "$SCRATCH/wrong"
	one_line 3 "wrong PIN for token 'ops', tried once; few tries may be left"
}

@test "a wrong PIN after another one: no warning beside the error" {
	(umask 077 && echo 9999 >"$SCRATCH/wrong")
	for _ in 1 2; do
		signs_not --priv-key-file 'pkcs11:token=ops;object=chronograf' --pin-source "$SCRATCH/wrong"
		one_line 3 "wrong PIN for token 'ops', tried once; few tries may be left"
	done
}

@test "a PIN command that is not found: the shell's line has the prefix, too" {
	signs_not --priv-key-file 'pkcs11:token=ops;object=chronograf' --pin-source '|no-such-command'
	refused 3 'PIN command: .*no-such-command.*not found' 'the PIN command failed with exit status 127'
	! grep -v '^chronoctl: ' <<<"$stderr" || fail "a line without the prefix"
}

@test "names of PKCS#11 errors are for --verbose" {
	export CHRONOCTL_PIN=99999
	signs_not --priv-key-file 'pkcs11:token=ops;object=chronograf'
	refused 3 'wrong PIN'
	never_says CKR_ C_Login
	signs_not --priv-key-file 'pkcs11:token=ops;object=chronograf' --verbose
	refused 3 'C_Login .*CKR_PIN_INCORRECT'
}

@test "a key that wants a PIN or a passphrase: which key, said once" {
	signs_not --priv-key-file 'pkcs11:token=ops;object=chronograf'
	refused 3 "^chronoctl: the token 'ops' needs a PIN; give one by --pin-source"
	encrypt_key "$KEY" "$SCRATCH/encrypted" hello
	signs_not --priv-key-file "$SCRATCH/encrypted"
	refused 3 "^chronoctl: the key file '$SCRATCH/encrypted' needs a passphrase; give one by --pin-source"
}

@test "a public key where the private one was meant: no warning that others can read it" {
	chmod 644 "$PUB"
	signs_not --priv-key-file "$PUB"
	one_line 3 "the key file '$PUB' holds a public key; the private one is needed to sign"
}

@test "a private key that others can read: the warning" {
	install -m 644 "$KEY" "$SCRATCH/open"
	chronoctl token --nonce-from "$SCRATCH/nonce" --priv-key-file "$SCRATCH/open"
	prints_token "$KEY"
	says "warning: the key file '$SCRATCH/open' can be read by others"
}

@test "a ~ that the shell did not expand: what to write, for every option that names a file" {
	local not="the shell has not expanded ~; write \$HOME instead"
	signs_not --priv-key-file '~/key'
	one_line 3 "cannot open the key file '~/key': $not"
	signs_not --priv-key-file 'pkcs11:token=ops;object=chronograf' --pin-source '~/pin'
	refused 3 "the shell has not expanded ~"
	chronoctl token --priv-key-file "$KEY" --ca-file '~/ca.pem'
	one_line 2 "cannot read the CA file '~/ca.pem': $not"
	chronoctl token --priv-key-file "$KEY" --chronograf-urls-from '~/list'
	one_line 2 "cannot read the list of servers '~/list': $not"
	chronoctl token --priv-key-file "$KEY" --nonce-from '~/nonce'
	one_line 2 "cannot read the nonce from '~/nonce': $not"
	chronoctl token --priv-key-file "$KEY" --watch --out-file '~/token'
	one_line 1 "cannot open the folder of '~/token': $not"
	chronoctl gen-keypair --out '~/new'
	one_line 1 "cannot make '~/new': $not"
}

@test "an unknown scheme: that it is not a file, and what was meant" {
	signs_not --priv-key-file 'pkcs1:object=x'
	refused 3 "^chronoctl: 'pkcs1:object=x' is not a file, and no OpenSSL provider here opens 'pkcs1:'; a key in a token begins with pkcs11:$"
	never_says stat unregistered unsupported
	signs_not --priv-key-file 'keys:x'
	refused 3 "^chronoctl: 'keys:x' is not a file, and no OpenSSL provider here opens 'keys:'$"
}

@test "a module that is missing: its path, once" {
	signs_not --priv-key-file 'pkcs11:object=chronograf' --pkcs11-module /nosuch.so
	refused 3 "^chronoctl: cannot load the PKCS#11 module '/nosuch.so': "
	[ "$(grep -o nosuch <<<"$stderr" | wc -l)" -eq 1 ] || fail "its path stands there more than once"
}

@test "a provider that is missing: its file, once" {
	signs_not --priv-key-file 'pkcs11:object=chronograf' --signer provider --provider nosuch
	refused 3 "^chronoctl: cannot load the OpenSSL provider 'nosuch': no such file '.*/nosuch.so'$"
}

@test "a signer for other kinds of keys: what it does not accept, and what to leave out" {
	signs_not --priv-key-file "$KEY" --signer pkcs11
	one_line 2 "the signer 'pkcs11' takes no file such as '$KEY'; leave out --signer"
	signs_not --priv-key-file pkcs11:object=x --signer file
	one_line 2 "the signer 'file' takes no pkcs11: URI such as 'pkcs11:object=x'; leave out --signer"
}

# ---- Servers ----

asks() { chronoctl token --priv-key-file "$KEY" "$@"; }

@test "a bad line in a list of servers: the file, the line, and what is wrong with it" {
	local list=$SCRATCH/list
	printf '%s\n' '# servers' http://127.0.0.1:1 '' 'ftp://ops:secret@host' >"$list"
	asks --chronograf-urls-from "$list"
	one_line 2 "$list, line 4: 'ftp://host' does not begin with http:// or https://"
	printf '%s\n' 'http://ops host:8888' >"$list"
	asks --chronograf-urls-from "$list"
	one_line 2 "$list, line 1: 'http://ops host:8888' has a blank in it"
	asks --chronograf-urls-from - <<<'http://host:8888/?a=b'
	one_line 2 "standard input, line 1: 'http://host:8888/?a=b' has a query or a fragment (? or #)"
	printf '%s\n' http://127.0.0.1:1 http://ops:secret@host:99999 >"$list"
	asks --chronograf-urls-from "$list"
	one_line 2 "$list, line 2: 'http://host:99999' has no valid port: ports are numbers up to 65535"
}

@test "a URL that is empty: that is said, and how to give one, as chronoctl's own words" {
	asks --chronograf-url ''
	one_line 2 'the URL of a server is empty: give it with --chronograf-url or CHRONOGRAF_URL'
	asks --chronograf-url http://127.0.0.1:1 --chronograf-url ''
	one_line 2 'the URL of a server is empty: give it with --chronograf-url or CHRONOGRAF_URL'
}

@test "a server that does not listen: its URL as given, and that Chronograf listens on port 8888" {
	asks --chronograf-url http://127.0.0.1:1/base/
	refused 4 '^chronoctl: http://127.0.0.1:1/base/: connection refused. Is Chronograf running there\?'
	[ "$(wc -l <<<"$stderr")" -eq 1 ] || fail "more than one line"
	if ! (: </dev/tcp/127.0.0.1/80) 2>/dev/null; then
		asks --chronograf-url http://127.0.0.1
		one_line 4 'http://127.0.0.1: connection refused. The URL names no port, and Chronograf listens on 8888 unless told otherwise: add :8888 to the host.'
	fi
}

@test "a name that DNS does not know: that, and not whether Chronograf runs" {
	asks --chronograf-url https://chronograf.invalid:8888
	refused 4 '^chronoctl: https://chronograf.invalid:8888: .*Is the name right\?'
	never_says 'Is Chronograf running'
}

@test "a URL with a blank, /nonce or a query: what is wrong, and the URL to give; no warning beside it" {
	asks --chronograf-url 'http://host name:8888'
	refused 2 "^chronoctl: 'http://host name:8888' is not a server's URL: it has a blank in it"
	never_says "write 'http" warning
	asks --chronograf-url http://localhost:8888/nonce
	one_line 2 "'http://localhost:8888/nonce' ends with /nonce, which is added to it: write 'http://localhost:8888'"
	asks --chronograf-url 'http://host:8888?a=b'
	one_line 2 "'http://host:8888?a=b' has a query or a fragment (? or #): write 'http://host:8888/'"
	asks --chronograf-url http://host:8888/nonce
	one_line 2 "'http://host:8888/nonce' ends with /nonce, which is added to it: write 'http://host:8888'"
	asks --chronograf-url 'host;false'
	[ "$(advised 'https://: write ' '')" = 'http://host;false' ]
	asks --chronograf-url "http://host:8888/a'\$(false)/nonce"
	[ "$(advised 'added to it: write ' '')" = "http://host:8888/a'\$(false)" ]
	asks --chronograf-url http://host:99999
	refused 2 "^chronoctl: 'http://host:99999' is not a server's URL: "
	never_says warning
}

@test "a URL with a line break in it is the caller's mistake, not the network program's" {
	local url LINE_END_EXPECTED=yes
	for url in $'http://a:8888\n  http://b:8888' $'http://h\nübung' $'http://h\nchronoctl.example' $'\n  chronoctl' $'http://h\x01'; do
		CHRONOGRAF_URL=$url chronoctl token --priv-key-file "$KEY"
		refused 2 'is not a server.s URL: it has a control character in it' '\\x0[a1]'
		! says 'misbehave' || fail "the network program is blamed"
		chronoctl token --priv-key-file "$KEY" --chronograf-url http://127.0.0.1:1 --chronograf-url "$url"
		refused 2 'is not a server.s URL: it has a control character in it'
	done
	printf 'http://h\001x\n' >"$SCRATCH/list"
	chronoctl token --priv-key-file "$KEY" --chronograf-urls-from "$SCRATCH/list"
	refused 2 'line 1: .*has a control character in it'
}

@test "OpenSSL's words for a failed handshake are for --verbose" {
	# What is seen first: bytes that are not TLS, or that the server hangs up.
	local plain='the answer is not TLS' cut='the connection was closed during the TLS handshake'
	start_standin
	asks --chronograf-url "https${URL#http}"
	refused 4 "^chronoctl: https${URL#http}: ($plain. Does the port speak plain HTTP\\?|$cut. Look into)"
	never_says 'wrong version' SSL_
	asks --chronograf-url "https${URL#http}" --verbose
	refused 4 "^chronoctl: https${URL#http}: ($plain \\(.+\\). Does the port speak plain HTTP\\?|$cut \\(.+\\). Look into)"
}

@test "--check: which server accepts the token" {
	start_standin --pub-key-file "$PUB"
	asks --chronograf-url "$URL" --check
	prints_token "$KEY"
	[ "$stderr" = "chronoctl: $URL accepts the token" ] || fail "expected: chronoctl: $URL accepts the token"
}
