/* What the supervisor has in hand, and the page that it shares with the command's process: for supervisor*.c alone. */
#ifndef CLI_SUPERVISOR_PAGE_H
#define CLI_SUPERVISOR_PAGE_H

#include "cli/noise.h"
#include "cli/out_owner.h"
#include "cli/supervisor.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* With an exit status in `outcome`: it is decided. */
enum { OUTCOME_DECIDED = 0x100 };

/* In `file_ends`: the child is at --out-file, or has none; the parent removes it; the parent has removed it. The child
 * is at a file that ends at a known time: that time, negative. */
#define FILE_IS_CHILDS INT64_MAX
#define FILE_IS_PARENTS INT64_MIN
#define FILE_IS_GONE (INT64_MIN + 1)

/* Written by the child and read by the parent, which does not trust it: texts are bounded and
 * made printable, and there are no pointers. */
struct shared {
	char module[512]; /* that the child is in */
	char function[64];
	char warning[1024];
	atomic_bool in_call;
	atomic_bool asleep; /* the parent, until the next call wakes it */
	atomic_ulong calls;
	atomic_uint outcome; /* an exit status, with DECIDED; 0: the child is working */
	atomic_bool keeps_file;
	struct out_record file;         /* what was put in its place */
	atomic_int_least64_t file_ends; /* when the last token in it does (milliseconds()) */
	atomic_bool reads_noise; /* the parent: it may have taken a line that it has not shown */
	atomic_bool takes_any_module;
	atomic_bool lent; /* a PIN is read from a command, or from a descriptor that was given */
	_Alignas(max_align_t) char room[SUPERVISOR_ROOM];
};

struct supervisor {
	struct shared *shared;
	const struct options *options;
	struct noise noise; /* in the child: closed */
	int64_t claim;      /* in the child: what it has put into `file_ends` */
	int alarm;          /* in the parent: for the end of the file's tokens; -1: none */
	int signals;        /* those that are held back from here on */
	sigset_t heard;     /* in the parent: those that have reached it */
	int asked;          /* the signal by which the child is to end; 0: none */
	time_t asked_at;    /* in seconds of milliseconds_awake() */
	bool stopping;      /* and the service manager knows */
	bool file_stays;    /* and that is told */
	int folder;         /* that the command was started in */
	bool (*tell)(void *room, const char *module, const char *fact);
};

#endif
