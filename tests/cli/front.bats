# Who answers: Chronograf, or something in front of it; and the advice for each.
load helper

setup_file() { suite_key; }

REMEDY='Authorization: CHRONOGRAF-SHA256.*URL behind it'

with_password() { # ARGUMENT…
	chronoctl token --chronograf-url "http://user:pass@${URL#http://}" --priv-key-file "$KEY" "$@"
}

@test "a proxy that asks for a password: exit 4, and no advice to put one into the URL" {
	start_standin --basic-auth user:pass --pub-key-file "$PUB"
	chronoctl_token --priv-key-file "$KEY"
	refused 4 'status 401' 'in front of Chronograf' "$REMEDY"
	never_says 'user:password'
}

@test "a proxy's password opens the nonce, not the API: the token never reached Chronograf, exit 4" {
	start_standin --basic-auth user:pass --pub-key-file "$PUB"
	with_password --check
	refused 4 'status 401' 'never reached Chronograf' "$REMEDY"
	never_says 'public key' 'pub-key'
}

@test "a login page in front of all: exit 4, says whose it is" {
	start_standin --oauth2-proxy --pub-key-file "$PUB"
	chronoctl_token --priv-key-file "$KEY"
	refused 4 'status 403' 'in front of Chronograf' "$REMEDY"
	never_says 'user:password'
}

@test "a login page in front of the API alone: the token never reached Chronograf, exit 4" {
	start_standin --oauth2-proxy-nonce --pub-key-file "$PUB"
	chronoctl_token --priv-key-file "$KEY" --check
	refused 4 'status 403' 'never reached Chronograf' "$REMEDY"
	never_says 'public key'
}

@test "Chronograf's own password (--htpasswd): no token can be used there, with it or without" {
	start_standin --htpasswd user:pass --pub-key-file "$PUB"
	chronoctl_token --priv-key-file "$KEY"
	refused 4 '--htpasswd.*no token'
	never_says 'in front' 'user:password'
	with_password --check
	refused 4 '--htpasswd.*no token'
	never_says 'in front' 'public key'
}

@test "Chronograf's own refusal names a missing --pub-key-file, another key and replicas: exit 5" {
	start_standin
	chronoctl_token --priv-key-file "$KEY" --check
	refused 5 'without --pub-key-file' 'another public key' 'replicas'
	never_says 'in front'
}

@test "an empty 403 that does not name Chronograf may be either's: exit 5, and both are named" {
	start_standin --mode check-403-unnamed
	chronoctl_token --priv-key-file "$KEY" --check
	refused 5 'without --pub-key-file' 'in front of Chronograf' "$REMEDY"
}

@test "Chronograf's own page is told from another's" {
	start_standin
	chronoctl token --chronograf-url "$URL/wrong" --priv-key-file "$KEY"
	refused 4 "Chronograf's own page" 'base path'
	never_says 'login'
	asked html
	refused 4 'web page' 'login'
	never_says "own page"
}

@test "a check that is redirected names the URL to give" {
	local other
	new_tls_key "$BATS_TEST_TMPDIR/tls" IP:127.0.0.1,DNS:localhost
	start_standin --tls-cert "$BATS_TEST_TMPDIR/tls.crt" --tls-key "$BATS_TEST_TMPDIR/tls.key" --pub-key-file "$PUB"
	other=${URL/localhost/127.0.0.1}
	start_standin --redirect "$other"
	chronoctl_token --priv-key-file "$KEY" --ca-file "$BATS_TEST_TMPDIR/tls.crt" --check
	refused 4 'redirects' "--chronograf-url '$other'\$"
}
