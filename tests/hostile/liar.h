/* A network program that says what a test wants it to say. */
#ifndef HOSTILE_LIAR_H
#define HOSTILE_LIAR_H

#include <stdbool.h>

/* True if there is a script: a file `script` beside the program, read when it starts. */
bool liar_has_script(void);

/* Does as the script says, waits for the end of the command, and ends. */
__attribute__((noreturn)) void liar_speak(void);

#endif
