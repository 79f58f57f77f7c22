# On a machine whose OpenSSL keeps to a FIPS module: what works does so inside it, and what cannot work says why. Run by
# tests/fips.
load cli/helper

# OpenSSL as it is without FIPS, to prepare what a FIPS machine would not make.
ordinary() { OPENSSL_CONF=/etc/ssl/openssl.cnf.ordinary "$@"; }

setup_file() {
	suite_key_in_token estate
	export CHRONOCTL_PIN=$PIN PKCS11_MODULE_PATH=$SOFTHSM
	new_tls_key "$D/server" DNS:localhost,IP:127.0.0.1
	start_standin --pub-key-file "$PUB"
}

setup() {
	private_environment
	export PKCS11_MODULE_PATH=$SOFTHSM CHRONOCTL_PIN=$PIN
}

with() { chronoctl_token --no-prompt --priv-key-file "$@"; }

@test "the machine is what it should be: the module is there, and MD5 is not" {
	openssl list -providers | grep -q 'FIPS Provider'
	run ! openssl md5 /dev/null
	ordinary openssl md5 /dev/null
}

@test "signer file, accepted by the server" {
	with "$KEY" --check
	prints_token "$KEY"
}

@test "signer file: an encrypted PKCS#8 key" {
	encrypt_key "$KEY" "$SCRATCH/encrypted.pem" 'passphrase'
	CHRONOCTL_PIN='passphrase' with "$SCRATCH/encrypted.pem"
	prints_token "$KEY"
	CHRONOCTL_PIN='another one' with "$SCRATCH/encrypted.pem"
	refused 3 'the passphrase given does not open it'
}

@test "signer pkcs11" {
	with 'pkcs11:token=estate;object=chronograf' --signer pkcs11
	prints_token "$KEY"
}

@test "signer libp11" {
	with 'pkcs11:token=estate;object=chronograf' --signer libp11
	prints_token "$KEY"
}

@test "signer engine" {
	with 'pkcs11:token=estate;object=chronograf' --signer engine
	prints_token "$KEY"
}

@test "signer provider: a file" {
	with "$KEY" --signer provider
	prints_token "$KEY"
}

@test "signer provider: a token behind a provider that fips=yes leaves out is told, and opens with ?fips=yes" {
	with 'pkcs11:token=estate;object=chronograf' --signer provider --provider pkcs11
	refused 3 "leave the provider 'pkcs11' out" '\?fips=yes' 'another signer'
	sed 's/= fips=yes/= ?fips=yes/' /etc/ssl/openssl.cnf >"$SCRATCH/openssl.cnf"
	OPENSSL_CONF=$SCRATCH/openssl.cnf with 'pkcs11:token=estate;object=chronograf' --signer provider --provider pkcs11
	prints_token "$KEY"
}

@test "signer provider: the default provider is not loaded beside the FIPS module" {
	with 'handle:0x81000001'
	refused 3 'loaded providers: base, fips;'
	OPENSSL_CONF=/dev/null with 'handle:0x81000001'
	refused 3 'providers: default;'
}

@test "gen-keypair makes a pair of files that signs" {
	chronoctl gen-keypair --out "$SCRATCH/new" --bits 2048
	[ "$status" -eq 0 ] || fail 'no pair'
	with "$SCRATCH/new"
	prints_token "$SCRATCH/new"
}

@test "gen-keypair makes a pair in a token that signs" {
	own_tokens
	chronoctl gen-keypair --out 'pkcs11:token=estate;object=new' --bits 2048
	[ "$status" -eq 0 ] || fail 'no pair'
	with 'pkcs11:token=estate;object=new'
	[ "$status" -eq 0 ] || fail 'it does not sign'
}

@test "a PEM that is encrypted in the traditional way: the algorithm is missing, the passphrase is not wrong" {
	(umask 077 && ordinary openssl rsa -in "$KEY" -aes128 -traditional -passout pass:passphrase -out "$SCRATCH/old.pem")
	CHRONOCTL_PIN=passphrase with "$SCRATCH/old.pem"
	refused 3 'encrypted in a way that this OpenSSL does not offer' 'MD5' 'openssl pkcs8 -topk8'
	never_says passphrase\ given
	OPENSSL_CONF=/etc/ssl/openssl.cnf.ordinary CHRONOCTL_PIN=passphrase with "$SCRATCH/old.pem"
	prints_token "$KEY"
}

@test "TLS" {
	start_standin --tls-cert "$D/server.crt" --tls-key "$D/server.key"
	with "$KEY" --ca-file "$D/server.crt"
	prints_token "$KEY"
}

