/* For gcovr (CHRONOCTL_COVERAGE): which lines ran is written down at exit(3), which some processes
 * never reach. */
#ifndef BASE_COVERAGE_H
#define BASE_COVERAGE_H

#ifdef CHRONOCTL_COVERAGE
#include <stdlib.h>

void __gcov_dump(void);
#endif

/* Writes it down now; nothing in any other build. */
static inline void coverage_write(void)
{
#ifdef CHRONOCTL_COVERAGE
	/* Standard error is for messages; where libgcov is to complain instead, the network process
	 * has forgotten. */
	setenv("GCOV_ERROR_FILE", "/dev/null", 0);
	__gcov_dump();
#endif
}

#endif
