/*
 * The process that survives a bad module. A command runs in a child; its parent holds no secret and
 * loads nothing, waits, passes signals on, and reports which module hung, crashed or ended the
 * process, by the activity that the child records in a shared page.
 */
#ifndef CLI_SUPERVISOR_H
#define CLI_SUPERVISOR_H

#include "cli/options.h"

#include <chronosign/signer.h>
#include <stdint.h>
#include <sys/types.h>

struct supervisor;

/* What the child does with its activity: a struct chronosign_watch for the key, whose context is the
 * supervisor. */
extern const struct chronosign_watch supervisor_watch;

/* Room in the shared page for what the command itself keeps there. */
enum { SUPERVISOR_ROOM = 256 };
void *supervisor_room(const struct supervisor *supervisor);

/*
 * Makes the shared page, and the pipe for what modules print. The options are borrowed. NULL, and told,
 * if that fails.
 */
struct supervisor *supervisor_new(const struct options *options);

/*
 * In the parent, how a child that ended before its work was done is told of by the command itself, from its room; `module`
 * is NULL where none is known to be the cause. The function is false if the child had told nothing yet, and an error it is.
 */
void supervisor_let_tell(struct supervisor *supervisor,
			 bool (*tell)(void *room, const char *module, const char *fact));
void supervisor_free(struct supervisor *supervisor);

/* What the user has to know if a module ends the process now: set by the child around a step
 * that changes something. NULL: nothing. The text must be printable. */
void supervisor_set_warning(struct supervisor *supervisor, const char *text);

/* In the child: from here on the file is ours, and is removed when the child ends for any
 * reason. */
void supervisor_keep_file(struct supervisor *supervisor);

/* In the child, before it writes or removes that file, and afterwards: the parent removes the file soon after `ends`
 * (milliseconds(); INT64_MAX: not known) if the child, in a module, at a slow disk or waiting for a PIN, does not. False: it has
 * removed it, the second one meanwhile; then it may be there or not. */
bool supervisor_begin_file(struct supervisor *supervisor);
bool supervisor_end_file(struct supervisor *supervisor, int64_t ends);

/* In the child: a PIN is read, or no longer, from a command or a descriptor that was given. If the child is ended meanwhile, the
 * command is, too. */
void supervisor_set_lent(struct supervisor *supervisor, bool lent);

/* In the child: no module was named, so every registered one is loaded. */
void supervisor_take_any_module(struct supervisor *supervisor);

/* In the child, before it tells something: waits until what modules have printed is shown, so that the
 * lines of --verbose stand in their order. */
void supervisor_let_noise_pass(const struct supervisor *supervisor);

/*
 * In the child: its work is done, and its exit status will be this one. What a module breaks later,
 * while it is closed, causes only a warning.
 */
void supervisor_set_outcome(struct supervisor *supervisor, int status);

/* Forks: 0 in the child, which runs the command; the child's process in the parent; -1, and told,
 * if that fails. */
pid_t supervisor_fork(struct supervisor *supervisor) __attribute__((nonnull));

/*
 * In the parent: waits for the child's end and returns the exit status to leave with. A child that
 * was ended by a signal from outside ends the parent by the same signal; for one that keeps a file
 * SIGTERM and SIGINT are the normal end. SIGABRT, by which a watchdog ends a service, ends both,
 * and the file is removed.
 */
int supervisor_wait(struct supervisor *supervisor, pid_t child) __attribute__((nonnull));

#endif
