/* The attempts, in the order of the table at the end. Each undoes what it leaves behind. System
 * calls are made directly: a refusal by the C library is not a defence. */
#include "attempts.h"

#include "network/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define PATH_SIZE 512

unsigned hostile_guards(void)
{
	unsigned guards = HOSTILE_ISOLATION;

#if defined(WITH_LANDLOCK) && defined(SYS_landlock_create_ruleset)
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* which version */) >= 1)
		guards |= HOSTILE_FILES;
#endif
#ifdef WITH_SECCOMP
	/* A filter at an invalid address: EFAULT if the kernel has filters (seccomp(2)). */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) != 0 && errno == EFAULT)
		guards |= HOSTILE_CALLS;
#endif
	if (prctl(66 /* PR_GET_MDWE */, 0, 0, 0, 0) >= 0)
		guards |= HOSTILE_MEMORY;
	return guards;
}

const char *hostile_guard_names(unsigned guards, char names[64])
{
	static const char *const all[] = {"Landlock", "seccomp", "privileges given up", "MDWE",
					  "a program of its own"};
	size_t length = 0;

	names[0] = '\0';
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if ((guards & 1u << i) != 0)
			length += (size_t)snprintf(names + length, 64 - length, "%s%s",
						   length == 0 ? "" : ", ", all[i]);
	return names;
}

static bool has_shared_page(void)
{
	char line[PATH_SIZE];
	char rights[8];
	bool found = false;
	FILE *maps = fopen("/proc/self/maps", "re");

	while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
		found = found || (sscanf(line, "%*s %7s", rights) == 1 && rights[3] == 's');
	if (maps != NULL)
		fclose(maps);
	return found;
}

void hostile_look_around(struct hostile_aims *aims)
{
	static const char *const own[] = {
		"http",        "HTTP",           "all_proxy", "ALL_PROXY",    "no_proxy",
		"NO_PROXY",    "REQUEST_METHOD", "SSL_CERT_", "OPENSSL_CONF", "RES_OPTIONS",
		"LOCALDOMAIN", "ASAN_",          "LSAN_",     "UBSAN_",       "GCOV_"};

	aims->shared_page = has_shared_page();
	for (int number = 4; number < 1024; number++)
		if (fcntl(number, F_GETFD) >= 0)
			aims->foreign_descriptor = true;
	for (char **entry = environ; *entry != NULL; entry++) {
		bool known = false;
		for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
			known = known || strncmp(*entry, own[i], strlen(own[i])) == 0;
		aims->foreign_variable = aims->foreign_variable || !known;
	}
}

size_t hostile_try(const struct hostile_attempt *attempts, const struct hostile_aims *aims,
		   char *done, size_t size)
{
	size_t count = 0;

	done[0] = '\0';
	for (const struct hostile_attempt *attempt = attempts; attempt->what != NULL; attempt++) {
		if ((attempt->guards & aims->guards) == 0)
			continue;
		count++;
		size_t length = strlen(done);
		if (attempt->try(aims))
			snprintf(done + length, size - length, "%s%s", length == 0 ? "" : ", ",
				 attempt->what);
	}
	return count;
}

/* True if it is a descriptor; it is closed. */
static bool opened(long descriptor)
{
	if (descriptor >= 0)
		close((int)descriptor);
	return descriptor >= 0;
}

static bool can_open(const char *path, int flags)
{
	return opened(open(path, flags | O_CLOEXEC | O_NOCTTY, 0600));
}

static const char *in_folder(const struct hostile_aims *aims, const char *name,
			     char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s/%s", aims->folder, name);
	return path;
}

static const char *of_parent(const struct hostile_aims *aims, const char *name,
			     char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "/proc/%d/%s", (int)aims->parent, name);
	return path;
}

/* ---- files ---- */

static bool read_key(const struct hostile_aims *aims)
{
	return can_open(aims->key, O_RDONLY);
}

/* A descriptor that is only a name (O_PATH), reopened through /proc. */
static bool read_key_by_path_descriptor(const struct hostile_aims *aims)
{
	char path[PATH_SIZE];
	int name = open(aims->key, O_PATH | O_CLOEXEC);

	if (name < 0)
		return false;
	snprintf(path, sizeof path, "/proc/self/fd/%d", name);
	bool read = can_open(path, O_RDONLY);
	close(name);
	return read;
}

static bool read_pin(const struct hostile_aims *aims)
{
	return can_open(aims->pin, O_RDONLY);
}

static bool list_folder(const struct hostile_aims *aims)
{
	return can_open(aims->folder, O_RDONLY | O_DIRECTORY);
}

/* Where engines and providers have a PIN. */
static bool read_openssl_configuration(const struct hostile_aims *aims)
{
	(void)aims;
	return can_open("/etc/ssl/openssl.cnf", O_RDONLY);
}

