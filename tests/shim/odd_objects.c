/* Odd answers about objects: attributes hidden or altered on private keys, classes that are never
 * found, new pairs that are refused. */
#include <stdlib.h>
#include <string.h>

#include "shim.h"

CK_OBJECT_CLASS class_of(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	CK_OBJECT_CLASS class;
	CK_ATTRIBUTE asked = {CKA_CLASS, &class, sizeof class};

	if (real->C_GetAttributeValue(session, object, &asked, 1) != CKR_OK)
		return CK_UNAVAILABLE_INFORMATION;
	return class;
}

static bool is_altering(void)
{
	const struct settings *now = settings_now();

	return now->hidden_attributes.count || now->attributes.count;
}

static bool is_altered(CK_ATTRIBUTE_TYPE type)
{
	const struct settings *now = settings_now();
	bool on;

	return numbers_have(&now->hidden_attributes, type) ||
	       switches_have(&now->attributes, type, &on);
}

static CK_ATTRIBUTE_PTR new_attributes(CK_ULONG count)
{
	CK_ATTRIBUTE_PTR attributes = calloc(count ? count : 1, sizeof *attributes);

	if (!attributes)
		give_up("no memory");
	return attributes;
}

/* The attributes that are altered, or those that are not. The values are not copied. */
static CK_ULONG choose(CK_ATTRIBUTE_PTR chosen, const CK_ATTRIBUTE *attributes, CK_ULONG count,
		       bool altered)
{
	CK_ULONG n = 0;

	for (CK_ULONG i = 0; i < count; i++) {
		if (is_altered(attributes[i].type) == altered)
			chosen[n++] = attributes[i];
	}
	return n;
}

/* What C_GetAttributeValue answers for one attribute (PKCS#11 v2.40 base §5.7, the five cases). */
static CK_RV answer_altered(CK_ATTRIBUTE_PTR attribute)
{
	CK_RV rv = CKR_OK;
	bool on = false;

	if (!switches_have(&settings_now()->attributes, attribute->type, &on))
		rv = CKR_ATTRIBUTE_TYPE_INVALID;
	else if (attribute->pValue && attribute->ulValueLen < sizeof(CK_BBOOL))
		rv = CKR_BUFFER_TOO_SMALL;
	else if (attribute->pValue)
		*(CK_BBOOL *)attribute->pValue = on;
	attribute->ulValueLen = rv == CKR_OK ? sizeof(CK_BBOOL) : CK_UNAVAILABLE_INFORMATION;
	return rv;
}

static CK_RV read_private_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
			      CK_ATTRIBUTE_PTR attributes, CK_ULONG count)
{
	CK_ATTRIBUTE_PTR others = new_attributes(count);
	CK_ULONG other_count = choose(others, attributes, count, false);
	CK_ATTRIBUTE_PTR other = others;
	CK_RV rv = CKR_OK;

	if (other_count)
		rv = real->C_GetAttributeValue(session, object, others, other_count);
	for (CK_ULONG i = 0; i < count; i++) {
		if (is_altered(attributes[i].type)) {
			CK_RV altered = answer_altered(&attributes[i]);

			rv = rv == CKR_OK ? altered : rv;
		} else {
			attributes[i].ulValueLen = (other++)->ulValueLen;
		}
	}
	free(others);
	return rv;
}

static void overstate(CK_ATTRIBUTE_PTR attributes, CK_ULONG count)
{
	unsigned what = settings_now()->overstate;
	CK_ATTRIBUTE_TYPE type = what == OVERSTATE_ATTRIBUTE ? CKA_MODULUS : CKA_VALUE;

	if (what == OVERSTATE_NOTHING || what == OVERSTATE_OBJECTS)
		return;
	for (CK_ULONG i = 0; i < count; i++) {
		if (attributes[i].type != type ||
		    !attributes[i].pValue != (what == OVERSTATE_LENGTH))
			continue;
		attributes[i].ulValueLen += what == OVERSTATE_LENGTH ? 1UL << 31 : 4096;
	}
}

CK_RV odd_C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
			      CK_ATTRIBUTE_PTR attributes, CK_ULONG count)
{
	CK_RV rv;

	if (!attributes || !is_altering() || class_of(session, object) != CKO_PRIVATE_KEY)
		rv = real->C_GetAttributeValue(session, object, attributes, count);
	else
		rv = read_private_key(session, object, attributes, count);
	if (attributes && rv == CKR_OK)
		overstate(attributes, count);
	return rv;
}

static void keep_conditions(struct session *session, const CK_ATTRIBUTE *attributes, CK_ULONG count)
{
	session->conditions = new_attributes(count);
	session->condition_count = choose(session->conditions, attributes, count, true);
	for (CK_ULONG i = 0; i < session->condition_count; i++) {
		CK_ATTRIBUTE_PTR condition = &session->conditions[i];
		void *value = malloc(condition->ulValueLen + 1);

		if (!value)
			give_up("no memory");
		if (condition->ulValueLen)
			memcpy(value, condition->pValue, condition->ulValueLen);
		condition->pValue = value;
	}
}

/* The real token does not know the altered attributes: it searches by the others, and C_FindObjects
 * does the rest. */
static CK_RV search_by_others(CK_SESSION_HANDLE session, const CK_ATTRIBUTE *attributes,
			      CK_ULONG count)
{
	CK_ATTRIBUTE_PTR others = new_attributes(count);
	CK_ULONG other_count = choose(others, attributes, count, false);
	CK_RV rv = real->C_FindObjectsInit(session, others, other_count);

	free(others);
	return rv;
}

