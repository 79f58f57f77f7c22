# --pinned-pubkey: a server with another key is asked nothing, whatever CA vouches for it.
load helper

setup_file() {
	suite_key
	new_tls_key "$D/server" DNS:localhost,IP:127.0.0.1,DNS:chronograf.test
	new_tls_key "$D/other" DNS:localhost,IP:127.0.0.1,DNS:chronograf.test
	cat "$D/server.crt" "$D/other.crt" >"$D/both.crt"
	start_standin --tls-cert "$D/server.crt" --tls-key "$D/server.key" --pub-key-file "$PUB"
}

setup() {
	private_environment
	RIGHT=$(pin "$D/server.crt")
	WRONG=$(pin "$D/other.crt")
	: >"$STANDIN_LOG"
}

# pin FILE: the hash of a certificate's key, as curl has it.
pin() {
	printf 'sha256//%s' "$(openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER |
		openssl dgst -sha256 -binary | base64)"
}

pinned() { # PIN ARGUMENT…
	chronoctl_token --priv-key-file "$KEY" --pinned-pubkey "$@"
}

is_not_asked() { [ "$(requests)" -eq 0 ] || fail "the server was asked: $(cat "$STANDIN_LOG")"; }

@test "a server with that key gives a token, one with another is not asked, whoever vouches for it" {
	pinned "$RIGHT" --ca-file "$D/server.crt"
	prints_token "$KEY"
	pinned "$WRONG;$RIGHT" --ca-file "$D/server.crt"
	prints_token "$KEY"
	: >"$STANDIN_LOG"
	for trust in "--ca-file=$D/server.crt" -k; do
		pinned "$WRONG" "$trust"
		refused 4 'pinned-pubkey'
	done
	is_not_asked
}

@test "the message has the hash of the key that the server has, to be compared" {
	pinned "$WRONG" --ca-file "$D/server.crt"
	refused 4
	[[ $stderr == *"its key is $RIGHT, "* ]] || fail "not its key"
	never_says "$WRONG"
}

@test "it vouches for no certificate by itself" {
	pinned "$RIGHT"
	refused 4 'certificate'
}

@test "another form, or an http URL, is a usage error" {
	for value in "$D/server.crt" sha256//short= "$RIGHT;" "$RIGHT$RIGHT" "sha1//${RIGHT#sha256//}" \
		"SHA256//${RIGHT#sha256//}" ''; do
		pinned "$value" -k
		refused 2 'pinned-pubkey'
	done
	pinned "$RIGHT" -k --chronograf-url http://127.0.0.1:1
	refused 2 "^chronoctl: --pinned-pubkey is for https:// only, and 'http://127.0.0.1:1'"
	is_not_asked
}

@test "--check: the token is tried on a server with that key, and nothing is sent to another" {
	pinned "$RIGHT" --ca-file "$D/server.crt" --check
	prints_token "$KEY"
	grep -q 'GET /chronograf/v1/mappings HTTP/1.1 200' "$STANDIN_LOG" || fail "$(cat "$STANDIN_LOG")"
	: >"$STANDIN_LOG"
	pinned "$WRONG" --ca-file "$D/server.crt" --check
	refused 4 'pinned-pubkey'
	is_not_asked
}

@test "doctor: the row of TLS fails, with the hash of the key, and nothing is asked" {
	doctor() {
		chronoctl doctor --chronograf-url "$URL" --priv-key-file "$KEY" --ca-file "$D/server.crt" --pinned-pubkey "$1"
	}
	doctor "$RIGHT"
	[ "$status" -eq 0 ] || fail "exit status 0 expected"
	: >"$STANDIN_LOG"
	doctor "$WRONG"
	[ "$status" -ne 0 ] || fail "a failure expected"
	grep -iE 'tls' <<<"$output" | grep -qF "$RIGHT" || fail "the row has no hash"
	is_not_asked
}

# A proxy that connects every CONNECT to this machine. Sets PROXY.
start_tunnel() {
	cat >"$SCRATCH/tunnel.pl" <<-'END'
		use IO::Socket::INET;
		use IO::Select;
		$| = 1;
		my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die $!;
		print "http://127.0.0.1:", $listener->sockport, "\n";
		while (my $client = $listener->accept) {
			next if fork;
			my $head = "";
			while ($head !~ /\r\n\r\n/) { sysread($client, $head, 1, length $head) or exit }
			my ($port) = $head =~ /^CONNECT chronograf\.test:(\d+) / or exit;
			my $server = IO::Socket::INET->new("127.0.0.1:$port") or exit;
			syswrite($client, "HTTP/1.1 200 OK\r\n\r\n");
			my $both = IO::Select->new($client, $server);
			while (my @ready = $both->can_read(30)) {
				for my $from (@ready) {
					sysread($from, my $bytes, 65536) or exit;
					syswrite($from == $client ? $server : $client, $bytes);
				}
			}
			exit;
		}
	END
	perl "$SCRATCH/tunnel.pl" >"$SCRATCH/tunnel" 2>/dev/null 3>&- 4>&- &
	echo $! >>"$SCRATCH/pids"
	wait_for [ -s "$SCRATCH/tunnel" ] || fail "the proxy does not start"
	read -r PROXY <"$SCRATCH/tunnel"
}

@test "through a proxy, by CONNECT: it is the server's key that counts" {
	start_tunnel
	export https_proxy=$PROXY
	URL=${URL/127.0.0.1/chronograf.test} pinned "$RIGHT" --ca-file "$D/server.crt"
	prints_token "$KEY"
	: >"$STANDIN_LOG"
	URL=${URL/127.0.0.1/chronograf.test} pinned "$WRONG" --ca-file "$D/server.crt"
	refused 4 'pinned-pubkey'
	[[ $stderr == *"$RIGHT"* ]] || fail "not its key"
	is_not_asked
}

@test "--watch: a server that comes back with another key is asked no more, and with the old one again" {
	local port said=$SCRATCH/said
	serve() { start_standin --tls-cert "$D/$1.crt" --tls-key "$D/$1.key" --port "${port:-0}"; }
	serve server
	port=${URL##*:}
	"$CHRONOCTL" token --chronograf-url "$URL" --watch --out-file "$SCRATCH/token" --poll-interval 1 --priv-key-file "$KEY" \
		--ca-file "$D/both.crt" --pinned-pubkey "$RIGHT" >/dev/null 2>"$said" 3>&- 4>&- </dev/null &
	echo $! >>"$SCRATCH/pids"
	wait_for [ -s "$SCRATCH/token" ] || fail "$(cat "$said")"
	kill "$(tail -n 2 "$SCRATCH/pids" | head -n 1)"
	wait_for grep -qF "$URL" "$said" || fail "it is not said that the server is gone"
	serve other
	sleep 3
	is_not_asked
	kill "$(tail -n 1 "$SCRATCH/pids")"
	sleep 0.5
	serve server
	answers() { [ "$(requests)" -gt 0 ]; }
	wait_for answers || fail "the right one is not asked: $(cat "$said")"
}

@test "--watch: a server with another key from the beginning is told, with the hash of its key" {
	local said=$SCRATCH/said
	"$CHRONOCTL" token --chronograf-url "$URL" --watch --out-file "$SCRATCH/token" --poll-interval 1 --priv-key-file "$KEY" \
		--ca-file "$D/both.crt" --pinned-pubkey "$WRONG" >/dev/null 2>"$said" 3>&- 4>&- </dev/null &
	echo $! >>"$SCRATCH/pids"
	wait_for grep -qF "$RIGHT" "$said" || fail "$(cat "$said")"
	is_not_asked
	[ ! -e "$SCRATCH/token" ]
}
