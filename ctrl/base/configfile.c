/**
 * @file configfile.c  A file of settings, one KEY = VALUE a line
 *
 * referctl reads its settings with it, too.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base.h"


enum { FILE_SIZE_MAX = 65536 };

static const char space[] = " \t\r";


static int read_text(char **textp, const char *path)
{
	char *text = calloc(1, FILE_SIZE_MAX + 1);
	FILE *f = fopen(path, "r");
	int err = 0;

	if (!text || !f)
		err = text ? errno : ENOMEM;
	else if (fread(text, 1, FILE_SIZE_MAX + 1, f) > FILE_SIZE_MAX)
		err = EFBIG;
	else if (ferror(f))
		err = errno ? errno : EIO;

	if (f)
		(void)fclose(f);
	if (err)
		free(text);
	else
		*textp = text;

	return err;
}


static char *trim(char *s)
{
	size_t len;

	s += strspn(s, space);
	len = strlen(s);
	while (len && strchr(space, s[len - 1]))
		--len;
	s[len] = '\0';

	return s;
}


/* A value goes to the end of its line, as URLs and tokens may hold a '#' */
static const char *read_line(char *line, char **keyp, configfile_h *h,
			     void *arg)
{
	char *equals;

	line = trim(line);
	*keyp = line;
	if (!*line || *line == '#')
		return NULL;

	equals = strchr(line, '=');
	if (!equals)
		return "must be followed by = and a value";

	*equals = '\0';
	*keyp = trim(line);

	return h(*keyp, trim(equals + 1), arg);
}


int configfile_read(char **textp, const char *path, configfile_h *h, void *arg,
		    char *error, size_t size)
{
	char *text = NULL, *rest, *line;
	unsigned number = 0;
	int err = read_text(&text, path);

	if (err) {
		(void)snprintf(error, size, "%s: %s", path, strerror(err));
		return err;
	}

	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		char *key;
		const char *wrong = read_line(line, &key, h, arg);

		++number;
		if (!wrong)
			continue;

		(void)snprintf(error, size, "%s:%u: %s %s", path, number, key,
			       wrong);
		free(text);
		return EINVAL;
	}

	*textp = text;

	return 0;
}
