/**
 * @file profilefile.c  Profiles, from a file
 *
 * A line is [NAME], which begins a profile, or KEY = VALUE, a setting of it; a
 * line that begins with # is a comment.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <re.h>
#include "json.h"
#include "text.h"
#include "syntax.h"
#include "uri.h"


enum {
	NAME_MAX_LEN = 64, /* bytes */
	VALUE_MAX = 256,   /* bytes */
};

/* Parts of a call that a pattern is matched with */
enum match_kind {
	MATCH_ACCOUNT,
	MATCH_DOMAIN,
	MATCH_AGENT,
	MATCH_KINDC,
};

struct match {
	struct le le;
	enum match_kind kind;
	char *pattern;
	unsigned line;
};

static const char *const match_names[MATCH_KINDC] = {
	[MATCH_ACCOUNT] = "match-account",
	[MATCH_DOMAIN] = "match-domain",
	[MATCH_AGENT] = "match-agent",
};

/** The file, as far as it is read */
struct reader {
	struct list *list;
	struct profile *last; /* borrowed from list */
	unsigned line;
	char *why;
	size_t size;
};


static void match_destructor(void *arg)
{
	struct match *m = arg;

	list_unlink(&m->le);
	mem_deref(m->pattern);
}


static void profile_destructor(void *arg)
{
	struct profile *p = arg;
	size_t i;

	list_unlink(&p->le);
	list_flush(&p->matches);
	for (i = 0; i < PROFILE_KEYC; i++)
		mem_deref(p->rules[i].value);
	mem_deref(p->name);
	mem_deref(p->domain);
	mem_deref(p->referred_by);
}


static int wrong(struct reader *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)re_snprintf(r->why, r->size, "line %u: %v", r->line, fmt, &ap);
	va_end(ap);

	return EBADMSG;
}


static const struct profile *find_name(const struct list *list,
				       const char *name)
{
	const struct le *le;

	for (le = list_head(list); le; le = le->next) {

		const struct profile *p = le->data;

		if (!strcmp(p->name, name))
			return p;
	}

	return NULL;
}


/* A profile that no call would ever match is a mistake */
static int section(struct reader *r, char *line)
{
	const size_t len = strlen(line);
	struct profile *p;

	if (line[len - 1] != ']')
		return wrong(r, "the name of a profile must end with ]");

	line[len - 1] = '\0';
	if (strlen(++line) > NAME_MAX_LEN || !text_is_token(line))
		return wrong(r,
			     "the name of a profile must be letters, digits "
			     "and -_. of at most %d bytes",
			     NAME_MAX_LEN);

	if (find_name(r->list, line))
		return wrong(r, "profile %s must appear only once", line);

	if (r->last && list_isempty(&r->last->matches))
		return wrong(r,
			     "profile %s is never used: %s has no match- "
			     "lines, matches each call, and must be the last",
			     line, r->last->name);

	p = mem_zalloc(sizeof(*p), profile_destructor);
	if (!p || str_dup(&p->name, line)) {
		mem_deref(p);
		return ENOMEM;
	}

	p->line = r->line;
	list_append(r->list, &p->le, p);
	r->last = p;

	return 0;
}


static bool match_kind(enum match_kind *kindp, const char *name)
{
	size_t i;

	for (i = 0; i < MATCH_KINDC; i++) {
		if (!strcmp(name, match_names[i])) {
			*kindp = (enum match_kind)i;
			return true;
		}
	}

	return false;
}


static int match_add(struct reader *r, enum match_kind kind,
		     const char *pattern)
{
	struct match *m = mem_zalloc(sizeof(*m), match_destructor);

	if (!m || str_dup(&m->pattern, pattern)) {
		mem_deref(m);
		return ENOMEM;
	}

	m->kind = kind;
	m->line = r->line;
	list_append(&r->last->matches, &m->le, m);

	return 0;
}


static int setting(struct reader *r, const char *name, const char *value)
{
	const char *must = NULL;
	enum match_kind kind;
	int err;

	if (match_kind(&kind, name))
		return match_add(r, kind, value);

	err = profile_set(r->last, name, value, r->line, &must);
	switch (err) {

	case ENOENT: return wrong(r, "a profile has no setting '%s'", name);

	case EALREADY:
		return wrong(r, "%s must appear only once in a profile", name);

	case EBADMSG: return wrong(r, "%s %s, not '%s'", name, must, value);

	default: return err;
	}
}


static char *trim(char *str)
{
	size_t len;

	while (text_is_space(*str))
		++str;

	len = strlen(str);
	while (len && text_is_space(str[len - 1]))
		--len;
	str[len] = '\0';

	return str;
}


