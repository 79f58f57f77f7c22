# What the command does not trust: rights of its own file, files that others can change, descriptors, and values
# that may be a PIN.
load helper

setup_file() {
	suite_key_in_token estate
	suite_pin_file
	encrypt_key "$KEY" "$D/encrypted.pem" "$PIN"
	start_standin
}

setup() {
	private_environment
	export PKCS11_MODULE_PATH=$SOFTHSM
	umask 022
}

URI='pkcs11:object=chronograf'

# signs_and_warns REGEX ARGUMENT…; REGEX empty: no word.
signs_and_warns() {
	chronoctl_token "${@:2}"
	prints_token "$KEY"
	if [ -n "$1" ]; then says "warning: $1"; else is_silent; fi
}

@test "a key file that others can change gives a warning" {
	cp "$KEY" "$SCRATCH/key"
	chmod 600 "$SCRATCH/key"
	signs_and_warns '' --priv-key-file "$SCRATCH/key"
	chmod 620 "$SCRATCH/key"
	signs_and_warns "the key file '$SCRATCH/key' can be changed by others \(mode 0620\)" --priv-key-file "$SCRATCH/key"
	chmod 602 "$SCRATCH/key"
	signs_and_warns "the key file .* can be changed by others" --priv-key-file "file://$SCRATCH/key"
}

@test "a PIN file that others can change gives a warning, wherever it is named" {
	cp "$PIN_FILE" "$SCRATCH/pin"
	chmod 600 "$SCRATCH/pin"
	signs_and_warns '' --priv-key-file "$URI" --pin-source "$SCRATCH/pin"
	chmod 660 "$SCRATCH/pin"
	local what="the file of the PIN or passphrase can be changed by others"
	signs_and_warns "$what" --priv-key-file "$URI" --pin-source "$SCRATCH/pin"
	signs_and_warns "$what" --priv-key-file "$URI?pin-source=file:$SCRATCH/pin"
	signs_and_warns "$what" --priv-key-file "$D/encrypted.pem" --pin-source fd:7 7<"$SCRATCH/pin"
	CREDENTIALS_DIRECTORY=$SCRATCH signs_and_warns "$what" --priv-key-file "$URI" --pin-source credential:pin
}

@test "a PIN file that others can read gives a warning, wherever it is named; one that has no name any more gives none" {
	local what="the file of the PIN or passphrase can be read by others \(mode 06(40|04)\): chmod 600"
	cp "$PIN_FILE" "$SCRATCH/pin"
	for mode in 640 604; do
		chmod $mode "$SCRATCH/pin"
		signs_and_warns "$what" --priv-key-file "$URI" --pin-source "$SCRATCH/pin"
		signs_and_warns "$what" --priv-key-file "$URI?pin-source=file:$SCRATCH/pin"
		signs_and_warns "$what" --priv-key-file "$D/encrypted.pem" --pin-source fd:7 7<"$SCRATCH/pin"
	done
	CREDENTIALS_DIRECTORY=$SCRATCH signs_and_warns "$what" --priv-key-file "$URI" --pin-source credential:pin
	chmod 440 "$SCRATCH/pin"
	CREDENTIALS_DIRECTORY=$SCRATCH signs_and_warns '' --priv-key-file "$URI" --pin-source credential:pin
	exec 7<"$SCRATCH/pin"
	rm "$SCRATCH/pin"
	signs_and_warns '' --priv-key-file "$D/encrypted.pem" --pin-source fd:7
	exec 7<&-
}

@test "import-key warns of both files" {
	own_tokens
	cp "$D/encrypted.pem" "$SCRATCH/key"
	cp "$PIN_FILE" "$SCRATCH/passphrase"
	chmod 622 "$SCRATCH/key" "$SCRATCH/passphrase"
	chronoctl import-key --priv-key-file "$SCRATCH/key" --passphrase-source "$SCRATCH/passphrase" \
		--to 'pkcs11:token=estate;object=imported' --pin-source "$PIN_FILE"
	[ "$status" -eq 0 ] || fail "not imported"
	says "the key file '$SCRATCH/key' can be changed" "the file of the PIN or passphrase can be changed"
}

