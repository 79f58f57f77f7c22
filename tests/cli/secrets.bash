# What the suites about secrets share: a PIN that is easily found, and every way to give it. Load it after helper.

CANARY=k4nary-5f0c1e-PIN
# The same, as somebody may write it in a URI.
ENCODED=k4nary%2D5f0c1e%2DPIN
URI='pkcs11:object=chronograf'

setup_file() {
	suite_key_in_token estate "$CANARY"
	encrypt_key "$KEY" "$D/encrypted.pem" "$CANARY"
	import_key "$KEY" estate twin b1 "$CANARY"
	import_key "$KEY" estate twin b2 "$CANARY"
	(umask 077 && printf '%s\n' "$CANARY" >"$D/pin")
	start_standin
	start_silent_standin
}

start_silent_standin() {
	local answering=$URL log=$STANDIN_LOG
	start_standin --mode never
	export SILENT_URL=$URL SILENT_LOG=$STANDIN_LOG
	export URL=$answering STANDIN_LOG=$log
}

setup() {
	private_environment
	own_tokens
	export PKCS11_MODULE_PATH=$SOFTHSM
}

keeps_silent() { never_says "$CANARY" "$ENCODED" 'k4nary'; }

# each_way COMMAND: runs `COMMAND ARGUMENT…` for each way to give the PIN to the key in $1.
each_way() {
	export CREDENTIALS_DIRECTORY=$D
	"$1" --priv-key-file "$URI?pin-value=$CANARY"
	"$1" "--priv-key-file=$URI?pin-value=$ENCODED"
	PRIV_KEY_FILE="$URI?pin-value=$CANARY" "$1"
	"$1" --priv-key-file "$URI?pin-source=file:$D/pin"
	"$1" --priv-key-file "$URI" --pin-source "$D/pin"
	MY_PIN=$CANARY "$1" --priv-key-file "$URI" --pin-source env:MY_PIN
	"$1" --priv-key-file "$URI" --pin-source fd:7 7<"$D/pin"
	"$1" --priv-key-file "$URI" --pin-source credential:pin
	"$1" --priv-key-file "$URI" --pin-source "|cat '$D/pin'"
	CHRONOCTL_PIN=$CANARY "$1" --priv-key-file "$URI"
	CHRONOCTL_PIN=$CANARY "$1" --priv-key-file "$D/encrypted.pem"
}
