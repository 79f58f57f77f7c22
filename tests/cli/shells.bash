# What the suites about completion share: two keys in a token, the scripts, and a shell on a terminal whose keys are
# pressed. Load it after helper.

completion_token() {
	private_environment
	new_key "$BATS_FILE_TMPDIR/key"
	new_token_dir "$BATS_FILE_TMPDIR"
	new_token ops
	import_key "$BATS_FILE_TMPDIR/key" ops chronograf 01
	import_key "$BATS_FILE_TMPDIR/key" ops 'spare one' 02
}

completion_surroundings() {
	private_environment
	export PKCS11_MODULE_PATH=$TOKENS
	for shell in bash zsh fish; do
		"$CHRONOCTL" completion $shell >"$SCRATCH/script.$shell"
	done
	mkdir "$SCRATCH/bin" "$SCRATCH/files"
	ln -s "$CHRONOCTL" "$SCRATCH/bin/chronoctl"
	touch "$SCRATCH/files/key.pem"
	cd "$SCRATCH/files"
	PATH=$SCRATCH/bin:$PATH
}

need() { command -v "$1" >/dev/null || skip "$1 is not installed"; }

# ---- A shell on a terminal ----

terminal() { env -u TMUX tmux -u -S "$SOCKET" -f /dev/null "$@" 3>&- 4>&-; }

end_terminal() { [ -z "${SOCKET-}" ] || terminal kill-server 2>/dev/null || true; }

# Its screen, without what is empty.
look() { screen=$(terminal capture-pane -p | sed 's/ *$//; /^$/d'); }

screen_has() { # REGEX
	look
	grep -qE -e "$1" <<<"$screen"
}

soon() { # REGEX
	wait_for screen_has "$1" || fail "the screen does not show /$1/:" "$screen"
}

start_shell() { # bash|zsh|fish [LINE]
	local line=". $SCRATCH/script.$1"
	need "$1"
	need tmux
	case $1 in
	bash) set -- "PS1='> ' bash --norc --noprofile -i" "${@:2}" ;;
	zsh)
		line="autoload -U compinit; compinit -D -u; $line; bindkey -e"
		set -- "PS1='> ' zsh -f -i" "${@:2}"
		;;
	fish)
		line="source $SCRATCH/script.fish; function fish_prompt; echo -n '> '; end"
		set -- 'fish -N -i --private' "${@:2}"
		;;
	esac
	SOCKET=$(mktemp -u "$SCRATCH/tmux.XXXXXX") # a server that ends takes no more sessions
	terminal new-session -d -x 200 -y 40 "env -u ENV $1" </dev/null >/dev/null 2>&1
	soon '[>#$%]$'
	types "$line; ${2:-true}; clear; echo rea''dy"
	press Enter
	soon '^ready$'
}

press() { terminal send-keys "$@"; }
types() { terminal send-keys -l -- "$1"; }

# reads_as WORD…: what the shell makes of the line.
reads_as() {
	press C-a
	types "printf '[%s]' "
	press Enter
	local expected
	printf -v expected '[%s]' "$@"
	wait_for screen_has '^\[chronoctl\]' || fail "the line is not read:" "$screen"
	grep -qF -- "$expected" <<<"$screen" || fail "not '$expected':" "$screen"
}