static bool read_users(const struct hostile_aims *aims)
{
	(void)aims;
	return can_open("/etc/passwd", O_RDONLY);
}

static bool list_root(const struct hostile_aims *aims)
{
	(void)aims;
	return can_open("/", O_RDONLY | O_DIRECTORY);
}

static bool write_key(const struct hostile_aims *aims)
{
	return can_open(aims->key, O_WRONLY | O_APPEND);
}

static bool write_null(const struct hostile_aims *aims)
{
	(void)aims;
	return can_open("/dev/null", O_RDWR);
}

static bool cut_key(const struct hostile_aims *aims)
{
	struct stat status;

	return stat(aims->key, &status) == 0 &&
	       syscall(SYS_truncate, aims->key, (long)status.st_size) == 0;
}

static bool make_file(const struct hostile_aims *aims)
{
	char path[PATH_SIZE];

	if (!can_open(in_folder(aims, "file", path), O_WRONLY | O_CREAT))
		return false;
	unlink(path);
	return true;
}

static bool make_unnamed_file(const struct hostile_aims *aims)
{
	return can_open(aims->folder, O_TMPFILE | O_WRONLY);
}

static bool make_folder(const struct hostile_aims *aims)
{
	char path[PATH_SIZE];

	if (mkdir(in_folder(aims, "folder", path), 0700) != 0)
		return false;
	rmdir(path);
	return true;
}

static bool make_link(const struct hostile_aims *aims)
{
	char path[PATH_SIZE];

	if (symlink("/etc/passwd", in_folder(aims, "link", path)) != 0)
		return false;
	unlink(path);
	return true;
}

static bool move_key(const struct hostile_aims *aims)
{
	char path[PATH_SIZE];

	if (rename(aims->key, in_folder(aims, "moved", path)) != 0)
		return false;
	rename(path, aims->key);
	return true;
}

static bool change_mode(const struct hostile_aims *aims)
{
	return chmod(aims->key, 0600) == 0;
}

static bool change_owner(const struct hostile_aims *aims)
{
	return chown(aims->key, getuid(), getgid()) == 0;
}

static bool change_times(const struct hostile_aims *aims)
{
	return utimensat(AT_FDCWD, aims->key, NULL, 0) == 0;
}

static bool change_attributes(const struct hostile_aims *aims)
{
	return syscall(SYS_setxattr, aims->key, "user.hostile", "x", 1, 0) == 0;
}

static bool serve_at_path(const struct hostile_aims *aims)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char path[PATH_SIZE];
	int name = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%.90s",
		 in_folder(aims, "socket", path));
	bool served = name >= 0 && bind(name, (void *)&address, sizeof address) == 0;
	if (served)
		unlink(address.sun_path);
	opened(name);
	return served;
}

/* ---- other programs and processes ---- */

static char *const no_arguments[] = {(char *)"true", NULL};
static char *const no_environment[] = {NULL};

static bool run_program(const struct hostile_aims *aims)
{
	(void)aims;
	return syscall(SYS_execve, "/bin/true", no_arguments, no_environment) == 0;
}

static bool run_descriptor(const struct hostile_aims *aims)
{
	int program = open("/bin/true", O_PATH | O_CLOEXEC);

	(void)aims;
	return syscall(SYS_execveat, program, "", no_arguments, no_environment, AT_EMPTY_PATH) == 0;
}

static bool started(long child)
{
	if (child == 0)
		_exit(0);
	if (child > 0)
		waitpid((pid_t)child, NULL, 0);
	return child > 0;
}

static bool start_process(const struct hostile_aims *aims)
{
	(void)aims;
	return started(fork());
}

static bool start_process_by_clone3(const struct hostile_aims *aims)
{
	uint64_t arguments[8] = {[4] = SIGCHLD};

	(void)aims;
	return started(syscall(SYS_clone3, arguments, sizeof arguments));
}

static int end_at_once(void *context)
{
	(void)context;
	return 0;
}

/* Each such thread can open as many as RLIMIT_NOFILE allows. Its stack stays, as it may run for a moment yet. */
static bool make_thread_with_descriptors(const struct hostile_aims *aims)
{
	static _Alignas(16) char stack[16384];

	(void)aims;
	return clone(end_at_once, stack + sizeof stack, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD,
		     NULL) > 0;
}

static bool trace_parent(const struct hostile_aims *aims)
{
	return ptrace(PTRACE_SEIZE, aims->parent, NULL, NULL) == 0;
}

static bool open_memory_of_parent(const struct hostile_aims *aims)
{
	char path[PATH_SIZE];

	return can_open(of_parent(aims, "mem", path), O_RDONLY);
}

static bool read_environment_of_parent(const struct hostile_aims *aims)
{
	char path[PATH_SIZE];

	return can_open(of_parent(aims, "environ", path), O_RDONLY);
}

