/*
 * The shim's settings, from its environment (SHIM_…) or the control file that overrides it: read
 * and checked here, without behaviour. A setting that cannot be understood aborts the process: a
 * test with a typing error must not pass.
 */
#ifndef SHIM_SETTINGS_H
#define SHIM_SETTINGS_H

#include <limits.h>
#include <stdbool.h>

#include "functions.h"

enum { SHIM_LIST_MOST = 64, SHIM_PIN_MOST = 255, SHIM_LABEL_SIZE = 32, SHIM_SERIAL_SIZE = 16 };

struct call_rule {
	enum shim_function function;
	unsigned long nth; /* from 1; 0 is every call */
	CK_RV code;        /* of SHIM_FAIL and SHIM_FAIL_AFTER only */
};

struct call_rules {
	size_t count;
	struct call_rule list[SHIM_LIST_MOST];
};

struct numbers {
	size_t count;
	CK_ULONG list[SHIM_LIST_MOST];
};

struct switches {
	size_t count;
	struct {
		CK_ULONG number;
		bool on;
	} list[SHIM_LIST_MOST];
};

struct label {
	size_t length; /* 0: the real one */
	CK_BYTE bytes[SHIM_LABEL_SIZE];
};

enum signature_fault {
	SIGNATURE_RIGHT,
	SIGNATURE_FLIP,
	SIGNATURE_SHORT,
	SIGNATURE_EMPTY,
	SIGNATURE_LONG,
	SIGNATURE_STRIPPED
};

enum initialize_fault {
	INITIALIZE_RIGHT,
	INITIALIZE_NEEDS_OS_LOCKING,
	INITIALIZE_REFUSES_OS_LOCKING,
	INITIALIZE_ALREADY
};

/* What claims to be longer than its room. */
enum overstatement {
	OVERSTATE_NOTHING,
	OVERSTATE_OBJECTS,   /* C_FindObjects: more handles than asked for */
	OVERSTATE_ATTRIBUTE, /* C_GetAttributeValue: a modulus longer than its room, and CKR_OK */
	OVERSTATE_VALUE,     /* the same for a CKA_VALUE, once its length is known */
	OVERSTATE_LENGTH     /* of a CKA_VALUE, before it is read: two gigabytes */
};

/* The two ways in which a token says that its PINs have no limit (PKCS#11 v2.40 base §3.2). */
enum pin_lengths { PIN_LENGTHS_REAL, PIN_LENGTHS_ZERO, PIN_LENGTHS_UNAVAILABLE };

struct settings {
	char module[PATH_MAX];
	char log[PATH_MAX];
	CK_ULONG delay; /* microseconds */
	struct call_rules fail, fail_after, hang, crash, exit, pull, swap;
	struct call_rules exit_later, raise_later, fork, clone, chdir, close, flood, thread;
	struct call_rules deaf, no_files, no_memory, setuid;
	CK_ULONG pull_calls;
	struct numbers mechanisms;
	CK_ULONG no_mechanisms;
	struct switches token_flags;
	char pinpad[SHIM_PIN_MOST + 1];
	unsigned pin_lengths; /* enum pin_lengths */
	char context_pin[SHIM_PIN_MOST + 1];
	unsigned signature; /* enum signature_fault */
	struct numbers hidden_attributes;
	struct numbers hidden_classes;
	struct switches attributes;
	struct numbers insisted;
	CK_ULONG slots;
	CK_ULONG slots_claim_token;
	struct label label;
	struct label serial;
	struct label manufacturer; /* of the library */
	unsigned initialize;       /* enum initialize_fault */
	CK_ULONG noise;
	CK_ULONG find_most;
	CK_ULONG find_endless;
	CK_ULONG find_any;
	unsigned overstate; /* enum overstatement */
	struct settings *previous;
};

/* Reads the control file again if it has changed. The result is valid until settings_free(). */
const struct settings *settings_refresh(void);

/* As of the last settings_refresh(). */
const struct settings *settings_now(void);

void settings_free(void);

const struct call_rule *rule_for(const struct call_rules *rules, enum shim_function function,
				 unsigned long nth);
bool numbers_have(const struct numbers *numbers, CK_ULONG number);

/* *on is set only if the number is in the list. */
bool switches_have(const struct switches *switches, CK_ULONG number, bool *on);

/* Prints "shim: …" on standard error and aborts. */
_Noreturn void give_up(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
