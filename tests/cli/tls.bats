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