static bool read_map_of_parent(const struct hostile_aims *aims)
{
	char path[PATH_SIZE];

	return can_open(of_parent(aims, "maps", path), O_RDONLY);
}

static bool open_descriptors_of_parent(const struct hostile_aims *aims)
{
	char path[PATH_SIZE];

	return can_open(of_parent(aims, "fd/0", path), O_RDONLY);
}

static bool transfer(const struct hostile_aims *aims, long call)
{
	char bytes[8] = {'1', '2', '3', '4',
			 '5', '6', '7', '8'}; /* in the order of the kernel's structure */
	struct iovec here = {bytes, sizeof bytes};
	struct iovec there = {aims->memory, sizeof bytes};

	return syscall(call, aims->parent, &here, 1, &there, 1, 0) == (long)sizeof bytes;
}

static bool read_memory_of_parent(const struct hostile_aims *aims)
{
	return aims->memory != NULL && transfer(aims, SYS_process_vm_readv);
}

static bool write_memory_of_parent(const struct hostile_aims *aims)
{
	return aims->memory != NULL && transfer(aims, SYS_process_vm_writev);
}

static bool signal_parent(const struct hostile_aims *aims)
{
	return kill(aims->parent, 0) == 0;
}

static bool signal_everybody(const struct hostile_aims *aims)
{
	(void)aims;
	return kill(-1, 0) == 0;
}

static bool signal_thread_of_parent(const struct hostile_aims *aims)
{
	return syscall(SYS_tgkill, aims->parent, aims->parent, 0) == 0;
}

static bool hold_parent(const struct hostile_aims *aims)
{
	return opened(syscall(SYS_pidfd_open, aims->parent, 0));
}

static bool take_descriptor_of_parent(const struct hostile_aims *aims)
{
	long parent = syscall(SYS_pidfd_open, aims->parent, 0);
	bool taken = parent >= 0 && opened(syscall(SYS_pidfd_getfd, (int)parent, 0, 0));

	opened(parent);
	return taken;
}

static bool limit_parent(const struct hostile_aims *aims)
{
	struct rlimit limit;

	return syscall(SYS_prlimit64, aims->parent, RLIMIT_CORE, NULL, &limit) == 0 &&
	       syscall(SYS_prlimit64, aims->parent, RLIMIT_CORE, &limit, NULL) == 0;
}

static bool read_limits_of_parent(const struct hostile_aims *aims)
{
	struct rlimit limit;

	return syscall(SYS_prlimit64, aims->parent, RLIMIT_CORE, NULL, &limit) == 0;
}

static bool see_processors_of_parent(const struct hostile_aims *aims)
{
	unsigned long processors[128];

	return syscall(SYS_sched_getaffinity, aims->parent, sizeof processors, processors) > 0;
}

/* The CPU-time clock of a process, whose number names the process. */
static bool time_parent(const struct hostile_aims *aims)
{
	int clock = (int)(~(unsigned)aims->parent << 3 | 2 /* CPUCLOCK_SCHED */);
	struct timespec time;

	return syscall(SYS_clock_gettime, clock, &time) == 0 ||
	       syscall(SYS_clock_getres, clock, &time) == 0;
}

static bool slow_parent(const struct hostile_aims *aims)
{
	return setpriority(PRIO_PROCESS, (id_t)aims->parent, 0) == 0;
}

/* The kernel sends signals for it, to a process of its choice, whenever its pipe has an event. */
static bool let_kernel_signal_parent(const struct hostile_aims *aims)
{
	int ends[2];

	if (pipe(ends) != 0)
		return false;
	bool set = fcntl(ends[0], F_SETOWN, aims->parent) == 0;
	opened(ends[0]);
	opened(ends[1]);
	return set;
}

static bool find_shared_page(const struct hostile_aims *aims)
{
	return aims->shared_page;
}

static bool find_descriptor(const struct hostile_aims *aims)
{
	return aims->foreign_descriptor;
}

static bool find_variable(const struct hostile_aims *aims)
{
	return aims->foreign_variable;
}

/* ---- itself ---- */

static bool become_dumpable(const struct hostile_aims *aims)
{
	(void)aims;
	return prctl(PR_SET_DUMPABLE, 1) == 0;
}

/* As ps(1) shows it. */
static bool take_other_name(const struct hostile_aims *aims)
{
	(void)aims;
	return prctl(PR_SET_NAME, "sshd") == 0;
}

static bool outlive_parent(const struct hostile_aims *aims)
{
	(void)aims;
	return prctl(PR_SET_PDEATHSIG, 0) == 0;
}

static bool use_capability(const struct hostile_aims *aims)
{
	(void)aims;
	return syscall(SYS_chroot, "/") == 0;
}

static bool become_somebody_else(const struct hostile_aims *aims)
{
	(void)aims;
	return syscall(SYS_setgroups, 0, NULL) == 0;
}

