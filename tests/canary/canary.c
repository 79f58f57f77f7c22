/*
 * Searches the readable memory of processes for texts that should not be there: canary PID... <TEXTS
 * One text a line, or bytes as hex:0123. Prints where one is found and what kind of memory that is:
 * `locked` is never swapped and left out of dumps, as the pages of base/secret.c and OpenSSL's
 * secure heap are. Exit status 0: it could look.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXTS_MAX 16
#define TEXT_SIZE 256
#define CHUNK ((size_t)1 << 20)

typedef struct {
	char label[TEXT_SIZE];
	unsigned char bytes[TEXT_SIZE];
	size_t length;
} canary;

typedef struct {
	canary list[TEXTS_MAX];
	size_t count;
	size_t longest;
} canaries;

/* A mapping of proc(5), /proc/PID/smaps. */
typedef struct {
	uint64_t start;
	uint64_t end;
	char rights[8];
	char name[512];
	bool locked;
} mapping;

static void parse_canary(canary *wanted)
{
	const char *text = wanted->label;
	unsigned byte;

	if (strncmp(text, "hex:", 4) != 0) {
		wanted->length = strlen(text);
		memcpy(wanted->bytes, text, wanted->length);
		return;
	}
	for (text += 4; sscanf(text, "%2x", &byte) == 1; text += 2)
		wanted->bytes[wanted->length++] = (unsigned char)byte;
}

static bool read_canaries(canaries *wanted)
{
	canary *next = wanted->list;

	while (wanted->count < TEXTS_MAX && fgets(next->label, TEXT_SIZE, stdin) != NULL) {
		next->label[strcspn(next->label, "\n")] = '\0';
		parse_canary(next);
		if (next->length == 0)
			continue;
		wanted->longest = next->length > wanted->longest ? next->length : wanted->longest;
		next = &wanted->list[++wanted->count];
	}
	return wanted->count > 0;
}

static bool parse_mapping(const char *line, mapping *map)
{
	memset(map, 0, sizeof *map);
	return sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %*s %*s %*s %511[^\n]", &map->start,
		      &map->end, map->rights, map->name) >= 3;
}

static void tell(int pid, const mapping *map, uint64_t address, const char *text)
{
	printf("%s pid=%d address=%" PRIx64 " rights=%s mapping=%s text=%s\n",
	       map->locked ? "locked" : "found", pid, address, map->rights,
	       map->name[0] == '\0' ? "anonymous" : map->name, text);
}

static void search_bytes(int pid, const mapping *map, uint64_t address, const char *bytes,
			 size_t length, const canaries *wanted)
{
	for (size_t i = 0; i < wanted->count; i++) {
		const canary *one = &wanted->list[i];
		const char *end = bytes + length;
		const char *found = bytes;
		while ((found = memmem(found, (size_t)(end - found), one->bytes, one->length)) !=
		       NULL) {
			tell(pid, map, address + (uint64_t)(found - bytes), one->label);
			found++;
		}
	}
}

/* Page by page, because an unreadable page must not hide the next; pieces overlap by the length of
 * a text. */
static uint64_t search_mapping(int pid, int memory, const mapping *map, const canaries *wanted)
{
	static char bytes[CHUNK + TEXT_SIZE];
	uint64_t searched = 0;
	size_t kept = 0;

	for (uint64_t address = map->start; address < map->end;) {
		uint64_t left = map->end - address;
		ssize_t got = pread(memory, bytes + kept, left < CHUNK ? (size_t)left : CHUNK,
				    (off_t)address);
		if (got <= 0) {
			address += 4096;
			kept = 0;
			continue;
		}
		size_t length = kept + (size_t)got;
		search_bytes(pid, map, address - kept, bytes, length, wanted);
		searched += (uint64_t)got;
		address += (uint64_t)got;
		kept = wanted->longest - 1 < length ? wanted->longest - 1 : length;
		memmove(bytes, bytes + length - kept, kept);
	}
	return searched;
}

/* proc(5), VmFlags: locked, and not to be dumped. */
static bool is_locked(const char *flags)
{
	return strstr(flags, " lo") != NULL && strstr(flags, " dd") != NULL;
}

static int open_of(int pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool search_process(int pid, const canaries *wanted)
{
	int memory = open_of(pid, "mem");
	int maps = open_of(pid, "smaps");
	FILE *lines = maps < 0 ? NULL : fdopen(maps, "r");
	char line[1024];
	mapping map = {0};
	uint64_t searched = 0;

	while (memory >= 0 && lines != NULL && fgets(line, sizeof line, lines) != NULL) {
		if (strncmp(line, "VmFlags:", 8) != 0) {
			/* The other lines of smaps begin with a capital and a colon follows. */
			if (strchr(line, '-') != NULL && strchr("0123456789abcdef", line[0]))
				parse_mapping(line, &map);
			continue;
		}
		map.locked = is_locked(line);
		searched += search_mapping(pid, memory, &map, wanted);
	}
	if (searched == 0)
		fprintf(stderr, "canary: cannot look into process %d: %s\n", pid, strerror(errno));
	else
		printf("searched pid=%d bytes=%" PRIu64 "\n", pid, searched);
	if (lines != NULL)
		fclose(lines);
	if (memory >= 0)
		close(memory);
	return searched > 0;
}

int main(int count, char **arguments)
{
	static canaries wanted;
	bool good = count > 1 && read_canaries(&wanted);

	for (int i = 1; good && i < count; i++)
		good = search_process(atoi(arguments[i]), &wanted);
	return good ? 0 : 1;
}