@test "a key or PIN file of another user gives a warning" {
	[ "$(id -u)" -eq 0 ] || skip "only root can give a file away"
	cp "$KEY" "$SCRATCH/key"
	cp "$PIN_FILE" "$SCRATCH/pin"
	chmod 600 "$SCRATCH/key" "$SCRATCH/pin"
	chown 65534 "$SCRATCH/key" "$SCRATCH/pin"
	signs_and_warns "the key file '$SCRATCH/key' belongs to another user \(uid 65534\)" --priv-key-file "$SCRATCH/key"
	signs_and_warns "the file of the PIN or passphrase belongs to another user" --priv-key-file "$URI" \
		--pin-source "$SCRATCH/pin"
}

@test "fd:N is a descriptor that was given, never one of our own" {
	local number said
	for number in 3 4 5 6 7 8; do
		said=$(exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&-
			timeout 10 "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$URI" --pin-source "fd:$number" 2>&1) ||
			status=$?
		[ "$status" -eq 2 ] && [[ $said == *"no descriptor $number is open"* ]] || fail "fd:$number: $said"
	done
	chronoctl_token --priv-key-file "$URI" --pin-source FD:9
	refused 2 "no descriptor 9 is open"
	local path
	for path in /dev/fd/ /proc/self/fd/; do
		for number in 3 5 12; do
			said=$(exec 3>&- 4>&- 5>&- 12>&-
				timeout 10 "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$URI" --pin-source "$path$number" 2>&1) ||
				status=$?
			[ "$status" -eq 2 ] && [[ $said == *"no descriptor $number is open"* ]] || fail "$path$number: $said"
			said=$(exec 3>&- 4>&- 5>&- 12>&-
				timeout 10 "$CHRONOCTL" token --chronograf-url "$URL" --priv-key-file "$URI?pin-source=$path$number" 2>&1) ||
				status=$?
			[ "$status" -eq 2 ] && [[ $said == *"the descriptor of the PIN source '$path$number' is not open"* ]] || fail "$path$number: $said"
		done
	done
	chronoctl_token --priv-key-file "$URI" --pin-source <(cat "$PIN_FILE")
	prints_token "$KEY"
	chronoctl_token --priv-key-file "$URI?pin-source="<(cat "$PIN_FILE")
	prints_token "$KEY"
	chronoctl import-key --priv-key-file "$D/encrypted.pem" --passphrase-source fd:8 --to 'pkcs11:token=estate;object=x' \
		--pin-source "$PIN_FILE"
	refused 2 "no descriptor 8 is open"
}

@test "a PIN in the place of its source is in no message" {
	local given
	for given in 31415926 ./31415926/x /31415926 31415926/5358 ' 31415926'; do
		chronoctl_token -v --priv-key-file "$URI" --pin-source "$given" --no-prompt
		refused 3 "file of --pin-source .*No such file" 'CHRONOCTL_PIN'
		never_says 31415926
		chronoctl_token -v --priv-key-file "$D/encrypted.pem" --pin-source "$given"
		refused 3
		never_says 31415926
	done
	chronoctl_token -v --priv-key-file "$URI" --pin-source env:31415926
	refused 3 'variable is not set'
	never_says 31415926
	chronoctl_token -v --priv-key-file "$URI" --pin-source env:correct-horse
	refused 3 'variable is not set'
	never_says horse
	chronoctl_token -v --priv-key-file "$URI?pin-source=31415926" --no-prompt
	refused 3
	never_says 31415926
	chronoctl import-key -v --priv-key-file "$D/encrypted.pem" --passphrase-source 31415926 \
		--to 'pkcs11:token=estate;object=x' --pin-source "$PIN_FILE"
	refused 3
	never_says 31415926
}

@test "a path that leads to a folder, or to what cannot be read, is named" {
	chronoctl_token --priv-key-file "$URI" --pin-source "$SCRATCH/nothing"
	refused 3 "the PIN file '$SCRATCH/nothing'.*No such file"
	mkdir "$SCRATCH/folder"
	chronoctl_token --priv-key-file "$URI" --pin-source "$SCRATCH/folder"
	refused 3 "the PIN file '$SCRATCH/folder'"
}

