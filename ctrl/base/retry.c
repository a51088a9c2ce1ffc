/**
 * @file retry.c  The retry policy in the fragment of an application's URL
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base.h"


enum { COUNT_MAX = 5 };

static const double delay_first = .5;


static unsigned cause_parse(const char *name, size_t len)
{
	static const struct {
		const char *name;
		unsigned causes;
	} known[] = {{"ct", RETRY_CONNECT},
		     {"rt", RETRY_TIMEOUT},
		     {"4xx", RETRY_4XX},
		     {"5xx", RETRY_5XX},
		     {"all", ~0u}};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (len == strlen(known[i].name) &&
		    !strncmp(name, known[i].name, len))
			return known[i].causes;
	}

	return 0;
}


static unsigned causes_parse(const char *p, size_t len)
{
	const char *end = p + len;
	unsigned causes = 0;

	while (p < end) {
		size_t n = strcspn(p, ",&");

		causes |= cause_parse(p, n);
		p += n + 1;
	}

	return causes;
}


static void set(struct retry *r, const char *pair, size_t len)
{
	if (!strncmp(pair, "rc=", 3)) {
		int count = abs(atoi(pair + 3));

		if (count)
			r->count = count < COUNT_MAX ? count : COUNT_MAX;
	}
	else if (!strncmp(pair, "rp=", 3) && len > 3) {
		r->causes = causes_parse(pair + 3, len - 3);
	}
}


void retry_parse(struct retry *r, const char *url, int count)
{
	const char *p = strchr(url, '#');

	memset(r, 0, sizeof(*r));
	r->count = count;
	r->causes = RETRY_CONNECT;
	r->delay = delay_first;

	while (p && *p) {
		size_t len = strcspn(++p, "&");

		set(r, p, len);
		p += len;
	}
}


bool retry_allows(const struct retry *r, enum retry_cause cause)
{
	return r->made < r->count && (r->causes & cause);
}


double retry_next(struct retry *r)
{
	double delay = r->delay;

	++r->made;
	r->delay = delay < 2 ? delay * 2 : delay + 2;

	return delay;
}


enum retry_cause retry_status(long status)
{
	if (status >= 400 && status < 500)
		return RETRY_4XX;

	return status >= 500 && status < 600 ? RETRY_5XX : RETRY_OTHER;
}
