/* The one table of rights, from which templates are made and objects are checked. */
#include "keystore/key_template.h"

#include "base/cleanup.h"
#include "base/text.h"

static const CK_BBOOL yes = CK_TRUE;
static const CK_BBOOL no = CK_FALSE;

/* How a right gets into a template. */
enum right_kind {
	ASKED_FOR,
	RECOVERY,   /* asked for unless the token does not know it */
	CHECK_ONLY, /* the token's to set (PKCS#11 v3.1 §4.9, footnotes), or no unless it is asked
		       for */
};

static const struct right {
	CK_ATTRIBUTE_TYPE type;
	const char *name;
	const CK_BBOOL *value;
	enum right_kind kind;
	unsigned holds_for; /* halves, and MADE_IN_TOKEN if it holds for such pairs alone */
} rights[] = {
#define RIGHT(type, value, kind, holds_for) \
	{ \
		type, #type, value, kind, holds_for \
	}
	RIGHT(CKA_TOKEN, &yes, ASKED_FOR, PRIVATE_HALF | PUBLIC_HALF),
	RIGHT(CKA_PRIVATE, &yes, ASKED_FOR, PRIVATE_HALF),
	RIGHT(CKA_PRIVATE, &no, ASKED_FOR, PUBLIC_HALF),
	RIGHT(CKA_SENSITIVE, &yes, ASKED_FOR, PRIVATE_HALF),
	RIGHT(CKA_EXTRACTABLE, &no, ASKED_FOR, PRIVATE_HALF),
	RIGHT(CKA_SIGN, &yes, ASKED_FOR, PRIVATE_HALF),
	RIGHT(CKA_DECRYPT, &no, ASKED_FOR, PRIVATE_HALF),
	RIGHT(CKA_UNWRAP, &no, ASKED_FOR, PRIVATE_HALF),
	RIGHT(CKA_SIGN_RECOVER, &no, RECOVERY, PRIVATE_HALF),
	RIGHT(CKA_VERIFY, &yes, ASKED_FOR, PUBLIC_HALF),
	RIGHT(CKA_ENCRYPT, &no, ASKED_FOR, PUBLIC_HALF),
	RIGHT(CKA_WRAP, &no, ASKED_FOR, PUBLIC_HALF),
	RIGHT(CKA_VERIFY_RECOVER, &no, RECOVERY, PUBLIC_HALF),
	RIGHT(CKA_DERIVE, &no, CHECK_ONLY, PRIVATE_HALF | PUBLIC_HALF),
	RIGHT(CKA_LOCAL, &yes, CHECK_ONLY, PRIVATE_HALF | PUBLIC_HALF | MADE_IN_TOKEN),
	RIGHT(CKA_ALWAYS_SENSITIVE, &yes, CHECK_ONLY, PRIVATE_HALF | MADE_IN_TOKEN),
	RIGHT(CKA_NEVER_EXTRACTABLE, &yes, CHECK_ONLY, PRIVATE_HALF | MADE_IN_TOKEN),
#undef RIGHT
};

enum { RIGHTS = sizeof rights / sizeof rights[0] };

void key_template_add_rights(struct pkcs11_template *template, unsigned half, bool recover)
{
	for (size_t i = 0; i < RIGHTS; i++)
		if ((rights[i].holds_for & half) != 0 &&
		    (rights[i].kind == ASKED_FOR || (rights[i].kind == RECOVERY && recover)))
			pkcs11_template_add(template, rights[i].type, rights[i].value,
					    sizeof *rights[i].value);
}

static bool is_due(const struct right *right, unsigned half, unsigned made_in_token)
{
	return (right->holds_for & half) != 0 &&
	       ((right->holds_for & MADE_IN_TOKEN) == 0 || made_in_token != 0);
}

/* Compares what was read, which stands in the order of the rights that are due. */
static void judge(const struct pkcs11_token *token, const CK_ATTRIBUTE *read, unsigned half,
		  unsigned made_in_token)
{
	const char *what = half == PRIVATE_HALF ? "private" : "public";
	CLEANUP(cleanup_text) char *untold = NULL;
	CLEANUP(cleanup_text) char *changed = NULL;

	for (size_t i = 0; i < RIGHTS; i++) {
		if (!is_due(&rights[i], half, made_in_token))
			continue;
		bool told = read->ulValueLen == sizeof(CK_BBOOL);
		bool value = told && *(const CK_BBOOL *)read->pValue != CK_FALSE;
		bool wanted = *rights[i].value != CK_FALSE;
		if (!told)
			text_append(&untold, " %s", rights[i].name);
		else if (value != wanted)
			text_append(&changed, "%s %s (it is %s)", changed == NULL ? "" : ",",
				    rights[i].name, value ? "true" : "false");
		read++;
	}
	if (changed != NULL)
		key_notice(token->module->key, CHRONOSIGN_NOTICE_WARNING,
			   "the token '%s' did not keep%s of the %s key", token->label, changed,
			   what);
	if (untold != NULL)
		key_notice(token->module->key, CHRONOSIGN_NOTICE_WARNING,
			   "the token '%s' does not tell of the %s key:%s", token->label, what,
			   untold);
}

bool key_template_check(struct pkcs11_token *token, CK_OBJECT_HANDLE handle, unsigned half,
			unsigned made_in_token, struct chronosign_error **error)
{
	CK_BBOOL values[RIGHTS] = {0};
	CK_ATTRIBUTE read[RIGHTS];
	CK_ULONG count = 0;

	for (size_t i = 0; i < RIGHTS; i++)
		if (is_due(&rights[i], half, made_in_token)) {
			read[count] = (CK_ATTRIBUTE){rights[i].type, &values[count],
						     sizeof values[count]};
			count++;
		}
	if (!pkcs11_attributes_read(token, handle, read, count, error))
		return false;
	judge(token, read, half, made_in_token);
	return true;
}
