/* Asking for a PIN or passphrase on the terminal, without echo. */
#ifndef CLI_PROMPT_H
#define CLI_PROMPT_H

#include <chronosign/signer.h>

/* True if there is a terminal to ask on. */
bool prompt_possible(void);

/* A chronosign_prompt; its context is not used. */
struct chronosign_secret *prompt_for_pin(void *context,
					 const struct chronosign_prompt_request *request,
					 struct chronosign_error **error);

/* Another one, for the passphrase of a new file, which is asked for twice. */
struct chronosign_secret *prompt_for_new_passphrase(void *context,
						    const struct chronosign_prompt_request *request,
						    struct chronosign_error **error);

/* Before the fork. */
void prompt_prepare(void);

/* In the supervisor, once the command's process has ended: it may have been killed at the prompt. */
void prompt_restore_echo(void);

#endif
