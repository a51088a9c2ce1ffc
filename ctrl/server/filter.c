/**
 * @file filter.c  The arguments of GET /transfers
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "filter.h"
#include "store/store.h"
#include "textcheck.h"


enum {
	LIMIT = 100,
	LIMIT_MAX = 1000,
};

typedef int(argument_h)(struct filter *f, const char *value);

struct argument {
	const char *name;
	argument_h *h;
	const char *rule; /* what the value must be */
};


/* Copies what may be part of a text that we have stored */
static int keep(char text[FILTER_TEXT_MAX + 1], const char *value)
{
	size_t len = strlen(value);

	if (len > FILTER_TEXT_MAX || !utf8_valid(value, len))
		return EINVAL;

	memcpy(text, value, len + 1);

	return 0;
}


static int number(uint64_t *np, const char *value, uint64_t min, uint64_t max)
{
	char *end;

	if (!*value || strspn(value, "0123456789") != strlen(value))
		return EINVAL;

	errno = 0;
	*np = strtoull(value, &end, 10);

	return errno || *np < min || *np > max ? EINVAL : 0;
}


static const char *known_outcome(const char *name)
{
	for (size_t i = 0; i < ARCHIVE_OUTCOMES; i++) {
		if (!strcmp(name, archive_outcomes[i]))
			return archive_outcomes[i];
	}

	return NULL;
}


static int outcome_handler(struct filter *f, const char *value)
{
	char *p = f->outcome, *name;

	f->f.outcomec = 0;
	if (keep(f->outcome, value))
		return EINVAL;

	while ((name = strsep(&p, ","))) {
		const char *known = known_outcome(name);

		if (!known || f->f.outcomec == ARCHIVE_OUTCOMES)
			return EINVAL;

		f->f.outcomes[f->f.outcomec++] = known;
	}

	return 0;
}


static int code_handler(struct filter *f, const char *value)
{
	uint64_t code;

	if (strlen(value) != 3)
		return EINVAL;

	if (*value >= '2' && *value <= '6' && !strcmp(value + 1, "xx")) {
		f->f.code_min = (*value - '0') * 100;
		f->f.code_max = f->f.code_min + 99;
		return 0;
	}

	if (number(&code, value, 200, 699))
		return EINVAL;

	f->f.code_min = f->f.code_max = (int)code;

	return 0;
}


static int target_handler(struct filter *f, const char *value)
{
	f->f.target = f->target;
	if (keep(f->target, value))
		return EINVAL;

	archive_lower(f->target);

	return 0;
}


static int node_handler(struct filter *f, const char *value)
{
	f->f.node = f->node;

	return keep(f->node, value);
}


static int member_handler(struct filter *f, const char *value)
{
	f->f.member = f->member;

	return keep(f->member, value);
}


/* scope_read() has read it */
static int scope_handler(struct filter *f, const char *value)
{
	(void)f;
	(void)value;

	return 0;
}


static int call_handler(struct filter *f, const char *value)
{
	f->f.call_sid = f->call_sid;

	return keep(f->call_sid, value);
}


static int q_handler(struct filter *f, const char *value)
{
	f->f.q = f->q;
	if (keep(f->q, value))
		return EINVAL;

	archive_lower(f->q);

	return 0;
}


static int since_handler(struct filter *f, const char *value)
{
	f->f.stepped = true;

	return number(&f->f.since, value, 0, INT64_MAX / 2);
}


static int from_handler(struct filter *f, const char *value)
{
	return clock_read(&f->f.from, value);
}


static int to_handler(struct filter *f, const char *value)
{
	return clock_read(&f->f.to, value);
}


static int before_handler(struct filter *f, const char *value)
{
	f->f.before = f->before;

	return keep(f->before, value);
}


static int limit_handler(struct filter *f, const char *value)
{
	uint64_t limit;

	if (number(&limit, value, 1, LIMIT_MAX))
		return EINVAL;

	f->f.limit = (unsigned)limit;

	return 0;
}


static const char text_rule[] = "must be UTF-8 of at most 1024 bytes";
static const char time_rule[] = "must be a time such as 2025-01-31T10:00:00Z";

static const struct argument arguments[] = {
	{"outcome", outcome_handler,
	 "must be transferred, failed, presumed, unknown, cancelled or "
	 "running, or several of these with commas"},
	{"code", code_handler,
	 "must be a final SIP status from 200 to 699, or a class such as 4xx"},
	{"target", target_handler, text_rule},
	{"node", node_handler, text_rule},
	{"member", member_handler, text_rule},
	{"call_sid", call_handler, text_rule},
	{"q", q_handler, text_rule},
	{"since", since_handler, "must be the seq of a message"},
	{"from", from_handler, time_rule},
	{"to", to_handler, time_rule},
	{"before", before_handler, text_rule},
	{"limit", limit_handler, "must be a number from 1 to 1000"},
	{"scope", scope_handler, ""},
};


/**
 * Begin with a filter that lets everything pass
 *
 * @param f     Filter
 * @param scope Which store it is for
 */
void filter_init(struct filter *f, enum scope scope)
{
	memset(f, 0, sizeof(*f));
	f->f.limit = LIMIT;
	f->f.last = scope == SCOPE_FLEET ? fleetstore_last() : store_seq();
}


/**
 * Add an argument to a filter.  An argument without a value is ignored; of
 * several with one name the last counts.
 *
 * @param f     Filter
 * @param name  Name of the argument
 * @param value Its value
 * @param error Set if the argument is not valid
 *
 * @return 0 if success, EBADMSG with the error set
 */
int filter_add(struct filter *f, const char *name, const char *value,
	       struct error *error)
{
	if (!*value)
		return 0;

	for (size_t i = 0; i < sizeof(arguments) / sizeof(*arguments); i++) {
		const struct argument *a = &arguments[i];

		if (strcmp(name, a->name))
			continue;

		if (!a->h(f, value))
			return 0;

		return error_set(error, 400, name, "%s", a->rule);
	}

	return error_set(error, 400, name,
			 "is not a filter; the filters are outcome, code, "
			 "target, node, member, call_sid, q, since, from, to, "
			 "before, limit and scope");
}
