/* The system calls that the seccomp filter allows: those that libcurl, the TLS library, the
 * resolver and threads need. */
#include "network/program/confine.h"

#ifdef WITH_SECCOMP

#include "base/cleanup.h"
#include "network/process.h"
#include "network/program/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is missing in older headers. */
#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE 2
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

/*
 * Any other call fails as if the kernel did not have it: then libraries fall back to what they did
 * on older kernels, while after EPERM glibc would give up (clone3, whose flags the filter cannot
 * see).
 */
#define REFUSAL SCMP_ACT_ERRNO(ENOSYS)

/* libseccomp skips names that the machine does not have. */
static const int allowed[] = {
	/* open files and descriptors; Landlock handles paths */
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(lseek),
	SCMP_SYS(_llseek),
	SCMP_SYS(close),
	SCMP_SYS(pipe),
	SCMP_SYS(pipe2),
	SCMP_SYS(eventfd),
	SCMP_SYS(eventfd2),
	SCMP_SYS(stat),
	SCMP_SYS(stat64),
	SCMP_SYS(fstat),
	SCMP_SYS(fstat64),
	SCMP_SYS(lstat),
	SCMP_SYS(lstat64),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fstatat64),
	SCMP_SYS(statx),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(getdents),
	SCMP_SYS(getdents64),
	/* waiting */
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(ppoll_time64),
	SCMP_SYS(select),
	SCMP_SYS(_newselect),
	SCMP_SYS(pselect6),
	SCMP_SYS(pselect6_time64),
	SCMP_SYS(epoll_create),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(nanosleep),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(pause),
	/* sockets of clients: neither bind nor listen nor accept */
	SCMP_SYS(connect),
#ifndef __GLIBC__
	SCMP_SYS(bind), /* musl's resolver */
	SCMP_SYS(recvmsg),
#endif
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(shutdown),
	SCMP_SYS(send),
	SCMP_SYS(sendto),
	SCMP_SYS(recv),
	SCMP_SYS(recvfrom),
	/* memory; mremap(2) would make more of a file run than was loaded as code, and malloc(3) can do without */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(madvise),
	/* threads and signals */
	SCMP_SYS(futex),
	SCMP_SYS(futex_time64),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(sched_yield),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigsuspend),
	SCMP_SYS(sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	/* identity, location and time */
	SCMP_SYS(getpid),
	SCMP_SYS(getppid),
	SCMP_SYS(gettid),
	SCMP_SYS(getuid),
	SCMP_SYS(getuid32),
	SCMP_SYS(geteuid),
	SCMP_SYS(geteuid32),
	SCMP_SYS(getgid),
	SCMP_SYS(getgid32),
	SCMP_SYS(getegid),
	SCMP_SYS(getegid32),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(getrlimit),
	SCMP_SYS(ugetrlimit),
	SCMP_SYS(getrusage),
	SCMP_SYS(getrandom),
	SCMP_SYS(time),
	SCMP_SYS(gettimeofday),
};

/* A call that is allowed where one argument is equal to `value` under `mask`. */
struct allowed_form {
	int call;
	unsigned argument;
	uint64_t mask;
	uint64_t value;
};

#define WHOLE UINT64_MAX
/* 0 means that a file is opened for reading, and neither created nor truncated. */
#define WRITING (O_ACCMODE | O_CREAT | O_TRUNC)

/* clock_getcpuclockid(3): the numbers of the processes' clocks are negative. */
#define NOT_OF_A_PROCESS (~UINT64_C(15))

/* clone(2), NOTES: the flags come second on some machines. */
#if defined(__s390__) || defined(__CRIS__)
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

/*
 * pthread_create(3) sets all of these. A thread without CLONE_FILES would have a table of descriptors of its own, and each
 * table as many as RLIMIT_NOFILE allows.
 */
#define OF_A_THREAD (CLONE_THREAD | CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND)
#define NAMESPACES \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET)
/* pidfd_open(2) */
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif

