/**
 * @file args.c  The command line
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include "args.h"


/* Sets of commands */
#define ON(command) (1u << COMMAND_##command)
#define ANY         (~0u)

enum { OPTION = 256 };

static const char help[] =
	"Usage: referctl [OPTION]... COMMAND [OPERAND]...\n"
	"Transfer the calls of baresip through referd, and see what becomes "
	"of them.\n"
	"\n"
	"Commands:\n"
	"  calls                 list the live calls\n"
	"  refer CALL TARGET     transfer a call to TARGET, a URI or a "
	"number\n"
	"  answer CALL           answer a call\n"
	"  hangup CALL           end a call\n"
	"  dial TO               make a call, print its call_sid\n"
	"  watch                 print what happens, until Ctrl-C\n"
	"  transfers             list transfers, the newest first\n"
	"  send JSON             send a message of referd's protocol, print "
	"the answer;\n"
	"                        - reads it from standard input\n"
	"\n"
	"CALL is a call_sid, the beginning of one, or - for the one live "
	"call.\n"
	"\n"
	"Options:\n"
	"  --url URL             where referd is (default "
	"http://127.0.0.1:8080)\n"
	"  --token TOKEN         what it asks for\n"
	"  --token-file FILE     file that has the token at the end of a "
	"line\n"
	"  --ca FILE             certificates that sign referd's, as PEM\n"
	"  --json                print JSON, as referd sends it\n"
	"  --help                this text\n"
	"  --version             the version\n"
	"\n"
	"Options of refer:\n"
	"  --wait                print each step; the exit status is the "
	"outcome\n"
	"  --header NAME=VALUE   header of the REFER; may be repeated\n"
	"  --target-header NAME=VALUE\n"
	"                        header for the call to TARGET; may be "
	"repeated\n"
	"  --referred-by WHO     who transfers, a URI or a number\n"
	"  --display-name NAME   display name of --referred-by\n"
	"  --replaces CALL       attended: TARGET is the far end of that "
	"call, and is\n"
	"                        left out\n"
	"  --id ID               names the transfer in messages and history\n"
	"  --action-hook URL     gets the result\n"
	"  --event-hook URL      gets each NOTIFY\n"
	"  --notify-timeout S    seconds to the first NOTIFY\n"
	"  --ringing-timeout S   seconds from one NOTIFY to the next\n"
	"  --retry-timeout S     seconds from a 491 to the next REFER\n"
	"  --dry-run             send nothing, print the REFER and what is "
	"doubtful\n"
	"  --force               even if the far end may still call the last "
	"TARGET\n"
	"\n"
	"Options of hangup: --header\n"
	"Options of dial:\n"
	"  --wait                print each state, until it is answered or "
	"over\n"
	"  --from AOR            account that makes the call\n"
	"  --timeout S           seconds that it may ring\n"
	"  --node NAME           baresip that makes it\n"
	"  --header NAME=VALUE   header of the INVITE; may be repeated\n"
	"\n"
	"Options of watch and transfers:\n"
	"  --call CALL           those of one call\n"
	"  --since SEQ           what came after that message\n"
	"Options of transfers:\n"
	"  --outcome LIST        transferred, failed, presumed, unknown, "
	"cancelled,\n"
	"                        running; several by comma\n"
	"  --code CODE           final status, 486 or 4xx\n"
	"  --target TEXT         text in the target\n"
	"  --node NAME           its baresip\n"
	"  --query TEXT          text in the target, the parties or an id\n"
	"  --from TIME           started at that time or after, ISO 8601\n"
	"  --to TIME             started before that time\n"
	"  --before ID           older than that transfer\n"
	"  --limit N             at most so many (default 100)\n"
	"\n"
	"Exit status: 0 done or transferred, 1 could not, 2 wrong usage;\n"
	"with --wait 3 failed, 4 presumed, 5 unknown, 6 cancelled.\n"
	"\n"
	"Without them, the options --url, --token, --token-file and --ca come "
	"from\n"
	"REFERD_URL, REFERD_TOKEN, REFERD_TOKEN_FILE and REFERD_CA, else from "
	"lines like\n"
	"\"url = http://127.0.0.1:8080\" in ~/.config/referctl.conf, else in\n"
	"/etc/referd/referctl.conf.\n";

static const struct {
	const char *name;
	int min; /* number of operands */
	int max;
	const char *operands;
} commands[] = {
	[COMMAND_CALLS] = {"calls", 0, 0, "nothing"},
	[COMMAND_REFER] = {"refer", 1, 2, "CALL TARGET"},
	[COMMAND_ANSWER] = {"answer", 1, 1, "CALL"},
	[COMMAND_HANGUP] = {"hangup", 1, 1, "CALL"},
	[COMMAND_DIAL] = {"dial", 1, 1, "TO"},
	[COMMAND_WATCH] = {"watch", 0, 0, "nothing"},
	[COMMAND_TRANSFERS] = {"transfers", 0, 0, "nothing"},
	[COMMAND_SEND] = {"send", 1, 1, "JSON"},
};

