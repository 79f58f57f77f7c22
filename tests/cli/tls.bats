# HTTPS: certificates are checked, against --ca-file if given, unless -k.
load helper

setup_file() {
	suite_key
	new_tls_key "$D/server" DNS:localhost,IP:127.0.0.1
	new_tls_key "$D/other" DNS:elsewhere.example
	start_standin --tls-cert "$D/server.crt" --tls-key "$D/server.key" --base-path /chronograf
}

@test "a certificate that no CA vouches for is refused: exit 4, says so" {
	chronoctl_token --priv-key-file "$KEY"
	refused 4 'certificate'
}

@test "--ca-file vouches for it" {
	chronoctl_token --priv-key-file "$KEY" --ca-file "$D/server.crt"
	prints_token "$KEY"
	chronoctl_token --priv-key-file "$KEY" "--ca-file=$D/server.crt"
	prints_token "$KEY"
	grep -q 'GET /chronograf/nonce' "$STANDIN_LOG"
}

@test "-k and --skip-verify take any certificate" {
	chronoctl_token --priv-key-file "$KEY" -k
	prints_token "$KEY"
	chronoctl_token --priv-key-file "$KEY" --skip-verify
	prints_token "$KEY"
}

@test "another CA does not vouch for it" {
	chronoctl_token --priv-key-file "$KEY" --ca-file "$D/other.crt"
	refused 4 'certificate'
}

@test "a certificate for another host is refused, except by -k" {
	start_standin --tls-cert "$D/other.crt" --tls-key "$D/other.key"
	chronoctl_token --priv-key-file "$KEY" --ca-file "$D/other.crt"
	refused 4
	chronoctl_token --priv-key-file "$KEY" --ca-file "$D/other.crt" -k
	prints_token "$KEY"
}

@test "a CA file that is missing or holds no CA is an error that names it, and is not ignored" {
	chronoctl_token --priv-key-file "$KEY" --ca-file /nonexistent.pem
	refused '[24]' '/nonexistent\.pem'
	echo nonsense >"$SCRATCH/nonsense.pem"
	chronoctl_token --priv-key-file "$KEY" --ca-file "$SCRATCH/nonsense.pem"
	refused '[24]' 'nonsense\.pem'
}

@test "https to a server that speaks http, and the other way round: exit 4" {
	chronoctl token --chronograf-url "${URL/https:/http:}" --priv-key-file "$KEY"
	refused 4
	start_standin
	chronoctl token --chronograf-url "${URL/http:/https:}" --priv-key-file "$KEY" -k
	refused 4
}

# A configuration with one cipher of TLS 1.2, and one of 1.3.
with_policy() { # CIPHER CIPHER
	cat >"$BATS_TEST_TMPDIR/openssl.cnf" <<-END
		openssl_conf = init
		[init]
		ssl_conf = ssl
		[ssl]
		system_default = policy
		[policy]
		CipherString = $1
		Ciphersuites = $2
	END
	export OPENSSL_CONF=$BATS_TEST_TMPDIR/openssl.cnf
}

@test "the machine's TLS policy holds" {
	local -x OPENSSL_CONF
	with_policy ECDHE-RSA-AES256-GCM-SHA384 TLS_AES_256_GCM_SHA384
	chronoctl_token --priv-key-file "$KEY" --ca-file "$D/server.crt"
	prints_token "$KEY"
	with_policy PSK-AES128-CBC-SHA256 TLS_AES_128_CCM_8_SHA256
	chronoctl_token --priv-key-file "$KEY" --ca-file "$D/server.crt"
	refused 4
}

# program_is_confined PROCESS: that of a token that waits. Sets PROGRAM.
program_is_confined() {
	local key_process
	key_process=$(pgrep -P "$1") && PROGRAM=$(pgrep -P "$key_process") &&
		grep -q '^Seccomp:.*[12]' "/proc/$PROGRAM/status"
}

@test "a TLS policy that openssl.cnf includes, as crypto-policies has it, holds" {
	local -x OPENSSL_CONF
	with_policy PSK-AES128-CBC-SHA256 TLS_AES_128_CCM_8_SHA256
	sed -n '/^CipherString/,$p' "$OPENSSL_CONF" >"$BATS_TEST_TMPDIR/policy.config"
	sed -i '/^CipherString/,$d' "$OPENSSL_CONF"
	chronoctl_token --priv-key-file "$KEY" --ca-file "$D/server.crt"
	prints_token "$KEY"
	echo ".include = $BATS_TEST_TMPDIR/policy.config" >>"$OPENSSL_CONF"
	chronoctl_token --priv-key-file "$KEY" --ca-file "$D/server.crt"
	refused 4
}

