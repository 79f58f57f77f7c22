/* Signs one nonce: sign-nonce KEY NONCE. KEY is a file or a pkcs11: URI. */
#include <chronosign/signer.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments)
{
	if (count != 3)
		return fputs("usage: sign-nonce KEY NONCE\n", stderr), CHRONOSIGN_ERROR_USAGE;
	struct chronosign_error *error = NULL;
	struct chronosign_key *key = chronosign_key_new(arguments[1], &error);
	struct chronosign_signer *signer = key == NULL ? NULL : chronosign_signer_open(key, &error);
	char *token = signer == NULL ? NULL : chronosign_token_make(signer, arguments[2], &error);
	int status = token == NULL ? (int)chronosign_error_get_kind(error) : puts(token) < 0;

	if (error != NULL)
		fprintf(stderr, "sign-nonce: %s\n", chronosign_error_message(error));
	free(token);
	chronosign_signer_close(signer);
	chronosign_key_free(key);
	chronosign_error_free(error);
	return status;
}
