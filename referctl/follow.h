/**
 * @file follow.h  Waits for what becomes of something
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <cjson/cJSON.h>
#include "settings.h"

/* Position to follow from */
struct moment {
	int64_t seq;   /* message of this referd */
	int64_t fleet; /* ... of its fleet, -1 if it has no view of one */
	bool member;   /* it is one of a fleet */
};

enum status follow_seq(int64_t *seqp, const struct settings *s);
enum status follow_now(struct moment *m, const struct settings *s);
enum status follow_transfer(const struct settings *s, const struct moment *m,
			    bool here, const char *sid, const char *id,
			    bool json);
enum status follow_dial(const struct settings *s, const struct moment *m,
			const char *sid, bool json);
enum status follow_all(const struct settings *s, int64_t since,
		       const char *sid, bool json);
enum status follow_command(const struct settings *s, cJSON *message,
			   bool json);
enum status follow_answer(const struct settings *s, cJSON *message, bool json);

#endif