static const struct allowed_form allowed_forms[] = {
	{SCMP_SYS(open), 1, WRITING, 0},
	{SCMP_SYS(openat), 2, WRITING, 0},
	{SCMP_SYS(clone), CLONE_FLAGS, OF_A_THREAD | NAMESPACES | CLONE_PIDFD, OF_A_THREAD},
	{SCMP_SYS(close_range), 2, CLOSE_RANGE_UNSHARE, 0},
	/* Its own, not another process's. */
	{SCMP_SYS(sched_getaffinity), 0, WHOLE, 0},
	{SCMP_SYS(clock_gettime), 0, NOT_OF_A_PROCESS, 0},
	{SCMP_SYS(clock_gettime64), 0, NOT_OF_A_PROCESS, 0},
	{SCMP_SYS(clock_getres), 0, NOT_OF_A_PROCESS, 0},
	{SCMP_SYS(clock_getres_time64), 0, NOT_OF_A_PROCESS, 0},
	{SCMP_SYS(clock_nanosleep), 0, NOT_OF_A_PROCESS, 0},
	{SCMP_SYS(clock_nanosleep_time64), 0, NOT_OF_A_PROCESS, 0},
	/* All code is loaded already: no more is loaded or generated. */
	{SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
	/* No F_SETOWN, which sends signals, and no TIOCSTI, which types. */
	{SCMP_SYS(fcntl), 1, WHOLE, F_GETFD},
	{SCMP_SYS(fcntl), 1, WHOLE, F_SETFD},
	{SCMP_SYS(fcntl), 1, WHOLE, F_GETFL},
	{SCMP_SYS(fcntl), 1, WHOLE, F_SETFL},
	{SCMP_SYS(fcntl64), 1, WHOLE, F_GETFD},
	{SCMP_SYS(fcntl64), 1, WHOLE, F_SETFD},
	{SCMP_SYS(fcntl64), 1, WHOLE, F_GETFL},
	{SCMP_SYS(fcntl64), 1, WHOLE, F_SETFL},
	{SCMP_SYS(ioctl), 1, WHOLE, FIONREAD},
	{SCMP_SYS(ioctl), 1, WHOLE, FIONBIO},
	{SCMP_SYS(ioctl), 1, WHOLE, TCGETS},
	{SCMP_SYS(prctl), 0, WHOLE, PR_SET_VMA},
	{SCMP_SYS(prctl), 0, WHOLE, PR_GET_DUMPABLE},
	{SCMP_SYS(prctl), 0, WHOLE, PR_GET_NO_NEW_PRIVS},
	{SCMP_SYS(prctl), 0, WHOLE, PR_GET_PDEATHSIG},
};

struct allowed_socket {
	int call;
	int family;
	int type;
	int protocol;
};

/*
 * Streams and datagrams of TCP and UDP. No unix sockets: behind those are agents, card readers
 * (pcscd) and tokens (p11-kit), which Landlock cannot hide; but a pair of streams, by which libcurl
 * wakes itself, cannot be connected elsewhere. No netlink: getaddrinfo(3) uses it for this
 * machine's addresses, and can do without.
 */
static const struct allowed_socket allowed_sockets[] = {
	{SCMP_SYS(socket), AF_INET, SOCK_STREAM, 0},
	{SCMP_SYS(socket), AF_INET, SOCK_STREAM, IPPROTO_TCP},
	{SCMP_SYS(socket), AF_INET, SOCK_DGRAM, 0},
	{SCMP_SYS(socket), AF_INET, SOCK_DGRAM, IPPROTO_UDP},
	{SCMP_SYS(socket), AF_INET6, SOCK_STREAM, 0},
	{SCMP_SYS(socket), AF_INET6, SOCK_STREAM, IPPROTO_TCP},
	{SCMP_SYS(socket), AF_INET6, SOCK_DGRAM, 0},
	{SCMP_SYS(socket), AF_INET6, SOCK_DGRAM, IPPROTO_UDP},
	{SCMP_SYS(socketpair), AF_UNIX, SOCK_STREAM, 0},
};

#define SOCKET_TYPE UINT64_C(0xf) /* without SOCK_CLOEXEC and SOCK_NONBLOCK */

DEFINE_CLEANUP(filter, scmp_filter_ctx, seccomp_release)

static bool allow(scmp_filter_ctx filter, int call)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) == 0;
}

static bool allow_form(scmp_filter_ctx filter, struct allowed_form form)
{
	const struct scmp_arg_cmp condition = {
		.arg = form.argument,
		.op = SCMP_CMP_MASKED_EQ,
		.datum_a = form.mask,
		.datum_b = form.value,
	};

	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, form.call, 1, &condition) == 0;
}

static bool allow_socket(scmp_filter_ctx filter, struct allowed_socket form)
{
	const struct scmp_arg_cmp conditions[] = {
		{0, SCMP_CMP_MASKED_EQ, WHOLE, (uint64_t)form.family},
		{1, SCMP_CMP_MASKED_EQ, SOCKET_TYPE, (uint64_t)form.type},
		{2, SCMP_CMP_MASKED_EQ, WHOLE, (uint64_t)form.protocol},
	};

	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, form.call, 3, conditions) == 0;
}

/*
 * Socket options that are read, up to those that hold a process by its socket (SO_PEERPIDFD). Of those that are set, one
 * that libcurl can be made to set, and no others: SO_LINGER makes whoever closes a socket wait. Of TCP, up to
 * another protocol on top of it (TCP_ULP, 31). Of IP those that resolvers set: no groups, no source routes.
 */
