/* The list of input files, and their status. Nothing is opened here. */
#include "network/program/inputs.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <curl/curl.h>
#include <dirent.h>
#include <limits.h>
#include <openssl/conf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

DEFINE_CLEANUP(directory, DIR *, closedir)

struct fixed_input {
	const char *path;
	bool watched;
};

/* resolver(3), nsswitch.conf(5). In /etc single files, as keys and PINs may be there, too;
 * elsewhere the folder, whose files may be replaced while the program runs. */
static const struct fixed_input fixed[] = {
	{"/etc/resolv.conf", true},
	{"/etc/hosts", true},
	{"/etc/nsswitch.conf", true},
	{"/etc/host.conf", true},
	{"/etc/gai.conf", true},
	{"/etc/services", true},
	{"/etc/networks", true},
	{"/run/systemd/resolve", false},
	{"/run/resolvconf", false},
	/* Not its folder, which holds connections with their passwords. */
	{"/run/NetworkManager/resolv.conf", false},
	{"/run/NetworkManager/no-stub-resolv.conf", false},
};

static bool add(struct inputs *inputs, const char *path, size_t length, bool watched)
{
	/* Doubled when full. */
	if ((inputs->count & (inputs->count - 1)) == 0) {
		size_t room = inputs->count == 0 ? 1 : inputs->count * 2;
		struct input *list = reallocarray(inputs->list, room, sizeof *list);
		if (list == NULL)
			return false;
		inputs->list = list;
	}
	struct input *input = &inputs->list[inputs->count];
	*input = (struct input){.path = strndup(path, length), .watched = watched};
	if (input->path == NULL)
		return false;
	inputs->count++;
	if (stat(input->path, &input->status) != 0)
		input->status = (struct stat){0};
	return true;
}

static bool add_fixed(struct inputs *inputs)
{
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		if (!add(inputs, fixed[i].path, strlen(fixed[i].path), fixed[i].watched))
			return false;
	return true;
}

/* Where Debian's packages and administrators put the certificates that the links of such a
 * folder point to. */
static const char *const stores[] = {"/usr/share/ca-certificates/",
				     "/usr/local/share/ca-certificates/"};

/* True for a link within its folder, or into a store: the rules of the folders cover hundreds of
 * them. */
static bool is_covered(const char *target)
{
	if (strchr(target, '/') == NULL)
		return true;
	for (size_t i = 0; i < sizeof stores / sizeof stores[0]; i++)
		if (strncmp(target, stores[i], strlen(stores[i])) == 0)
			return strstr(target, "/..") == NULL;
	return false;
}

/* A folder of certificates by hash is made of symbolic links, which may lead anywhere. */
static bool add_links(struct inputs *inputs, const char *path)
{
	CLEANUP(cleanup_directory) DIR *directory = opendir(path);

	for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
		char target[PATH_MAX] = "/";
		if (entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN)
			continue;
		if (readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1) > 0 &&
		    is_covered(target))
			continue;
		CLEANUP(cleanup_text) char *link = text_format("%s/%s", path, entry->d_name);
		if (link == NULL || !add(inputs, link, strlen(link), true))
			return false;
	}
	return true;
}

/* Folders between colons, as OpenSSL reads SSL_CERT_DIR (openssl-verification-options(1)). */
static bool add_folders(struct inputs *inputs, const char *list)
{
	for (size_t i = 0; list != NULL && i < sizeof stores / sizeof stores[0]; i++)
		if (!add(inputs, stores[i], strlen(stores[i]), true))
			return false;
	while (list != NULL && list[0] != '\0') {
		size_t length = strcspn(list, ":");
		CLEANUP(cleanup_text) char *path = strndup(list, length);
		if (path == NULL ||
		    (length > 0 && (!add(inputs, path, length, true) || !add_links(inputs, path))))
			return false;
		list += length + (list[length] == ':');
	}
	return true;
}

/* As curl_options.c lets libcurl look for them. */
static bool add_cas(struct inputs *inputs)
{
	const curl_version_info_data *built = curl_version_info(CURLVERSION_NOW);
	const char *named_file = getenv("SSL_CERT_FILE");
	const char *file = built->cainfo == NULL ? "" : built->cainfo;
	const char *directory = built->capath == NULL ? "" : built->capath;

	if (!add(inputs, file, strlen(file), true))
		return false;
	if (named_file != NULL && !add(inputs, named_file, strlen(named_file), true))
		return false;
	/* Hundreds of links, which are not followed if one file has all the CAs. */
	bool all_in_file = access(file, R_OK) == 0;
	if (all_in_file ? !add(inputs, directory, strlen(directory), true)
			: !add_folders(inputs, directory))
		return false;
	return add_folders(inputs, getenv("SSL_CERT_DIR"));
}

static bool add_openssl(struct inputs *inputs)
{
	char *path = CONF_get1_default_config_file();
	bool added = path != NULL && add(inputs, path, strlen(path), true);

	if (added)
		inputs->list[inputs->count - 1].was_read = true;
	OPENSSL_free(path);
	return added;
}

bool inputs_collect(struct inputs *inputs, bool ca_given)
{
	*inputs = (struct inputs){0};
	return add_fixed(inputs) && add_openssl(inputs) && (ca_given || add_cas(inputs));
}

void inputs_release(struct inputs *inputs)
{
	for (size_t i = 0; i < inputs->count; i++)
		free(inputs->list[i].path);
	free(inputs->list);
	*inputs = (struct inputs){0};
}

static bool same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino &&
	       one->st_size == other->st_size && one->st_mtim.tv_sec == other->st_mtim.tv_sec &&
	       one->st_mtim.tv_nsec == other->st_mtim.tv_nsec;
}

bool inputs_have_changed(const struct inputs *inputs)
{
	for (size_t i = 0; i < inputs->count; i++) {
		const struct input *input = &inputs->list[i];
		struct stat now;

		if (!input->watched)
			continue;
		if (stat(input->path, &now) != 0)
			now = (struct stat){0};
		if (!same(&input->status, &now))
			return true;
	}
	return false;
}
