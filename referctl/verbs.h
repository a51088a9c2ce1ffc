/**
 * @file verbs.h  Commands that do something to calls
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef VERBS_H
#define VERBS_H

#include <cjson/cJSON.h>
#include "settings.h"

enum status verbs_post(cJSON **replyp, const struct settings *s,
		       const char *sid, const cJSON *verb);
void verbs_print(const cJSON *reply, const struct args *a);

enum status verbs_refer(const struct settings *s, const struct args *a);
enum status verbs_transfer(const struct settings *s, const struct args *a);
enum status verbs_cancel(const struct settings *s, const struct args *a);
enum status verbs_request(const struct settings *s, const struct args *a);
enum status verbs_decline(const struct settings *s, const struct args *a);
enum status verbs_answer(const struct settings *s, const struct args *a);
enum status verbs_hangup(const struct settings *s, const struct args *a);
enum status verbs_dial(const struct settings *s, const struct args *a);

#endif
