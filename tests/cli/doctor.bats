# doctor: the chain from the module to the server's acceptance, one row per link: good, broken, or not known.
load helper

setup_file() {
	suite_key_in_token ops
	new_tls_key "$D/tls" DNS:localhost,IP:127.0.0.1
	start_standin --pub-key-file "$PUB"
}

setup() {
	private_environment
	use_shim
}

KEY_URI='pkcs11:token=ops;object=chronograf'
LINKS='openssl module token pin key mechanism signature public-half server tls nonce acceptance'

# examines ARGUMENT…: the key of the token, with its PIN, unless the arguments name another.
examines() {
	CHRONOCTL_PIN=${TRIED_PIN-$PIN} chronoctl doctor --chronograf-url "$URL" --no-prompt \
		--priv-key-file "$KEY_URI" "$@"
	never_says "${TRIED_PIN-$PIN}" "$(expected_token "$KEY")"
}
of_file() { examines --priv-key-file "$KEY" "$@"; }

# found STATUS MARK LINK REGEX [MARK LINK REGEX]…: this exit status, and rows with these marks that say this; what
# to do about it stands below.
found() {
	[ "$status" -eq "$1" ] || fail "exit status $1 expected" || return
	shift
	while [ $# -gt 0 ]; do
		rows "$2" | grep -qE -e "^$1 .*$3" || fail "no row '$1 $2' that says /$3/" || return
		shift 3
	done
}

# A link's rows, each with the lines below it in one line.
rows() { awk '/^[^ ]/ { print row; row = $0; next } { row = row $0 } END { print row }' <<<"$output" | grep -E "^[^ ]+ +$1 "; }

not_known() { # LINK…
	local link
	for link; do
		[ "$(rows "$link" | cut -c 1)" = - ] || fail "$link is not left open" || return
	done
}

# The last line.
verdict() { # TEXT
	[ "$(tail -n 1 <<<"$output")" = "$1" ] || fail "the verdict is not '$1'"
}

# Nothing, except after a test with wrong PINs the warning by the token's flags.
tells_all_in_rows() { ! grep -v 'a wrong PIN was entered' <<<"$stderr" | grep -q . || fail "more on standard error"; }

# A complete document although the command was ended, and nothing else.
whole_document() { # STATUS JQ-FILTER
	[[ $status =~ ^($1)$ ]] || fail "exit status $1 expected" || return
	tells_all_in_rows && jq -e ".ok == false and (.verdict | startswith(\"1 problem: \")) and ($2)" <<<"$output" || fail "not so"
}

has_no_cross() { ! grep -q '^✗' <<<"$output" || fail "a cross"; }

logged() { # TIMES REGEX
	[ "$(grep -cE -e "$2" "$STANDIN_LOG")" -eq "$1" ] || fail "$1 times /$2/ expected in:" "$(cat "$STANDIN_LOG")"
}

# ---- All is well ----

@test "a key in a token: a tick for each link, in their order, one login, exit 0" {
	examines
	found 0 ✓ openssl 'no FIPS provider is active' ✓ module "$SHIM" ✓ token 'token=ops' ✓ pin 'token=ops' ✓ key 'RSA of 2048 bits' \
		✓ mechanism 'CKM_SHA256_RSA_PKCS' ✓ signature "nonce of $URL.*verified" \
		✓ public-half "$(sha256sum <"$PUB" | cut -d ' ' -f 1)" ✓ server "$URL" ✓ nonce 'seconds' ✓ acceptance 'accepts'
	has_no_cross
	[ "$(sed '$d' <<<"$output" | awk '{ print $2 }' | uniq | tr '\n' ' ')" = "$LINKS " ] || fail "not the links, or not in order"
	verdict 'no problem found'
	is_silent
	called C_Login 1
	called C_Sign 1
}

@test "a key in a file: what a token would need is left out, and no module is asked" {
	of_file
	found 0 - module 'not needed: .*file' - token 'not needed' - pin 'not needed' - mechanism 'not needed' \
		✓ key "$KEY" ✓ signature 'verified' ✓ acceptance 'accepts'
	has_no_cross
	[ ! -s "$SHIM_LOG" ]
}

@test "a file in a folder with a colon in its name is a file" {
	mkdir "$SCRATCH/dir:a"
	cp "$KEY" "$SCRATCH/dir:a/k.pem"
	cd "$SCRATCH"
	of_file --priv-key-file dir:a/k.pem
	found 0 - module 'not needed: .*file' ✓ key 'dir:a/k.pem' ✓ signature 'verified'
}

@test "over https: the certificate is good; with -k it was not checked; http is not encrypted" {
	of_file
	found 0 - tls 'not encrypted'
	start_standin --pub-key-file "$PUB" --tls-cert "$D/tls.crt" --tls-key "$D/tls.key"
	of_file --ca-file "$D/tls.crt"
	found 0 ✓ tls 'certificate is good' ✓ acceptance 'accepts'
	of_file -k
	found 0 ✓ tls 'certificate was not checked.*--ca-file' ✓ acceptance 'accepts'
}

@test "each server has its rows, in the order given, though the first one is slow" {
	local slow
	start_standin --pub-key-file "$PUB" --delay 500
	slow=$URL
	start_standin --pub-key-file "$PUB" --nonce "$OTHER_NONCE"
	chronoctl doctor --chronograf-url "$slow" --chronograf-url "$URL" --priv-key-file "$KEY"
	found 0 ✓ acceptance "$slow.*accepts" ✓ acceptance "$URL.*accepts"
	has_no_cross
	[ "$(rows server | grep -oE 'http[^ ]*[0-9]' | tr '\n' ' ')" = "$slow $URL " ] || fail "not in order"
	CHRONOCTL_PIN=$PIN chronoctl doctor --chronograf-url "$slow" --chronograf-url "$URL" --priv-key-file "$KEY_URI"
	found 0 ✓ acceptance "$slow" ✓ acceptance "$URL"
	called C_Login 1
}

@test "JSON: ok, a verdict, and of each finding link, subject, state, fact and advice" {
	examines -o json
	[ "$status" -eq 0 ] && is_silent
	[ "$(jq -r '.findings[].link' <<<"$output" | uniq | tr '\n' ' ')" = "$LINKS " ] || fail "not the links, or not in order"
	jq -e '.ok == true and (keys == ["findings", "ok", "verdict"]) and .verdict == "no problem found" and
		all(.findings[]; keys == ["advice", "fact", "link", "state", "subject"]) and
		all(.findings[]; .state == "ok" or .link == "tls" or (.subject | startswith("slot"))) and
		(.findings[] | select(.link == "tls")).state == "unknown"' <<<"$output" || fail "not so"
	TRIED_PIN=99999 examines -o json --chronograf-url http://127.0.0.1:1
	[ "$status" -eq 3 ]
	jq -e '.ok == false and (.findings[] | select(.link == "pin")).state == "failed" and
		(.findings[] | select(.link == "key")).state == "unknown" and
		any(.findings[]; .link == "server" and .state == "failed" and .advice != null)' <<<"$output" || fail "not so"
}

@test "if the locale is not UTF-8, the marks are plain" {
	LC_ALL=C examines --chronograf-url http://127.0.0.1:1
	[ "$status" -eq 4 ]
	grep -qE '^ok +key ' <<<"$output" && grep -qE '^FAIL +server ' <<<"$output" && grep -qE '^- +tls ' <<<"$output"
	! LC_ALL=C grep -q '[^ -~]' <<<"$output"
}

@test "what a module prints is no finding" {
	SHIM_NOISE=1 examines -o json
	[ "$status" -eq 0 ]
	jq -e .ok <<<"$output" || fail "no JSON"
	is_silent
}

# ---- The key's chain is broken, the server's is still checked ----

@test "a module that cannot be loaded: exit 3, and what depends on it is not known" {
	examines --pkcs11-module /nonexistent.so
	found 3 ✗ module '/nonexistent\.so' ✓ server "$URL" ✓ nonce 'UUID'
	not_known token pin key mechanism signature public-half acceptance
}

@test "a registered module that cannot be loaded is reported, but is no fault as long as another has the token" {
	need_user
	unset PKCS11_MODULE_PATH
	user_module missing "module: /nonexistent.so"
	CHRONOCTL_PIN=$PIN run --separate-stderr as_user setsid -w timeout "$PATIENCE" "$CHRONOCTL" doctor \
		--chronograf-url "$URL" --no-prompt --priv-key-file "$KEY_URI"
	found 0 - module 'registered, but not loaded: .*nonexistent[.]so' ✓ key object=chronograf
}

@test "a registered module that hangs as it starts: what is known about the others is printed first" {
	need_user
	unset PKCS11_MODULE_PATH
	user_module zz-hangs "module: $SHIM" 'priority: -9'
	SHIM_HANG=C_Initialize:1 CHRONOCTL_PIN=$PIN run --separate-stderr as_user setsid -w timeout "$PATIENCE" "$CHRONOCTL" \
		doctor --chronograf-url "$URL" --no-prompt --module-timeout 2 --priv-key-file "$KEY_URI"
	found 3 ✓ module 'softhsm.*initialised' ✗ module "$SHIM: does not answer .*C_Initialize.*module-name=.*--pkcs11-module"
	[ -z "$(rows token)" ]
	verdict '1 problem: a PKCS#11 module does not work'
	tells_all_in_rows
}

@test "a module that does not start" {
	SHIM_FAIL=C_Initialize:1=CKR_DEVICE_ERROR examines
	found 3 ✗ module 'CKR_DEVICE_ERROR' ✓ nonce 'UUID'
	not_known token pin key mechanism signature public-half acceptance
}

@test "no such token: exit 3, and what was seen instead" {
	examines --priv-key-file 'pkcs11:token=elsewhere;object=chronograf'
	found 3 ✓ module "$SHIM" - token 'token=ops.*another token' ✗ token 'no token matches.*list-keys' ✓ nonce 'UUID'
	not_known pin key signature acceptance
	called C_Login 0
}

@test "several tokens could be meant: they are named, and no PIN is tried" {
	own_tokens
	new_token second
	examines --priv-key-file 'pkcs11:object=elsewhere'
	found 3 - pin 'not certain' ✗ key 'token=second'
	called C_Login 0
}

@test "no such key: exit 3, after one login" {
	examines --priv-key-file 'pkcs11:token=ops;object=elsewhere'
	found 3 ✗ key 'no key .elsewhere. in token' ✓ mechanism 'CKM' ✓ nonce 'UUID'
	not_known signature public-half acceptance
	called C_Login 1
}

@test "a wrong PIN: exit 3, one C_Login, and the PIN is nowhere in the output" {
	TRIED_PIN=99999 examines
	found 3 ✗ pin "wrong PIN for token 'ops'" ✓ mechanism 'CKM' ✓ nonce 'UUID'
	not_known key signature public-half acceptance
	called C_Login 1
	called C_Sign 0
	TRIED_PIN=99999 examines --priv-key-file "$KEY_URI?pin-value=77777"
	found 3 ✗ pin 'wrong PIN for token'
	never_says 77777
}

@test "a PIN is needed and none is given: exit 3, and the ways to give one" {
	TRIED_PIN='' chronoctl doctor --chronograf-url "$URL" --no-prompt --priv-key-file "$KEY_URI"
	found 3 ✗ pin '--pin-source'
	not_known key signature
	called C_Login 0
}

@test "a PIN that locks the token at its login, or that is too short for it: the link is pin" {
	SHIM_FAIL=C_Login:1=CKR_PIN_LOCKED examines
	found 3 ✗ pin "token 'ops': the PIN is locked"
	not_known key signature
	TRIED_PIN='@#%' examines
	found 3 ✗ pin 'shorter'
	not_known key signature
	SHIM_FAIL=C_Login:1=CKR_PIN_LOCKED examines --signer libp11
	found 3 ✗ pin 'token=ops'
	not_known key signature
}

@test "with a passphrase that is missing or wrong, the broken link is the passphrase, not the file" {
	encrypt_key "$KEY" "$SCRATCH/encrypted.pem" open-sesame
	chronoctl doctor --no-prompt --chronograf-url "$URL" --priv-key-file "$SCRATCH/encrypted.pem"
	found 3 - module 'not needed' ✗ pin 'encrypted.pem.*--pin-source' - key 'not known' ✓ nonce 'UUID'
	examines --priv-key-file "$SCRATCH/encrypted.pem"
	found 3 ✗ pin 'passphrase given does not open it' - key 'not known'
	verdict '1 problem: the PIN or passphrase is missing, wrong or locked'
	: >"$SCRATCH/empty"
	of_file --priv-key-file "$SCRATCH/empty"
	found 3 - pin 'not needed' ✗ key 'empty'
}

@test "a PIN that is locked, or on its last try: exit 3, no login, unless --force-login" {
	local flag
	for flag in +CKF_USER_PIN_LOCKED +CKF_USER_PIN_FINAL_TRY -CKF_USER_PIN_INITIALIZED; do
		: >"$SHIM_LOG"
		SHIM_TOKEN_FLAGS=$flag examines
		found 3 ✗ pin 'token=ops.*(locked|one try|no user PIN).*--force-login' ✓ nonce 'UUID'
		not_known key signature public-half acceptance
		called C_Login 0
		SHIM_TOKEN_FLAGS=$flag examines --force-login
		found 0 ✓ pin 'locked|one try|no user PIN' ✓ acceptance 'accepts'
		called C_Login 1
	done
}

@test "a session that is lost after the login: the PIN is not offered a second time, and says what to do" {
	local call
	for call in C_FindObjectsInit:1 C_SignInit:1 C_Sign:1; do
		: >"$SHIM_LOG"
		SHIM_FAIL=$call=CKR_SESSION_HANDLE_INVALID examines
		found 3 ✗ '(key|signature)' "The second try: the login to the token 'ops' is lost, and a PIN is offered once in a run; run the command again"
		not_known acceptance
		called C_Login 1
	done
	: >"$SHIM_LOG"
	SHIM_FAIL=C_Login:1=CKR_SESSION_HANDLE_INVALID examines
	found 3 ✗ pin 'offered once in a run'
	called C_Login 1
	: >"$SHIM_LOG"
	SHIM_FAIL=C_OpenSession:1=CKR_SESSION_HANDLE_INVALID examines
	found 0 ✓ pin 'accepts logins' ✓ acceptance 'accepts'
	called C_Login 1
}

@test "a token without login: no PIN is needed" {
	import_open_key "$KEY" ops open b1 "$PIN"
	SHIM_TOKEN_FLAGS=-CKF_LOGIN_REQUIRED examines --priv-key-file 'pkcs11:object=open'
	found 0 - pin 'not needed' ✓ key 'RSA'
	called C_Login 0
}

@test "a key that may not sign: exit 3" {
	SHIM_ATTRIBUTE=CKA_SIGN=0 examines
	found 3 ✗ key 'may not sign'
	not_known signature acceptance
}

@test "a mechanism that is missing: exit 3; a list that omits one that works is no fault" {
	SHIM_MECHANISMS=CKM_SHA1_RSA_PKCS examines
	found 3 ✓ key 'RSA' ✗ mechanism 'none of CKM_SHA256' ✗ signature 'the token lacks the mechanism'
	not_known public-half acceptance
	SHIM_FAIL='C_GetMechanismInfo:*=CKR_OK' examines
	found 0 - mechanism 'but signs'
	SHIM_FAIL='C_GetMechanismList:*=CKR_DEVICE_ERROR' examines
	found 0 - mechanism 'does not list' ✓ signature 'verified'
}

@test "a token that computes wrongly: exit 3, and its signature goes nowhere" {
	: >"$STANDIN_LOG"
	SHIM_SIGNATURE=flip examines
	found 3 ✗ signature 'does not verify'
	not_known public-half acceptance
	logged 0 mappings
}

@test "a module that crashes: exit 3, and what was found before is kept" {
	SHIM_CRASH=C_Sign:1 examines
	found 3 ✓ module "$SHIM" ✓ key 'RSA' ✓ mechanism 'CKM' ✗ module "$SHIM: crashed .*C_Sign"
	[ -z "$(rows signature)" ]
	verdict '1 problem: a PKCS#11 module does not work'
	tells_all_in_rows
}

@test "a module that crashes, hangs or ends the process: the JSON is a whole document, with what was found and that" {
	SHIM_CRASH=C_Sign:1 examines -o json
	whole_document 3 'any(.findings[]; .link == "key" and .state == "ok") and
		(.findings[-1] | .link == "module" and .state == "failed" and (.subject | endswith("shim.so")) and
		(.fact | test("crashed.*C_Sign")))'
	SHIM_HANG=C_Login:1 examines -o json --module-timeout 3
	whole_document 3 '.findings[-1] | .link == "module" and (.fact | test("does not answer.*C_Login"))'
	SHIM_EXIT=C_OpenSession:1 examines -o json
	whole_document 3 '.findings[-1].fact | test("ended the process in C_OpenSession")'
	SHIM_EXIT_LATER=C_Initialize:1 SHIM_DELAY=100000 examines -o json
	whole_document '1|3' '.findings[-1].state == "failed"'
}

@test "ended by a signal: the JSON is whole, and names the call that was under way" {
	SHIM_HANG=C_Login:1 CHRONOCTL_PIN=$PIN run --separate-stderr setsid -w timeout 2 "$CHRONOCTL" doctor --no-prompt -o json \
		--chronograf-url "$URL" --priv-key-file "$KEY_URI"
	whole_document 124 '.findings[-1] | .link == "module" and (.fact | test("signal: Terminated, in C_Login"))'
}

@test "each row is written as it is known, in JSON too: a line each" {
	local form pid
	for form in text json; do
		SHIM_HANG=C_Login:1 CHRONOCTL_PIN=$PIN "$CHRONOCTL" doctor --no-prompt -o "$form" --chronograf-url "$URL" \
			--priv-key-file "$KEY_URI" >"$SCRATCH/rows" 2>&1 3>&- &
		pid=$!
		echo "$pid" >>"$SCRATCH/pids"
		wait_for grep -q 'key is looked for here' "$SCRATCH/rows" || fail "no row of a token while the login hangs"
		wait_for eval '[ -z "$(tail -c 1 "$SCRATCH/rows")" ]' || fail "the line is not whole"
		kill "$pid"
		wait "$pid" || true
	done
}

@test "the verdict counts the problems, and says what each kind means" {
	TRIED_PIN=99999 examines --chronograf-url http://127.0.0.1:1 --chronograf-url http://127.0.0.1:2
	[ "$status" -eq 3 ]
	verdict '3 problems: the PIN or passphrase is missing, wrong or locked; the server cannot be reached (2 times)'
	start_standin
	of_file
	[ "$status" -eq 5 ]
	verdict '1 problem: the server refuses the token'
	start_standin --pub-key-file "$PUB" --mode check-500
	of_file
	verdict '1 problem: the token cannot be tried'
}

@test "a module that crashes as it is closed: after the findings that is a warning" {
	SHIM_CRASH=C_Finalize:1 examines -o json
	[ "$status" -eq 0 ] && jq -e .ok <<<"$output" || fail "not well"
	says 'warning: .*C_Finalize'
}

@test "the modules that were looked at are those that sign: each is loaded, initialised and finalised once" {
	: >"$SHIM_LOG"
	examines
	found 0 ✓ signature verified
	called C_GetFunctionList 1
	called C_Initialize 1
	called C_Finalize 1
}

# ---- What the server is ----

@test "the server's version is shown; of an answer that names none, that" {
	of_file
	found 0 ✓ server "$URL.*answers, and says that it is Chronograf \"[0-9]+[.][0-9]+[.][0-9]+\"\$"
	start_standin --pub-key-file "$PUB" --oauth2-proxy
	of_file
	found 4 ✓ server 'answers; nothing says that it is Chronograf' ✗ nonce 'in front of Chronograf'
}

@test "after acceptance: how long a token is good, and when the next nonce comes, in local time" {
	local before after left told
	start_standin --pub-key-file "$PUB" --nonce-expiration 3600
	before=$(date +%s)
	TZ=Asia/Kolkata of_file
	after=$(date +%s)
	found 0 ✓ acceptance 'accepts.*good for [0-9]+ s more, the next nonce comes at [0-9:]{8}$'
	left=$(rows acceptance | sed -E 's/.*good for ([0-9]+) s.*/\1/')
	told=$(rows acceptance | grep -oE '[0-9:]{8}$')
	[ "$left" -gt 3500 ] && [ "$left" -le 3600 ] || fail "not an hour"
	while [ "$before" -le "$after" ] && [ "$(TZ=Asia/Kolkata date -d "@$((before + left))" +%T)" != "$told" ]; do
		before=$((before + 1))
	done
	[ "$before" -le "$after" ] || fail "not then"
}

@test "a server that does not say how long a nonce lives: nothing is said of the next one" {
	start_standin --pub-key-file "$PUB" --mode no-expires
	of_file
	found 0 ✓ acceptance "accepts the key's token\$"
}

@test "a server that runs with --htpasswd, or without a key, is reported as such" {
	start_standin --htpasswd ops:pass
	of_file
	found 4 ✓ server 'Chronograf "[0-9]' ✗ nonce 'runs with --htpasswd'
	start_standin
	of_file
	found 5 ✓ nonce 'UUID' ✗ acceptance 'without --pub-key-file'
}

# ---- The server's chain is broken ----

@test "a server that is down: exit 4; the test signature is over a nonce of our own" {
	URL=http://127.0.0.1:1 of_file
	found 4 ✓ signature 'made up here' ✗ server 'connection refused.*--chronograf-url'
	not_known tls nonce acceptance
}

@test "a server that is down beside one that is up: the good one is examined" {
	of_file --chronograf-url http://127.0.0.1:1
	found 4 ✓ acceptance "$URL" ✗ server '127.0.0.1:1:'
}

@test "a certificate that no CA vouches for: exit 4, and nothing is asked" {
	start_standin --pub-key-file "$PUB" --tls-cert "$D/tls.crt" --tls-key "$D/tls.key"
	of_file
	found 4 ✓ server 'takes connections' ✗ tls 'certificate'
	not_known nonce acceptance
}

@test "https to a server that speaks http: exit 4, says so" {
	start_standin --mode garbage
	URL=${URL/http:/https:} of_file
	found 4 ✓ server 'takes connections' ✗ tls 'plain HTTP'
}

@test "a login page instead of a nonce: exit 4, and nothing of it is signed" {
	start_standin --pub-key-file "$PUB" --mode html
	of_file
	found 4 ✓ server 'answers' ✗ nonce 'HTML|html' ✓ signature 'made up here'
	not_known acceptance
	logged 0 mappings
}

@test "a server with another public key: exit 5, and the likely reasons" {
	new_key "$SCRATCH/other"
	chronograf_public_key "$SCRATCH/other" "$SCRATCH/other.pub"
	start_standin --pub-key-file "$SCRATCH/other.pub"
	of_file
	found 5 ✓ nonce 'UUID' ✗ acceptance 'does not accept.*pub-key'
	logged 1 mappings
}

@test "a nonce that is replaced before the trial: one new try, and accepted" {
	start_standin --pub-key-file "$PUB" --mode replaced-once
	chronoctl doctor --chronograf-url "$URL" --priv-key-file "$KEY"
	found 0 ✓ acceptance 'accepts'
	logged 2 '/nonce'
}

@test "a trial that fails: exit 4" {
	start_standin --pub-key-file "$PUB" --mode check-500
	of_file
	found 4 ✓ nonce 'UUID' ✗ acceptance 'status 500'
}

@test "a server that lets everyone in: whether it would accept the token is not known" {
	start_standin --open
	of_file
	found 0 ✓ nonce 'UUID' - acceptance 'lets everyone in'
}

@test "the exit status is that of the first failure" {
	TRIED_PIN=99999 URL=http://127.0.0.1:1 examines
	found 3 ✗ pin 'PIN' ✗ server 'connection refused'
}

# ---- Asked wrongly ----

@test "wrong usage is reported as everywhere: exit 2, no rows" {
	chronoctl doctor --chronograf-url "$URL" --priv-key-file "$KEY" -o table
	refused 2 'text or json'
	chronoctl doctor --chronograf-url "$URL"
	refused 2 'priv-key-file'
	chronoctl doctor --chronograf-url "$URL" --priv-key-file "$KEY" --watch
	refused 2 'unknown option'
	of_file --chronograf-url gopher://x
	refused 2 'gopher'
}
