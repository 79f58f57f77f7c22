# Memory for secrets: how much of it is locked, and what happens where none can be. Root may lock without limit, so another
# user runs it.
load helper

setup_file() {
	suite_key_in_token estate
	suite_pin_file
	new_key "$D/large" 4096
	encrypt_key "$D/large" "$D/encrypted.pem" "$PIN"
	start_standin
}

setup() {
	private_environment
	[ "${SANITIZED:-OFF}" = OFF ] || skip "AddressSanitizer does not let memory be locked"
	need_user
	export PKCS11_MODULE_PATH=$SOFTHSM
}

URI='pkcs11:object=chronograf'

# limited KIB ARGUMENT…: as a user who may lock so much.
limited() {
	local kib=$1 status_file=$SCRATCH/limited
	shift
	as_user sh -c 'ulimit -l "$1" && shift && exec timeout 60 "$@"' sh "$kib" "$CHRONOCTL" "$@" \
		>"$status_file.out" 2>"$status_file.err" </dev/null 3>&- 4>&- && status=0 || status=$?
	output=$(cat "$status_file.out") stderr=$(cat "$status_file.err")
}

limited_token() { limited "$1" token --chronograf-url "$URL" "${@:2}"; }

@test "64 KiB that may be locked are enough for every key and PIN" {
	limited_token 64 --priv-key-file "$D/large" --require-locked-memory
	prints_token "$D/large" && is_silent
	limited_token 64 --priv-key-file "$D/encrypted.pem" --pin-source "$PIN_FILE" --require-locked-memory
	prints_token "$D/large" && is_silent
	limited_token 64 --priv-key-file "$URI" --pin-source "|cat $PIN_FILE" --require-locked-memory
	prints_token "$KEY" && is_silent
	limited 64 pub-key --priv-key-file "$D/large" --require-locked-memory
	[ "$status" -eq 0 ] && is_silent
}

@test "64 KiB are enough to make a key, plain and encrypted, and to move one into a token" {
	limited 64 gen-keypair --out "$SCRATCH/plain" --require-locked-memory
	[ "$status" -eq 0 ] || fail "no key"
	limited 64 gen-keypair --out "$SCRATCH/encrypted" --encrypt --pin-source "$PIN_FILE" --require-locked-memory
	[ "$status" -eq 0 ] || fail "no encrypted key"
	limited_token 64 --priv-key-file "$SCRATCH/plain" --require-locked-memory
	prints_token "$SCRATCH/plain"
	own_tokens
	limited 64 import-key --priv-key-file "$D/large" --to 'pkcs11:token=estate;object=moved' --pin-source "$PIN_FILE" \
		--require-locked-memory
	[ "$status" -eq 0 ] || fail "not moved"
}

@test "if nothing can be locked, there is one warning, and the work is done" {
	limited_token 0 --priv-key-file "$D/encrypted.pem" --pin-source "$PIN_FILE"
	prints_token "$D/large"
	[ "$stderr" = "$(grep 'warning: memory for secrets cannot be locked' <<<"$stderr")" ] || fail "another word"
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	limited 0 gen-keypair --out "$SCRATCH/new" --bits 2048
	[ "$status" -eq 0 ] || fail "no key"
	[ "$(grep -c 'cannot be locked' <<<"$stderr")" -eq 1 ]
}

@test "if nothing can be locked, --require-locked-memory makes that an error, for all commands with keys" {
	local required='cannot lock .* bytes of memory for a secret.*ulimit -l'
	limited_token 0 --priv-key-file "$D/large" --require-locked-memory
	refused 1 "$required"
	limited_token 0 --priv-key-file "$URI" --pin-source "$PIN_FILE" --require-locked-memory
	refused 1 "$required"
	CHRONOCTL_PIN=$PIN limited 0 list-keys --login --require-locked-memory
	refused 1 "$required"
	limited 0 pub-key --priv-key-file "$D/large" --require-locked-memory
	refused 1 "$required"
	limited 0 gen-keypair --out "$SCRATCH/new" --require-locked-memory
	refused 1 "$required"
	[ ! -e "$SCRATCH/new" ]
	limited 0 import-key --priv-key-file "$D/large" --to 'pkcs11:token=estate;object=x' --pin-source "$PIN_FILE" \
		--require-locked-memory
	refused 1 "$required"
}

# wipes_all ARGUMENT…: what was locked is unlocked before the end, and wiped before that, but for OpenSSL's heap.
wipes_all() {
	local trace=$SCRATCH/trace left
	strace -f -qq -e trace=mlock,mlock2,munlock -o "$trace" "$CHRONOCTL" "$@" >/dev/null 2>"$SCRATCH/said" </dev/null ||
		fail "failed: $*" "$(cat "$SCRATCH/said")"
	left=$(awk -F '[(,]' '/ mlock/ && !/MLOCK_ONFAULT/ { locked[$2] = $0 } / munlock/ { delete locked[$2] }
		END { for (address in locked) print locked[address] }' "$trace")
	grep -q ' munlock(' "$trace" || fail "nothing was locked: $*"
	[ -z "$left" ] || fail "not wiped: $*" "$left"
}

@test "each secret is wiped when it has served, whatever signs, and wherever the PIN comes from" {
	local signer
	command -v strace >/dev/null || skip "there is no strace"
	wipes_all token --chronograf-url "$URL" --priv-key-file "$D/large"
	wipes_all token --chronograf-url "$URL" --priv-key-file "$D/encrypted.pem" --pin-source "$PIN_FILE"
	for signer in pkcs11 libp11 engine; do
		built_in "$signer" || continue
		wipes_all token --chronograf-url "$URL" --signer "$signer" --priv-key-file "$URI" --pin-source "$PIN_FILE"
		wipes_all token --chronograf-url "$URL" --signer "$signer" --priv-key-file "$URI?pin-value=$PIN"
		CHRONOCTL_PIN=$PIN wipes_all token --chronograf-url "$URL" --signer "$signer" --priv-key-file "$URI"
	done
	wipes_all list-keys --login --pin-source "$PIN_FILE"
	wipes_all gen-keypair --out "$SCRATCH/encrypted" --bits 2048 --encrypt --pin-source "$PIN_FILE"
	own_tokens
	wipes_all import-key --priv-key-file "$D/large" --to 'pkcs11:token=estate;object=moved' --pin-source "$PIN_FILE"
}
