# What the suites about PINs share: a token, a file with its PIN and one with a wrong one. Load it after helper.

setup_file() {
	suite_key_in_token estate
	(umask 077 && printf '%s\n' "$PIN" >"$D/right" && printf '%s\n' 99999 >"$D/wrong")
	cp "$D/right" "$D/the right%one"
	start_standin
}

setup() {
	private_environment
	own_tokens
	use_shim
}

URI='pkcs11:object=chronograf'

signs() { # ARGUMENT…
	chronoctl_token --no-prompt "$@"
	prints_token "$KEY"
}

no_pin() { # REGEX ARGUMENT…: refused without any login
	: >"$SHIM_LOG"
	chronoctl_token --no-prompt "${@:2}"
	refused '2|3' "$1"
	called C_Login 0
}

wrong_pin() { # ARGUMENT…: one login with a PIN that is not the right one
	: >"$SHIM_LOG"
	chronoctl_token --no-prompt "$@"
	refused 3 PIN
	called C_Login 1
}
