# The first day of an operator, from no key to a superadmin's answer: by hand, twice, and as the README has it.
load helper
load keys

setup_file() {
	suite_token ops
	new_token spare 77777
}

setup() {
	private_environment
	mkdir "$SCRATCH/work"
	cd "$SCRATCH/work"
	own_tokens
	export CHRONOCTL_PIN=$PIN
}

URI='pkcs11:token=ops;object=chronograf'

made() { [ "$status" -eq 0 ] || fail "exit status 0 expected"; }

# superadmin STATUS [TOKEN]
superadmin() {
	local header=()
	[ $# -lt 2 ] || header=(-H "Authorization: CHRONOGRAF-SHA256 $2")
	[ "$(curl -s -o /dev/null -w '%{http_code}' "${header[@]}" "$URL/chronograf/v1/mappings")" = "$1" ]
}

@test "a key made in the token, by all of the machine's modules" {
	local uri
	chronoctl gen-keypair --out "$URI" --pub-key-out chronograf.pub
	made
	uri=$output
	start_standin --pub-key-file chronograf.pub
	chronoctl_token --priv-key-file 'pkcs11:object=chronograf'
	made
	superadmin 200 "$output"
	superadmin 403
	chronoctl_token --priv-key-file "$uri"
	made
	superadmin 200 "$output"
	chronoctl list-keys --login -o uri 'pkcs11:token=ops;type=private'
	[ "$output" = "$uri" ]
	chronoctl pub-key --no-prompt --priv-key-file "$uri"
	[ "$output" = "$(cat chronograf.pub)" ]
}

@test "a key imported from the file that the server trusts already" {
	local uri before
	chronoctl gen-keypair --bits 2048
	made
	start_standin --pub-key-file chronograf-rsa.pub
	chronoctl_token --priv-key-file chronograf-rsa
	made
	before=$output
	superadmin 200 "$before"
	chronoctl import-key --priv-key-file chronograf-rsa --to "$URI"
	made
	uri=$output
	rm chronograf-rsa
	chronoctl_token --priv-key-file 'pkcs11:object=chronograf'
	made
	[ "$output" = "$before" ]
	superadmin 200 "$output"
	superadmin 403
	chronoctl list-keys --login -o uri 'pkcs11:token=ops;type=private'
	[ "$output" = "$uri" ]
	chronoctl pub-key --no-prompt --priv-key-file "$uri"
	[ "$output" = "$(cat chronograf-rsa.pub)" ]
}

# ---- The README ----

# readme_block NUMBER: a block of shell commands out of its section "First day".
readme_block() {
	awk -v wanted="$1" '
		/^## / { here = $0 == "## First day" }
		here && /^```sh$/ { block++; inside = 1; next }
		/^```$/ { inside = 0 }
		here && inside && block == wanted' "$SOURCE_DIR/README.md"
}

# The names that the README uses: our command, and a Chronograf, which is the stand-in. It has a port of its own, which
# `token` gets by environment, and ends with its parent, which is not the block.
stage() {
	mkdir -p bin
	cat >bin/chronograf <<-END
		#!/bin/sh
		exec >"$PWD/url" 2>/dev/null 3>&- 4>&-
		"$STANDIN" "\$@"
	END
	cat >bin/chronoctl <<-END
		#!/bin/bash
		turn=0
		while [ "\$1" = token ] && [ ! -s "$PWD/url" ] && ((turn++ < 200)); do sleep 0.05; done
		export CHRONOGRAF_URL=\$(cat "$PWD/url" 2>/dev/null)
		exec setsid -w "$CHRONOCTL" "\$@"
	END
	chmod +x bin/*
}

# run_block NUMBER: as written. What it starts in the background is ended afterwards.
run_block() {
	readme_block "$1" >"block$1"
	[ -s "block$1" ] || fail "no block $1 in the README"
	echo 'jobs -p >>pids' >>"block$1"
	PATH=$PWD/bin:$PATH run --separate-stderr bash -eu "block$1"
	cat pids >>"$SCRATCH/pids"
	made
}

@test "the README's commands: made in the token, then listed and published" {
	stage
	run_block 1
	URL=$(cat url)
	superadmin 200 "${lines[-1]}"
	superadmin 403
	run_block 3
	[[ $output == *private*4096*yes*no* ]]
	[[ $output == *"$(cat chronograf.pub)" ]]
}

@test "the README's commands: imported from a file" {
	stage
	chronoctl gen-keypair --bits 2048
	made
	start_standin --pub-key-file chronograf-rsa.pub
	echo "$URL" >url
	run_block 2
	superadmin 200 "${lines[-1]}"
	superadmin 403
}
