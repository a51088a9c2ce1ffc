/**
 * @file seals.c  Up to where something had come, turn by turn
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "base.h"


void seals_add(struct seals *s, uint64_t turn, uint64_t value)
{
	unsigned at = (s->first + s->count) % SEALS_MAX;

	/* the last one goes up, so that less is known, and nothing is wrong */
	if (s->count == SEALS_MAX ||
	    (s->count && s->turns[(at + SEALS_MAX - 1) % SEALS_MAX] == turn))
		at = (at + SEALS_MAX - 1) % SEALS_MAX;
	else
		++s->count;

	s->turns[at] = turn;
	s->values[at] = value;
}


uint64_t seals_get(struct seals *s, uint64_t turn)
{
	for (; s->count && s->turns[s->first] <= turn; s->count--) {
		s->done = s->values[s->first];
		s->first = (s->first + 1) % SEALS_MAX;
	}

	return s->done;
}
