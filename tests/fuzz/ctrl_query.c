/**
 * @file ctrl_query.c  Any text as the query of GET /transfers, parted and
 *                     decoded as libwebsockets does it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "fuzz.h"
#include "server/filter.h"
#include "textcheck.h"


static void check(const struct archive_filter *f)
{
	const char *const texts[] = {f->target, f->node, f->call_sid, f->q,
				     f->before};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (texts[i] && !utf8_valid(texts[i], strlen(texts[i])))
			abort();
	}

	if (f->limit < 1 || f->limit > 1000 || f->outcomec > ARCHIVE_OUTCOMES)
		abort();
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *rest = text, *name;
	struct filter filter;
	struct error error;
	int err = 0;

	filter_init(&filter, SCOPE_LOCAL);
	error_init(&error);

	while (!err && (name = strsep(&rest, "&"))) {
		char *value = name + strcspn(name, "=");

		if (*value)
			*value++ = '\0';

		err = filter_add(&filter, name, value, &error);
	}

	if (!err)
		check(&filter.f);
	else if (err != EBADMSG || !*error.text)
		abort();

	free(text);

	return 0;
}
