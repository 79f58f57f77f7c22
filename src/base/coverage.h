/* For gcovr (CHRONOCTL_COVERAGE): gcov writes its data at exit(3), which some processes never
 * reach. */
#ifndef BASE_COVERAGE_H
#define BASE_COVERAGE_H

#ifdef CHRONOCTL_COVERAGE
#include <stdlib.h>

void __gcov_dump(void);
#endif

/* Writes it now; does nothing in other builds. */
static inline void coverage_write(void)
{
#ifdef CHRONOCTL_COVERAGE
	/* Standard error is for messages, and the network process no longer has the descriptor
	 * for libgcov's own. */
	setenv("GCOV_ERROR_FILE", "/dev/null", 0);
	__gcov_dump();
#endif
}

#endif
