/*
 * Runs commands in turns, so that other load on the machine affects all of them alike. Prints a
 * line for each: name; medians in milliseconds of wall clock, processor time, and time to the first
 * byte of output; peak resident memory in KiB, of the biggest process and of all together. What a
 * command's children use counts as its own.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 64
#define COMMANDS_MAX 64
#define PROCESSES_MAX 64
#define OUTPUT_MAX 8192
/* The longest pause between two looks at the memory of the processes. */
#define LOOK_NANOSECONDS 500000

struct command {
	char *name;
	char *words[WORDS_MAX]; /* first NAME=VALUE for its environment, then what is executed */
	double *wall;
	double *processor;
	double *output; /* 0: there was none */
	long biggest;
	long together;
};

struct process {
	pid_t id;
	long peak;
};

struct tree {
	struct process processes[PROCESSES_MAX];
	size_t count;
};

static struct command commands[COMMANDS_MAX];
static size_t command_count;
static const char *expected; /* on standard output; NULL: any */

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("measure: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(1);
}

/* ---- What to run ---- */

/* A line: NAME, a tab, words separated by blanks. */
static void read_command(char *line, size_t runs)
{
	struct command *command = &commands[command_count++];
	size_t count = 0;

	command->name = strtok(line, "\t");
	for (char *word; (word = strtok(NULL, " \n")) != NULL && count < WORDS_MAX - 1;)
		command->words[count++] = word;
	command->wall = calloc(runs, sizeof(double));
	command->processor = calloc(runs, sizeof(double));
	command->output = calloc(runs, sizeof(double));
	if (count == 0 || command->wall == NULL || command->processor == NULL ||
	    command->output == NULL)
		die("a line is NAME<TAB>WORD...");
}

static void read_commands(size_t runs)
{
	char *line = NULL;
	size_t room = 0;

	while (command_count < COMMANDS_MAX && getline(&line, &room, stdin) > 0) {
		read_command(line, runs);
		line = NULL;
	}
}

/* ---- One run ---- */

static void execute(const struct command *command, int output)
{
	char *const *words = command->words;

	for (; words[0] != NULL && strchr(words[0], '=') != NULL; words++)
		putenv(words[0]);
	if (words[0] != NULL && dup2(output, STDOUT_FILENO) >= 0)
		execvp(words[0], words);
	_exit(127);
}

static pid_t start(const struct command *command, int output)
{
	pid_t process = fork();

	if (process < 0)
		die("cannot start a process");
	if (process == 0)
		execute(command, output);
	return process;
}

/* A command that fails is not fast. */
static void check(const struct command *command, const char *text, size_t length, int status)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		die("%s: wait status 0x%x", command->name, status);
	if (expected == NULL)
		return;
	length -= length > 0 && text[length - 1] == '\n';
	if (length != strlen(expected) || memcmp(text, expected, length) != 0)
		die("%s prints another token: %.*s", command->name, (int)length, text);
}