static bool make_user_namespace(const struct hostile_aims *aims)
{
	(void)aims;
	return unshare(CLONE_NEWUSER) == 0;
}

/* ---- sockets ---- */

static bool reach_agents(const struct hostile_aims *aims)
{
	(void)aims;
	return opened(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

/* A datagram socket from a pair can be connected to another address. */
static bool lead_pair_elsewhere(const struct hostile_aims *aims)
{
	int ends[2];

	(void)aims;
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0)
		return false;
	opened(ends[0]);
	return opened(ends[1]);
}

static bool use_family(int family, int type)
{
	return opened(socket(family, type | SOCK_CLOEXEC, 0));
}

/* Also as datagrams, and with the flags that libraries set. */
static bool reach_agents_by_datagrams(const struct hostile_aims *aims)
{
	(void)aims;
	return opened(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) ||
	       opened(socket(AF_UNIX, SOCK_SEQPACKET, 0));
}

static bool hear_of_devices(const struct hostile_aims *aims)
{
	(void)aims;
	return opened(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 15 /* KOBJECT_UEVENT */)) ||
	       opened(socket(AF_NETLINK, SOCK_DGRAM, 4 /* SOCK_DIAG */));
}

static bool see_addresses(const struct hostile_aims *aims)
{
	(void)aims;
	return opened(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0 /* ROUTE */));
}

static bool use_other_protocol(const struct hostile_aims *aims)
{
	(void)aims;
	return opened(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 262 /* IPPROTO_MPTCP */)) ||
	       opened(socket(AF_INET, SOCK_DGRAM, 1 /* IPPROTO_ICMP */)) ||
	       opened(socket(AF_INET6, SOCK_STREAM, 132 /* IPPROTO_SCTP */)) ||
	       opened(socket(AF_INET, SOCK_RAW, IPPROTO_TCP));
}

/* Code of its own, as in an exploit. */
static bool run_what_it_wrote(const struct hostile_aims *aims)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool executable = page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;

	(void)aims;
	if (page != MAP_FAILED)
		munmap(page, 4096);
	return executable;
}

static bool map_code(const struct hostile_aims *aims)
{
	int file = open("/etc/hosts", O_RDONLY | O_CLOEXEC);
	void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);

	(void)aims;
	opened(file);
	if (page != MAP_FAILED)
		munmap(page, 4096);
	return page != MAP_FAILED;
}

/* The same through a file in memory, which is written first and then mapped executable. */
static bool run_file_in_memory(const struct hostile_aims *aims)
{
	char code[4096] = "code";
	long file = syscall(SYS_memfd_create, "code", 0);
	void *page = MAP_FAILED;

	(void)aims;
	if (file >= 0 && write((int)file, code, sizeof code) == (ssize_t)sizeof code)
		page = mmap(NULL, sizeof code, PROT_READ | PROT_EXEC, MAP_PRIVATE, (int)file, 0);
	if (page != MAP_FAILED)
		munmap(page, sizeof code);
	opened(file);
	return page != MAP_FAILED;
}

static bool read_passwords_of_networks(const struct hostile_aims *aims)
{
	(void)aims;
	return can_open("/run/NetworkManager", O_RDONLY | O_DIRECTORY);
}

static bool see_packets(const struct hostile_aims *aims)
{
	(void)aims;
	return use_family(AF_PACKET, SOCK_RAW);
}

static bool use_kernel_crypto(const struct hostile_aims *aims)
{
	(void)aims;
	return use_family(AF_ALG, SOCK_SEQPACKET);
}

static bool reach_hypervisor(const struct hostile_aims *aims)
{
	(void)aims;
	return use_family(AF_VSOCK, SOCK_STREAM);
}

static bool take_port(int type)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int name = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	return name >= 0 && bind(name, (void *)&address, sizeof address) == 0 && opened(name);
}

static bool take_ports(const struct hostile_aims *aims)
{
	(void)aims;
	return take_port(SOCK_STREAM) || take_port(SOCK_DGRAM);
}

/* One end of a pair, which needs no socket(2). */
static bool bind_pair(const struct hostile_aims *aims)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char path[PATH_SIZE];
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return false;
	snprintf(address.sun_path, sizeof address.sun_path, "%.90s", in_folder(aims, "pair", path));
	bool bound = bind(ends[0], (void *)&address, sizeof address) == 0;
	if (bound)
		unlink(address.sun_path);
	opened(ends[0]);
	opened(ends[1]);
	return bound;
}

/* SO_PEERPIDFD gives a descriptor of the process that made the pair. */
static bool hold_peer(const struct hostile_aims *aims)
{
	int ends[2], process = -1, on = 1;
	socklen_t length = sizeof process;

	(void)aims;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return false;
	bool held = getsockopt(ends[0], SOL_SOCKET, 77 /* SO_PEERPIDFD */, &process, &length) == 0;
	held = setsockopt(ends[0], SOL_SOCKET, 76 /* SO_PASSPIDFD */, &on, sizeof on) == 0 || held;
	opened(process);
	opened(ends[0]);
	opened(ends[1]);
	return held;
}

