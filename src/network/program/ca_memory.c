/* As a file and not as libcurl's "blob": libcurl caches the contents of a file for the next
 * server. */
#include "network/program/ca_memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

bool ca_memory_make(const char *pem, size_t length, struct ca_memory *memory)
{
	memory->file = memfd_create("ca", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (memory->file < 0)
		return false;
	snprintf(memory->path, sizeof memory->path, "/proc/self/fd/%d", memory->file);
	for (size_t done = 0; done < length;) {
		ssize_t written = write(memory->file, pem + done, length - done);
		if (written <= 0)
			return false;
		done += (size_t)written;
	}
	/* Otherwise data could be written to it later and mapped as code. */
	return fcntl(memory->file, F_ADD_SEALS,
		     F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0;
}
