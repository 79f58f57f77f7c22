# The sources of the PIN, in order. The prompt and the PIN pad have separate files.
load helper
load pins

@test "pin-value in the URI" {
	signs --priv-key-file "$URI?pin-value=$PIN"
	signs --priv-key-file "$URI?pin-value=2%30394"
}

@test "pin-source in the URI: a path or a file: URI" {
	local source
	for source in "$D/right" "file:$D/right" "file://$D/right" "file://localhost$D/right"; do
		signs --priv-key-file "$URI?pin-source=$source"
	done
	signs --priv-key-file "$URI?pin-source=file:$D/the%2520right%2525one"
}

@test "--pin-source: a path or a file: URI" {
	local source
	for source in "$D/right" "file:$D/right" "file://$D/right" "file://localhost$D/right" \
		"file:$D/the%20right%25one" "$D/the right%one"; do
		signs --priv-key-file "$URI" --pin-source "$source"
	done
	signs --priv-key-file "$URI" "--pin-source=$D/right"
	cd "$D"
	signs --priv-key-file "$URI" --pin-source right
}

@test "--pin-source env:NAME" {
	MY_PIN=$PIN signs --priv-key-file "$URI" --pin-source env:MY_PIN
}

@test "--pin-source fd:N" {
	signs --priv-key-file "$URI" --pin-source fd:9 9<"$D/right"
	signs --priv-key-file "$URI" --pin-source fd:0 <"$D/right"
}

@test "--pin-source credential:NAME, a file in CREDENTIALS_DIRECTORY" {
	CREDENTIALS_DIRECTORY=$D signs --priv-key-file "$URI" --pin-source credential:right
}

@test "--pin-source |command" {
	signs --priv-key-file "$URI" --pin-source "|cat '$D/right'"
	signs --priv-key-file "$URI" --pin-source "|cat '$D/right' | tr -d x && true"
}

@test "\$CHRONOCTL_PIN" {
	CHRONOCTL_PIN=$PIN signs --priv-key-file "$URI"
}

@test "the order: pin-value, pin-source, --pin-source, CHRONOCTL_PIN" {
	export CHRONOCTL_PIN=99999
	signs --priv-key-file "$URI?pin-value=$PIN&pin-source=$D/wrong" --pin-source "$D/wrong"
	signs --priv-key-file "$URI?pin-source=$D/right" --pin-source "$D/wrong"
	signs --priv-key-file "$URI" --pin-source "$D/right"
	export CHRONOCTL_PIN=$PIN
	wrong_pin --priv-key-file "$URI?pin-value=99999&pin-source=$D/right" --pin-source "$D/right"
	wrong_pin --priv-key-file "$URI?pin-source=$D/wrong" --pin-source "$D/right"
	wrong_pin --priv-key-file "$URI" --pin-source "$D/wrong"
}

@test "a FIFO works: a source is read once" {
	mkfifo "$SCRATCH/fifo"
	feed "$D/right" "$SCRATCH/fifo"
	signs --priv-key-file "$URI" --pin-source "$SCRATCH/fifo"
	feed "$D/right" "$SCRATCH/fifo"
	signs --priv-key-file "$URI?pin-source=$SCRATCH/fifo"
}

@test "a FIFO works with a key that wants its PIN for each signature: still read once" {
	mkfifo "$SCRATCH/fifo"
	feed "$D/right" "$SCRATCH/fifo"
	SHIM_ATTRIBUTE=CKA_ALWAYS_AUTHENTICATE=1 SHIM_CONTEXT_PIN=$PIN \
		signs --priv-key-file "$URI" --pin-source "$SCRATCH/fifo"
}

@test "a command runs once" {
	signs --priv-key-file "$URI" --pin-source "|echo >>'$SCRATCH/ran'; cat '$D/right'"
	[ "$(wc -l <"$SCRATCH/ran")" -eq 1 ]
}

