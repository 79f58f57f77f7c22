#!/usr/bin/env bats
# Completion: the scripts of `chronoctl completion`, run in their shells.
load helper
load shells

setup_file() { completion_token; }
setup() { completion_surroundings; }

# completes LINE: what bash offers with the cursor at its end, sorted. Readline calls with the command, what it replaces
# (the last word, from the last ":" or "=" or an open quote) and the word before.
completes() {
	run bash -c '
		compopt() { :; }
		. "$1"
		COMP_LINE=$2 COMP_POINT=${#2} closed="[^'\'']*('\''[^'\'']*'\''[^'\'']*)*"
		if [[ $2 =~ ^$closed$ ]]; then
			replaced=${2##*[ :=]}
		else
			replaced=${2##*[\'\'']}
		fi
		_chronoctl chronoctl "$replaced"
		[ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"' \
		bash "$SCRATCH/script.bash" "$1"
	[ "$status" -eq 0 ] || fail "the script fails"
	output=$(sort <<<"$output")
}

is() { [ "$output" = "$1" ] || fail "'$1' expected"; }
has() {
	local word
	for word; do
		grep -qxF -e "$word" <<<"$output" || fail "'$word' is not offered" || return
	done
}

@test "bash completes commands" {
	completes 'chronoctl '
	has token gen-keypair pub-key list-keys import-key completion --version
	completes 'chronoctl gen'
	is gen-keypair
}

@test "bash completes the options of a command, all of them and no others" {
	completes 'chronoctl pub-key -'
	help=$("$CHRONOCTL" pub-key --help | grep -oE '^  .{4}--[a-z0-9-]+' | grep -oE -e '--.*' | sort)
	[ "$(grep -e -- <<<"$output")" = "$help" ] || fail "not what --help says: $help"
	completes 'chronoctl list-keys --log'
	is --login
}

@test "bash completes words, each command its own" {
	completes 'chronoctl token --output '
	is $'env\nheader\njson\ntoken'
	completes 'chronoctl list-keys -o '
	is $'json\ntable\nuri'
	completes 'chronoctl pub-key --format=s'
	is spki
	completes 'chronoctl token --signer '
	has auto file pkcs11
	completes 'chronoctl completion '
	is $'bash\nfish\nzsh'
}

@test "bash completes files, and the URIs of keys after pkcs11:" {
	completes 'chronoctl token --priv-key-file ke'
	is key.pem
	completes 'chronoctl token --nonce-from ke'
	is key.pem
	completes 'chronoctl token --nonce '
	is ''
	completes 'chronoctl token --priv-key-file pk'
	is pkcs11:
	completes 'chronoctl token --priv-key-file pkcs11:'
	is $'token=ops\\;object=chronograf\ntoken=ops\\;object=spare%20one'
	completes 'chronoctl token --priv-key-file=pkcs11:token=ops\;object=ch'
	is chronograf
	completes "chronoctl token --priv-key-file 'pkcs11:token=ops;object=s"
	is 'pkcs11:token=ops;object=spare%20one'
}

@test "bash completes the URI operand of list-keys" {
	completes "chronoctl list-keys 'pkcs11:token=ops;object=c"
	is 'pkcs11:token=ops;object=chronograf'
}

@test "bash offers nothing where nothing can be guessed" {
	completes 'chronoctl token --timeout '
	is ''
	completes 'chronoctl no-such-command --'
	is ''
}

@test "bash completes after a shortened option, and a value right behind its letter" {
	completes 'chronoctl token --priv-key-f ke'
	is key.pem
	completes 'chronoctl list-keys -oj'
	is -ojson
	completes 'chronoctl list-keys --outp=j'
	is json
}

@test "bash completes an empty word to the options, or to the operand where there is one" {
	completes 'chronoctl token '
	has --priv-key-file --output
	completes 'chronoctl list-keys '
	is pkcs11:
	completes 'chronoctl list-keys pkcs11: '
	has --login
	completes 'chronoctl help pub'
	is pub-key
}

@test "a value that looks like an option is not one, and nothing is after --" {
	completes 'chronoctl token --out-file --output '
	has --check
	completes 'chronoctl list-keys -- --'
	is ''
	completes "chronoctl token --out-file '' -o h"
	is header
}

@test "keys that share their labels are offered with their ids" {
	own_tokens
	new_key "$SCRATCH/key"
	import_key "$SCRATCH/key" ops chronograf 03
	completes "chronoctl token --priv-key-file 'pkcs11:"
	[ "$(grep -c 'token=ops;object=chronograf;id=%0[13]$' <<<"$output")" -eq 2 ] || fail "not both in full"
	has 'pkcs11:token=ops;object=spare%20one'
}

@test "completion asks the module of --pkcs11-module" {
	unset PKCS11_MODULE_PATH
	completes "chronoctl token --pkcs11-module $TOKENS --priv-key-file 'pkcs11:token=ops;object=c"
	is 'pkcs11:token=ops;object=chronograf'
	completes "chronoctl token --pkcs11-module=$TOKENS --priv-key-file 'pkcs11:token=ops;object=c"
	is 'pkcs11:token=ops;object=chronograf'
}

@test "a module that crashes adds nothing to the line" {
	use_shim
	SHIM_CRASH=C_GetSlotList completes "chronoctl token --priv-key-file 'pkcs11:"
	is ''
}

@test "the line is in no list of processes: it may hold a PIN" {
	rm "$SCRATCH/bin/chronoctl"
	printf '#!/bin/sh\necho "$*" >>"%s/arguments"\nexec "%s" "$@"\n' "$SCRATCH" "$CHRONOCTL" >"$SCRATCH/bin/chronoctl"
	chmod +x "$SCRATCH/bin/chronoctl"
	completes "chronoctl token --priv-key-file 'pkcs11:object=a?pin-value=$PIN' --outp"
	is --output
	[ "$(cat "$SCRATCH/arguments")" = __complete ] || fail "arguments: $(cat "$SCRATCH/arguments")"
}

@test "completion asks no module before a URI is begun" {
	use_shim
	completes 'chronoctl token --priv-key-file '
	completes 'chronoctl list-keys p'
	[ ! -s "$SHIM_LOG" ] || fail "asked: $(cat "$SHIM_LOG")"
	completes "chronoctl list-keys 'pkcs11:"
	[ "$(calls C_Initialize)" -ge 1 ]
	called C_Login 0
}

@test "zsh reads its script" {
	need zsh
	zsh -n "$SCRATCH/script.zsh"
}

@test "zsh registers its script when it is evaluated" {
	need zsh
	run zsh -fc 'autoload -U compinit && compinit -u -D && . "$1" && print -r -- $_comps[chronoctl]' zsh \
		"$SCRATCH/script.zsh"
	is _chronoctl
}

@test "fish completes commands, options, words and URIs" {
	need fish
	fish -n "$SCRATCH/script.fish"
	offers() { output=$(fish -Nc 'source $argv[1]; complete -C $argv[2]' "$SCRATCH/script.fish" "$1" | cut -f 1 | sort); }
	offers 'chronoctl gen'
	is gen-keypair
	offers 'chronoctl token --chronograf-urls'
	is --chronograf-urls-from
	offers 'chronoctl list-keys -o '
	is $'json\ntable\nuri'
	offers 'chronoctl token --priv-key-file pkcs11:'
	has 'pkcs11:token=ops;object=chronograf'
}

@test "completion needs the name of a shell that it knows" {
	chronoctl completion
	refused 2 'bash, zsh or fish'
	chronoctl completion tcsh
	refused 2 'bash, zsh or fish'
}
