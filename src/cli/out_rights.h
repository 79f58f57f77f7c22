/* Who may read the --out-file: its mode and its group. */
#ifndef CLI_OUT_RIGHTS_H
#define CLI_OUT_RIGHTS_H

#include "cli/options.h"

#include <chronosign/error.h>
#include <sys/types.h>

struct out_rights {
	mode_t mode;
	const char *group_name; /* borrowed; NULL: the group that a new file gets */
	gid_t group;
};

/*
 * From --out-mode and --out-group: mode 0600, or 0640 if there is a group and no mode. False with *error set if there is no
 * such group.
 */
bool out_rights_from_options(const struct options *options, struct out_rights *rights,
			     struct chronosign_error **error);

/* True if --out-mode can have given a file this mode (st_mode). */
bool out_rights_may_be(mode_t mode);

/*
 * Gives them to a file that nobody else can read yet, whatever the umask. False with *error set if this user may not; `path`
 * is for the message.
 */
bool out_rights_give(const struct out_rights *rights, int descriptor, const char *path,
		     struct chronosign_error **error);

#endif
