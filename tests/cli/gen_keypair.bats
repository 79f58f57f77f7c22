# gen-keypair into files: a pair in the same form as InfluxData's; complete, or not at all.
load helper
load keys
load new_pairs

@test "chronograf-rsa of 4096 bits in PKCS#1, mode 0600, and its public half in Chronograf's form" {
	umask 022
	chronoctl gen-keypair
	made
	[ "$output" = chronograf-rsa ]
	[ "$(stat -c %a chronograf-rsa)" = 600 ]
	[ "$(head -n 1 chronograf-rsa)" = '-----BEGIN RSA PRIVATE KEY-----' ]
	openssl rsa -in chronograf-rsa -check -noout
	[[ $(openssl rsa -in chronograf-rsa -text -noout) == *'4096 bit, 2 primes'*'publicExponent: 65537 '* ]]
	chronograf_public_key chronograf-rsa expected.pub
	cmp chronograf-rsa.pub expected.pub
	[ "$(ls -A | sort | tr '\n' ' ')" = 'chronograf-rsa chronograf-rsa.pub expected.pub ' ]
}

@test "whatever the umask, the private half is its owner's and the public one everybody's, and the message tells the mode" {
	local mask
	for mask in 0 077 0777; do
		umask $mask
		"$CHRONOCTL" gen-keypair --out "key$mask" --bits $BITS >/dev/null 2>"$SCRATCH/err" || fail "$(cat "$SCRATCH/err")"
		umask 022
		[ "$(stat -c %a "key$mask" "key$mask.pub" | xargs)" = '600 644' ]
		grep -q "'key$mask' (mode 0600)" "$SCRATCH/err"
	done
}

@test "a file system without modes: the pair is made, and the message tells the mode as it is" {
	with_disk DISK_WITHOUT_MODES=1 -- gen-keypair --out key --bits $BITS
	made
	says "'key' \(mode 0666\)"
}

@test "the server takes the public half, and a token signed by the private one" {
	chronoctl gen-keypair --out=key --bits 2048
	made
	start_standin --pub-key-file key.pub
	chronoctl_token --priv-key-file key
	prints_token key
	curl -sf -o /dev/null -H "Authorization: CHRONOGRAF-SHA256 $output" "$URL/chronograf/v1/mappings"
}

@test "the option that it gives for the server can be copied, whatever the name" {
	local name
	for name in "g;touch PWNED" "a b" "it's \$(touch PWNED)"; do
		chronoctl gen-keypair --out "$name" --bits $BITS
		made
		[ "$(advised 'start Chronograf with --pub-key-file ' '')" = "$name.pub" ]
	done
	[ ! -e PWNED ]
}

@test "nothing is overwritten, neither the private key nor the public one, nor a dangling link" {
	local there
	for there in key key.pub; do
		echo precious >"$there"
		chronoctl gen-keypair --out key --bits $BITS
		refused 3 "$there.*exists"
		[ "$(cat "$there")" = precious ] && [ "$(ls -A)" = "$there" ]
		rm "$there"
		ln -s nowhere "$there"
		chronoctl gen-keypair --out key --bits $BITS
		refused 3 "$there.*exists"
		[ ! -e nowhere ] && [ "$(ls -A)" = "$there" ]
		rm "$there"
	done
}

@test "of eight at once one makes the pair, and both files are its" {
	local turn good=0 pids=()
	for turn in 1 2 3 4 5 6 7 8; do
		"$CHRONOCTL" gen-keypair --out key --bits $BITS >"$SCRATCH/out.$turn" 2>/dev/null 3>&- &
		pids+=($!)
	done
	for turn in "${pids[@]}"; do
		if wait "$turn"; then good=$((good + 1)); fi
	done
	[ "$good" -eq 1 ]
	chronograf_public_key key expected.pub
	cmp key.pub expected.pub
}

@test "whatever fails of open, write, fsync and close, neither file is left" {
	local name names cases=0
	declare -A turn=()
	with_disk DISK_LOG="$SCRATCH/disk" -- gen-keypair --out key --bits $BITS
	made
	rm key key.pub
	mapfile -t names <"$SCRATCH/disk"
	for name in "${names[@]}"; do
		turn[$name]=$((${turn[$name]:-0} + 1))
		with_disk DISK_FAIL="$name:${turn[$name]}" -- gen-keypair --out key --bits $BITS
		cases=$((cases + 1))
		# What fails in closing the directory has no meaning.
		if [ "$status" -eq 0 ]; then
			[ "$name" = close ] && [ -s key ] && [ -s key.pub ]
			rm key key.pub
			continue
		fi
		refused 1 'input/output error'
		nothing_here
	done
	echo "# disk: $cases cases" >&3
	[ "$cases" -ge 12 ]
}

@test "both and their directory are synced before it says so" {
	with_disk DISK_LOG="$SCRATCH/disk" -- gen-keypair --out key --bits $BITS
	made
	[ "$(grep -vx write "$SCRATCH/disk" | tr '\n' ' ')" = \
		'open fchmod fsync close open fchmod fsync close open fsync close open fsync close ' ]
}

