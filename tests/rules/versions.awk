# What is used of libcurl and libp11 that the floors do not have: pass=1, the table of names; pass=2 and pass=3, twice the
# C files without comments and strings, each after a line "@file NAME". Told are names above the floor without a version
# check around them, and names that the table does not have.

# 7.83.1 as a number that can be compared; 0x075301 the same.
function version_of(text,   parts) {
	split(text, parts, ".")
	return (parts[1] * 256 + parts[2]) * 256 + parts[3]
}

function version_of_hex(text,   i, number) {
	for (i = 3; i <= length(text); i++)
		number = number * 16 + index("0123456789abcdef", tolower(substr(text, i, 1))) - 1
	return number
}

function fault(text) {
	printf "%s: %s\n", file, text
	faults++
}

# What holds within the branch: a version of libcurl, and macros that are defined.
function begin_branch(condition,   hex) {
	least[depth] = 0
	if (match(condition, /LIBCURL_VERSION_NUM *>= *0x[0-9a-fA-F]+/)) {
		hex = substr(condition, RSTART, RLENGTH)
		sub(/^.*0x/, "0x", hex)
		least[depth] = version_of_hex(hex)
	}
	if (condition ~ /\|\||!|#[ \t]*ifndef/)
		condition = least[depth] = ""
	macros[depth] = condition
}

function is_checked(name,   i) {
	for (i = 1; i <= depth; i++)
		if (least[i] >= version[name] || (check[name] != "" && index(macros[i], check[name])))
			return 1
	return 0
}

function judge(name) {
	if (name in ours || (name ~ /^PKCS11_/ && !uses_libp11))
		return
	if (!(name in version))
		fault(name " is not in tests/rules/versions")
	else if (version[name] > floor[name ~ /^PKCS11_/ ? "libp11" : "libcurl"] && !is_checked(name))
		fault(name " is of " text_of[name] ", above the floor, and no version check is around it")
}

pass == 1 {
	if ($1 == "floor")
		floor[$2] = version_of($3)
	else if ($1 != "" && $1 !~ /^#/) {
		version[$1] = version_of($2)
		text_of[$1] = $2
		check[$1] = $3
	}
	next
}

# Names that we give ourselves: macros, among them what a version lacks, structs, and functions, which alone begin at the
# margin.
pass == 2 {
	name = ""
	if ($1 == "#define" || /^struct [a-z_0-9]+ \{/)
		name = $2
	else if ($0 ~ /^[a-z].*[a-z0-9_]\(/)
		name = $0
	sub(/\(.*/, "", name)
	sub(/^.*[ *]/, "", name)
	ours[name] = 1
	next
}

/^@file / { file = $2; depth = uses_libp11 = 0; next }
/^[ \t]*#[ \t]*include[ \t]*<libp11.h>/ { uses_libp11 = 1 }
/^[ \t]*#[ \t]*define/ { next }
/^[ \t]*#[ \t]*if/ { depth++; begin_branch($0); next }
/^[ \t]*#[ \t]*elif/ { begin_branch($0); next }
/^[ \t]*#[ \t]*else/ { begin_branch(""); next }
/^[ \t]*#[ \t]*endif/ { depth--; next }
/^[ \t]*#[ \t]*include/ { next }

{
	rest = $0
	while (match(rest, /[A-Za-z_][A-Za-z0-9_]*/)) {
		name = substr(rest, RSTART, RLENGTH)
		rest = substr(rest, RSTART + RLENGTH)
		if (name ~ /^(CURL[A-Za-z]*(_|$)|curl_|PKCS11_)/)
			judge(name)
	}
}

END { exit faults > 0 }
