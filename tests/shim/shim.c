/*
 * The module's entry points: every function of PKCS#11 2.40 is counted, delayed, failed or passed
 * on here, and logged. odd_*.c make the wrong answers of single functions, settings.c reads the
 * settings.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "names.h"
#include "shim.h"

enum subject { LIBRARY, SLOT, SESSION };

CK_FUNCTION_LIST_PTR real;

static atomic_ulong calls[SHIM_FUNCTION_COUNT];

/* Opened for each line: a program may close all descriptors that it does not know. */
static int log_open(const char *path)
{
	int log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

	if (log < 0)
		give_up("SHIM_LOG: cannot write to %s", path);
	return log;
}

static void log_line(enum shim_function function, const char *outcome)
{
	const char *path = settings_now()->log;
	char line[128];
	int length = snprintf(line, sizeof line, "%s %s\n", function_name(function), outcome);
	int log;

	if (!*path)
		return;
	log = log_open(path);
	if (write(log, line, length) != length)
		give_up("SHIM_LOG: cannot write to %s", path);
	close(log);
}

static void log_answer(enum shim_function function, CK_RV rv)
{
	const char *name = constant_name("CKR_", rv);
	char number[2 + 2 * sizeof rv + 1];

	snprintf(number, sizeof number, "0x%lx", rv);
	log_line(function, name ? name : number);
}

void make_noise(const char *where)
{
	if (!settings_now()->noise)
		return;
	printf("shim: noise on standard output, %s\n", where);
	fflush(stdout);
	dprintf(STDOUT_FILENO, "shim: noise on descriptor 1, %s\n", where);
	dprintf(STDERR_FILENO, "shim: noise on standard error, %s\n", where);
}

static void delay(CK_ULONG microseconds)
{
	struct timespec left = {microseconds / 1000000, microseconds % 1000000 * 1000};

	while (microseconds && nanosleep(&left, &left))
		;
}

/* A real SIGSEGV, even under a sanitizer, which would handle it first. */
__attribute__((no_sanitize("undefined", "address"))) static void crash(void)
{
	volatile int *volatile nowhere = NULL;

	*nowhere = 0;
}

/* What malloc(3) has at hand goes, too, down to the smallest block. */
static void take_all_memory(void)
{
	/* A compiler may leave out a call whose result nobody looks at, and take it for one that succeeds. */
	void *volatile block;

	if (setrlimit(RLIMIT_AS, &(struct rlimit){0}))
		give_up("cannot lower a limit");
	for (size_t size = 1 << 20; size >= sizeof(void *); size /= 2)
		do
			block = malloc(size);
		while (block);
}

static void hang(void)
{
	for (;;)
		pause();
}

static void *end_process(void *nothing)
{
	delay(500000);
	_exit(EXIT_SUCCESS);
	return nothing;
}

static void *raise_signal(void *nothing)
{
	sigset_t only;

	delay(200000);
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&only);
	sigaddset(&only, SIGTERM);
	pthread_sigmask(SIG_UNBLOCK, &only, NULL);
	raise(SIGTERM);
	return nothing;
}

/* More than a pipe holds, with bytes that a terminal would act on, and a last line without a
 * newline. */
/* It keeps running and blocks no signal: the kernel gives it the signals that the caller's thread
 * blocks. */
static void *hear_all(void *nothing)
{
	sigset_t none;

	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	for (;;)
		pause();
	return nothing;
}

static void *flood(void *nothing)
{
	for (int i = 1; i <= 20000; i++)
		dprintf(STDERR_FILENO, "shim: \x1b[31mflood %d\xff\r\n", i);
	dprintf(STDERR_FILENO, "shim: %01500d and no end", 0);
	return nothing;
}

static void flood_from_a_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, flood, NULL) || pthread_join(thread, NULL))
		give_up("cannot start a thread");
}

/* What a module is allowed to do, however inconvenient. */
static void meddle(const struct settings *now, enum shim_function function, unsigned long nth)
{
	pthread_t thread;

	if (rule_for(&now->exit_later, function, nth) &&
	    pthread_create(&thread, NULL, end_process, NULL))
		give_up("cannot start a thread");
	if (rule_for(&now->raise_later, function, nth) &&
	    pthread_create(&thread, NULL, raise_signal, NULL))
		give_up("cannot start a thread");
	if (rule_for(&now->chdir, function, nth) && chdir("/"))
		give_up("cannot change to /");
	if (rule_for(&now->close, function, nth))
		closefrom(0);
	if (rule_for(&now->deaf, function, nth))
		signal(SIGTERM, SIG_IGN);
	if (rule_for(&now->no_files, function, nth) &&
	    setrlimit(RLIMIT_NOFILE, &(struct rlimit){0}))
		give_up("cannot lower a limit");
	if (rule_for(&now->no_memory, function, nth))
		take_all_memory();
	if (rule_for(&now->setuid, function, nth) && setuid(65534))
		give_up("cannot become nobody");
	if (rule_for(&now->flood, function, nth))
		flood_from_a_thread();
	if (rule_for(&now->thread, function, nth) && pthread_create(&thread, NULL, hear_all, NULL))
		give_up("cannot start a thread");
	if (rule_for(&now->fork, function, nth) && !fork()) {
		make_noise("in a child");
		delay(5000000);
		_exit(EXIT_SUCCESS);
	}
	/* Past the handlers of pthread_atfork(3). */
	if (rule_for(&now->clone, function, nth) &&
	    !syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL)) {
		delay(5000000);
		_exit(EXIT_SUCCESS);
	}
}

