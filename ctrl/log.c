/**
 * @file log.c  Lines to stderr
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "log.h"


enum { LINE_MAX_LEN = 1024 };

static const char *const names[] = {"error", "warning", "info", "debug"};
static enum log_level threshold = LOG_INFO;


/**
 * Set how much is logged
 *
 * @param level Least important level that is printed
 */
void log_level_set(enum log_level level)
{
	threshold = level;
}


/**
 * Read the name of a level
 *
 * @param levelp Level found
 * @param name   error, warning, info or debug
 *
 * @return 0 if success, EINVAL if there is no such level
 */
int log_level_parse(enum log_level *levelp, const char *name)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(name, names[i]))
			continue;

		*levelp = (enum log_level)i;
		return 0;
	}

	return EINVAL;
}


/**
 * Print one line.  Control characters become '?', since much of what is
 * logged came from outside and must not look like a line of ours.
 *
 * @param level Importance
 * @param fmt   Format, without a newline
 */
void log_print(enum log_level level, const char *fmt, ...)
{
	char line[LINE_MAX_LEN];
	va_list ap;

	if (level > threshold)
		return;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);

	for (char *p = line; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	}

	(void)fprintf(stderr, "%s: %s\n", names[level], line);
}