@test "of OpenSSL's providers its own are loaded as configured, others and engines never" {
	local modules process
	modules=$(openssl version -m | cut -d '"' -f 2)
	[ -e "$modules/legacy.so" ] || skip "no provider 'legacy' here"
	cat >"$BATS_TEST_TMPDIR/openssl.cnf" <<-END
		openssl_conf = init
		[init]
		providers = providers
		engines = engines
		[providers]
		default = on
		legacy = on
		other = other
		base = renamed
		[on]
		activate = 1
		[other]
		identity = toy
		module = $TOY
		activate = 1
		[renamed]
		identity = toy
		module = $TOY
		activate = 1
		[engines]
		toy = engine
		[engine]
		dynamic_path = $TOY
	END
	start_standin --mode never
	OPENSSL_CONF=$BATS_TEST_TMPDIR/openssl.cnf "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY" \
		>/dev/null 2>&1 </dev/null 3>&- &
	process=$!
	echo "$process" >>"$SCRATCH/pids"
	wait_for program_is_confined "$process" || skip "this build or kernel has no seccomp filter"
	grep -q '/legacy\.so' "/proc/$PROGRAM/maps" || fail "legacy is not loaded"
	! grep -F "$TOY" "/proc/$PROGRAM/maps" || fail "the other provider is loaded"
}

@test "a line end in the name of a certificate does not start a line of the message" {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$SCRATCH/lines.key" -out "$SCRATCH/lines.crt" \
		-subj $'/CN=a\nchronoctl: the token is good' 2>"$SCRATCH/openssl"
	start_standin --tls-cert "$SCRATCH/lines.crt" --tls-key "$SCRATCH/lines.key"
	chronoctl_token --priv-key-file "$KEY" --ca-file "$SCRATCH/lines.crt"
	refused 4 "'a chronoctl: the token is good'"
}

# is_not_loaded: what the configuration in standard input names, by another name than OpenSSL's manual has.
is_not_loaded() {
	local process
	cat >"$BATS_TEST_TMPDIR/openssl.cnf"
	OPENSSL_CONF=$BATS_TEST_TMPDIR/openssl.cnf "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY" \
		>/dev/null 2>&1 </dev/null 3>&- &
	process=$!
	echo "$process" >>"$SCRATCH/pids"
	wait_for program_is_confined "$process" || skip "this build or kernel has no seccomp filter"
	! grep -F "$TOY" "/proc/$PROGRAM/maps" || fail "the provider is loaded"
}

@test "a provider that is not OpenSSL's own is not loaded by a shortened name of its section" {
	start_standin --mode never
	is_not_loaded <<-END
		openssl_conf = init
		[init]
		provider = providers
		[providers]
		default = on
		toy = toy
		[on]
		activate = 1
		[toy]
		module = $TOY
		activate = 1
	END
}

@test "a provider that is not OpenSSL's own is not loaded by a name with a dot for its file" {
	start_standin --mode never
	is_not_loaded <<-END
		openssl_conf = init
		[init]
		providers = providers
		[providers]
		default = on
		fips = toy
		[on]
		activate = 1
		[toy]
		2.module = $TOY
		activate = 1
	END
}

@test "a configuration of OpenSSL that cannot be read is reported, with its line" {
	printf 'openssl_conf = init\n[init\n' >"$BATS_TEST_TMPDIR/openssl.cnf"
	OPENSSL_CONF=$BATS_TEST_TMPDIR/openssl.cnf chronoctl_token --priv-key-file "$KEY" --ca-file "$D/server.crt"
	refused 1 "openssl\.cnf" 'line 2'
}

