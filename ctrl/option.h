/**
 * @file option.h  The one table of options
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef OPTION_H
#define OPTION_H

#include <stdbool.h>
#include <stddef.h>

struct config;

enum option_kind {
	OPTION_TEXT,   /* const char *, borrowed */
	OPTION_PATH,   /* char [512] */
	OPTION_NUMBER, /* unsigned, from 1 to max */
	OPTION_LEVEL,  /* enum log_level */
	OPTION_SWITCH, /* bool, yes or no */
	OPTION_SYNC,   /* bool, power or kill */
	/* the rest is in no struct config */
	OPTION_FILE,    /* the file of settings, read before all others */
	OPTION_HELP,    /* has no value */
	OPTION_VERSION, /* has no value */
};

enum { OPTION_PATH_SIZE = 512, OPTION_NAME_SIZE = 64 };

typedef void(option_default_h)(char *value, size_t size);

struct option_entry {
	const char *name; /* as in --some-thing; NULL behind the last */
	enum option_kind kind;
	size_t offset; /* in struct config */
	unsigned max;
	const char *def;            /* value that it has unless it is given */
	option_default_h *find_def; /* ... or what finds it; NULL if not */
	bool daemon; /* of the daemon alone, no setting of baresip's config */
	const char *value; /* as the help shows it */
	const char *help;
};

extern const struct option_entry option_table[];

bool option_has_value(const struct option_entry *o);
bool option_is_setting(const struct option_entry *o);
const struct option_entry *option_find(const char *name);
const char *option_set(struct config *c, const struct option_entry *o,
		       const char *value);
void option_defaults(struct config *c);
void option_print_help(void);

#endif