static bool allow_options(scmp_filter_ctx filter)
{
	static const struct {
		int call;
		int level;
		enum scmp_compare which;
		int option;
	} forms[] = {
		{SCMP_SYS(getsockopt), SOL_SOCKET, SCMP_CMP_LT, SO_ATTACH_FILTER},
		{SCMP_SYS(getsockopt), IPPROTO_TCP, SCMP_CMP_LT, 31},
		{SCMP_SYS(setsockopt), SOL_SOCKET, SCMP_CMP_EQ, SO_KEEPALIVE},
		{SCMP_SYS(setsockopt), IPPROTO_TCP, SCMP_CMP_LT, 31},
		{SCMP_SYS(setsockopt), IPPROTO_IP, SCMP_CMP_EQ, IP_MTU_DISCOVER},
		{SCMP_SYS(setsockopt), IPPROTO_IP, SCMP_CMP_EQ, IP_RECVERR},
		{SCMP_SYS(setsockopt), IPPROTO_IPV6, SCMP_CMP_EQ, IPV6_MTU_DISCOVER},
		{SCMP_SYS(setsockopt), IPPROTO_IPV6, SCMP_CMP_EQ, IPV6_RECVERR},
		{SCMP_SYS(setsockopt), IPPROTO_IPV6, SCMP_CMP_EQ, IPV6_V6ONLY},
	};

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		const struct scmp_arg_cmp conditions[] = {
			{1, SCMP_CMP_EQ, (uint64_t)forms[i].level, 0},
			{2, forms[i].which, (uint64_t)forms[i].option, 0},
		};
		if (seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, forms[i].call, 2, conditions) !=
		    0)
			return false;
	}
	return true;
}

/*
 * No code: all is loaded already. No memory that RLIMIT_DATA does not count: what is shared, but is no file, and what grows
 * downwards as a stack does.
 */
static bool allow_maps(scmp_filter_ctx filter)
{
	static const int calls[] = {SCMP_SYS(mmap), SCMP_SYS(mmap2)};
	static const uint64_t uncounted[] = {MAP_SHARED | MAP_GROWSDOWN,
					     MAP_ANONYMOUS | MAP_GROWSDOWN};

	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		for (size_t j = 0; j < sizeof uncounted / sizeof uncounted[0]; j++) {
			const struct scmp_arg_cmp conditions[] = {
				{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0},
				{3, SCMP_CMP_MASKED_EQ, uncounted[j], 0},
			};
			if (seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, calls[i], 2,
						   conditions) != 0)
				return false;
		}
	return true;
}

/*
 * The resolver's sendmmsg(2) can pass descriptors, but not on the socket of the key process: any greater number has one of
 * the bits above it. That socket gets no other number: neither dup(2) nor, but for musl, recvmsg(2) is allowed.
 */
static bool allow_on_other_sockets(scmp_filter_ctx filter)
{
	static const int calls[] = {SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg)};

	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		for (uint64_t bit = PROCESS_SOCKET + 1; bit < PRIVILEGES_DESCRIPTORS; bit <<= 1)
			if (!allow_form(filter, (struct allowed_form){calls[i], 0, bit, bit}))
				return false;
	return true;
}

/* abort(3) and raise(3): signals to itself, and to nobody else. */
static bool allow_own_signals(scmp_filter_ctx filter)
{
	const uint64_t self = (uint64_t)getpid();

	return allow_form(filter, (struct allowed_form){SCMP_SYS(kill), 0, WHOLE, self}) &&
	       allow_form(filter, (struct allowed_form){SCMP_SYS(tgkill), 0, WHOLE, self});
}

/* Reads a limit of its own, and sets none. */
static bool allow_own_limits(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp conditions[] = {
		{0, SCMP_CMP_EQ, 0, 0},
		{2, SCMP_CMP_EQ, 0, 0},
	};

	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, conditions) ==
	       0;
}

static bool add_rules(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
		if (!allow(filter, allowed[i]))
			return false;
	for (size_t i = 0; i < sizeof allowed_forms / sizeof allowed_forms[0]; i++)
		if (!allow_form(filter, allowed_forms[i]))
			return false;
	for (size_t i = 0; i < sizeof allowed_sockets / sizeof allowed_sockets[0]; i++)
		if (!allow_socket(filter, allowed_sockets[i]))
			return false;
	return allow_maps(filter) && allow_options(filter) && allow_on_other_sockets(filter) &&
	       allow_own_signals(filter) && allow_own_limits(filter);
}

bool confine_calls(void)
{
	CLEANUP(cleanup_filter) scmp_filter_ctx filter = seccomp_init(REFUSAL);

	return filter != NULL && add_rules(filter) && seccomp_load(filter) == 0;
}

#else

bool confine_calls(void)
{
	return false;
}

#endif