/* A value goes to the end of its line */
static int pair(struct reader *r, char *line)
{
	char *equals = strchr(line, '='), *name, *value;

	if (!r->last)
		return wrong(r, "a profile must begin with its name in "
				"brackets, such as [carrier]");

	if (!equals)
		return wrong(r, "the line must be [NAME], or KEY = VALUE");

	*equals = '\0';
	name = trim(line);
	value = trim(equals + 1);

	if (strlen(name) > NAME_MAX_LEN)
		return wrong(r, "a profile has no setting of such a name");

	if (!*value || strlen(value) > VALUE_MAX)
		return wrong(r, "%s must have a value of at most %d bytes",
			     name, VALUE_MAX);

	return setting(r, name, value);
}


static int take_line(struct reader *r, char *line)
{
	char *tab;

	line = trim(line);
	while ((tab = strchr(line, '\t')) != NULL)
		*tab = ' ';
	if (!*line || *line == '#')
		return 0;

	if (!text_is_clean(line))
		return wrong(
			r,
			"the line must be UTF-8 without control characters");

	return *line == '[' ? section(r, line) : pair(r, line);
}


int profiles_decode(struct list *list, const char *text, char *why,
		    size_t size)
{
	struct reader r = {.list = list, .why = why, .size = size};
	char *copy, *rest, *line;
	int err;

	list_init(list);
	err = str_dup(&copy, text);
	if (err)
		return err;

	rest = copy;
	while (!err && (line = strsep(&rest, "\n")) != NULL) {
		++r.line;
		err = take_line(&r, line);
	}

	mem_deref(copy);
	if (err)
		list_flush(list);

	return err;
}


static bool char_matches(char pattern, char c)
{
	return pattern == '?' ||
	       tolower((uint8_t)pattern) == tolower((uint8_t)c);
}


/* A star takes as little as it can; if that fails, the last star takes one
   more: this is never more than the product of both lengths */
static bool glob(const char *pattern, const struct pl *pl)
{
	const char *star = NULL;
	size_t i = 0, back = 0;

	while (i < pl->l) {

		if (*pattern == '*') {
			star = ++pattern;
			back = i;
		}
		else if (*pattern && char_matches(*pattern, pl->p[i])) {
			++pattern;
			++i;
		}
		else if (star) {
			pattern = star;
			i = ++back;
		}
		else {
			return false;
		}
	}

	return !pattern[strspn(pattern, "*")];
}


static bool glob_str(const char *pattern, const char *str)
{
	struct pl pl;

	if (!str_isset(str))
		return false;

	pl_set_str(&pl, str);

	return glob(pattern, &pl);
}


/* The host of the far end's URI, or where it sends from */
static bool domain_matches(const char *pattern, const char *scheme,
			   const char *str)
{
	struct uri_parts uri;
	struct pl pl;
	char *text;
	bool matches;

	if (!str || re_sdprintf(&text, "%s%s", scheme, str))
		return false;

	pl_set_str(&pl, text);
	text_trim(&pl);
	matches = !uri_split(&uri, &pl) && glob(pattern, &uri.host);
	mem_deref(text);

	return matches;
}


static bool match_holds(const struct match *m, const struct profile_call *call)
{
	switch (m->kind) {

	case MATCH_ACCOUNT: return glob_str(m->pattern, call->account);
	case MATCH_AGENT: return glob_str(m->pattern, call->agent);

	case MATCH_DOMAIN:
		return domain_matches(m->pattern, "", call->peer) ||
		       domain_matches(m->pattern, "sip:", call->source);

	default: return false;
	}
}


/* Of each kind of pattern that the profile has, one must match */
static bool is_for(const struct profile *p, const struct profile_call *call)
{
	bool asked[MATCH_KINDC] = {false}, held[MATCH_KINDC] = {false};
	const struct le *le;
	size_t i;

	for (le = list_head(&p->matches); le; le = le->next) {

		const struct match *m = le->data;

		asked[m->kind] = true;
		if (!held[m->kind])
			held[m->kind] = match_holds(m, call);
	}

	for (i = 0; i < MATCH_KINDC; i++) {
		if (asked[i] && !held[i])
			return false;
	}

	return true;
}


struct profile *profiles_find(const struct list *list,
			      const struct profile_call *call)
{
	const struct le *le;

	for (le = list_head(list); le; le = le->next) {
		if (is_for(le->data, call))
			return le->data;
	}

	return NULL;
}


void profile_write_matches(struct json *j, const struct profile *p,
			   const struct profile_call *call)
{
	const struct le *le;
	char text[512];

	for (le = list_head(&p->matches); le; le = le->next) {

		const struct match *m = le->data;

		if (!match_holds(m, call))
			continue;

		(void)re_snprintf(text, sizeof(text), "line %u: %s = %s",
				  m->line, match_names[m->kind], m->pattern);
		json_str(j, NULL, text);
	}
}
