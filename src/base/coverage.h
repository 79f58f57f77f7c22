/* For gcovr (CHRONOCTL_COVERAGE): which lines ran is written down at exit(3), which some processes
 * never reach. */
#ifndef BASE_COVERAGE_H
#define BASE_COVERAGE_H

#ifdef CHRONOCTL_COVERAGE
void __gcov_dump(void);
#endif

/* Writes it down now; nothing in any other build. */
static inline void coverage_write(void)
{
#ifdef CHRONOCTL_COVERAGE
	__gcov_dump();
#endif
}

#endif
