/* As a file and not as libcurl's "blob": of a file libcurl keeps what it has read for the next
 * server. */
#include "network/program/ca_memory.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

bool ca_memory_make(const char *pem, size_t length, struct ca_memory *memory)
{
	memory->file = memfd_create("ca", MFD_CLOEXEC);
	if (memory->file < 0)
		return false;
	snprintf(memory->path, sizeof memory->path, "/proc/self/fd/%d", memory->file);
	for (size_t done = 0; done < length;) {
		ssize_t written = write(memory->file, pem + done, length - done);
		if (written <= 0)
			return false;
		done += (size_t)written;
	}
	return true;
}
