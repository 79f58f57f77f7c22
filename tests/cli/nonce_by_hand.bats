# --nonce and --nonce-from: a nonce that was fetched elsewhere is signed, and no server is asked.
load helper

setup_file() { suite_key; }

signs_by_hand() { # ARGUMENT…
	chronoctl token --priv-key-file "$KEY" "$@"
}

field() { jq -r ".$1" <<<"$output"; }

@test "--nonce: the token that the server of this nonce accepts" {
	start_standin --pub-key-file "$PUB"
	signs_by_hand --nonce "$(curl -fsS "$URL/nonce")"
	prints_token "$KEY"
	is_silent
	signs_by_hand --nonce "$NONCE" -o header
	[ "$(curl -sS -o /dev/null -w '%{http_code}' -H @- "$URL/chronograf/v1/mappings" <<<"$output")" = 200 ] ||
		fail "the server refuses the token"
}

@test "--nonce with a key in a token" {
	suite_token ops
	import_key "$KEY" ops chronograf a1
	PKCS11_MODULE_PATH=$SOFTHSM CHRONOCTL_PIN=$PIN chronoctl token --priv-key-file 'pkcs11:object=chronograf' --nonce "$NONCE"
	prints_token "$KEY"
}

@test "--nonce-from: a file, standard input, a pipe; one line end behind the nonce is none of it" {
	local end
	for end in '' $'\n' $'\r\n'; do
		printf '%s%s' "$NONCE" "$end" >"$SCRATCH/nonce"
		signs_by_hand --nonce-from "$SCRATCH/nonce"
		prints_token "$KEY"
		signs_by_hand --nonce-from - <"$SCRATCH/nonce"
		prints_token "$KEY"
		signs_by_hand --nonce-from <(sleep 0.2 && cat "$SCRATCH/nonce")
		prints_token "$KEY"
	done
}

@test "anything but a canonical UUID of version 4: exit 2, it is not repeated, and the key is not opened" {
	local nonce
	for nonce in '' "$PIN" "${NONCE^^}" "{$NONCE}" "${NONCE//-/}" "$NONCE " " $NONCE" "$NONCE"$'\n' "${NONCE}0" "${NONCE%?}" \
		"${NONCE/-4/-1}" "${NONCE/-8/-7}" 00000000-0000-0000-0000-000000000000 "${NONCE%?}g" eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0; do
		chronoctl token --priv-key-file /nonexistent --nonce "$nonce"
		refused 2 'is not a nonce.*36 characters'
		[ -z "$nonce" ] || never_says "'$nonce'" "$PIN"
	done
}

@test "--nonce-from takes nothing but the nonce and one line end" {
	local text
	for text in '' "$NONCE\n\n" "$NONCE\r" " $NONCE" "$NONCE " "\n$NONCE" "$NONCE\n$NONCE\n" "${NONCE%?}\0" "$NONCE\0" "${NONCE^^}"; do
		printf "$text" >"$SCRATCH/nonce"
		signs_by_hand --nonce-from "$SCRATCH/nonce"
		refused 2 'what --nonce-from reads is not a nonce'
	done
	signs_by_hand --nonce-from /dev/zero
	refused 2 'is not a nonce'
}

@test "--nonce-from: a file that cannot be read is named, exit 2" {
	signs_by_hand --nonce-from /nonexistent
	refused 2 "'/nonexistent': No such file"
	signs_by_hand --nonce-from "$SCRATCH"
	refused 2 "'$SCRATCH': Is a directory"
}

@test "beside a server, --check, --watch or one another: exit 2, and both are named" {
	local other
	start_standin
	for other in "--chronograf-url $URL" "--chronograf-urls-from /dev/null" --check "--watch --out-file $SCRATCH/out" "--out-file $SCRATCH/out" \
		"--nonce-from /dev/null"; do
		signs_by_hand --nonce "$NONCE" $other
		refused 2 "--nonce and ${other%% *} exclude each other"
	done
	signs_by_hand --nonce-from - --check <<<"$NONCE"
	refused 2 '--nonce-from and --check exclude each other'
	[ "$(requests)" -eq 0 ] || fail "the server was asked"
}

@test "CHRONOGRAF_URL does not count" {
	CHRONOGRAF_URL=http://127.0.0.1:1 signs_by_hand --nonce "$NONCE"
	prints_token "$KEY"
}

@test "-o json: url and the times are null, because nobody knows them" {
	signs_by_hand --nonce "$NONCE" -o json
	[ "$(field token)" = "$(expected_token "$KEY")" ] || fail "not the token"
	[ "$(field header)" = "Authorization: CHRONOGRAF-SHA256 $(expected_token "$KEY")" ] || fail "not the header"
	[ "$(jq -c '[.url, .nonce_expires, .valid_for_seconds, .check]' <<<"$output")" = '[null,null,null,null]' ] ||
		fail "not null"
}

@test "a key that does not open: exit 3" {
	chronoctl token --priv-key-file /nonexistent --nonce "$NONCE"
	refused 3 /nonexistent
}

@test "no socket but that of the system log, and a pair of its own; no other program" {
	local trace=$SCRATCH/trace
	command -v strace >/dev/null || skip "there is no strace"
	strace -f -qq -e trace=%network,execve -o "$trace" "$CHRONOCTL" token --priv-key-file "$KEY" --nonce "$NONCE" \
		>"$SCRATCH/out" || skip "strace is not allowed here"
	[ "$(cat "$SCRATCH/out")" = "$(expected_token "$KEY")" ] || fail "not the token"
	[ "$(grep -c 'execve(' "$trace")" -eq 1 ] || fail "$(cat "$trace")"
	! grep -E 'socketpair\(|socket\(' "$trace" | grep -vE 'socket(pair)?\(AF_UNIX, SOCK_DGRAM' || fail "$(cat "$trace")"
	! grep 'sun_path=' "$trace" | grep -vE 'sun_path="/(dev/log|run/systemd/journal/(dev-log|socket))"' || fail "$(cat "$trace")"
}