static bool load_socket_filter(const struct hostile_aims *aims)
{
	struct sock_filter pass = {.code = BPF_RET | BPF_K, .k = 0xffff};
	struct sock_fprog program = {.len = 1, .filter = &pass};
	int name = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)aims;
	return name >= 0 &&
	       setsockopt(name, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 &&
	       opened(name);
}

/* Its last close waits until the server has read all. Sent with a message, that is for the receiver to do. */
static bool let_close_wait(const struct hostile_aims *aims)
{
	const struct linger linger = {.l_onoff = 1, .l_linger = 1};
	int name = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)aims;
	return name >= 0 && setsockopt(name, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0 &&
	       opened(name);
}

/* Receives datagrams for others, too. */
static bool join_group(const struct hostile_aims *aims)
{
	struct ip_mreq group = {.imr_multiaddr = {htonl(0xe00000fb)},
				.imr_interface = {htonl(INADDR_LOOPBACK)}};
	int name = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)aims;
	return name >= 0 &&
	       setsockopt(name, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) == 0 &&
	       opened(name);
}

static bool serve(const struct hostile_aims *aims)
{
	int name = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)aims;
	return name >= 0 && listen(name, 1) == 0 && opened(name);
}

/* ---- rarely used parts of the kernel ---- */

static bool load_bpf(const struct hostile_aims *aims)
{
	uint64_t attributes[16] = {
		[0] = 2 /* BPF_MAP_TYPE_ARRAY */ | UINT64_C(4) << 32, [1] = 4 | UINT64_C(1) << 32};

	(void)aims;
	return opened(syscall(SYS_bpf, 0, attributes, 24));
}

static bool use_keyring(const struct hostile_aims *aims)
{
	(void)aims;
	return syscall(SYS_add_key, "user", "hostile", "x", 1, -1 /* of the thread */) >= 0;
}

static bool search_keyring(const struct hostile_aims *aims)
{
	(void)aims;
	return syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3, 0) >= 0;
}

static bool handle_page_faults(const struct hostile_aims *aims)
{
	(void)aims;
	return opened(syscall(SYS_userfaultfd, O_CLOEXEC));
}

static bool use_io_uring(const struct hostile_aims *aims)
{
	struct io_uring_params parameters = {0};

	(void)aims;
	return opened(syscall(SYS_io_uring_setup, 1, &parameters));
}

static bool measure(const struct hostile_aims *aims)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof attributes, .exclude_kernel = 1};

	(void)aims;
	return opened(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}

static bool mount_folder(const struct hostile_aims *aims)
{
	char path[PATH_SIZE];

	if (syscall(SYS_mount, "none", in_folder(aims, ".", path), "tmpfs", 0, NULL) != 0)
		return false;
	syscall(SYS_umount2, path, 0);
	return true;
}

static bool forbid_nothing_more(const struct hostile_aims *aims)
{
	(void)aims;
	return syscall(SYS_capset, NULL, NULL) != 0 && errno == EFAULT;
}

/* A message with a descriptor, which is none, so that the parent gets nothing. */
static bool pass_descriptor(const struct hostile_aims *aims)
{
	char bytes[] = "x";
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct iovec part = {bytes, 1};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof control};
	const int none = -1;

	(void)aims;
	struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
	*rights = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
				   .cmsg_type = SCM_RIGHTS,
				   .cmsg_len = CMSG_LEN(sizeof none)};
	memcpy(CMSG_DATA(rights), &none, sizeof none);
	bool passed = sendmsg(PROCESS_SOCKET, &header, MSG_NOSIGNAL) >= 0 || errno != ENOSYS;
	/* The kernel takes the lower half of a register for the number. */
	return syscall(SYS_sendmsg, UINT64_C(1) << 32 | PROCESS_SOCKET, &header, MSG_NOSIGNAL) >=
		       0 ||
	       errno != ENOSYS || passed;
}