static double milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double in_milliseconds(struct timeval time)
{
	return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

/* Reads until all writers have ended, and keeps the first OUTPUT_MAX bytes. Returns the time of the
 * first byte. */
static double read_output(int output, char text[OUTPUT_MAX], size_t *length)
{
	char beyond[65536];
	double first = 0;
	ssize_t got;

	*length = 0;
	do {
		bool room = *length < OUTPUT_MAX;
		got = room ? read(output, text + *length, OUTPUT_MAX - *length)
			   : read(output, beyond, sizeof beyond);
		if (got > 0 && first == 0)
			first = milliseconds();
		*length += room && got > 0 ? (size_t)got : 0;
	} while (got > 0);
	return first;
}

static void run(struct command *command, size_t turn)
{
	char text[OUTPUT_MAX];
	size_t length;
	struct rusage usage;
	int status = 0;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		die("cannot make a pipe");
	double begin = milliseconds();
	pid_t process = start(command, ends[1]);
	close(ends[1]);
	double first = read_output(ends[0], text, &length);
	if (wait4(process, &status, 0, &usage) != process)
		die("cannot wait");
	command->wall[turn] = milliseconds() - begin;
	command->output[turn] = first == 0 ? 0 : first - begin;
	command->processor[turn] =
		in_milliseconds(usage.ru_utime) + in_milliseconds(usage.ru_stime);
	if (usage.ru_maxrss > command->biggest)
		command->biggest = usage.ru_maxrss;
	check(command, text, length, status);
	close(ends[0]);
}

/* ---- The memory of a tree of processes, by proc(5) ---- */

/* Its peak, or 0 if it has ended. */
static long peak_of(pid_t process)
{
	char path[64];
	char line[256];
	long peak = 0;

	snprintf(path, sizeof path, "/proc/%d/status", (int)process);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return 0;
	while (fgets(line, sizeof line, file) != NULL && sscanf(line, "VmHWM: %ld", &peak) != 1)
		;
	fclose(file);
	return peak;
}

/* execve(2) resets the peak: the higher one counts. */
static void note(struct tree *tree, pid_t process)
{
	long peak = peak_of(process);

	for (size_t i = 0; i < tree->count; i++)
		if (tree->processes[i].id == process) {
			if (peak > tree->processes[i].peak)
				tree->processes[i].peak = peak;
			return;
		}
	if (tree->count < PROCESSES_MAX)
		tree->processes[tree->count++] = (struct process){process, peak};
}

static void look(struct tree *tree, pid_t process)
{
	char path[64];
	int child;

	note(tree, process);
	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)process, (int)process);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return;
	while (fscanf(file, "%d", &child) == 1)
		look(tree, child);
	fclose(file);
}

static void watch_memory(struct command *command)
{
	FILE *output = tmpfile();
	struct tree tree = {.count = 0};
	long together = 0;
	int status = 0;

	if (output == NULL)
		die("cannot make a file");
	pid_t process = start(command, fileno(output));
	while (waitpid(process, &status, WNOHANG) == 0) {
		look(&tree, process);
		nanosleep(&(struct timespec){.tv_nsec = LOOK_NANOSECONDS}, NULL);
	}
	for (size_t i = 0; i < tree.count; i++)
		together += tree.processes[i].peak;
	if (together > command->together)
		command->together = together;
	fclose(output);
}

/* ---- All runs ---- */

static int compare(const void *one, const void *other)
{
	double difference = *(const double *)one - *(const double *)other;

	return (difference > 0) - (difference < 0);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof *values, compare);
	return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

static void run_all(size_t runs, size_t memory_runs)
{
	for (size_t turn = 0; turn < runs; turn++)
		for (size_t i = 0; i < command_count; i++)
			run(&commands[(turn + i) % command_count], turn);
	for (size_t turn = 0; turn < memory_runs; turn++)
		for (size_t i = 0; i < command_count; i++)
			watch_memory(&commands[i]);
}

static void print_all(size_t runs)
{
	for (size_t i = 0; i < command_count; i++) {
		const struct command *command = &commands[i];
		printf("%s\t%.2f\t%.2f\t%.2f\t%ld\t%ld\n", command->name,
		       median(command->wall, runs), median(command->processor, runs),
		       median(command->output, runs), command->biggest, command->together);
	}
}

int main(int count, char **arguments)
{
	long runs = 10;
	long memory_runs = 0;
	bool warm_up = false;

	for (int option; (option = getopt(count, arguments, "r:m:e:w")) != -1;) {
		if (option == 'r')
			runs = atol(optarg);
		else if (option == 'm')
			memory_runs = atol(optarg);
		else if (option == 'e')
			expected = optarg;
		else if (option == 'w')
			warm_up = true;
		else
			return 2;
	}
	if (runs < 1 || memory_runs < 0)
		die("usage: measure [-r RUNS] [-m RUNS_FOR_MEMORY] [-e OUTPUT] [-w] <COMMANDS");
	read_commands((size_t)runs);
	for (size_t i = 0; i < command_count && warm_up; i++)
		run(&commands[i], 0);
	run_all((size_t)runs, (size_t)memory_runs);
	print_all((size_t)runs);
	return 0;
}