@test "gen-keypair does not write a plain key if a passphrase was meant" {
	chronoctl gen-keypair --out "$SCRATCH/new" --bits 2048 --pin-source "$PIN_FILE"
	refused 2 '--encrypt'
	[ ! -e "$SCRATCH/new" ] && [ ! -e "$SCRATCH/new.pub" ]
	chronoctl gen-keypair --out "$SCRATCH/new" --bits 2048 --pin-source "$PIN_FILE" --encrypt
	[ "$status" -eq 0 ]
	grep -q 'BEGIN ENCRYPTED' "$SCRATCH/new"
}

refuses_to_run() { # ARGUMENT…
	CHRONOCTL=$SCRATCH/bin/chronoctl chronoctl "$@"
	[ "$status" -eq 1 ] && [ -z "$output" ] || fail "it runs"
	says 'refuses to run'
}

@test "with more rights than its caller it refuses to run: set-uid, set-gid, file capabilities" {
	[ "$(id -u)" -eq 0 ] || skip "only root can give rights to a file"
	[ "${SANITIZED:-OFF}" = OFF ] || skip "LeakSanitizer cannot look into such a process"
	mkdir "$SCRATCH/bin"
	cp "$CHRONOCTL" "$SCRATCH/bin/chronoctl"
	chown 65534:65534 "$SCRATCH/bin/chronoctl"
	chmod 4755 "$SCRATCH/bin/chronoctl"
	! findmnt -nro options -T "$SCRATCH" | grep -qw nosuid || skip "the file system gives no rights"
	refuses_to_run --version
	refuses_to_run token --priv-key-file "$KEY"
	chmod 2755 "$SCRATCH/bin/chronoctl"
	refuses_to_run migrate
	chmod 755 "$SCRATCH/bin/chronoctl"
	CHRONOCTL=$SCRATCH/bin/chronoctl chronoctl --version
	[ "$status" -eq 0 ]
	[[ $output == *'in chronoctl-network  not known' ]] || fail "it knows of a program that is not there"
	says 'cannot open the network program'
	command -v setcap >/dev/null && setcap cap_net_bind_service+ep "$SCRATCH/bin/chronoctl" 2>/dev/null ||
		skip "no capability can be given to a file here"
	refuses_to_run --version
}

# secure_exec COMMAND…: as SELinux may start it, with AT_SECURE, and its caller's rights. The kernel sets that, too, where the
# group by which files are opened is none of the process's.
secure_exec() {
	cat >"$SCRATCH/secure.c" <<-'END'
		#define _GNU_SOURCE
		#include <grp.h>
		#include <stdio.h>
		#include <string.h>
		#include <sys/auxv.h>
		#include <sys/fsuid.h>
		#include <unistd.h>

		int main(int count, char **arguments)
		{
			if (count == 1)
				return getauxval(AT_SECURE) ? 0 : 1;
			if (setgroups(0, NULL) != 0)
				return 77;
			setfsgid(54321);
			execv(arguments[1], arguments + 1);
			return 77;
		}
	END
	[ -x "$SCRATCH/secure" ] || "${CC:-cc}" -o "$SCRATCH/secure" "$SCRATCH/secure.c"
	"$SCRATCH/secure" "$@"
}

@test "AT_SECURE alone, as SELinux sets it, changes nothing" {
	[ "$(id -u)" -eq 0 ] || skip "only root can have the kernel set it"
	secure_exec "$SCRATCH/secure" || skip "this kernel does not set it so"
	[ "${SANITIZED:-OFF}" = OFF ] || skip "LeakSanitizer cannot look into such a process"
	WRAPPER=("$SCRATCH/secure")
	chronoctl_token --priv-key-file "$KEY"
	prints_token "$KEY"
	is_silent
	chronoctl_token --priv-key-file "$URI" --pin-source "$PIN_FILE"
	prints_token "$KEY"
	is_silent
	CHRONOGRAF_URL=$URL PRIV_KEY_FILE=$KEY chronoctl token
	prints_token "$KEY"
}
