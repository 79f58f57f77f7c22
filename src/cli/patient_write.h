/* Writing for a reader who may have stopped reading: it never holds back a signal, nor --watch. */
#ifndef CLI_PATIENT_WRITE_H
#define CLI_PATIENT_WRITE_H

#include <stdbool.h>

/* If brief, from here on a write waits for half a second at most, and not at all once nobody has read for so long. */
void patient_write_be_brief(bool is_brief);

/*
 * Writes the text. Waits for room, but not when a signal that would end the command is held back and
 * pending. False: nobody read, and text or the rest of it is dropped.
 */
bool patient_write(int descriptor, const char *text);

/* The same for a result, brief or not. False with errno if it is not written whole: EAGAIN if that is for a signal. */
bool patient_write_whole(int descriptor, const char *text);

#endif