static bool copy_descriptor(const struct hostile_aims *aims)
{
	(void)aims;
	return opened(dup(STDIN_FILENO)) || opened(dup2(STDIN_FILENO, 100)) ||
	       opened(dup3(STDIN_FILENO, 100, O_CLOEXEC)) ||
	       opened(fcntl(STDIN_FILENO, F_DUPFD, 0)) ||
	       opened(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
}

/* What it sends to itself comes with another number. */
static bool receive_descriptor(const struct hostile_aims *aims)
{
	struct msghdr header = {0};
	int ends[2];

	(void)aims;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return false;
	bool received = recvmsg(ends[0], &header, MSG_DONTWAIT) >= 0 || errno == EAGAIN;
	opened(ends[0]);
	opened(ends[1]);
	return received;
}

/* Those that wait in sockets count against every program of the user. */
static bool hold_descriptors(const struct hostile_aims *aims)
{
	enum { MANY = 1000 };
	int held[MANY];
	int count = 0;

	(void)aims;
	while (count < MANY && (held[count] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) >= 0)
		count++;
	for (int i = 0; i < count; i++)
		close(held[i]);
	return count == MANY;
}

static bool follow_link(const struct hostile_aims *aims)
{
	char target[4096];

	(void)aims;
	return readlink("/proc/self/cwd", target, sizeof target) > 0 ||
	       readlinkat(AT_FDCWD, "/proc/self/cwd", target, sizeof target) > 0;
}

/* What follows code in its file would become code, too. */
static bool lengthen_mapping(const struct hostile_aims *aims)
{
	void *memory = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *longer = mremap(memory, 4096, 8192, MREMAP_MAYMOVE);

	(void)aims;
	munmap(longer == MAP_FAILED ? memory : longer, longer == MAP_FAILED ? 4096 : 8192);
	return longer != MAP_FAILED;
}

static bool unshare_descriptors(const struct hostile_aims *aims)
{
	enum { UNSHARE = 2 };

	(void)aims;
	return syscall(SYS_close_range, 1000000, 1000000, UNSHARE) == 0;
}

/* AddressSanitizer, whose own memory would count, leaves no room for a limit. */
#ifdef CHRONOCTL_SANITIZE
#define MEMORY_IS_LIMITED false
#else
#define MEMORY_IS_LIMITED true
#endif

static bool can_map(int flags, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    flags | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return false;
	munmap(memory, size);
	return true;
}

/* In pieces, as a limit of the address space would not be one for what it uses. */
static bool map_in_pieces(size_t size, bool then_read_only)
{
	enum { PIECE = 64 << 20, PIECES_MAX = 64 };
	void *pieces[PIECES_MAX];
	const size_t wanted = size / PIECE;
	size_t count = 0;

	while (MEMORY_IS_LIMITED && count < wanted &&
	       (pieces[count] = mmap(NULL, PIECE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) !=
		       MAP_FAILED &&
	       (!then_read_only || mprotect(pieces[count], PIECE, PROT_READ) == 0))
		count++;
	for (size_t i = 0; i < count; i++)
		munmap(pieces[i], PIECE);
	return count == wanted;
}

static bool use_all_memory(const struct hostile_aims *aims)
{
	(void)aims;
	return map_in_pieces((size_t)3 << 29, false);
}

/* Memory that was written stays, and is no data any more once it can only be read. */
static bool use_memory_by_turns(const struct hostile_aims *aims)
{
	(void)aims;
	return map_in_pieces((size_t)1 << 32, true);
}

/* Each 2 MiB that are looked at take a page of tables, whatever is there. */
static bool use_memory_for_tables(const struct hostile_aims *aims)
{
	const size_t size = (size_t)1 << 38;
	void *memory = MEMORY_IS_LIMITED ? mmap(NULL, size, PROT_READ,
						MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
					 : MAP_FAILED;

	(void)aims;
	if (memory == MAP_FAILED)
		return false;
	munmap(memory, size);
	return true;
}

static bool use_uncounted_memory(const struct hostile_aims *aims)
{
	(void)aims;
	return can_map(MAP_SHARED, 4096) || can_map(MAP_PRIVATE | MAP_GROWSDOWN, 4096);
}

const struct hostile_attempt hostile_attempts[] = {
	{"find a page of memory that it shares with the command", find_shared_page, HOSTILE_PROGRAM,
	 false},
	{"find a descriptor of the command", find_descriptor, HOSTILE_PROGRAM, false},
	{"find a variable of the command's environment", find_variable, HOSTILE_PROGRAM, false},
	{"read the key file", read_key, HOSTILE_FILES, true},
	{"read the key file through /proc/self/fd", read_key_by_path_descriptor, HOSTILE_FILES,
	 true},
	{"read the PIN file", read_pin, HOSTILE_FILES, true},
	{"list the folder of tokens", list_folder, HOSTILE_FILES, true},
	{"read OpenSSL's configuration", read_openssl_configuration, HOSTILE_FILES, true},
	{"read /etc/passwd", read_users, HOSTILE_FILES, true},
	{"list /", list_root, HOSTILE_FILES, true},
	{"write to the key file", write_key, HOSTILE_FILES | HOSTILE_CALLS, true},
	{"open /dev/null for writing", write_null, HOSTILE_FILES | HOSTILE_CALLS, true},
	{"truncate the key file", cut_key, HOSTILE_CALLS, true},
	{"see where a link leads", follow_link, HOSTILE_CALLS, true},
	{"make a file", make_file, HOSTILE_FILES | HOSTILE_CALLS, true},
	{"make a file without a name", make_unnamed_file, HOSTILE_FILES | HOSTILE_CALLS, false},
	{"make a folder", make_folder, HOSTILE_FILES | HOSTILE_CALLS, true},
	{"make a symbolic link", make_link, HOSTILE_FILES | HOSTILE_CALLS, true},
	{"move the key file", move_key, HOSTILE_FILES | HOSTILE_CALLS, true},
	{"change the key file's mode", change_mode, HOSTILE_CALLS, true},
	{"change the key file's owner", change_owner, HOSTILE_CALLS, true},
	{"change the key file's times", change_times, HOSTILE_CALLS, true},
	{"change the key file's attributes", change_attributes, HOSTILE_CALLS, false},
	{"make a socket in the file system", serve_at_path, HOSTILE_FILES | HOSTILE_CALLS, true},
	{"start a process", start_process, HOSTILE_CALLS, true},
	{"start a process by clone3", start_process_by_clone3, HOSTILE_CALLS, false},
	{"make a thread that has descriptors of its own", make_thread_with_descriptors,
	 HOSTILE_CALLS, true},
	{"run a program", run_program, HOSTILE_FILES | HOSTILE_CALLS, true},
	{"run a program by its descriptor", run_descriptor, HOSTILE_FILES | HOSTILE_CALLS, true},
	{"trace its parent", trace_parent, HOSTILE_FILES | HOSTILE_CALLS | HOSTILE_ISOLATION,
	 false},
	{"open its parent's memory", open_memory_of_parent, HOSTILE_FILES | HOSTILE_ISOLATION,
	 false},
	{"read its parent's environment", read_environment_of_parent,
	 HOSTILE_FILES | HOSTILE_ISOLATION, true},
	{"read its parent's map", read_map_of_parent, HOSTILE_FILES | HOSTILE_ISOLATION, true},
	{"open its parent's descriptors", open_descriptors_of_parent,
	 HOSTILE_FILES | HOSTILE_ISOLATION, false},
	{"read its parent's memory", read_memory_of_parent,
	 HOSTILE_FILES | HOSTILE_CALLS | HOSTILE_ISOLATION, false},
	{"write to its parent's memory", write_memory_of_parent,
	 HOSTILE_FILES | HOSTILE_CALLS | HOSTILE_ISOLATION, false},
	{"signal its parent", signal_parent, HOSTILE_CALLS, true},
	{"signal all processes", signal_everybody, HOSTILE_CALLS, true},
	{"signal a thread of its parent", signal_thread_of_parent, HOSTILE_CALLS, true},
	{"hold its parent by a descriptor", hold_parent, HOSTILE_CALLS, false},
	{"take a descriptor of its parent", take_descriptor_of_parent, HOSTILE_CALLS, false},
	{"set its parent's limits", limit_parent, HOSTILE_CALLS, true},
	{"read its parent's limits", read_limits_of_parent, HOSTILE_CALLS, true},
	{"see which processors its parent may use", see_processors_of_parent, HOSTILE_CALLS, true},
	{"see how long its parent has computed", time_parent, HOSTILE_CALLS, true},
	{"slow its parent down", slow_parent, HOSTILE_CALLS, true},
	{"let the kernel signal its parent", let_kernel_signal_parent, HOSTILE_CALLS, true},
	{"become dumpable", become_dumpable, HOSTILE_CALLS, true},
	{"change its name", take_other_name, HOSTILE_CALLS, true},
	{"outlive its parent", outlive_parent, HOSTILE_CALLS, true},
	{"use a capability of root", use_capability, HOSTILE_CALLS | HOSTILE_ISOLATION, false},
	{"change its groups", become_somebody_else, HOSTILE_CALLS | HOSTILE_ISOLATION, false},
	{"make a user namespace", make_user_namespace, HOSTILE_CALLS, false},
	{"reach agents, card readers and tokens by their sockets", reach_agents, HOSTILE_CALLS,
	 true},
	{"reach them by datagrams", reach_agents_by_datagrams, HOSTILE_CALLS, true},
	{"learn of devices and sockets by netlink", hear_of_devices, HOSTILE_CALLS, false},
	{"see this machine's addresses and routes by netlink", see_addresses, HOSTILE_CALLS, true},
	{"use a protocol other than TCP and UDP", use_other_protocol, HOSTILE_CALLS, false},
	{"run what it has written to memory", run_what_it_wrote, HOSTILE_CALLS | HOSTILE_MEMORY,
	 true},
	{"run a file in memory", run_file_in_memory, HOSTILE_CALLS, true},
	{"run a file that it may read", map_code, HOSTILE_CALLS, false},
	{"let more of a file run than was loaded", lengthen_mapping, HOSTILE_CALLS, true},
	{"list the connections of NetworkManager", read_passwords_of_networks, HOSTILE_FILES,
	 false},
	{"connect a pair of sockets elsewhere", lead_pair_elsewhere, HOSTILE_CALLS, true},
	{"give a pair of sockets a path", bind_pair, HOSTILE_FILES | HOSTILE_CALLS, true},
	{"hold its parent by their sockets", hold_peer, HOSTILE_CALLS, false},
	{"load a filter for a socket", load_socket_filter, HOSTILE_CALLS, true},
	{"let the last close of a socket wait", let_close_wait, HOSTILE_CALLS, true},
	{"see packets", see_packets, HOSTILE_CALLS | HOSTILE_ISOLATION, false},
	{"use the kernel's cryptography", use_kernel_crypto, HOSTILE_CALLS, false},
	{"reach the hypervisor", reach_hypervisor, HOSTILE_CALLS, false},
	{"bind a port", take_ports, HOSTILE_CALLS, true},
	{"serve", serve, HOSTILE_CALLS, true},
	{"join a multicast group", join_group, HOSTILE_CALLS, true},
	{"load BPF", load_bpf, HOSTILE_CALLS, false},
	{"add to the kernel's keyring", use_keyring, HOSTILE_CALLS, false},
	{"search the kernel's keyring", search_keyring, HOSTILE_CALLS, false},
	{"handle page faults", handle_page_faults, HOSTILE_CALLS, false},
	{"use io_uring", use_io_uring, HOSTILE_CALLS, false},
	{"measure itself", measure, HOSTILE_CALLS, false},
	{"mount a file system", mount_folder, HOSTILE_CALLS | HOSTILE_ISOLATION, false},
	{"change its capabilities", forbid_nothing_more, HOSTILE_CALLS, true},
#ifdef __GLIBC__
	{"receive a descriptor", receive_descriptor, HOSTILE_CALLS, true},
#endif
	{"pass a descriptor to its parent", pass_descriptor, HOSTILE_CALLS, true},
	{"give its socket another number", copy_descriptor, HOSTILE_CALLS, true},
	{"hold as many descriptors as other programs of the user may", hold_descriptors,
	 HOSTILE_ISOLATION, false},
	{"share its descriptors with no thread any more", unshare_descriptors, HOSTILE_CALLS, true},
	{"use all memory of the machine", use_all_memory, HOSTILE_ISOLATION, MEMORY_IS_LIMITED},
	{"use all of it by turns, and let it be read only", use_memory_by_turns, HOSTILE_ISOLATION,
	 MEMORY_IS_LIMITED},
	{"use all of it for tables of pages", use_memory_for_tables, HOSTILE_ISOLATION,
	 MEMORY_IS_LIMITED},
	{"use memory that no limit counts", use_uncounted_memory, HOSTILE_CALLS, true},
	{0},
};

/* ---- the terminal ---- */

static bool read_standard_error(const struct hostile_aims *aims)
{
	int flags = fcntl(STDERR_FILENO, F_GETFL);

	(void)aims;
	return flags >= 0 && (flags & O_ACCMODE) != O_WRONLY;
}

static bool open_terminal(const struct hostile_aims *aims)
{
	(void)aims;
	return can_open("/dev/tty", O_RDONLY);
}

static bool open_terminal_anew(const struct hostile_aims *aims)
{
	int terminal = open("/proc/self/fd/2", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	bool opened_it = terminal >= 0 && isatty(terminal) == 1;

	(void)aims;
	opened(terminal);
	return opened_it;
}

static bool type_on_terminal(const struct hostile_aims *aims)
{
	(void)aims;
	return ioctl(STDERR_FILENO, TIOCSTI, "x") == 0;
}

static bool turn_echo_on(const struct hostile_aims *aims)
{
	struct termios settings;

	(void)aims;
	return tcgetattr(STDERR_FILENO, &settings) == 0 &&
	       tcsetattr(STDERR_FILENO, TCSANOW, &settings) == 0;
}

static bool claim_terminal(const struct hostile_aims *aims)
{
	(void)aims;
	return ioctl(STDERR_FILENO, TIOCSCTTY, 0) == 0 || ioctl(STDERR_FILENO, TIOCNOTTY) == 0;
}

const struct hostile_attempt hostile_terminal_attempts[] = {
	{"read standard error", read_standard_error, HOSTILE_ISOLATION, true},
	{"open /dev/tty", open_terminal, HOSTILE_FILES | HOSTILE_ISOLATION, true},
	{"open the terminal again", open_terminal_anew, HOSTILE_FILES, true},
	{"type on the terminal", type_on_terminal, HOSTILE_CALLS | HOSTILE_ISOLATION, false},
	{"turn on the terminal's echo", turn_echo_on, HOSTILE_CALLS, true},
	{"claim the terminal", claim_terminal, HOSTILE_CALLS | HOSTILE_ISOLATION, true},
	{0},
};