@test "a PIN in the place of a descriptor's number, of a name, or of a path is not repeated" {
	local pin source form
	for pin in 24681357 2468 hunter2; do
		for source in fd:$pin /dev/fd/$pin credential:$pin credential:../$pin file:$pin file:/$pin file:///$pin/x "file:///%zz$pin" $pin; do
			for form in "$URI --pin-source $source" "$URI?pin-source=$source"; do
				CREDENTIALS_DIRECTORY=$D chronoctl_token --priv-key-file ${form}
				[ "$status" -ne 0 ] && [ -z "$output" ] || fail "$form"
				never_says "$pin"
				chronoctl_token --priv-key-file ${form}
				[ "$status" -ne 0 ] && [ -z "$output" ] || fail "$form"
				never_says "$pin"
			done
		done
	done
}

@test "a source that cannot be read is an error that names it, and no empty PIN" {
	no_pin "$D/nonexistent" --priv-key-file "$URI" --pin-source "$D/nonexistent"
	no_pin "$D/nonexistent" --priv-key-file "$URI?pin-source=$D/nonexistent"
	no_pin "$D/nonexistent" --priv-key-file "$URI?pin-source=file:$D/nonexistent"
	no_pin "$D" --priv-key-file "$URI" --pin-source "$D"
	no_pin MY_PIN --priv-key-file "$URI" --pin-source env:MY_PIN
	no_pin 'fd:77|descriptor 77' --priv-key-file "$URI" --pin-source fd:77
	no_pin 'fd' --priv-key-file "$URI" --pin-source fd:seven
	no_pin CREDENTIALS_DIRECTORY --priv-key-file "$URI" --pin-source credential:right
	CREDENTIALS_DIRECTORY=$D no_pin "no such file in .CREDENTIALS_DIRECTORY \('$D'\)" --priv-key-file "$URI" --pin-source credential:nothing-here
	CREDENTIALS_DIRECTORY=$D no_pin 'not the name of a credential' --priv-key-file "$URI" --pin-source credential:../right
	CREDENTIALS_DIRECTORY=$D no_pin 'not the name of a credential' --priv-key-file "$URI" --pin-source credential:
	no_pin 'longer than 1024 bytes' --priv-key-file "$URI" --pin-source /dev/zero
	no_pin 'signal 9' --priv-key-file "$URI" --pin-source "|cat '$D/right'; kill -KILL \$\$"
	no_pin 'the output of the PIN command' --priv-key-file "$URI" --pin-source '|true'
	no_pin 'command|false|exit' --priv-key-file "$URI" --pin-source '|false'
	no_pin 'command|exit' --priv-key-file "$URI" --pin-source "|cat '$D/right'; exit 3"
	no_pin 'command|exit|no-such' --priv-key-file "$URI" --pin-source '|exec 2>/dev/null; /no-such-command'
}

@test "a source that cannot be read is not passed over for the next" {
	export CHRONOCTL_PIN=$PIN
	no_pin "$D/nonexistent" --priv-key-file "$URI?pin-source=$D/nonexistent" --pin-source "$D/right"
	no_pin "$D/nonexistent" --priv-key-file "$URI" --pin-source "$D/nonexistent"
}

@test "|command in a URI is refused, and does not run" {
	no_pin 'pin-source|command|\|' --priv-key-file "$URI?pin-source=|touch%20$SCRATCH/marker"
	no_pin 'pin-source|command|\|' --priv-key-file "$URI?pin-source=%7Ctouch%20$SCRATCH/marker"
	no_pin 'pin-source|command|\|' --priv-key-file "$URI?pin-source=%7ctouch%20$SCRATCH/marker" \
		--pin-source "$D/right"
	[ ! -e "$SCRATCH/marker" ]
}

@test "--no-prompt and no PIN: an error that says how to give one" {
	no_pin '--pin-source' --priv-key-file "$URI"
	says 'CHRONOCTL_PIN' 'estate'
}

@test "no terminal and no PIN: an error that says how to give one" {
	: >"$SHIM_LOG"
	chronoctl_token --priv-key-file "$URI" </dev/null
	refused 3 '--pin-source' 'CHRONOCTL_PIN'
	called C_Login 0
}