/* As if CKA_ID and CKA_LABEL had not been asked for. */
static CK_RV search_without_names(CK_SESSION_HANDLE session, const CK_ATTRIBUTE *attributes,
				  CK_ULONG count)
{
	CK_ATTRIBUTE_PTR others = new_attributes(count);
	CK_ULONG other_count = 0;

	for (CK_ULONG i = 0; i < count; i++)
		if (attributes[i].type != CKA_ID && attributes[i].type != CKA_LABEL)
			others[other_count++] = attributes[i];
	CK_RV rv = real->C_FindObjectsInit(session, others, other_count);
	free(others);
	return rv;
}

CK_RV odd_C_FindObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR attributes, CK_ULONG count)
{
	struct session *searching = session_find(session);

	if (settings_now()->find_any && count > 0)
		return search_without_names(session, attributes, count);
	bool choosing = searching && attributes && is_altering();
	CK_RV rv = choosing ? search_by_others(session, attributes, count)
			    : real->C_FindObjectsInit(session, attributes, count);

	if (rv != CKR_OK || !searching)
		return rv;
	session_drop_conditions(searching); /* of the search before */
	searching->endless = settings_now()->find_endless && count == 1;
	if (choosing)
		keep_conditions(searching, attributes, count);
	return CKR_OK;
}

static bool has_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
		      const CK_ATTRIBUTE *wanted)
{
	CK_ATTRIBUTE found = {wanted->type, malloc(wanted->ulValueLen + 1), wanted->ulValueLen};
	bool same;

	if (!found.pValue)
		give_up("no memory");
	same = odd_C_GetAttributeValue(session, object, &found, 1) == CKR_OK &&
	       found.ulValueLen == wanted->ulValueLen &&
	       !memcmp(found.pValue, wanted->pValue, wanted->ulValueLen);
	free(found.pValue);
	return same;
}

static bool is_to_be_found(const struct session *searching, CK_OBJECT_HANDLE object)
{
	const struct numbers *hidden = &settings_now()->hidden_classes;

	if (hidden->count && numbers_have(hidden, class_of(searching->handle, object)))
		return false;
	for (CK_ULONG i = 0; i < searching->condition_count; i++) {
		if (!has_value(searching->handle, object, &searching->conditions[i]))
			return false;
	}
	return true;
}

static CK_ULONG keep_those_to_be_found(const struct session *searching, CK_OBJECT_HANDLE *objects,
				       CK_ULONG count)
{
	CK_ULONG kept = 0;

	for (CK_ULONG i = 0; i < count; i++) {
		if (is_to_be_found(searching, objects[i]))
			objects[kept++] = objects[i];
	}
	return kept;
}

/* Asks until the room is full or nothing is left: many programs take fewer objects than asked for
 * as the end. */
static CK_RV find_chosen(const struct session *searching, CK_OBJECT_HANDLE_PTR objects,
			 CK_ULONG most, CK_ULONG_PTR count)
{
	CK_ULONG found = 0;
	CK_RV rv;

	do {
		rv = real->C_FindObjects(searching->handle, objects + found, most - found, count);
		if (rv != CKR_OK || !*count)
			break;
		found += keep_those_to_be_found(searching, objects + found, *count);
	} while (found < most);
	if (rv == CKR_OK)
		*count = found;
	return rv;
}

static void find_on(CK_OBJECT_HANDLE_PTR objects, CK_ULONG most, CK_ULONG_PTR count)
{
	while (*count < most)
		objects[(*count)++] = 1;
}

CK_RV odd_C_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE_PTR objects, CK_ULONG most,
			CK_ULONG_PTR count)
{
	struct session *searching = session_find(session);
	const struct settings *now = settings_now();
	bool hiding = now->hidden_classes.count > 0;
	CK_ULONG asked = most;
	CK_RV rv;

	if (now->find_most && most > now->find_most)
		most = now->find_most;
	if (!searching || !objects || !count || (!hiding && !searching->condition_count))
		rv = real->C_FindObjects(session, objects, most, count);
	else
		rv = find_chosen(searching, objects, most, count);
	if (rv == CKR_OK && searching && searching->endless && objects && count)
		find_on(objects, most, count);
	if (rv == CKR_OK && count && now->overstate == OVERSTATE_OBJECTS)
		*count = asked + 1;
	return rv;
}

static bool denies_what_is_insisted_on(const CK_ATTRIBUTE *attributes, CK_ULONG count)
{
	const struct numbers *insisted = &settings_now()->insisted;

	for (CK_ULONG i = 0; i < count; i++) {
		if (numbers_have(insisted, attributes[i].type) && attributes[i].pValue &&
		    !*(const CK_BBOOL *)attributes[i].pValue)
			return true;
	}
	return false;
}

CK_RV odd_C_GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
			    CK_ATTRIBUTE_PTR public_attributes, CK_ULONG public_count,
			    CK_ATTRIBUTE_PTR private_attributes, CK_ULONG private_count,
			    CK_OBJECT_HANDLE_PTR public_key, CK_OBJECT_HANDLE_PTR private_key)
{
	if (denies_what_is_insisted_on(public_attributes, public_count) ||
	    denies_what_is_insisted_on(private_attributes, private_count))
		return CKR_GENERAL_ERROR;
	return real->C_GenerateKeyPair(session, mechanism, public_attributes, public_count,
				       private_attributes, private_count, public_key, private_key);
}
