# No message ever repeats a pin-value, whatever is wrong, and wherever the URI was given.
load helper
load secrets

fails_silently() { # STATUS ARGUMENT…
	chronoctl_token -v --no-prompt "${@:2}"
	refused "$1"
	keeps_silent
}

@test "no message ever repeats a pin-value: key, token, module, server" {
	fails_silently 3 --priv-key-file "pkcs11:object=nowhere?pin-value=$CANARY"
	fails_silently 3 --priv-key-file "pkcs11:object=twin?pin-value=$CANARY"
	fails_silently 3 --priv-key-file "pkcs11:token=nowhere;object=twin?pin-value=$ENCODED"
	fails_silently 3 --priv-key-file "$URI?module-path=/nonexistent.so&pin-value=$CANARY"
	fails_silently 3 --priv-key-file "$URI?pin-value=$CANARY&module-name=none" --pkcs11-module ''
	URL=http://127.0.0.1:1 fails_silently 4 --priv-key-file "$URI?pin-value=$CANARY"
}

@test "no message ever repeats a pin-value: URIs that are wrong" {
	fails_silently '2|3' --priv-key-file "pkcs11:objct=chronograf?pin-value=$CANARY"
	fails_silently '2|3' --priv-key-file "pkcs11:object=%zz?pin-value=$CANARY"
	fails_silently '2|3' --priv-key-file "$URI?pin-value=$CANARY%zz"
	fails_silently '2|3' --priv-key-file "$URI?pin-value=$CANARY&pin-vlaue=x"
	fails_silently '2|3' --priv-key-file "$URI?pin-value=$CANARY&pin-source=|false"
	fails_silently '2|3' --priv-key-file "$URI?pin-value=$CANARY&pin-value=$CANARY%zz"
	fails_silently '2|3' --priv-key-file "$URI;pin-value=$CANARY"
	chronoctl_token -v --no-prompt --priv-key-file "PKCS11:object=nowhere?pin-value=$CANARY"
	refused '2|3'
	keeps_silent
}

@test "no message ever repeats a pin-value: what was meant as a URI, and is taken for a file or another scheme" {
	fails_silently '2|3' --priv-key-file " $URI?pin-value=$CANARY"
	fails_silently '2|3' --priv-key-file "pkcs11;object=x?pin-value=$CANARY"
	fails_silently '2|3' --priv-key-file "pkcs1:object=chronograf?pin-value=$CANARY"
	fails_silently '2|3' --priv-key-file "./$URI?pin-value=$CANARY"
}

@test "no message ever repeats a pin-value: command lines that are wrong" {
	fails_silently 2 "$URI?pin-value=$CANARY"
	fails_silently 2 --priv-key-file "$KEY" "$URI?pin-value=$CANARY"
	fails_silently 2 "--priv-key-fils=$URI?pin-value=$CANARY"
	fails_silently 2 "--no-prompt=$URI?pin-value=$CANARY"
	fails_silently 2 --timeout --priv-key-file "$URI?pin-value=$CANARY"
	chronoctl "$URI?pin-value=$CANARY"
	refused 2
	keeps_silent
}

@test "no message ever repeats a pin-value: a URI given to another option" {
	fails_silently 2 --timeout "$URI?pin-value=$CANARY" --priv-key-file "$KEY"
	fails_silently '2|4' --chronograf-url "$URI?pin-value=$CANARY" --priv-key-file "$KEY"
	fails_silently '2|3' --priv-key-file "$URI" --pin-source "$URI?pin-value=$CANARY"
	fails_silently '2|4' --priv-key-file "$KEY" --ca-file "$URI?pin-value=$CANARY" --chronograf-url https://127.0.0.1:1
	fails_silently 3 --priv-key-file "$URI" --pkcs11-module "$URI?pin-value=$CANARY"
}
