/* The privileges that the program drops before it gets its job. confine.h restricts what it can
 * still reach. */
#ifndef NETWORK_PROGRAM_PRIVILEGES_H
#define NETWORK_PROGRAM_PRIVILEGES_H

/*
 * How many descriptors it may have: more than its transfers need, and less than other programs of the user have. The kernel
 * counts those that wait in sockets per user, with up to 253 more of one message, and lets nobody pass one who is above his
 * own limit, which often is 1024.
 */
#define PRIVILEGES_DESCRIPTORS 768

/*
 * Bytes of memory that it may write to, of addresses, whatever is there, and of a thread's stack. With 10000 servers it has
 * 22 MB of addresses; with 64 that it asks at once, and all CAs for each, 82 MB; with 64 names that hang, 152 MB. A name is
 * looked up in a thread of its own, which stays for as long as name servers are asked, after the transfer's time-out, too:
 * some 200 of them, then its descriptors come to an end.
 */
#define PRIVILEGES_MEMORY (UINT64_C(1) << 30)
#define PRIVILEGES_ADDRESSES (UINT64_C(3) << 29)
#define PRIVILEGES_STACK (UINT64_C(256) << 10)
#define PRIVILEGES_FIRST_STACK (UINT64_C(8) << 20)

/*
 * Gives up dumps, new privileges and capabilities, and unblocks signals, except those that are
 * meant for the command. NULL, or the step that failed, with errno set.
 */
const char *privileges_give_up(void);

#endif