static const struct {
	const char *name;
	int has_arg;
	unsigned on; /* commands that know it */
} known[] = {
	{"url", required_argument, ANY},
	{"token", required_argument, ANY},
	{"token-file", required_argument, ANY},
	{"ca", required_argument, ANY},
	{"json", no_argument, ANY},
	{"help", no_argument, ANY},
	{"version", no_argument, ANY},
	{"wait", no_argument, ON(REFER) | ON(DIAL)},
	{"header", required_argument, ON(REFER) | ON(HANGUP) | ON(DIAL)},
	{"target-header", required_argument, ON(REFER)},
	{"referred-by", required_argument, ON(REFER)},
	{"display-name", required_argument, ON(REFER)},
	{"replaces", required_argument, ON(REFER)},
	{"id", required_argument, ON(REFER)},
	{"action-hook", required_argument, ON(REFER)},
	{"event-hook", required_argument, ON(REFER)},
	{"notify-timeout", required_argument, ON(REFER)},
	{"ringing-timeout", required_argument, ON(REFER)},
	{"retry-timeout", required_argument, ON(REFER)},
	{"dry-run", no_argument, ON(REFER)},
	{"force", no_argument, ON(REFER)},
	{"from", required_argument, ON(DIAL) | ON(TRANSFERS)},
	{"timeout", required_argument, ON(DIAL)},
	{"node", required_argument, ON(DIAL) | ON(TRANSFERS)},
	{"call", required_argument, ON(WATCH) | ON(TRANSFERS)},
	{"since", required_argument, ON(WATCH) | ON(TRANSFERS)},
	{"outcome", required_argument, ON(TRANSFERS)},
	{"code", required_argument, ON(TRANSFERS)},
	{"target", required_argument, ON(TRANSFERS)},
	{"query", required_argument, ON(TRANSFERS)},
	{"to", required_argument, ON(TRANSFERS)},
	{"before", required_argument, ON(TRANSFERS)},
	{"limit", required_argument, ON(TRANSFERS)},
};

enum { KNOWN = sizeof(known) / sizeof(*known) };


static enum status read_options(struct args *a, int argc, char *argv[])
{
	struct option options[KNOWN + 1] = {0};
	int opt;

	for (int i = 0; i < KNOWN; i++) {
		options[i].name = known[i].name;
		options[i].has_arg = known[i].has_arg;
		options[i].val = OPTION + i;
	}

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt < OPTION)
			return STATUS_USAGE;

		if (a->n == ARGS_MAX)
			return say_error(STATUS_USAGE,
					 "takes at most %d options", ARGS_MAX);

		a->given[a->n].name = known[opt - OPTION].name;
		a->given[a->n++].value = optarg;
	}

	return STATUS_DONE;
}


static enum status check_options(const struct args *a)
{
	for (size_t i = 0; i < a->n; i++) {
		int k = 0;

		while (strcmp(known[k].name, a->given[i].name))
			++k;

		if (!(known[k].on & 1u << a->command))
			return say_error(
				STATUS_USAGE, "%s takes no --%s, see --help",
				commands[a->command].name, known[k].name);
	}

	return STATUS_DONE;
}


static enum status read_operands(struct args *a, int n, char *operands[])
{
	const char *name = n ? operands[0] : NULL;

	if (!name)
		return say_error(STATUS_USAGE, "needs a command, see --help");

	a->command = COMMAND_CALLS;
	while (strcmp(commands[a->command].name, name)) {
		if (++a->command == COMMAND_NONE)
			return say_error(STATUS_USAGE,
					 "%s is no command, see --help", name);
	}

	if (n - 1 < commands[a->command].min ||
	    n - 1 > commands[a->command].max)
		return say_error(STATUS_USAGE, "%s takes %s, see --help", name,
				 commands[a->command].operands);

	for (int i = 1; i < n; i++)
		a->operands[i - 1] = operands[i];

	return STATUS_DONE;
}


/**
 * Read the command line.  Says itself what is wrong.
 *
 * @param a    Arguments, which borrow from argv
 * @param argc Number of arguments
 * @param argv Arguments
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status args_read(struct args *a, int argc, char *argv[])
{
	enum status status;

	memset(a, 0, sizeof(*a));
	a->command = COMMAND_NONE;

	status = read_options(a, argc, argv);
	if (status)
		return status;

	if (args_has(a, "help")) {
		(void)fputs(help, stdout);
		return STATUS_DONE;
	}
	if (args_has(a, "version")) {
		(void)printf("referctl %s\n", PROJECT_VERSION);
		return STATUS_DONE;
	}

	status = read_operands(a, argc - optind, argv + optind);

	return status ? status : check_options(a);
}


/**
 * Get the value of an option
 *
 * @param a    Arguments
 * @param name Its name
 *
 * @return The last that was given, NULL if none was
 */
const char *args_value(const struct args *a, const char *name)
{
	for (size_t i = a->n; i-- > 0;) {
		if (!strcmp(a->given[i].name, name))
			return a->given[i].value;
	}

	return NULL;
}


/**
 * Tell whether an option was given
 *
 * @param a    Arguments
 * @param name Its name
 *
 * @return True if it was
 */
bool args_has(const struct args *a, const char *name)
{
	for (size_t i = 0; i < a->n; i++) {
		if (!strcmp(a->given[i].name, name))
			return true;
	}

	return false;
}
