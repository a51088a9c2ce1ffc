/**
 * @file source.c  Source of a client's messages: this referd, or a fleet
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "source.h"


struct source sources[SCOPES] = {
	[SCOPE_LOCAL] =
		{
			.replay = store_replay,
			.fetch = store_fetch,
			.last = store_seq,
			.first = store_first,
			.ready.tail = &sources[SCOPE_LOCAL].ready.head,
			.waiting.tail = &sources[SCOPE_LOCAL].waiting.head,
			.waiting_for = UINT64_MAX,
		},
	[SCOPE_FLEET] =
		{
			.replay = fleetstore_replay,
			.fetch = fleetstore_fetch,
			.last = fleetstore_last,
			.first = fleetstore_first,
			.ready.tail = &sources[SCOPE_FLEET].ready.head,
			.waiting.tail = &sources[SCOPE_FLEET].waiting.head,
			.waiting_for = UINT64_MAX,
		},
};
