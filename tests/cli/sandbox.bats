# The network program of the command, taken over by a server (tests/hostile): what it can reach, and that
# what it is there for still works.
load helper

: "${HOSTILE:?folder of the hostile tree}"

setup_file() {
	suite_key_in_token estate
	suite_pin_file
	new_tls_key "$D/server" DNS:localhost,IP:127.0.0.1
	start_standin --tls-cert "$D/server.crt" --tls-key "$D/server.key"
	export TLS_URL=$URL
	start_standin
}

setup() {
	private_environment
	unset SSL_CERT_FILE SSL_CERT_DIR
	export PKCS11_MODULE_PATH=$SOFTHSM
}

# taken_over ARGUMENT…: chronoctl token whose network program makes all attempts before it goes on.
taken_over() {
	local tree=$SCRATCH/hostile program
	[ -d "$tree" ] || { mkdir "$tree" && chmod 755 "$SCRATCH" && cp -r "$HOSTILE/bin" "$HOSTILE/libexec" "$tree"; }
	program=$(find "$tree" -name chronoctl-network)
	printf '%s\n' "$KEY" "$PIN_FILE" "$D/softhsm/tokens" >"${program%/*}/aims"
	REPORT=${program%/*}/report
	: >"$REPORT"
	chmod 666 "$REPORT"
	CHRONOCTL=$tree/bin/chronoctl chronoctl_token "$@"
}

achieves_nothing() {
	! grep -F '| DONE |' "$REPORT" || fail "it has done that" || return
	grep -q '^hostile: claim the terminal |' "$REPORT" || fail "not all was tried: $(cat "$REPORT")" || return
	echo "# $(grep -cF '| refused |' "$REPORT") attempts" >&3
}

@test "taken over, it can reach nothing of a key in a file, and the token is printed all the same" {
	taken_over --priv-key-file "$KEY"
	prints_token "$KEY"
	achieves_nothing
}

@test "taken over, it can reach nothing of a key in a token" {
	taken_over --priv-key-file 'pkcs11:object=chronograf' --pin-source "$PIN_FILE"
	prints_token "$KEY"
	achieves_nothing
}

@test "taken over, and run by somebody who is not root" {
	need_user
	WRAPPER=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all,+dac_override
		--ambient-caps=-all,+dac_override --)
	[ "$(id -u)" -eq 0 ] || WRAPPER=()
	taken_over --priv-key-file "$KEY"
	prints_token "$KEY"
	achieves_nothing
}

@test "taken over on a kernel without Landlock, it can do no more than read files, and that is told" {
	taken_over --priv-key-file "$KEY"
	touch "${REPORT%/*}/no-landlock"
	taken_over --priv-key-file "$KEY" -v
	prints_token "$KEY"
	achieves_nothing
	grep -qF '| not tried' "$REPORT" || skip "Landlock cannot be taken away here"
	! grep -F '| not tried' "$REPORT" | grep -vE ' (read|list|open) ' || fail "more than files is open"
	says 'no Landlock confines the network program'
	taken_over --priv-key-file "$KEY"
	is_silent
	CHRONOCTL=$SCRATCH/hostile/bin/chronoctl chronoctl doctor --chronograf-url "$URL" --priv-key-file "$KEY"
	says 'no Landlock confines the network program'
	taken_over --priv-key-file "$KEY" --require-sandbox
	refused 1 'no Landlock'
}

# As somebody who may not list the root folder, in a tree whose network program goes without Landlock.
in_closed_root() { # ARGUMENT…
	run --separate-stderr unshare --mount bash -euc '
		mount -t tmpfs none /mnt
		for folder in /usr /etc /proc /dev /bin /lib /lib64 /sbin; do
			[ ! -L "$folder" ] || { cp -a "$folder" /mnt && continue; }
			mkdir "/mnt$folder"
			mount --rbind "$folder" "/mnt$folder"
		done
		mkdir /mnt/tmp
		cp -r "$1" /mnt/tmp/tree
		cp "$2" /mnt/tmp/key
		chown -R 65534:65534 /mnt/tmp
		chmod 0711 /mnt
		shift 2
		chroot --userspec=65534:65534 /mnt /tmp/tree/bin/chronoctl token --priv-key-file /tmp/key "$@"' \
		bash "$SCRATCH/hostile" "$KEY" "$@"
}

@test "a root folder that may not be listed is not taken for Landlock" {
	need_user
	unshare --mount true 2>/dev/null || skip "no mount namespace of one's own here"
	taken_over --priv-key-file "$KEY"
	touch "${REPORT%/*}/no-landlock"
	taken_over --priv-key-file "$KEY"
	grep -qF '| not tried' "$REPORT" || skip "Landlock cannot be taken away here"
	in_closed_root --chronograf-url "$URL" --require-sandbox
	refused 1 'no Landlock'
}

@test "another security module that refuses to list folders is not taken for Landlock" {
	taken_over --priv-key-file "$KEY"
	touch "${REPORT%/*}/no-landlock"
	taken_over --priv-key-file "$KEY"
	grep -qF '| not tried' "$REPORT" || skip "Landlock cannot be taken away here"
	touch "${REPORT%/*}/closed-folders"
	taken_over --priv-key-file "$KEY" -v
	prints_token "$KEY"
	says 'no Landlock confines the network program' 'by a seccomp filter, without Landlock'
	taken_over --priv-key-file "$KEY" --require-sandbox
	refused 1 'no Landlock'
}

@test "the table of attempts in docs/reliability.md is what they come to, on a terminal" {
	local tried
	taken_over --priv-key-file "$KEY"
	achieves_nothing
	on_terminal "'$SCRATCH/hostile/bin/chronoctl' token --chronograf-url '$URL' --priv-key-file '$KEY'"
	[ "$status" -eq 0 ] || fail "$screen"
	achieves_nothing
	tried=$(tail -n "$(($(wc -l <"$REPORT") / 2))" "$REPORT")
	sed 's/^/# /' <<<"$tried" >&3
	! grep -F '| not tried' <<<"$tried" || skip "this build or kernel has not all guards"
	diff <(sed 's/^hostile: \(.*\)/| \1 |/' <<<"$tried") \
		<(sed '1,/^| attempt | outcome | stopped by |$/d; /^|---/d; /^$/,$d' "$SOURCE_DIR/docs/reliability.md")
}

@test "--verbose says what confines it" {
	chronoctl_token -v --priv-key-file "$KEY"
	prints_token "$KEY"
	says '(; |not )confined( by|:)'
}

# That of a tree without a seccomp filter.
unfiltered() {
	CHRONOCTL=${CHRONOCTL%/bin/*}/tests/figures/bin/chronoctl chronoctl_token --priv-key-file "$KEY" "$@"
}

@test "without a seccomp filter there is a warning, once" {
	start_standin
	unfiltered
	prints_token "$KEY"
	says 'warning: no seccomp filter confines the network program'
	[ "$(grep -c 'no seccomp filter' <<<"$stderr")" -eq 1 ]
}

@test "--require-sandbox: without a seccomp filter no server is asked, and nothing is signed; with both all is as ever" {
	start_standin
	unfiltered --require-sandbox
	refused 1 '--require-sandbox' 'no seccomp filter'
	CHRONOCTL_REQUIRE_SANDBOX=1 unfiltered
	refused 1 '--require-sandbox'
	[ "$(requests)" -eq 0 ] || fail "the server was asked"
	CHRONOCTL_REQUIRE_SANDBOX=0 unfiltered
	prints_token "$KEY"
	chronoctl_token -v --priv-key-file "$KEY"
	[[ $stderr == *'by Landlock and a seccomp filter'* ]] || skip "this build or kernel has not both"
	chronoctl_token --priv-key-file "$KEY" --require-sandbox
	prints_token "$KEY"
	is_silent
}

# holds FILE FIELD VALUE
holds() {
	grep -qE "^$2:[[:space:]]*$3\$" "$1" || fail "$2 is not $3:" "$(cat "$1")"
}

@test "to the kernel it is filtered, without capabilities, and in a session of its own" {
	local process child
	chronoctl_token -v --priv-key-file "$KEY"
	[[ $stderr =~ (by|and)\ a\ seccomp\ filter ]] || skip "this build or kernel has no seccomp filter"
	start_standin --mode never
	"$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$KEY" >/dev/null 2>&1 </dev/null 3>&- &
	process=$!
	echo "$process" >>"$SCRATCH/pids"
	child_of_child() { child=$(pgrep -P "$(pgrep -P "$process")") && grep -q '^Seccomp:.*[12]' "/proc/$child/status"; }
	wait_for child_of_child || fail "no process with a filter"
	cp "/proc/$child/status" "$SCRATCH/status"
	holds "$SCRATCH/status" NoNewPrivs 1
	holds "$SCRATCH/status" CapEff 0+
	holds "$SCRATCH/status" CapPrm 0+
	holds "$SCRATCH/status" CapInh 0+
	[ "$(ps -o sid= -p "$child" | tr -d ' ')" = "$child" ] || fail "it is in its parent's session"
	# Those count for all programs of the user.
	grep -qE '^Max pending signals +0 ' "/proc/$child/limits" || fail "it may queue signals"
}

@test "a name to be resolved, and addresses of both kinds" {
	chronoctl token --chronograf-url "${URL/127.0.0.1/localhost}" --priv-key-file "$KEY"
	prints_token "$KEY"
	chronoctl token --chronograf-url http://nowhere.invalid:8888 --priv-key-file "$KEY" --timeout 5
	refused 4 'nowhere\.invalid'
}

# In a network of its own: a DNS server that answers every question for an address with 127.0.0.1.
name_server() {
	cat <<-'END'
		use Socket;
		socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die $!;
		bind($socket, sockaddr_in(53, INADDR_LOOPBACK)) or die $!;
		while (my $from = recv($socket, my $asked, 512, 0)) {
			my ($name, $type) = substr($asked, 12) =~ /^(.*?\0)(..)/s;
			my $known = $type eq "\0\1";
			send($socket, substr($asked, 0, 2) . pack("H4n4", "8180", 1, $known, 0, 0) . $name . $type . "\0\1" .
				($known ? pack("nnnNnC4", 0xc00c, 1, 1, 60, 4, 127, 0, 0, 1) : ""), 0, $from);
		}
	END
}

@test "a name that DNS alone knows" {
	unshare -mn true || skip "no network of its own is to be had here"
	name_server >"$SCRATCH/dns.pl"
	echo nameserver 127.0.0.1 >"$SCRATCH/resolv.conf"
	cat >"$SCRATCH/network" <<-'END'
		ip link set lo up
		mount --bind "$SCRATCH/resolv.conf" /etc/resolv.conf
		perl "$SCRATCH/dns.pl" >/dev/null 2>&1 3>&- 4>&- & echo $! >>"$SCRATCH/pids"
		"$STANDIN" --nonce "$NONCE" >"$SCRATCH/url" 2>/dev/null 3>&- 4>&- & echo $! >>"$SCRATCH/pids"
		until [ -s "$SCRATCH/url" ] && grep -q ':0035 ' /proc/net/udp; do sleep 0.05; done
		read -r url <"$SCRATCH/url"
		exec "$1" token --chronograf-url "${url/127.0.0.1/chronograf.test}" "${@:2}"
	END
	export SCRATCH NONCE
	WRAPPER=(unshare -mn bash "$SCRATCH/network")
	chronoctl --priv-key-file "$KEY"
	prints_token "$KEY"
}

@test "https by --ca-file, a folder of CAs, a link out of it, and the user's file of CAs" {
	chronoctl token --chronograf-url "$TLS_URL" --priv-key-file "$KEY" --ca-file "$D/server.crt"
	prints_token "$KEY"
	SSL_CERT_FILE=$D/server.crt chronoctl token --chronograf-url "$TLS_URL" --priv-key-file "$KEY"
	prints_token "$KEY"
	mkdir "$SCRATCH/cas"
	ln -s "$D/server.crt" "$SCRATCH/cas/$(openssl x509 -noout -hash -in "$D/server.crt").0"
	SSL_CERT_DIR=$SCRATCH/cas chronoctl token --chronograf-url "$TLS_URL" --priv-key-file "$KEY"
	prints_token "$KEY"
	mkdir "$SCRATCH/none"
	SSL_CERT_DIR=$SCRATCH/none:$SCRATCH/cas chronoctl token --chronograf-url "$TLS_URL" --priv-key-file "$KEY"
	prints_token "$KEY"
	chronoctl token --chronograf-url "$TLS_URL" --priv-key-file "$KEY"
	refused 4 certificate
}

@test "the machine's own CAs are read" {
	local file
	file=$(first_of /etc/ssl/certs/ca-certificates.crt) || skip "no CAs where Debian has them"
	[ -n "$file" ] || skip "no CAs where Debian has them"
	chronoctl token --chronograf-url "$TLS_URL" --priv-key-file "$KEY"
	refused 4 certificate
	[[ $stderr != *"cannot be read"* ]] || fail "the CAs are not read"
}

@test "a proxy, for http and by CONNECT" {
	: >"$STANDIN_LOG"
	http_proxy=$URL chronoctl token --chronograf-url http://chronograf.invalid --priv-key-file "$KEY" --timeout 5
	grep -qF 'GET http://chronograf.invalid/nonce ' "$STANDIN_LOG" || fail "the proxy was not asked"
	https_proxy=${URL/127.0.0.1/localhost} chronoctl token --chronograf-url https://chronograf.invalid \
		--priv-key-file "$KEY" --timeout 5
	grep -q '^CONNECT chronograf.invalid:443 ' "$STANDIN_LOG" || fail "the proxy was not asked"
}
