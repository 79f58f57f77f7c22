/* Groups are those of /etc/group: the supervisor loads no library that nsswitch.conf may name. */
#include "cli/out_rights.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool find_by_name(const char *name, gid_t *found)
{
	CLEANUP(cleanup_stream) FILE *file = fopen("/etc/group", "re");
	const struct group *group = NULL;

	while (file != NULL && (group = fgetgrent(file)) != NULL)
		if (strcmp(group->gr_name, name) == 0) {
			*found = group->gr_gid;
			return true;
		}
	return false;
}

/* -1 is no group: chown(2) takes it for "as it is". */
static bool take_number(const char *text, gid_t *group)
{
	char *end = NULL;

	errno = 0;
	unsigned long number = strtoul(text, &end, 10);
	*group = (gid_t)number;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && number < (gid_t)-1;
}

bool out_rights_from_options(const struct options *options, struct out_rights *rights,
			     struct chronosign_error **error)
{
	const char *name = options->out_group;
	CLEANUP(cleanup_text) char *word = name == NULL ? NULL : text_shell_word(name);

	*rights = (struct out_rights){.mode = (mode_t)options->out_mode, .group_name = name};
	if (rights->mode == 0)
		rights->mode = name == NULL ? 0600 : 0640;
	return name == NULL || find_by_name(name, &rights->group) ||
	       take_number(name, &rights->group) ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
				    "no group '%s' in /etc/group; give the number of a group that "
				    "is elsewhere (getent group %s)",
				    name, word == NULL ? "" : word);
}

bool out_rights_may_be(mode_t mode)
{
	return (mode & 07777 & ~(mode_t)0640) == 0;
}

static bool is_member(gid_t group)
{
	gid_t groups[NGROUPS_MAX];
	int count = getgroups(NGROUPS_MAX, groups);

	for (int i = 0; i < count; i++)
		if (groups[i] == group)
			return true;
	return getegid() == group;
}

static bool refuse_group(const struct out_rights *rights, const char *path,
			 struct chronosign_error **error)
{
	int reason = errno;

	if (reason == EPERM && !is_member(rights->group))
		return chronosign_error_set(
			error, CHRONOSIGN_ERROR_USAGE,
			"this user is not in the group '%s', and so cannot give '%s' to it; add "
			"the user to the group, or run as root",
			rights->group_name, path);
	return chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER,
				    "cannot give '%s' to the group '%s': %s", path,
				    rights->group_name, strerror(reason));
}

/* The group first, so that no other group can read it even for a moment. */
bool out_rights_give(const struct out_rights *rights, int descriptor, const char *path,
		     struct chronosign_error **error)
{
	if (rights->group_name != NULL && fchown(descriptor, (uid_t)-1, rights->group) != 0)
		return refuse_group(rights, path, error);
	return fchmod(descriptor, rights->mode) == 0 ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER, "cannot give '%s' its mode: %s",
				    path, strerror(errno));
}