@test "a limit on their size, no folder, and an output that is full leave nothing" {
	run --separate-stderr bash -c "ulimit -f 1; exec '$CHRONOCTL' gen-keypair --out key --bits 2048"
	refused 1 'too large'
	nothing_here
	chronoctl gen-keypair --out nowhere/key --bits $BITS
	refused 1 nowhere
	if [ -c /dev/full ]; then
		! "$CHRONOCTL" gen-keypair --out key --bits $BITS >/dev/full 2>"$SCRATCH/err"
		grep -q 'taken back' "$SCRATCH/err"
	fi
	nothing_here
}

@test "a signal ends it while nobody reads its full output, and no file is left" {
	unread gen-keypair --out key --bits $BITS
	wait_for [ -s key.pub ] || fail "$(cat "$SCRATCH/err")"
	ends_unread HUP
	nothing_here
}

@test "--encrypt writes PKCS#8 that the passphrase opens, for openssl and for us" {
	export CHRONOCTL_PIN='correct horse'
	chronoctl gen-keypair --out key --bits $BITS --encrypt
	made
	[ "$(head -n 1 key)" = '-----BEGIN ENCRYPTED PRIVATE KEY-----' ]
	openssl pkcs8 -in key -passin env:CHRONOCTL_PIN -out plain
	! openssl pkcs8 -in key -passin pass:other -noout 2>/dev/null
	openssl asn1parse -in key | grep -q ':hmacWithSHA256'
	openssl asn1parse -in key | grep -q 'INTEGER *:0927C0'
	chronoctl_token --priv-key-file key
	prints_token plain
	unset CHRONOCTL_PIN
	echo other-way >passphrase
	chronoctl gen-keypair --out key2 --bits $BITS --encrypt --pin-source passphrase
	made
	openssl pkcs8 -in key2 -passin pass:other-way -out /dev/null
}

@test "a file that gets the name of one of the pair before they are taken back stays" {
	stays key.pub gen-keypair --out key --bits $BITS
	stays key gen-keypair --out key --bits $BITS
}

@test "a signal ends it while it waits for a passphrase from a pipe, and no file is left" {
	ends_waiting gen-keypair --out key --bits $BITS --encrypt --pin-source "$SCRATCH/pipe"
	nothing_here
}

@test "--encrypt without a passphrase makes nothing" {
	chronoctl gen-keypair --out key --bits $BITS --encrypt --no-prompt
	refused 3 passphrase
	nothing_here
}

@test "--encrypt asks twice on the terminal, and refuses two that differ" {
	on_terminal 'new passphrase' 'secret-one\n' 'once more' 'secret-one\n' \
		"'$CHRONOCTL' gen-keypair --out key --bits $BITS --encrypt"
	[ "$status" -eq 0 ] || fail "$screen"
	never_shows secret-one
	openssl pkcs8 -in key -passin pass:secret-one -out /dev/null
	rm key key.pub
	on_terminal 'new passphrase' 'secret-one\n' 'once more' 'secret-two\n' \
		"'$CHRONOCTL' gen-keypair --out key --bits $BITS --encrypt"
	[ "$status" -eq 3 ]
	shows 'differ'
	nothing_here
}

@test "--encrypt makes nothing if either question stays unanswered" {
	on_terminal 'new passphrase' '\n' "'$CHRONOCTL' gen-keypair --out key --bits $BITS --encrypt"
	[ "$status" -eq 3 ]
	shows 'nothing was entered'
	[[ $screen != *'Once more'* ]]
	on_terminal 'new passphrase' 'secret-one\n' 'once more' '\n' \
		"'$CHRONOCTL' gen-keypair --out key --bits $BITS --encrypt"
	[ "$status" -eq 3 ]
	shows 'nothing was entered'
	nothing_here
}

@test "1024 bits and fewer, none, and more than there can be are refused, in files and in tokens" {
	local bits
	for bits in 1024 512 0 20000 -1 many ''; do
		chronoctl gen-keypair --out key --bits "$bits"
		refused 2 'bits|whole number'
	done
	CHRONOCTL_PIN=$PIN chronoctl gen-keypair --out "$URI" --bits 1024
	refused 2 bits
	nothing_here
	[ "$(objects)" -eq 0 ]
}

@test "options that contradict each other are refused, and so is a place that is neither file nor token" {
	chronoctl gen-keypair --out key --pub-key-out other
	refused 2 'pub-key-out'
	CHRONOCTL_PIN=$PIN in_token --encrypt
	refused 2 passphrase
	chronoctl gen-keypair --out handle:0x81000001
	refused 2 'neither a file nor a pkcs11: URI'
	chronoctl gen-keypair key
	refused 2 argument
	nothing_here
	[ "$(objects)" -eq 0 ]
}
