/**
 * @file config.c  The sources of the options
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "config.h"
#include "option.h"


enum { OPTIONS_MAX = 64, VALUE_SIZE = 4096 };

/* The settings borrow from these, as they do from the environment */
static char *file_text;
static char *values[OPTIONS_MAX];


/* Letters in one case, and _ for - */
static void spell(char *name, const char *before, const char *option,
		  int (*letter)(int))
{
	size_t n = strlen(before);

	strcpy(name, before);
	for (; *option; option++)
		name[n++] = *option == '-'
				    ? '_'
				    : (char)letter((unsigned char)*option);
	name[n] = '\0';
}


/* An option some-thing may be given as REFERD_SOME_THING as well */
static int read_environment(struct config *c)
{
	for (const struct option_entry *o = option_table; o->name; o++) {
		char name[OPTION_NAME_SIZE];
		const char *value, *wrong;

		spell(name, "REFERD_", o->name, toupper);
		value = option_is_setting(o) ? getenv(name) : NULL;
		wrong = value ? option_set(c, o, value) : NULL;
		if (wrong) {
			log_error("config: %s %s", name, wrong);
			return EINVAL;
		}
	}

	return 0;
}


static const char *file_handler(const char *key, const char *value, void *arg)
{
	const struct option_entry *o = option_find(key);

	if (!o || !option_is_setting(o))
		return "is not an option; see referd --help";

	return option_set(arg, o, value);
}


/* For getopt_long(), which returns the position in the table plus 256 */
static void fill_options(struct option options[OPTIONS_MAX])
{
	const struct option_entry *o = option_table;
	int i = 0;

	memset(options, 0, OPTIONS_MAX * sizeof(*options));
	for (; o[i].name && i < OPTIONS_MAX - 1; i++) {
		options[i].name = o[i].name;
		options[i].has_arg = option_has_value(&o[i])
					     ? required_argument
					     : no_argument;
		options[i].val = 256 + i;
	}
}


/* The command line wins over the environment, which wins over this */
static int read_file(struct config *c, const struct option *options, int argc,
		     char *argv[])
{
	const char *path = getenv("REFERD_CONFIG");
	char error[1024];
	int opt;

	optind = 0;
	opterr = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt >= 256 && option_table[opt - 256].kind == OPTION_FILE)
			path = optarg;
	}
	opterr = 1;

	if (!path)
		return 0;

	if (!configfile_read(&file_text, path, file_handler, c, error,
			     sizeof(error)))
		return 0;

	log_error("config: %s", error);

	return EINVAL;
}


static enum config_result read_option(struct config *c,
				      const struct option_entry *o)
{
	const char *wrong = option_set(c, o, optarg);

	if (o->kind == OPTION_HELP) {
		option_print_help();
		return CONFIG_EXIT;
	}
	if (o->kind == OPTION_VERSION) {
		(void)printf("referd %s\n", PROJECT_VERSION);
		return CONFIG_EXIT;
	}
	if (wrong) {
		log_error("config: %s %s", o->name, wrong);
		return CONFIG_BAD;
	}

	return CONFIG_RUN;
}


/**
 * Read the options of the daemon.  Logs its errors.
 *
 * @param c    Settings
 * @param argc Number of arguments
 * @param argv Arguments, put in another order; the settings borrow from them
 *
 * @return Whether to run
 */
enum config_result config_read(struct config *c, int argc, char *argv[])
{
	struct option options[OPTIONS_MAX];
	int opt;

	config_close();
	fill_options(options);
	option_defaults(c);
	if (read_file(c, options, argc, argv) || read_environment(c))
		return CONFIG_BAD;

	optind = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		enum config_result result = CONFIG_BAD;

		if (opt != '?')
			result = read_option(c, &option_table[opt - 256]);
		if (result != CONFIG_RUN)
			return result;
	}

	if (optind < argc) {
		log_error("config: %s is not an option; see --help",
			  argv[optind]);
		return CONFIG_BAD;
	}

	return CONFIG_RUN;
}


static const char *read_setting(struct config *c, const struct option_entry *o,
				const char *name, config_find_h *h)
{
	char **kept = &values[o - option_table];
	char value[VALUE_SIZE];

	switch (h(name, value, sizeof(value))) {
	case 0: break;
	case ENOENT: return NULL;
	default: return "must be shorter";
	}

	*kept = strdup(value);

	return *kept ? option_set(c, o, *kept)
		     : "cannot be kept: out of memory";
}


/**
 * Read the settings of baresip's config: the option some-thing is named
 * referd_some_thing there.  Logs its errors.
 *
 * @param c Settings, which borrow memory that config_close() frees
 * @param h Finds one
 *
 * @return 0, or EINVAL
 */
int config_read_settings(struct config *c, config_find_h *h)
{
	config_close();
	option_defaults(c);
	c->socket[0] = '\0'; /* the one baresip calls us */
	for (const struct option_entry *o = option_table; o->name; o++) {
		char name[OPTION_NAME_SIZE];
		const char *wrong;

		if (o->daemon)
			continue;

		spell(name, "referd_", o->name, tolower);
		wrong = read_setting(c, o, name, h);
		if (wrong) {
			log_error("config: %s %s", name, wrong);
			return EINVAL;
		}
	}

	return 0;
}


/**
 * Tell whether baresip's config may have a setting
 *
 * @param name Its name, as in referd_some_thing
 *
 * @return True if it may
 */
bool config_is_setting(const char *name)
{
	for (const struct option_entry *o = option_table; o->name; o++) {
		char known[OPTION_NAME_SIZE];

		spell(known, "referd_", o->name, tolower);
		if (!o->daemon && !strcmp(name, known))
			return true;
	}

	return false;
}


/**
 * Free the memory that the settings borrow from
 */
void config_close(void)
{
	free(file_text);
	file_text = NULL;
	for (size_t i = 0; i < OPTIONS_MAX; i++) {
		free(values[i]);
		values[i] = NULL;
	}
}
