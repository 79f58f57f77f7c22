#!/usr/bin/env bats
# Chronograf's API, as the holder of a token sees it.
load helper

# start_api [ARGUMENT...]: a server with a fixed nonce, and a file that is the token's header.
start_api()
{
	start --nonce $NONCE --pub-key-file "$BATS_FILE_TMPDIR/key.pub" "$@"
	echo "Authorization: CHRONOGRAF-SHA256 $(token_for $NONCE)" > token
}

# api METHOD PATH [JSON [CURL-ARGUMENT...]]: the status of a request with the token; its body is in `body`.
api()
{
	status_of --request "$1" --header @token ${3:+--data "$3"} "${@:4}" "$URL/chronograf/v1/$2"
}

# message METHOD PATH [JSON]: what the error of such a request says
message()
{
	api "$@" > status
	[ "$(jq .code body)" = "$(cat status)" ]
	jq -r .message body
}

# crud COLLECTION CREATE-JSON CHANGE-METHOD CHANGE-JSON: POST, GET, a change and DELETE agree; .name is what is looked at.
crud()
{
	local path=$1 id before
	[ "$(api GET "$path")" = 200 ]
	before=$(jq ".${path##*/} | length" body)
	[ "$(api POST "$path" "$2")" = 201 ]
	id=$(jq -r .id body)
	[ "$(api GET "$path")" = 200 ]
	[ "$(jq ".${path##*/} | length" body)" = $((before + 1)) ]
	[ "$(api "$3" "$path/$id" "$4")" = 200 ]
	[ "$(api GET "$path")" = 200 ]
	[ "$(jq -r ".${path##*/}[-1].name" body)" = changed ]
	[ "$(jq -r ".${path##*/}[-1].id" body)" = "$id" ]
	[ "$(api DELETE "$path/$id")" = 204 ]
	[ ! -s body ]
	[ "$(api DELETE "$path/$id")" = 404 ]
	[ "$(api GET "$path")" = 200 ]
	[ "$(jq ".${path##*/} | length" body)" = "$before" ]
}

@test "the API: what a token may read" {
	start_api
	local path
	for path in mappings users organizations organizations/default config config/auth sources \
		dashboards layouts protoboards env org_config/logviewer flux; do
		[ "$(status_of "$URL/chronograf/v1/$path")" = 403 ]
		[ ! -s body ]
		[ "$(api GET "$path")" = 200 ]
		jq -e . body
		has_headers_of_chronograf "/chronograf/v1/$path" --header @token
		grep -qx 'Content-Type: application/json' headers
	done
}

@test "the API refuses everything without a good token, with 403 and nothing in it" {
	start_api
	local method path
	while read -r method path; do
		[ "$(status_of --request "$method" --data '{}' "$URL/chronograf/v1/$path")" = 403 ]
		[ ! -s body ]
		[ "$(status_of --request "$method" --header "Authorization: CHRONOGRAF-SHA256 YQ==" \
			"$URL/chronograf/v1/$path")" = 403 ]
		[ ! -s body ]
	done <<- 'ROWS'
		GET me
		PUT me
		POST users
		PATCH users/1
		DELETE users/1
		POST organizations
		PATCH organizations/default
		GET organizations/default/users
		POST mappings
		PUT mappings/default
		DELETE mappings/default
		PUT config/auth
		POST dashboards
		POST sources
		POST sources/1/proxy
		POST sources/1/queries
		GET unknown
	ROWS
	[ "$(api GET users/1)" = 200 ]
	[ "$(api GET mappings/default)" = 405 ]
}

@test "the API: a token is nobody" {
	start_api
	[ "$(message GET me)" = "Token not found" ]
	[ "$(cat status)" = 422 ]
	[ "$(message PUT me '{"organization": "default"}')" = "invalid principal" ]
	[ "$(cat status)" = 403 ]
	[ "$(message GET organizations/default/users)" = "User is not authorized" ]
	[ "$(cat status)" = 403 ]
	[ "$(message PATCH users/1 '{"superAdmin": true}')" = "failed to retrieve user from context" ]
	[ "$(cat status)" = 500 ]
	[ "$(message POST organizations '{"name": "ops"}')" = "failed to retrieve user from context" ]
	[ "$(cat status)" = 500 ]
}

@test "the API: users come and go" {
	start_api
	local role id
	for role in member viewer editor admin; do
		[ "$(api POST users '{"name": "'$role'@example.com", "provider": "generic", "scheme": "oauth2",
			"roles": [{"name": "'$role'", "organization": "default"}]}')" = 201 ]
		id=$(jq -r .id body)
		[ "$(jq -r .links.self body)" = "/chronograf/v1/users/$id" ]
		[ "$(jq .superAdmin body)" = false ]
	done
	[ "$(api GET users)" = 200 ]
	[ "$(jq '.users | length' body)" = 5 ]
	[ "$(api GET "users/$id")" = 200 ]
	[ "$(jq -r .name body)" = admin@example.com ]
	[ "$(api DELETE "users/$id")" = 204 ]
	[ "$(api GET "users/$id")" = 404 ]
	[ "$(api GET users)" = 200 ]
	[ "$(jq '.users | length' body)" = 4 ]
	[ "$(api POST users 'no JSON')" = 400 ]
	[ "$(api POST users '{"name": "a", "provider": "generic"}')" = 422 ]
	[ "$(api POST users '{"name": "a", "provider": "generic", "scheme": "oauth2",
		"roles": [{"name": "king", "organization": "default"}]}')" = 422 ]
}

@test "the API: superadmins are made by a login while the server is set so, and in no other way" {
	start_api
	local user='"name": "ada@example.com", "provider": "generic", "scheme": "oauth2"'
	[[ $(message POST users "{$user, \"superAdmin\": true}") == \
		"user does not have authorization required to set SuperAdmin status"* ]]
	[ "$(cat status)" = 401 ]
	[ "$(status_of "$URL/oauth/generic/login/eve@example.com")" = 307 ]
	[ "$(api PUT config/auth '{"superAdminNewUsers": true}')" = 200 ]
	[ "$(api GET config/auth)" = 200 ]
	[ "$(jq .superAdminNewUsers body)" = true ]
	[ "$(api GET config)" = 200 ]
	[ "$(jq .auth.superAdminNewUsers body)" = true ]
	[[ $(message POST users "{$user}") == "user does not have authorization"* ]]
	[ "$(cat status)" = 401 ]
	[ "$(status_of "$URL/oauth/generic/login/ada@example.com")" = 307 ]
	[ "$(status_of "$URL/oauth/generic/login/eve@example.com")" = 307 ]
	[ "$(api PUT config/auth '{"superAdminNewUsers": false}')" = 200 ]
	[ "$(status_of "$URL/oauth/generic/login/bob@example.com")" = 307 ]
	[ "$(api GET users)" = 200 ]
	[ "$(jq -c '[.users[] | select(.superAdmin) | .name]' body)" = '["first@example.com","ada@example.com"]' ]
	[ "$(jq '.users | length' body)" = 4 ]
}

@test "the API: mappings, dashboards and sources are made, changed and removed" {
	start_api
	local mapping='"provider": "generic", "scheme": "oauth2", "providerOrganization": "*", "organizationId": "default"'
	crud mappings "{$mapping}" PUT "{$mapping, \"name\": \"changed\"}"
	[ "$(api POST mappings '{"provider": "generic"}')" = 422 ]
	crud dashboards '{"name": "cpu", "cells": []}' PATCH '{"name": "changed"}'
	crud dashboards '{"name": "cpu", "cells": []}' PUT '{"name": "changed"}'
	crud sources '{"name": "influx", "url": "http://127.0.0.1:8086"}' PATCH '{"name": "changed"}'
	[ "$(api POST sources '{"name": "influx"}')" = 422 ]
	[ "$(api PATCH organizations/default '{"name": "ops"}')" = 200 ]
	[ "$(api GET organizations)" = 200 ]
	[ "$(jq -r '.organizations[0].name' body)" = ops ]
	[ "$(header Location /chronograf/v1/dashboards --header @token --data '{"name": "a"}')" = /chronograf/v1/dashboards/1 ]
}

@test "the API: what belongs to a source goes with it" {
	start_api
	[ "$(api GET sources/1/dbs)" = 404 ]
	[ "$(api POST sources '{"name": "influx", "url": "http://127.0.0.1:8086", "username": "u", "password": "geheim"}')" = 201 ]
	[ "$(grep -c geheim body)" -eq 0 ]
	[ "$(api GET sources/1)" = 200 ]
	[ "$(grep -c geheim body)" -eq 0 ]
	[ "$(jq -r .username body)" = u ]
	[ "$(api PATCH sources/1 '{"password": "geheim"}')" = 200 ]
	[ "$(grep -c geheim body)" -eq 0 ]
	[ "$(api GET sources/1/dbs)" = 200 ]
	[ "$(api GET sources/1/health)" = 204 ]
	[ "$(api GET sources/1/annotations)" = 200 ]
	crud sources/1/kapacitors '{"name": "k", "url": "http://127.0.0.1:9092"}' PATCH '{"name": "changed"}'
	[ "$(api POST sources/1/kapacitors '{"name": "k", "url": "http://127.0.0.1:9092"}')" = 201 ]
	crud sources/1/kapacitors/1/rules '{"name": "r"}' PUT '{"name": "changed"}'
	[ "$(api DELETE sources/1)" = 204 ]
	[ "$(api GET sources/1/kapacitors)" = 404 ]
	[ "$(api POST sources '{"url": "http://127.0.0.1:8086"}')" = 201 ]
	[ "$(api GET sources/1/kapacitors)" = 200 ]
	[ "$(jq -c .kapacitors body)" = '[]' ]
}

@test "the API: queries to a database need X-Requested-With, which is no refusal of the token" {
	start_api
	local path
	[ "$(api POST sources '{"url": "http://127.0.0.1:8086"}')" = 201 ]
	for path in proxy queries; do
		[ "$(message POST sources/1/$path '{"queries": []}')" = "missing required X-Requested-With header" ]
		[ "$(cat status)" = 403 ]
		[ "$(api POST sources/1/$path '{"queries": []}' --header 'X-Requested-With: curl')" = 403 ]
		[ "$(api POST sources/1/$path '{"queries": []}' --header 'X-Requested-With: XMLHttpRequest')" = 200 ]
		[ "$(api POST sources/2/$path '{"queries": []}' --header 'X-Requested-With: XMLHttpRequest')" = 404 ]
		[ "$(status_of --request POST --header 'X-Requested-With: XMLHttpRequest' "$URL/chronograf/v1/sources/1/$path")" = 403 ]
		[ ! -s body ]
	done
}

@test "the API is below the base path too, and without authentication it is everybody's" {
	start_api --base-path /mon
	[ "$(api GET users)" = 200 ]
	[ "$(api POST dashboards '{"name": "a"}')" = 201 ]
	[ "$(api GET unknown)" = 200 ]
	grep -q '<html>' body
	[ "$(api PATCH users '{}')" = 405 ]
	[ "$(header Allow /chronograf/v1/users --request PATCH --header @token)" = "GET, POST" ]
	stop

	start --open
	[ "$(status_of "$URL/chronograf/v1/users")" = 200 ]
	[ "$(status_of "$URL/chronograf/v1/me")" = 200 ]
	[ "$(status_of "$URL/chronograf/v1/organizations/default/users")" = 200 ]
	[ "$(status_of --data '{"name": "a"}' "$URL/chronograf/v1/dashboards")" = 201 ]
}
