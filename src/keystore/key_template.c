/* The table of rights, from which templates are built and objects are checked. */
#include "keystore/key_template.h"

#include "base/cleanup.h"
#include "base/text.h"

static const CK_BBOOL yes = CK_TRUE;
static const CK_BBOOL no = CK_FALSE;

/* When a right is not asked for: never, or if one of these is left to the token. CHECK_ONLY: the token's
 * to set (PKCS#11 v3.1 §4.9, footnotes), or no unless it is asked for. */
enum { ASKED_FOR = 0, CHECK_ONLY = 1 << 5 };

static const struct right {
	CK_ATTRIBUTE_TYPE type;
	const char *name;
	const CK_BBOOL *value;
	unsigned left;      /* ASKED_FOR, CHECK_ONLY, LEAVE_… */
	unsigned holds_for; /* halves, and MADE_IN_TOKEN if it holds for such pairs alone */
} rights[] = {
#define RIGHT(type, value, left, holds_for) \
	{ \
		type, #type, value, left, holds_for \
	}
	RIGHT(CKA_TOKEN, &yes, ASKED_FOR, PRIVATE_HALF | PUBLIC_HALF),
	RIGHT(CKA_PRIVATE, &yes, ASKED_FOR, PRIVATE_HALF),
	RIGHT(CKA_PRIVATE, &no, ASKED_FOR, PUBLIC_HALF),
	RIGHT(CKA_SENSITIVE, &yes, ASKED_FOR, PRIVATE_HALF),
	RIGHT(CKA_EXTRACTABLE, &no, ASKED_FOR, PRIVATE_HALF),
	RIGHT(CKA_SIGN, &yes, ASKED_FOR, PRIVATE_HALF),
	RIGHT(CKA_DECRYPT, &no, LEAVE_DECRYPTION, PRIVATE_HALF),
	RIGHT(CKA_UNWRAP, &no, ASKED_FOR, PRIVATE_HALF),
	RIGHT(CKA_SIGN_RECOVER, &no, LEAVE_RECOVERY, PRIVATE_HALF),
	RIGHT(CKA_VERIFY, &yes, ASKED_FOR, PUBLIC_HALF),
	RIGHT(CKA_ENCRYPT, &no, LEAVE_DECRYPTION, PUBLIC_HALF),
	RIGHT(CKA_WRAP, &no, ASKED_FOR, PUBLIC_HALF),
	RIGHT(CKA_VERIFY_RECOVER, &no, LEAVE_RECOVERY, PUBLIC_HALF),
	RIGHT(CKA_DERIVE, &no, CHECK_ONLY, PRIVATE_HALF | PUBLIC_HALF),
	RIGHT(CKA_LOCAL, &yes, CHECK_ONLY, PRIVATE_HALF | PUBLIC_HALF | MADE_IN_TOKEN),
	RIGHT(CKA_ALWAYS_SENSITIVE, &yes, CHECK_ONLY, PRIVATE_HALF | MADE_IN_TOKEN),
	RIGHT(CKA_NEVER_EXTRACTABLE, &yes, CHECK_ONLY, PRIVATE_HALF | MADE_IN_TOKEN),
#undef RIGHT
};

enum { RIGHTS = sizeof rights / sizeof rights[0] };

void key_template_add_rights(struct pkcs11_template *template, unsigned half, unsigned left)
{
	for (size_t i = 0; i < RIGHTS; i++)
		if ((rights[i].holds_for & half) != 0 &&
		    (rights[i].left & (left | CHECK_ONLY)) == 0)
			pkcs11_template_add(template, rights[i].type, rights[i].value,
					    sizeof *rights[i].value);
}

static bool is_due(const struct right *right, unsigned half, unsigned circumstances)
{
	return (right->holds_for & half) != 0 &&
	       ((right->holds_for & MADE_IN_TOKEN) == 0 || (circumstances & MADE_IN_TOKEN) != 0);
}

/* What to report about one half, as lists of attributes. */
struct findings {
	char *untold;
	char *changed;
	char *insisted; /* what was left to the token */
};

static void clear(struct findings *findings)
{
	free(findings->untold);
	free(findings->changed);
	free(findings->insisted);
}

static void compare(const struct right *right, const CK_ATTRIBUTE *read, unsigned circumstances,
		    struct findings *findings)
{
	bool told = read->ulValueLen == sizeof(CK_BBOOL);
	bool value = told && *(const CK_BBOOL *)read->pValue != CK_FALSE;
	bool wanted = *right->value != CK_FALSE;

	if (!told)
		text_append(&findings->untold, " %s", right->name);
	else if (value != wanted && (right->left & circumstances) != 0)
		text_append(&findings->insisted, " %s", right->name);
	else if (value != wanted)
		text_append(&findings->changed, "%s %s (it is %s)",
			    findings->changed == NULL ? "" : ",", right->name,
			    value ? "true" : "false");
}

/* Compares what was read, which stands in the order of the rights that are due. */
static void judge(const struct pkcs11_token *token, const CK_ATTRIBUTE *read, unsigned half,
		  unsigned circumstances)
{
	const struct chronosign_key *key = token->module->key;
	const char *what = half == PRIVATE_HALF ? "private" : "public";
	CLEANUP(clear) struct findings findings = {0};

	for (size_t i = 0; i < RIGHTS; i++)
		if (is_due(&rights[i], half, circumstances))
			compare(&rights[i], read++, circumstances, &findings);
	if (findings.insisted != NULL)
		key_notice(key, CHRONOSIGN_NOTICE_ACTION,
			   "the token '%s' insists on%s of the %s key, as --allow-decrypt allows",
			   token->label, findings.insisted, what);
	if (findings.changed != NULL)
		key_notice(key, CHRONOSIGN_NOTICE_WARNING,
			   "the token '%s' did not keep%s of the %s key", token->label,
			   findings.changed, what);
	if (findings.untold != NULL)
		key_notice(key, CHRONOSIGN_NOTICE_WARNING,
			   "the token '%s' does not tell of the %s key:%s", token->label, what,
			   findings.untold);
}

bool key_template_check(struct pkcs11_token *token, CK_OBJECT_HANDLE handle, unsigned half,
			unsigned circumstances, struct chronosign_error **error)
{
	CK_BBOOL values[RIGHTS] = {0};
	CK_ATTRIBUTE read[RIGHTS];
	CK_ULONG count = 0;

	for (size_t i = 0; i < RIGHTS; i++)
		if (is_due(&rights[i], half, circumstances)) {
			read[count] = (CK_ATTRIBUTE){rights[i].type, &values[count],
						     sizeof values[count]};
			count++;
		}
	if (!pkcs11_attributes_read(token, handle, read, count, error))
		return false;
	judge(token, read, half, circumstances);
	return true;
}
