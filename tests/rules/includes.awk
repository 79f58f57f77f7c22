# Which folder of src/ may include which: of files given as arguments, the #include lines that point back.

function allow(folder, others,   i, list, count) {
	count = split(others, list, " ")
	for (i = 1; i <= count; i++)
		allowed[folder, list[i]] = 1
	known[folder] = 1
}

BEGIN {
	allow("base", "base")
	allow("key", "base key")
	allow("pkcs11", "base key pkcs11")
	allow("signer", "base key pkcs11 signer")
	allow("keystore", "base key pkcs11 signer keystore")
	allow("chronograf", "base chronograf")
	allow("network", "base chronograf network")
	# A program of its own.
	allow("network/program", "base chronograf network network/program")
	allow("cli", "base key pkcs11 signer keystore chronograf network cli")
}

# The folder of a path below src/; those in the folders of commands are cli's.
function folder_of(path) {
	if (path ~ /^cli\//)
		return "cli"
	return path ~ /\// ? substr(path, 1, match(path, /\/[^\/]*$/) - 1) : ""
}

function fault(text) {
	printf "%s:%d: %s\n", FILENAME, FNR, text
	faults++
}

FNR == 1 {
	path = FILENAME
	sub(/^.*src\//, "", path)
	from = folder_of(path)
	if (!known[from])
		fault("the folder '" from "' has no place in the order of tests/rules/includes.awk")
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, parts, "\"")
	to = folder_of(parts[2])
	if (!known[to])
		fault("\"" parts[2] "\" does not begin with a folder of src/")
	else if (known[from] && !allowed[from, to])
		fault(from " must not include " to ": " parts[2])
}

END { exit faults > 0 }