static void break_off(const struct settings *now, enum shim_function function, unsigned long nth)
{
	if (rule_for(&now->crash, function, nth)) {
		log_line(function, "SHIM_CRASH");
		crash();
	}
	if (rule_for(&now->exit, function, nth)) {
		log_line(function, "SHIM_EXIT");
		exit(EXIT_SUCCESS);
	}
	if (rule_for(&now->hang, function, nth)) {
		log_line(function, "SHIM_HANG");
		hang();
	}
}

atomic_bool token_swapped;

static bool token_is_away(const struct settings *now, enum shim_function function,
			  unsigned long nth)
{
	static pthread_mutex_t pulling = PTHREAD_MUTEX_INITIALIZER;
	static CK_ULONG calls_left;
	bool away;

	pthread_mutex_lock(&pulling);
	if (rule_for(&now->pull, function, nth)) {
		calls_left = now->pull_calls;
		sessions_pull();
	}
	away = calls_left > 0;
	if (away)
		calls_left--;
	pthread_mutex_unlock(&pulling);
	return away;
}

static bool is_refused(const struct settings *now, enum shim_function function, unsigned long nth,
		       CK_RV *rv)
{
	const struct call_rule *rule = rule_for(&now->fail, function, nth);

	if (token_is_away(now, function, nth)) {
		*rv = CKR_DEVICE_REMOVED;
		return true;
	}
	if (rule)
		*rv = rule->code;
	return rule;
}

static bool is_part_of_signing(enum shim_function function)
{
	switch (function) {
	case FUNCTION_C_SignInit:
	case FUNCTION_C_Login: /* checks itself what kind of login it is */
	case FUNCTION_C_Sign:
	case FUNCTION_C_SignUpdate:
	case FUNCTION_C_SignFinal:
		return true;
	default:
		return false;
	}
}

/* True if the call goes on; otherwise *rv answers it. `subject` says what `handle` is. */
static bool call_begins(enum shim_function function, enum subject subject, CK_ULONG handle,
			CK_RV *rv)
{
	const struct settings *now = settings_refresh();
	unsigned long nth = ++calls[function];

	delay(now->delay);
	meddle(now, function, nth);
	if (rule_for(&now->swap, function, nth))
		token_swapped = true;
	break_off(now, function, nth);
	if (is_refused(now, function, nth, rv))
		return false;
	if (subject == SESSION && !is_part_of_signing(function))
		signing_interrupted(handle);
	if (subject == SLOT && function != FUNCTION_C_GetSlotInfo && slot_is_empty(handle)) {
		*rv = CKR_TOKEN_NOT_PRESENT;
		return false;
	}
	return true;
}

static CK_RV call_ends(enum shim_function function, CK_RV rv)
{
	const struct call_rule *rule =
		rule_for(&settings_now()->fail_after, function, calls[function]);

	if (rule && rv == CKR_OK)
		rv = rule->code;
	log_answer(function, rv);
	return rv;
}

#define ON_LIBRARY LIBRARY, 0
#define ON_SLOT SLOT, slot
#define ON_SESSION SESSION, session
#define CALL_REAL(name) real->name
#define CALL_ODD(name) odd_##name
#define ANSWER(layer, on, name, parameters, arguments) \
	static CK_RV shim_##name parameters \
	{ \
		CK_RV rv; \
\
		if (call_begins(FUNCTION_##name, ON_##on, &rv)) \
			rv = CALL_##layer(name) arguments; \
		return call_ends(FUNCTION_##name, rv); \
	}
SHIM_FUNCTIONS(ANSWER)

#define ENTER(layer, on, name, parameters, arguments) .name = shim_##name,
static CK_FUNCTION_LIST functions = {.version = {2, 40}, SHIM_FUNCTIONS(ENTER)};

static CK_FUNCTION_LIST_PTR load_real(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get_list = NULL;
	CK_FUNCTION_LIST_PTR list = NULL;

	if (!library)
		give_up("SHIM_MODULE: %s", dlerror());
	*(void **)&get_list = dlsym(library, "C_GetFunctionList");
	if (!get_list || get_list(&list) != CKR_OK)
		give_up("SHIM_MODULE: %s is no PKCS#11 module", path);
	return list;
}

CK_RV odd_C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list)
{
	static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

	if (!list)
		return CKR_ARGUMENTS_BAD;
	pthread_mutex_lock(&loading);
	if (!real)
		real = load_real(settings_now()->module);
	pthread_mutex_unlock(&loading);
	*list = &functions;
	return CKR_OK;
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list)
{
	return shim_C_GetFunctionList(list);
}

/* When it is loaded, so that a wrong setting shows before the first call. */
__attribute__((constructor)) static void loaded(void)
{
	const struct settings *now = settings_refresh();

	if (*now->log)
		close(log_open(now->log));
	make_noise("at load");
}

/* The real module stays loaded: unloading it in a destructor breaks modules with destructors of
 * their own. */
__attribute__((destructor)) static void unloaded(void)
{
	sessions_closed();
	settings_free();
}