# serves ARGUMENT…: openssl's server, with a certificate for localhost. Sets URL.
serves() {
	local port tries=0
	until
		port=$((20000 + RANDOM % 10000))
		openssl s_server -www -quiet -accept "127.0.0.1:$port" -cert "$D/server.crt" -key "$D/server.key" "$@" \
			>/dev/null 2>&1 </dev/null 3>&- &
		echo "$!" >>"$SCRATCH/pids"
		wait_for accepts "$port" "$!" || [ "$((tries += 1))" -gt 5 ]
	do :; done
	URL=https://localhost:$port
}
accepts() { kill -0 "$2" && (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

policy() { # LINE
	printf 'openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\nsystem_default = policy\n[policy]\n%s\n' "$1" \
		>"$BATS_TEST_TMPDIR/openssl.cnf"
}

@test "a server whose versions of TLS the machine's policy does not allow is reported as that" {
	serves -tls1_2
	policy 'MinProtocol = TLSv1.3'
	export OPENSSL_CONF=$BATS_TEST_TMPDIR/openssl.cnf
	! curl -sk -o "$BATS_TEST_TMPDIR/answer" "$URL" || skip "libcurl has a lowest version of its own here, for curl(1) too"
	chronoctl_token --priv-key-file "$KEY" --ca-file "$D/server.crt"
	refused 4 'versions of TLS' 'MinProtocol'
	never_says 'plain HTTP'
}

@test "each failure of TLS is reported as what it is, and only plain HTTP as plain HTTP" {
	serves -tls1_2
	policy 'SignatureAlgorithms = ECDSA+SHA256'
	OPENSSL_CONF=$BATS_TEST_TMPDIR/openssl.cnf chronoctl_token --priv-key-file "$KEY" --ca-file "$D/server.crt"
	refused 4 'accepts nothing that this machine offers' 'signature algorithm'
	never_says 'plain HTTP'
	serves -Verify 1
	chronoctl_token --priv-key-file "$KEY" --ca-file "$D/server.crt"
	refused 4 'requires a client certificate'
	never_says 'plain HTTP'
	start_standin
	chronoctl token --chronograf-url "${URL/http:/https:}" --priv-key-file "$KEY"
	# It may close the connection before its answer is read.
	refused 4 'not TLS. Does the port speak plain HTTP|closed during the TLS handshake'
	start_standin --mode hang-up
	chronoctl token --chronograf-url "${URL/http:/https:}" --priv-key-file "$KEY"
	refused 4 'closed during the TLS handshake. Look into the log'
	never_says 'plain HTTP'
	start_standin --mode garbage
	chronoctl token --chronograf-url "${URL/http:/https:}" --priv-key-file "$KEY"
	refused 4 'the answer is not TLS. Does the port speak plain HTTP'
}

@test "CAs that are not there: the file or the folder is named, with the reason" {
	SSL_CERT_FILE=/nonexistent.pem chronoctl_token --priv-key-file "$KEY"
	refused 4 '/nonexistent\.pem: No such file'
	: >"$BATS_TEST_TMPDIR/empty.pem"
	SSL_CERT_FILE=$BATS_TEST_TMPDIR/empty.pem chronoctl_token --priv-key-file "$KEY"
	refused 4 'empty\.pem: it holds no good certificate'
	new_tls_key "$BATS_TEST_TMPDIR/ca" DNS:localhost
	SSL_CERT_FILE=$BATS_TEST_TMPDIR/ca.crt SSL_CERT_DIR=/nonexistent chronoctl_token --priv-key-file "$KEY"
	refused 4 'self-signed' '--ca-file'
	openssl x509 -in "$D/server.crt" -CA "$BATS_TEST_TMPDIR/ca.crt" -CAkey "$BATS_TEST_TMPDIR/ca.key" \
		-days 9 -set_serial 7 -out "$BATS_TEST_TMPDIR/leaf.crt" 2>/dev/null
	start_standin --tls-cert "$BATS_TEST_TMPDIR/leaf.crt" --tls-key "$D/server.key"
	SSL_CERT_FILE=$D/other.crt SSL_CERT_DIR=/nonexistent chronoctl_token --priv-key-file "$KEY"
	refused 4 'CA that is not known here' 'SSL_CERT_DIR names no folder of CAs: /nonexistent: No such file'
	SSL_CERT_FILE=$D/other.crt chronoctl_token --priv-key-file "$KEY"
	refused 4 'CA that is not known here' 'Give the CA that signed it'
}

@test "a certificate that has expired is reported as that" {
	# OpenSSL 3.4 takes no days below 0, and those before take no dates.
	openssl x509 -in "$D/server.crt" -signkey "$D/server.key" -days -1 -out "$BATS_TEST_TMPDIR/old.crt" 2>/dev/null ||
		openssl x509 -in "$D/server.crt" -signkey "$D/server.key" -not_before 20240101000000Z -not_after 20240102000000Z \
			-out "$BATS_TEST_TMPDIR/old.crt" 2>/dev/null
	openssl x509 -in "$BATS_TEST_TMPDIR/old.crt" -noout -checkend 0 >/dev/null && fail "it has not expired"
	start_standin --tls-cert "$BATS_TEST_TMPDIR/old.crt" --tls-key "$D/server.key"
	chronoctl_token --priv-key-file "$KEY" --ca-file "$BATS_TEST_TMPDIR/old.crt"
	refused 4 'certificate has expired' 'clock is wrong'
	never_says '--ca-file'
}

@test "a server that asks for a TLS handshake without end fails at once, and the others get their tokens" {
	local good=$URL
	start_standin --mode endless-handshake
	URL=${URL/http:/https:}
	SECONDS=0
	chronoctl_token --priv-key-file "$KEY"
	refused 4 "^chronoctl: $URL: the server sends messages of TLS without end"
	chronoctl token --priv-key-file "$KEY" --timeout 5 --ca-file "$D/server.crt" --chronograf-url "$URL" --chronograf-url "$good"
	[ "$status" -eq 4 ] || fail "exit status 4 expected"
	[ "$output" = "$good"$'\t'"$(expected_token "$KEY")" ] || fail "the other server's token is missing"
	[ "$SECONDS" -lt 5 ] || fail "that takes $SECONDS seconds"
}
