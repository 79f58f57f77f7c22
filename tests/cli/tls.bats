# HTTPS: certificates are checked, against --ca-file if given, unless -k.
load helper

setup_file() {
	suite_key
	new_tls_key "$D/server" DNS:localhost,IP:127.0.0.1
	new_tls_key "$D/other" DNS:elsewhere.example
	start_standin --tls-cert "$D/server.crt" --tls-key "$D/server.key" --base-path /chronograf
}

@test "a certificate that nobody vouches for is refused: exit 4, says so" {
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

@test "a CA file that is missing or no CA is an error that names it, not passed over" {
	chronoctl_token --priv-key-file "$KEY" --ca-file /nonexistent.pem
	refused '[24]' '/nonexistent\.pem'
	echo nonsense >"$SCRATCH/nonsense.pem"
	chronoctl_token --priv-key-file "$KEY" --ca-file "$SCRATCH/nonsense.pem"
	refused '[24]' 'nonsense\.pem'
}

@test "https where http is spoken, and the other way round: exit 4" {
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

@test "a configuration of OpenSSL that cannot be read is told, with its line" {
	printf 'openssl_conf = init\n[init\n' >"$BATS_TEST_TMPDIR/openssl.cnf"
	OPENSSL_CONF=$BATS_TEST_TMPDIR/openssl.cnf chronoctl_token --priv-key-file "$KEY" --ca-file "$D/server.crt"
	refused 1 "openssl\.cnf" 'line 2'
}
