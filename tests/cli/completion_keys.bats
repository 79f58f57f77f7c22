#!/usr/bin/env bats
# Completion as users see it: key presses in bash, zsh and fish on a terminal, and the resulting command line.
load helper
load shells

setup_file() { completion_token; }
setup() { completion_surroundings; }
teardown() { end_terminal; }

URI='pkcs11:token=ops;object=spare%20one'

# An empty word: options, as far as they are alike, and no empty argument.
empty_word() {
	start_shell "$1"
	types 'chronoctl token '
	press Tab
	soon 'chronoctl token --'
	[[ $screen != *"''"* ]] || fail "an empty argument:" "$screen"
}

@test "bash: an empty word becomes the beginning of the options" { empty_word bash; }
@test "zsh: an empty word becomes the beginning of the options" { empty_word zsh; }
@test "fish: an empty word becomes the beginning of the options" { empty_word fish; }

# From two letters to a key by Tab: ':', ';' and '=' survive the shell.
begun_unquoted() {
	start_shell "$@"
	types 'chronoctl token --priv-key-file pk'
	press Tab
	soon 'pkcs11:$'
	press Tab
	soon '> .*pkcs11:token=ops.*object=$'
	types sp
	press Tab
	soon '20one'
	reads_as chronoctl token --priv-key-file "$URI"
}

@test "bash: a URI begun without quotes is completed to one that the shell reads as one" { begun_unquoted bash; }
@test "bash: the same where other completions have taken ':' from COMP_WORDBREAKS" {
	begun_unquoted bash 'COMP_WORDBREAKS=${COMP_WORDBREAKS//:}'
}
@test "bash: the same where '=' is no break either" { begun_unquoted bash 'COMP_WORDBREAKS=${COMP_WORDBREAKS//[:=]}'; }
@test "zsh: a URI begun without quotes is completed to one that the shell reads as one" { begun_unquoted zsh; }
@test "fish: a URI begun without quotes is completed to one that the shell reads as one" { begun_unquoted fish; }

# completes_to SHELL TYPED WORD…: one Tab, and what the line then is.
completes_to() {
	start_shell "$1"
	types "$2"
	press Tab
	soon '20one'
	reads_as "${@:3}"
}

@test "bash: a URI in quotes, and behind an option's =" {
	completes_to bash "chronoctl token --priv-key-file 'pkcs11:token=ops;object=s" \
		chronoctl token --priv-key-file "$URI"
	end_terminal
	completes_to bash 'chronoctl token -k --priv-key-file="pkcs11:token=ops;object=s' \
		chronoctl token -k "--priv-key-file=$URI"
	end_terminal
	completes_to bash 'chronoctl token --priv-key-file=pkcs11:token=ops\;object=s' \
		chronoctl token "--priv-key-file=$URI"
}

@test "bash: a value behind = where that is no break" {
	start_shell bash 'COMP_WORDBREAKS=${COMP_WORDBREAKS//[:=]}'
	types 'chronoctl token --priv-key-file=pkcs11:token=ops\;object=s'
	press Tab
	soon '20one'
	types ' --ca-file=ke'
	press Tab
	soon 'key.pem'
	reads_as chronoctl token "--priv-key-file=$URI" --ca-file=key.pem
}

@test "zsh: a URI in quotes, and behind an option's =" {
	completes_to zsh "chronoctl token --priv-key-file 'pkcs11:token=ops;object=s" \
		chronoctl token --priv-key-file "$URI"
	end_terminal
	completes_to zsh 'chronoctl token -k --priv-key-file="pkcs11:token=ops;object=s' \
		chronoctl token -k "--priv-key-file=$URI"
	end_terminal
	completes_to zsh 'chronoctl token --priv-key-file=pkcs11:token=ops\;object=s' \
		chronoctl token "--priv-key-file=$URI"
}

@test "fish: a URI in quotes, and behind an option's =" {
	completes_to fish "chronoctl token --priv-key-file 'pkcs11:token=ops;object=s" \
		chronoctl token --priv-key-file "$URI"
	end_terminal
	completes_to fish 'chronoctl token -k --priv-key-file="pkcs11:token=ops;object=s' \
		chronoctl token -k "--priv-key-file=$URI"
	end_terminal
	completes_to fish 'chronoctl token --priv-key-file=pkcs11:token=ops\;object=s' \
		chronoctl token "--priv-key-file=$URI"
}

# End to end: the completed line finds the key.
finds_the_key() {
	start_shell "$1"
	types 'chronoctl pub-key --priv-key-file pkcs11:'
	press Tab
	soon '> .*object=$'
	types ch
	press Tab
	soon '> .*object=chronograf'
	press Enter
	soon 'END PUBLIC KEY'
}

@test "bash: the completed command finds its key" { finds_the_key bash; }
@test "zsh: the completed command finds its key" { finds_the_key zsh; }
@test "fish: the completed command finds its key" { finds_the_key fish; }

# Keys with their labels, options with their help.
described() {
	start_shell "$1"
	types 'chronoctl token --priv-key-file pkcs11:token=ops\;object='
	press Tab
	soon "chronograf.*key 'chronograf' in token 'ops'"
	soon "spare%20one.*key 'spare one' in token 'ops'"
	press C-c
	end_terminal
	start_shell "$1"
	types 'chronoctl list-keys -o '
	press Tab Tab
	soon 'uri.*a line each'
}

@test "zsh: a key is shown with its label and its token, a word with what it is for" { described zsh; }
@test "fish: a key is shown with its label and its token, a word with what it is for" { described fish; }

# For a new key the token, up to where its label is written.
new_key_in_token() {
	start_shell "$1"
	types 'chronoctl gen-keypair --out pkcs11:'
	press Tab
	soon '> .*object=$'
	types new
	reads_as chronoctl gen-keypair --out 'pkcs11:token=ops;object=new'
}

@test "bash: a new key: the token, and the label is left to write" { new_key_in_token bash; }
@test "zsh: a new key: the token, and the label is left to write" { new_key_in_token zsh; }
@test "fish: a new key: the token, and the label is left to write" { new_key_in_token fish; }

# The shell quotes files; after the beginning of a URI none are offered.
files_too() {
	touch 'my key.pem' 'pkcs11:a:b'
	start_shell "$1"
	types 'chronoctl token --priv-key-file my'
	press Tab
	soon 'key.pem'
	reads_as chronoctl token --priv-key-file 'my key.pem'
	end_terminal
	start_shell "$1"
	types 'chronoctl token --priv-key-file pkcs11:'
	press Tab
	soon '> .*object=$'
	[[ $screen != *a:b* ]] || fail "a file as a URI:" "$screen"
	press C-c
	end_terminal
	start_shell "$1"
	types 'chronoctl token --ca-file=ke'
	press Tab
	soon 'key.pem'
	reads_as chronoctl token --ca-file=key.pem
}

@test "bash: files, their blanks quoted, and none where a URI is begun" { files_too bash; }
@test "zsh: files, their blanks quoted, and none where a URI is begun" { files_too zsh; }
@test "fish: files, their blanks quoted, and none where a URI is begun" { files_too fish; }