# ChaCha20 is all that this server speaks.
start_chacha20_server() {
	cat >"$SCRATCH/gnutls" <<-END
		[overrides]
		tls-disabled-cipher = aes-128-gcm
		tls-disabled-cipher = aes-256-gcm
		tls-disabled-cipher = aes-128-ccm
		tls-disabled-cipher = aes-256-ccm
		tls-disabled-cipher = aes-128-cbc
		tls-disabled-cipher = aes-256-cbc
	END
	GNUTLS_SYSTEM_PRIORITY_FILE=$SCRATCH/gnutls start_standin --tls-cert "$D/server.crt" --tls-key "$D/server.key"
}

@test "TLS is the module's, as curl's is: a server that speaks ChaCha20 alone is refused" {
	start_chacha20_server
	run ! curl -sS --cacert "$D/server.crt" "$URL/nonce"
	with "$KEY" --ca-file "$D/server.crt"
	refused 4 'TLS|SSL|handshake'
	local -x OPENSSL_CONF=/etc/ssl/openssl.cnf.ordinary
	curl -sS --cacert "$D/server.crt" "$URL/nonce" >/dev/null
	with "$KEY" --ca-file "$D/server.crt"
	prints_token "$KEY"
}

# changed SED-SCRIPT: the machine's configuration, with that change.
changed() {
	sed "$1" /etc/ssl/openssl.cnf >"$SCRATCH/changed.cnf"
	export OPENSSL_CONF=$SCRATCH/changed.cnf
}

@test "TLS: alg_section alone keeps to the module, with the default provider beside it, too" {
	start_chacha20_server
	local -x OPENSSL_CONF
	changed 's/^base = base$/&\ndefault = base/'
	with "$KEY" --ca-file "$D/server.crt"
	refused 4 'TLS|SSL|handshake'
	changed 's/^base = base$/&\ndefault = base/; s/= fips=yes/= ?fips=yes/'
	with "$KEY" --ca-file "$D/server.crt"
	prints_token "$KEY"
}

@test "TLS: ssl_conf holds inside the module" {
	start_standin --tls-cert "$D/server.crt" --tls-key "$D/server.key"
	local -x OPENSSL_CONF
	changed 's/^alg_section = .*/&\nssl_conf = ssl/; $a [ssl]\nsystem_default = policy\n[policy]\nMinProtocol = TLSv1.3\nCiphersuites = TLS_AES_128_GCM_SHA256'
	with "$KEY" --ca-file "$D/server.crt"
	prints_token "$KEY"
	sed -i 's/^Ciphersuites = .*/Ciphersuites = TLS_AES_128_CCM_8_SHA256/' "$OPENSSL_CONF"
	with "$KEY" --ca-file "$D/server.crt"
	refused 4
}

@test "TLS: a provider of another make is never activated in the network program" {
	local module process program
	module=$(openssl version -m | cut -d '"' -f 2)/pkcs11.so
	[ -e "$module" ]
	start_standin --mode never
	local -x OPENSSL_CONF
	changed "s|^base = base\$|&\npkcs11 = other|; \$a [other]\nmodule = $module\nactivate = 1"
	openssl list -providers | grep -q pkcs11
	"$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY" >/dev/null 2>&1 </dev/null 3>&- &
	process=$!
	echo "$process" >>"$SCRATCH/pids"
	wait_for grep -q . "$STANDIN_LOG"
	program=$(pgrep -P "$(pgrep -P "$process")")
	grep -q '/fips\.so' "/proc/$program/maps" || fail 'the FIPS module is not loaded'
	run ! grep -F "$module" "/proc/$program/maps"
}

@test "doctor: the whole chain is good" {
	chronoctl doctor --no-prompt --chronograf-url "$URL" --priv-key-file 'pkcs11:token=estate;object=chronograf'
	[ "$status" -eq 0 ] || fail 'something is not good'
	grep -q '^✓ openssl .*a FIPS provider is active, in chronoctl and in the network program' <<<"$output" || fail 'no FIPS'
	OPENSSL_CONF=/etc/ssl/openssl.cnf.ordinary chronoctl doctor --no-prompt --chronograf-url "$URL" --priv-key-file "$KEY"
	grep -q '^✓ openssl .*no FIPS provider is active' <<<"$output" || fail 'FIPS without FIPS'
}

@test "--version: FIPS in both processes" {
	chronoctl --version
	[ "$status" -eq 0 ] || fail 'no version'
	[ "$(grep -cE 'FIPS provider in chronoctl(-network)? +active$' <<<"$output")" -eq 2 ] || fail 'not in both'
	OPENSSL_CONF=/etc/ssl/openssl.cnf.ordinary chronoctl --version
	[ "$(grep -cE 'FIPS provider in chronoctl(-network)? +not active$' <<<"$output")" -eq 2 ] || fail 'FIPS without FIPS'
}
