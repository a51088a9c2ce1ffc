/**
 * @file settings.c  The lines of baresip's config that are ours
 *
 * conf_get() reports neither unknown names nor text after the first word of a
 * value, and its releases treat quotes differently.  So the file is read here.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "compat.h"
#include "core.h"
#include "settings.h"


enum { TEXT_SIZE = 1 << 20 };

static const char before[] = "referd_";
static char *text; /* of the file, NULL if there is none */


static const char *skip(const char *p)
{
	return p + strspn(p, " \t\r");
}


/* Reads the value at p: a word, or text in quotes.  Returns the rest of the
   line, NULL if the quotes are not closed. */
static const char *value_end(struct pl *value, const char *p)
{
	if (*p == '"') {
		value->p = ++p;
		value->l = strcspn(p, "\"\n");
		return p[value->l] == '"' ? p + value->l + 1 : NULL;
	}

	value->p = p;
	value->l = strcspn(p, " \t\r\n");

	return p + value->l;
}


/* Reads the name in a line; false if it is not one of ours */
static bool line_name(struct pl *name, const char **restp, const char *line)
{
	line = skip(line);
	if (strncmp(line, before, sizeof(before) - 1))
		return false;

	name->p = line;
	name->l = strcspn(line, " \t\r\n");
	*restp = skip(line + name->l);

	return true;
}


static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");

	return *line ? line + 1 : NULL;
}


static const char *line_error(const struct pl *name, const char *rest)
{
	char known[64];
	struct pl value;

	if (name->l >= sizeof(known))
		return "is not a setting; see referd(5)";

	(void)pl_strcpy(name, known, sizeof(known));
	if (!core_knows(known))
		return "is not a setting; see referd(5)";

	if (!*rest || *rest == '\n')
		return "must have a value, \"\" for an empty one";

	rest = value_end(&value, rest);
	if (rest)
		rest = skip(rest);

	return rest && (!*rest || *rest == '\n' || *rest == '#')
		       ? NULL
		       : "must be one word, or be in quotes";
}


static int check(void)
{
	for (const char *line = text; line; line = next_line(line)) {
		const char *rest, *wrong;
		struct pl name;

		if (!line_name(&name, &rest, line))
			continue;

		wrong = line_error(&name, rest);
		if (wrong) {
			warning("referd: %r %s\n", &name, wrong);
			return EINVAL;
		}
	}

	return 0;
}


/* Without such a file, baresip got its config in another way */
static int read_text(void)
{
	char dir[512], path[600];
	size_t n;
	FILE *f;

	if (conf_path_get(dir, sizeof(dir)))
		return 0;

	(void)re_snprintf(path, sizeof(path), "%s/config", dir);
	f = fopen(path, "re");
	if (!f)
		return 0;

	text = malloc(TEXT_SIZE);
	if (text) {
		n = fread(text, 1, TEXT_SIZE - 1, f);
		text[n] = '\0';
	}
	(void)fclose(f);

	return text ? 0 : ENOMEM;
}


/**
 * Read those lines.  Logs the first error.
 *
 * @return 0, EINVAL, or ENOMEM; settings_close() is to be called in any case
 */
int settings_open(void)
{
	int err = read_text();

	return err ? err : check();
}


/**
 * Find a setting; the first line that has it counts
 *
 * @param name  Name of the setting
 * @param value Buffer for its value
 * @param size  Size of the buffer
 *
 * @return 0, ENOENT if it is not there, EOVERFLOW if it is too long
 */
int settings_find(const char *name, char *value, size_t size)
{
	struct pl pl = PL_INIT, found;
	const char *rest;

	if (!text && conf_get(conf_cur(), name, &pl))
		return ENOENT;

	for (const char *line = text; line && !pl.p; line = next_line(line)) {
		if (line_name(&found, &rest, line) && !pl_strcmp(&found, name))
			(void)value_end(&pl, rest);
	}

	if (!pl.p)
		return ENOENT;

	if (pl.l >= size)
		return EOVERFLOW;

	(void)pl_strcpy(&pl, value, size);

	return 0;
}


/**
 * Forget them
 */
void settings_close(void)
{
	free(text);
	text = NULL;
}
