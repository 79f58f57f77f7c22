# A PIN, given in any way, is found in no output and no --verbose trace.
load helper
load secrets

verbose_success() {
	chronoctl_token --verbose --no-prompt "$@"
	prints_token "$KEY"
	[ -n "$stderr" ]
	keeps_silent
}

@test "a PIN that is right is in no output and no --verbose trace" {
	each_way verbose_success
}

@test "a PIN that is wrong is in no output and no --verbose trace" {
	new_token_dir "$SCRATCH/others"
	new_token estate 11111
	import_key "$KEY" estate chronograf a1 11111
	(umask 077 && openssl pkcs8 -topk8 -passout pass:11111 -in "$KEY" -out "$SCRATCH/encrypted.pem")
	verbose_failure() {
		chronoctl_token --verbose --no-prompt "${@/#$D\/encrypted.pem/$SCRATCH/encrypted.pem}"
		refused 3
		keeps_silent
	}
	each_way verbose_failure
}
