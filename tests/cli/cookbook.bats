# docs/cookbook.md: its recipes work as printed, with a server that answers like Chronograf.
load helper
load pages

setup_file() { suite_key_in_token ops; }

# The arguments of all programs that the page runs are recorded: none may contain the token.
setup() {
	local program
	reader
	(umask 077 && echo "$PIN" >~/.config/softhsm-pin)
	for program in curl jq; do
		printf '#!/bin/sh\nprintf "%%s\\n" "$@" >>"%s/arguments"\nexec %s "$@"\n' "$SCRATCH" "$(command -v $program)" \
			>"$SCRATCH/bin/$program"
		chmod +x "$SCRATCH/bin/$program"
	done
	start_standin --pub-key-file "$PUB"
	export CHRONOGRAF_URL=$URL
	section_of cookbook 'The way in' | boxes >"$SCRATCH/way_in"
	: >"$SCRATCH/commands"
}

# recipe HEADING [BOX]: adds all its boxes, or the one, to the commands.
recipe() { section_of cookbook "$1" | boxes "${@:2}" "${@:2}" >>"$SCRATCH/commands" || fail "no such boxes: $*"; }

also() { printf '%s\n' "$@" >>"$SCRATCH/commands"; } # COMMAND…

# Types the way in and the commands.
cooks() {
	cat "$SCRATCH/way_in" "$SCRATCH/commands" >"$SCRATCH/all"
	types "$SCRATCH/all"
	: >"$SCRATCH/commands"
	[ -s "$SCRATCH/arguments" ] || fail "no program was run"
	! grep -qF "$(expected_token "$KEY")" "$SCRATCH/arguments" || fail "a program has the token among its arguments"
}

# asks PATH [ARGUMENT OF CURL]…: what the server has now. Beside the recipes, by other means.
asks() {
	printf 'Authorization: CHRONOGRAF-SHA256 %s\n' "$(expected_token "$KEY")" |
		/usr/bin/env -i "$(PATH=${PATH#*:} command -v curl)" -sS -H @- "${@:2}" "$URL/chronograf/v1/$1"
}

is() { # PATH FILTER OUTPUT
	local found
	found=$(asks "$1" | jq -c "$2")
	[ "$found" = "$3" ] || fail "$1 has $found, not $3"
}

logs_in() { curl -fsS -o /dev/null "$URL/oauth/generic/login/$1"; }

@test "users are listed, added and removed" {
	recipe Users 1
	recipe Users 2
	cooks
	[[ ${lines[0]} == *$'\tfirst@example.com\tgeneric\ttrue' ]] || fail "the first user is not listed"
	is users '[.users[] | .name]' '["first@example.com","ada@example.com"]'
	is users '.users[1].roles' '[{"name":"editor","organization":"default"}]'
	recipe Users 3
	cooks
	is users '[.users[] | .name]' '["first@example.com"]'
}

@test "an OAuth organization is mapped" {
	recipe 'Map an OAuth organization'
	cooks
	[[ ${lines[-1]} == *$'\tgithub\texample\tdefault' ]] || fail "the mapping is not listed"
	is mappings '.mappings[-1].providerOrganization' '"example"'
}

@test "a source is added and queried" {
	recipe 'Add a source, and query it'
	cooks
	is sources '[.sources[] | .name]' '["influx"]'
	[[ $output == *'"results"'* ]] || fail "no results"
	grep -q '^POST /chronograf/v1/sources/1/proxy HTTP/1.1 200 ' "$STANDIN_LOG" || fail "$(cat "$STANDIN_LOG")"
}

@test "a superadmin is made on a running server, and the door is closed again" {
	recipe 'Make a superadmin on a running server' 1
	cooks
	is config/auth .superAdminNewUsers true
	logs_in ada@example.com
	recipe 'Make a superadmin on a running server' 2
	cooks
	is config/auth .superAdminNewUsers false
	[ "${lines[-1]}" = ada@example.com ] || fail "she is not listed"
	logs_in bob@example.com
	is users '[.users[] | select(.superAdmin) | .name]' '["first@example.com","ada@example.com"]'
}

@test "the dashboards are backed up, and one is brought back" {
	also "api dashboards -d '{\"name\": \"cpu\", \"cells\": [{\"i\": \"1\"}]}'" "api dashboards -d '{\"name\": \"disk\"}'"
	recipe 'Back up the dashboards' 1
	also 'api dashboards/1 -X DELETE'
	cooks
	is dashboards '[.dashboards[] | .name]' '["disk"]'
	recipe 'Back up the dashboards' 2
	cooks
	is dashboards '[.dashboards[] | [.name, .cells]]' '[["disk",null],["cpu",[{"i":"1"}]]]'
}

