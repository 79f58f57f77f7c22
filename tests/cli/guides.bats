#!/usr/bin/env bats
# The guides: commands that a page says are run, are run here as they are printed: what is in boxes of sh, not of console.
load helper
load pages

setup() { reader; }

# The other guides begin where softhsm.md has led to: with a token, and with or without its key.
has_token() {
	follow softhsm 1 1
	export SOFTHSM2_CONF=$HOME/.config/softhsm2.conf
}

has_token_with_key() {
	has_token
	follow softhsm 2 2
}

accepted() { # TIMES
	[ "$(grep -c '^GET /chronograf/v1/mappings HTTP/1.1 200 CHRONOGRAF-SHA256$' "$STANDIN_LOG")" -eq "$1" ] ||
		fail "the server should have accepted $1 tokens:" "$(cat "$STANDIN_LOG")"
}

# ---- A token beside us ----

@test "softhsm.md leads to a token by its commands as printed" {
	start_standin
	CHRONOGRAF_URL=$URL follow softhsm
	[[ ${lines[-1]} == 'Authorization: CHRONOGRAF-SHA256 '* ]] || fail "no header at the end"
	grep -q 'BEGIN PUBLIC KEY' chronograf.pub
}

# ---- A token behind p11-kit's socket ----

# The host's shell is one for all its boxes; a server that it leaves behind ends with the test. The client's knows of the token only what its own box tells.
remoting_commands() {
	boxes_of p11-kit-remoting 2 2 >"$SCRATCH/client"
	boxes_of p11-kit-remoting 1 1
	cat <<-'END'
		echo "$P11_KIT_SERVER_PID" | tee -a ../pids >server
		stat -c %a ~/.p11 >modes
		env -i HOME="$HOME" PATH="$PATH" LC_ALL="$LC_ALL" ASAN_OPTIONS="$ASAN_OPTIONS" LSAN_OPTIONS="$LSAN_OPTIONS" \
			CHRONOGRAF_URL="$CHRONOGRAF_URL" bash -eu ../client
	END
	boxes_of p11-kit-remoting 3
}

# Of one that nobody has waited for yet, no command line is left either.
has_ended() { ! grep -q . "/proc/$1/cmdline" 2>/dev/null; } # PID

@test "p11-kit-remoting.md: a client that knows only the socket lists the key, and its token is accepted" {
	has_token_with_key
	start_standin --pub-key-file chronograf.pub
	remoting_commands >"$SCRATCH/commands"
	CHRONOGRAF_URL=$URL types "$SCRATCH/commands"
	grep -q '^ops  *chronograf .* private ' <<<"$output" || fail "the private key is not listed"
	[[ ${lines[-1]} == 'Authorization: CHRONOGRAF-SHA256 '* ]] || fail "no header at the end"
	accepted 1
	[ "$(cat modes)" = 700 ] || fail "others can reach the socket"
	wait_for has_ended "$(cat server)" || fail "p11-kit's server has not ended"
	[ ! -e ~/.p11/ops ] || fail "the socket is still there"
}

# ---- From a file into a token ----

@test "moving-to-an-hsm.md: the server, which is not restarted, accepts the key in the token when the file is gone" {
	has_token
	follow moving-to-an-hsm 1 1
	start_standin --pub-key-file chronograf-rsa.pub
	CHRONOGRAF_URL=$URL follow moving-to-an-hsm 2 6
	[ ! -e chronograf-rsa ] || fail "the file is still there"
	accepted 3
}

@test "moving-to-an-hsm.md: a server started with new.pub accepts a key that never was in a file" {
	has_token
	follow moving-to-an-hsm 7 7
	[ "$(ls)" = new.pub ] || fail "there is more than the public half:" "$(ls)"
	start_standin --pub-key-file new.pub
	CHRONOGRAF_URL=$URL follow moving-to-an-hsm 8
	accepted 1
}

# ---- In a job ----

@test "ci.md: by file, command, descriptor and variable the token reaches the server, and the log shows neither it nor the PIN" {
	has_token_with_key
	start_standin --pub-key-file chronograf.pub
	CHRONOGRAF_URL=$URL follow ci
	accepted 4
	never_says "$(cat ~/.config/softhsm-pin)" CHRONOGRAF-SHA256
}

@test "each guide says of what it shows whether it was run" {
	for guide in "$SOURCE_DIR"/docs/guides/*.md; do
		grep -qE '(^|[ *])Status: ' "$guide" || fail "$guide does not say"
	done
}
