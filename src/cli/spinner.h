/* Something that moves on the terminal while a token takes its time. */
#ifndef CLI_SPINNER_H
#define CLI_SPINNER_H

/* Draws from a process of its own, since the call into the module blocks this one. */
struct spinner {
	int process; /* -1: standard error is no terminal, or there is no process to be had */
	int control; /* a pipe: what is written is shown, its end is the end */
};

/* Starts the process, which waits. Comes before a module is loaded, since it forks. */
struct spinner spinner_start(void);

/* Shows the text, of one line, with the seconds that pass. */
void spinner_show(const struct spinner *spinner, const char *text);

/* Ends the process, and clears the line. */
void spinner_end(struct spinner *spinner);

#endif
