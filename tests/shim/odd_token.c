/* Odd answers about the library, its slots, tokens, mechanisms and sessions. */
#include <stdio.h>
#include <string.h>

#include "shim.h"

/* Numbers that no real module is likely to use (SoftHSM's stay below 2^31). */
static const CK_SLOT_ID first_empty_slot = 0xE5000000UL;

CK_RV odd_C_Initialize(void *arguments)
{
	const CK_C_INITIALIZE_ARGS *asked = arguments;
	bool os_locking = asked && asked->flags & CKF_OS_LOCKING_OK;
	unsigned fault = settings_now()->initialize;
	CK_RV rv;

	make_noise("in C_Initialize");
	if (fault == INITIALIZE_NEEDS_OS_LOCKING && !os_locking)
		return asked ? CKR_CANT_LOCK : CKR_ARGUMENTS_BAD;
	if (fault == INITIALIZE_REFUSES_OS_LOCKING && os_locking)
		return CKR_CANT_LOCK;
	rv = real->C_Initialize(arguments);
	return rv == CKR_OK && fault == INITIALIZE_ALREADY ? CKR_CRYPTOKI_ALREADY_INITIALIZED : rv;
}

CK_RV odd_C_Finalize(void *reserved)
{
	CK_RV rv;

	make_noise("in C_Finalize");
	rv = real->C_Finalize(reserved);
	if (rv == CKR_OK)
		sessions_closed();
	return rv;
}

CK_RV odd_C_GetInfo(CK_INFO_PTR info)
{
	const struct label *manufacturer = &settings_now()->manufacturer;
	CK_RV rv = real->C_GetInfo(info);

	if (rv == CKR_OK && manufacturer->length)
		memcpy(info->manufacturerID, manufacturer->bytes, sizeof info->manufacturerID);
	return rv;
}

bool slot_is_empty(CK_SLOT_ID slot)
{
	return slot - first_empty_slot < settings_now()->slots;
}

/* How many empty slots come before the real ones. */
static CK_RV count_empty_slots(CK_BBOOL token_present, CK_ULONG *count)
{
	const struct settings *now = settings_now();
	CK_ULONG all;
	CK_RV rv;

	*count = 0;
	if (!now->slots || (token_present && !now->slots_claim_token))
		return CKR_OK;
	rv = real->C_GetSlotList(CK_FALSE, NULL, &all);
	if (rv == CKR_OK && all < now->slots)
		*count = now->slots - all;
	return rv;
}

CK_RV odd_C_GetSlotList(CK_BBOOL token_present, CK_SLOT_ID_PTR slots, CK_ULONG_PTR count)
{
	CK_ULONG empty;
	CK_ULONG others = 0;
	CK_RV rv = count_empty_slots(token_present, &empty);

	if (rv != CKR_OK || !empty || !count)
		return real->C_GetSlotList(token_present, slots, count);
	if (slots && *count > empty)
		others = *count - empty;
	rv = real->C_GetSlotList(token_present, others ? slots + empty : NULL, &others);
	if (slots && rv == CKR_OK && *count < empty + others)
		rv = CKR_BUFFER_TOO_SMALL;
	for (CK_ULONG i = 0; slots && rv == CKR_OK && i < empty; i++)
		slots[i] = first_empty_slot + i;
	*count = empty + others;
	return rv;
}

/* Text fields of fixed size are padded with blanks, without a NUL. */
static void fill_text(CK_UTF8CHAR *field, size_t size, const char *text)
{
	memset(field, ' ', size);
	memcpy(field, text, strlen(text));
}

CK_RV odd_C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO_PTR info)
{
	if (!slot_is_empty(slot))
		return real->C_GetSlotInfo(slot, info);
	if (!info)
		return CKR_ARGUMENTS_BAD;
	memset(info, 0, sizeof *info);
	fill_text(info->slotDescription, sizeof info->slotDescription, "Empty slot of the shim");
	fill_text(info->manufacturerID, sizeof info->manufacturerID, "chronoctl");
	info->flags = CKF_REMOVABLE_DEVICE | CKF_HW_SLOT;
	if (settings_now()->slots_claim_token)
		info->flags |= CKF_TOKEN_PRESENT;
	return CKR_OK;
}

CK_RV odd_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info)
{
	const struct settings *now = settings_now();
	CK_RV rv = real->C_GetTokenInfo(slot, info);

	if (rv != CKR_OK)
		return rv;
	for (size_t i = 0; i < now->token_flags.count; i++) {
		if (now->token_flags.list[i].on)
			info->flags |= now->token_flags.list[i].number;
		else
			info->flags &= ~now->token_flags.list[i].number;
	}
	if (now->pin_lengths)
		info->ulMinPinLen = info->ulMaxPinLen =
			now->pin_lengths == PIN_LENGTHS_ZERO ? 0 : CK_UNAVAILABLE_INFORMATION;
	if (now->label.length)
		memcpy(info->label, now->label.bytes, sizeof info->label);
	if (now->serial.length)
		memcpy(info->serialNumber, now->serial.bytes, sizeof info->serialNumber);
	if (token_swapped) {
		fill_text(info->label, sizeof info->label, "swapped");
		fill_text(info->serialNumber, sizeof info->serialNumber, "222");
	}
	return CKR_OK;
}

CK_RV odd_C_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE_PTR mechanisms, CK_ULONG_PTR count)
{
	const struct numbers *claimed = &settings_now()->mechanisms;
	CK_ULONG room, all;
	CK_RV rv;

	if (settings_now()->no_mechanisms && count) {
		*count = 0;
		return CKR_OK;
	}
	if (!claimed->count || !count)
		return real->C_GetMechanismList(slot, mechanisms, count);
	rv = real->C_GetMechanismList(slot, NULL, &all); /* is it a token at all? */
	if (rv != CKR_OK)
		return rv;
	room = *count;
	*count = claimed->count;
	if (mechanisms && room < claimed->count)
		return CKR_BUFFER_TOO_SMALL;
	if (mechanisms)
		memcpy(mechanisms, claimed->list, claimed->count * sizeof *mechanisms);
	return CKR_OK;
}

CK_RV odd_C_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism,
			     CK_MECHANISM_INFO_PTR info)
{
	const struct numbers *claimed = &settings_now()->mechanisms;
	CK_RV rv = real->C_GetMechanismInfo(slot, mechanism, info);

	if (!claimed->count || (rv != CKR_OK && rv != CKR_MECHANISM_INVALID))
		return rv;
	if (!numbers_have(claimed, mechanism))
		return CKR_MECHANISM_INVALID;
	if (rv == CKR_MECHANISM_INVALID) /* claimed, although the real token does not have it */
		*info = (CK_MECHANISM_INFO){1024, 4096, CKF_HW | CKF_SIGN};
	return CKR_OK;
}

CK_RV odd_C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
			CK_SESSION_HANDLE_PTR session)
{
	CK_RV rv = real->C_OpenSession(slot, flags, application, notify, session);

	if (rv == CKR_OK)
		session_opened(*session, slot);
	return rv;
}

CK_RV odd_C_CloseSession(CK_SESSION_HANDLE session)
{
	CK_RV rv = real->C_CloseSession(session);

	if (rv == CKR_OK)
		session_closed(session);
	return rv;
}

CK_RV odd_C_CloseAllSessions(CK_SLOT_ID slot)
{
	CK_RV rv = real->C_CloseAllSessions(slot);

	if (rv == CKR_OK)
		sessions_closed_on(slot);
	return rv;
}
