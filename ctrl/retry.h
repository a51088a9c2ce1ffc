/**
 * @file retry.h  The retry policy in the fragment of an application's URL
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef RETRY_H
#define RETRY_H

#include <stdbool.h>

enum retry_cause {
	RETRY_CONNECT = 1, /* ct: no connection */
	RETRY_TIMEOUT = 2, /* rt: no answer */
	RETRY_4XX = 4,     /* refused with such a status */
	RETRY_5XX = 8,
	RETRY_OTHER = 16, /* only "all" covers it */
};

struct retry {
	int count;       /* attempts after the first */
	unsigned causes; /* that are worth another attempt */
	int made;
	double delay; /* seconds until the next */
};

void retry_parse(struct retry *r, const char *url, int count);
bool retry_allows(const struct retry *r, enum retry_cause cause);
double retry_next(struct retry *r);
enum retry_cause retry_status(long status);

#endif