# In cron's environment, plus what chronoctl needs in a test.
as_cron() {
	run --separate-stderr env -i HOME="$HOME" LOGNAME=ops SHELL=/bin/sh PATH="$PATH" SOFTHSM2_CONF="$SOFTHSM2_CONF" \
		ASAN_OPTIONS="$ASAN_OPTIONS" LSAN_OPTIONS="$LSAN_OPTIONS" BACKUPS="$SCRATCH/there" CHRONOGRAF_URL="${1:-$URL}" \
		PRIV_KEY_FILE=pkcs11:object=chronograf PIN_FILE="$HOME/.config/softhsm-pin" /bin/sh -c ./backup-dashboards </dev/null
}

@test "a cron job keeps a backup, and the last good one if it fails" {
	recipe 'A cron job'
	also "api dashboards -d '{\"name\": \"cpu\"}'"
	cooks
	as_cron
	[ "$status" -eq 0 ] && [ -z "$output$stderr" ] || fail "the job does not succeed in silence"
	[ "$(jq -r '.dashboards[].name' dashboards.json)" = cpu ] || fail "no backup"
	[ "$(stat -c %a dashboards.json)" = 600 ] || fail "others may read the backup"
	cp dashboards.json before
	as_cron http://127.0.0.1:1
	[ "$status" -eq 4 ] || fail "exit status 4 expected"
	cmp dashboards.json before
}

# What follows a host's name is given to a shell there, as ssh does it.
@test "a nonce is signed on another machine, which asks no server" {
	also "ssh() { [ \"\$1\" = signer ] && env -u CHRONOGRAF_URL -u PRIV_KEY_FILE sh -c \"\${*:2}\"; }"
	recipe 'Sign on another machine'
	cooks
	[[ $output == *first@example.com* ]] || fail "no users"
	[ "$(cut -d ' ' -f 1,2,4 "$STANDIN_LOG" | xargs)" = 'GET /nonce 200 GET /chronograf/v1/users 200' ] ||
		fail "$(cat "$STANDIN_LOG")"
}

@test "if chronoctl fails, nothing is sent" {
	rm "$SCRATCH/bin/chronoctl"
	printf '#!/bin/sh\nexit 3\n' >"$SCRATCH/bin/chronoctl"
	chmod +x "$SCRATCH/bin/chronoctl"
	run bash -c '. "$SCRATCH/way_in"; api users; echo "status $?"' 3>&-
	[ "$output" = 'status 3' ] || fail "exit status 3 expected"
	[ ! -e "$SCRATCH/arguments" ] || fail "curl was run"
	[ "$(requests)" -eq 0 ] || fail "something was sent"
}
export SCRATCH

# cannot STATUS MESSAGE PATH [ARGUMENT OF CURL]…
cannot() {
	local answer
	answer=$(asks "${@:3}" -w '\n%{http_code}')
	[ "${answer##*$'\n'}" = "$1" ] || fail "$3: $answer"
	[[ $answer == *"$2"* ]] || fail "$3: $answer"
	section_of cookbook 'What a token cannot do' | grep -F "$1" | grep -qF "$2" || fail "the page has no $1 '$2'"
}

@test "what a token cannot do is answered as the page has it" {
	asks sources -d '{"url": "http://localhost:8086"}' >/dev/null
	cannot 422 'Token not found' me
	cannot 403 'invalid principal' me -X PUT -d '{"organization": "default"}'
	cannot 401 'user does not have authorization required to set SuperAdmin status' users \
		-d '{"name": "ada", "provider": "generic", "scheme": "oauth2", "superAdmin": true}'
	cannot 500 'failed to retrieve user from context' users/1 -X PATCH -d '{"superAdmin": true}'
	cannot 500 'failed to retrieve user from context' organizations -d '{"name": "ops"}'
	cannot 403 'User is not authorized' organizations/default/users
	cannot 403 'missing required X-Requested-With header' sources/1/proxy -d '{"query": "SHOW DATABASES"}'
	asks config/auth -X PUT -d '{"superAdminNewUsers": true}' >/dev/null
	cannot 401 'user does not have authorization required to set SuperAdmin status' users \
		-d '{"name": "ada", "provider": "generic", "scheme": "oauth2"}'
}

@test "each recipe is run, or says that it is not" {
	local heading
	while read -r heading; do
		grep -qF "recipe '$heading'" "$BATS_TEST_FILENAME" || grep -qE "recipe $heading " "$BATS_TEST_FILENAME" ||
			[ "$heading" = 'The way in' ] || [ "$heading" = 'What a token cannot do' ] ||
			section_of cookbook "$heading" | grep -q '^None of these was run here' || fail "'$heading' is not run"
	done < <(sed -n 's/^## //p' "$(page cookbook)")
}
