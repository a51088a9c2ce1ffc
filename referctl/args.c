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
#define FLEET       (ON(FLEET_INIT) | ON(FLEET_STATUS) | ON(FLEET_CONFIG))
#define REFERD      (~FLEET)
#define TRACED                                                                \
	(ON(REFER) | ON(TRANSFER) | ON(CANCEL) | ON(REQUEST) | ON(ANSWER) |   \
	 ON(DECLINE) | ON(HANGUP) | ON(DIAL))

enum {
	OPTION = 256,
	TARGETS_MAX = 8, /* what referd takes in one verb */
};

static const char help[] =
	"Usage: referctl [OPTION]... COMMAND [OPERAND]...\n"
	"Transfer the calls of baresip through referd, and watch the result."
	"\n"
	"\n"
	"Commands:\n"
	"  calls                 list the live calls\n"
	"  refer CALL TARGET...  transfer a call to TARGET, a URI or a "
	"number; if\n"
	"                        one TARGET fails, the next one follows\n"
	"  transfer CALL TARGET...\n"
	"                        the same, with a disposition if all fail\n"
	"  cancel CALL           give up the transfer of a call\n"
	"  request CALL METHOD   send INFO, MESSAGE, NOTIFY or OPTIONS in a "
	"call\n"
	"  answer CALL           answer a call\n"
	"  decline CALL          decline an unanswered call, or send it "
	"elsewhere\n"
	"  hangup CALL           end a call\n"
	"  dial TO               make a call, print its call_sid\n"
	"  watch                 print all messages, until Ctrl-C\n"
	"  transfers             list transfers, the newest first\n"
	"  export ID             write the SIP messages of a transfer, for "
	"Wireshark\n"
	"  send JSON             send a message of referd's protocol, print "
	"the answer;\n"
	"                        - reads it from standard input\n"
	"  fleet init            create the stream of a fleet of referds\n"
	"  fleet status          print the state of a fleet, and what is "
	"missing\n"
	"  fleet config NODE...  print a configuration for its nats-servers\n"
	"\n"
	"CALL is a call_sid, the beginning of one, or - for the one live "
	"call.\n"
	"\n"
	"Options:\n"
	"  --url URL             address of referd (default "
	"http://127.0.0.1:8080)\n"
	"  --token TOKEN         token for referd\n"
	"  --token-file FILE     file with the token at the end of a line\n"
	"  --ca FILE             certificates of the authorities that sign "
	"referd's\n"
	"                        (PEM)\n"
	"  --json                print JSON, as referd sends it\n"
	"  --help                print this text\n"
	"  --version             print the version\n"
	"\n"
	"Options of refer:\n"
	"  --wait                print each step; the exit status is the "
	"outcome\n"
	"  --header NAME=VALUE   header field of the REFER; may be repeated\n"
	"  --target-header NAME=VALUE\n"
	"                        header field for the call to TARGET; may be\n"
	"                        repeated\n"
	"  --referred-by WHO     content of Referred-By, a URI or a number\n"
	"  --display-name NAME   display name of --referred-by\n"
	"  --replaces CALL       attended: TARGET is the far end of that "
	"call, and is\n"
	"                        left out\n"
	"  --id ID               name of the transfer in messages and "
	"history\n"
	"  --action-hook URL     URL that gets the result\n"
	"  --event-hook URL      URL that gets each NOTIFY\n"
	"  --notify-timeout S    seconds to the first NOTIFY\n"
	"  --ringing-timeout S   seconds from one NOTIFY to the next\n"
	"  --retry-timeout S     seconds from a 491 to the next REFER\n"
	"  --answer-timeout S    seconds from the 2xx to the answer\n"
	"  --on-unknown WHAT     of several TARGETs: next (try the next one) "
	"or stop\n"
	"  --uui DATA            User-to-User for TARGET, in hex, followed by "
	";purpose=\n"
	"                        and others as in the header field\n"
	"  --dry-run             send nothing, print the REFER and its "
	"doubts\n"
	"  --force               transfer even if the far end may still be "
	"calling the\n"
	"                        last TARGET\n"
	"\n"
	"Options of transfer: --wait, --id, --action-hook, --event-hook,\n"
	"--target-header as of refer, and\n"
	"  --timeout S           seconds that each TARGET has (default 30)\n"
	"  --caller-id WHO       content of Referred-By, a URI or a number\n"
	"  --on-no-answer WHAT, --on-busy WHAT, --on-decline WHAT, "
	"--on-failure WHAT\n"
	"                        return (default), voicemail or hangup\n"
	"  --voicemail URL       sip: URI, or http(s): URL that answers with "
	"verbs\n"
	"  --warm                call TARGET first, and ask it\n"
	"  --prompt FILE         WAV file that TARGET hears\n"
	"  --digit KEY           key that TARGET presses to take the call\n"
	"  --brief FILE          WAV file that TARGET hears before the "
	"prompt\n"
	"  --hold-hook URL       URL that gives the music for the caller\n"
	"\n"
	"Options of refer, transfer, cancel, request, answer, decline, "
	"hangup, dial:\n"
	"  --traceparent TEXT    trace to which the command belongs, as in "
	"W3C "
	"Trace\n"
	"                        Context\n"
	"  --tracestate TEXT     its tracestate\n"
	"\n"
	"Options of hangup: --header\n"
	"Options of request: --header, --id, --action-hook, and\n"
	"  --body TEXT           body of the request\n"
	"Options of decline: --header, and\n"
	"  --status CODE         300 to 699 (default 486, with --contact "
	"302)\n"
	"  --reason TEXT         reason phrase\n"
	"  --contact TARGET      address that the caller should call instead\n"
	"Options of dial:\n"
	"  --wait                print each state, until the call is answered "
	"or over\n"
	"  --from AOR            account from which the call is made\n"
	"  --timeout S           seconds for which the call may ring\n"
	"  --node NAME           baresip that makes the call\n"
	"  --label NAME          label of the fleet members that may make it\n"
	"  --header NAME=VALUE   header field of the INVITE; may be repeated\n"
	"\n"
	"Options of watch and transfers:\n"
	"  --call CALL           only this call\n"
	"  --since SEQ           only messages after this one\n"
	"Options of transfers:\n"
	"  --outcome LIST        transferred, failed, presumed, unknown, "
	"cancelled,\n"
	"                        running; several separated by commas\n"
	"  --code CODE           final status, 486 or 4xx\n"
	"  --target TEXT         text in the target\n"
	"  --node NAME           name of the baresip\n"
	"  --query TEXT          text in the target, the parties or an id\n"
	"  --from TIME           started at this time or later, ISO 8601\n"
	"  --to TIME             started before this time\n"
	"  --before ID           older than this transfer\n"
	"  --limit N             largest number of transfers (default 100)\n"
	"\n"
	"Options of export:\n"
	"  -o FILE, --output FILE\n"
	"                        output file (default standard output)\n"
	"  --format FORMAT       pcapng (default), or json: the transfer as "
	"referd\n"
	"                        knows it\n"
	"  --mask                hide all digits of numbers except the last "
	"ones\n"
	"\n"
	"Options of fleet:\n"
	"  --config FILE         referd's settings (default "
	"/etc/referd/referd.conf)\n"
	"  --fleet URLS, --fleet-name, --fleet-node, --fleet-creds, "
	"--fleet-nkey,\n"
	"  --fleet-ca, --fleet-cert, --fleet-key\n"
	"                        as for referd; take precedence over FILE\n"
	"Options of fleet init:\n"
	"  --replicas N          1, 3 or 5 (default: 3 in a cluster, else 1)\n"
	"  --keep-days N         days for which events are kept (default 30)\n"
	"  --keep-mb N           MiB of each server for them (default 4096)\n"
	"  --update              change the settings of the stream that "
	"differ\n"
	"  --anew                delete the stream, and create another: a new "
	"epoch\n"
	"Options of fleet config:\n"
	"  --server HOST         server of --fleet for which it is (default "
	"the "
	"first)\n"
	"  --keys DIR            NKeys instead of passwords: seeds in "
	"DIR/NODE.nk\n"
	"  --store DIR           events of the server (default "
	"/var/lib/nats)\n"
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
	[COMMAND_REFER] = {"refer", 1, TARGETS_MAX + 1, "CALL TARGET..."},
	[COMMAND_TRANSFER] = {"transfer", 2, TARGETS_MAX + 1,
			      "CALL TARGET..."},
	[COMMAND_CANCEL] = {"cancel", 1, 1, "CALL"},
	[COMMAND_REQUEST] = {"request", 2, 2, "CALL METHOD"},
	[COMMAND_DECLINE] = {"decline", 1, 1, "CALL"},
	[COMMAND_ANSWER] = {"answer", 1, 1, "CALL"},
	[COMMAND_HANGUP] = {"hangup", 1, 1, "CALL"},
	[COMMAND_DIAL] = {"dial", 1, 1, "TO"},
	[COMMAND_WATCH] = {"watch", 0, 0, "nothing"},
	[COMMAND_TRANSFERS] = {"transfers", 0, 0, "nothing"},
	[COMMAND_EXPORT] = {"export", 1, 1, "ID"},
	[COMMAND_SEND] = {"send", 1, 1, "JSON"},
	[COMMAND_FLEET_INIT] = {"fleet init", 0, 0, "nothing"},
	[COMMAND_FLEET_STATUS] = {"fleet status", 0, 0, "nothing"},
	[COMMAND_FLEET_CONFIG] = {"fleet config", 1, OPERANDS_MAX, "NODE..."},
};

static const struct {
	const char *name;
	int has_arg;
	unsigned on; /* commands that know it */
} known[] = {
	{"url", required_argument, REFERD},
	{"token", required_argument, REFERD},
	{"token-file", required_argument, REFERD},
	{"ca", required_argument, REFERD},
	{"json", no_argument, ANY},
	{"help", no_argument, ANY},
	{"version", no_argument, ANY},
	{"wait", no_argument, ON(REFER) | ON(TRANSFER) | ON(DIAL)},
	{"header", required_argument,
	 ON(REFER) | ON(HANGUP) | ON(DIAL) | ON(REQUEST) | ON(DECLINE)},
	{"target-header", required_argument, ON(REFER) | ON(TRANSFER)},
	{"referred-by", required_argument, ON(REFER)},
	{"display-name", required_argument, ON(REFER)},
	{"replaces", required_argument, ON(REFER)},
	{"id", required_argument, ON(REFER) | ON(TRANSFER) | ON(REQUEST)},
	{"traceparent", required_argument, TRACED},
	{"tracestate", required_argument, TRACED},
	{"action-hook", required_argument,
	 ON(REFER) | ON(TRANSFER) | ON(REQUEST)},
	{"event-hook", required_argument, ON(REFER) | ON(TRANSFER)},
	{"notify-timeout", required_argument, ON(REFER)},
	{"ringing-timeout", required_argument, ON(REFER)},
	{"retry-timeout", required_argument, ON(REFER)},
	{"answer-timeout", required_argument, ON(REFER)},
	{"on-unknown", required_argument, ON(REFER)},
	{"uui", required_argument, ON(REFER)},
	{"caller-id", required_argument, ON(TRANSFER)},
	{"on-no-answer", required_argument, ON(TRANSFER)},
	{"on-busy", required_argument, ON(TRANSFER)},
	{"on-decline", required_argument, ON(TRANSFER)},
	{"on-failure", required_argument, ON(TRANSFER)},
	{"voicemail", required_argument, ON(TRANSFER)},
	{"warm", no_argument, ON(TRANSFER)},
	{"prompt", required_argument, ON(TRANSFER)},
	{"digit", required_argument, ON(TRANSFER)},
	{"brief", required_argument, ON(TRANSFER)},
	{"hold-hook", required_argument, ON(TRANSFER)},
	{"body", required_argument, ON(REQUEST)},
	{"status", required_argument, ON(DECLINE)},
	{"reason", required_argument, ON(DECLINE)},
	{"contact", required_argument, ON(DECLINE)},
	{"dry-run", no_argument, ON(REFER)},
	{"force", no_argument, ON(REFER)},
	{"from", required_argument, ON(DIAL) | ON(TRANSFERS)},
	{"timeout", required_argument, ON(DIAL) | ON(TRANSFER)},
	{"node", required_argument, ON(DIAL) | ON(TRANSFERS)},
	{"label", required_argument, ON(DIAL)},
	{"call", required_argument, ON(WATCH) | ON(TRANSFERS)},
	{"since", required_argument, ON(WATCH) | ON(TRANSFERS)},
	{"outcome", required_argument, ON(TRANSFERS)},
	{"code", required_argument, ON(TRANSFERS)},
	{"target", required_argument, ON(TRANSFERS)},
	{"query", required_argument, ON(TRANSFERS)},
	{"to", required_argument, ON(TRANSFERS)},
	{"before", required_argument, ON(TRANSFERS)},
	{"limit", required_argument, ON(TRANSFERS)},
	{"output", required_argument, ON(EXPORT)},
	{"format", required_argument, ON(EXPORT)},
	{"mask", no_argument, ON(EXPORT)},
	{"config", required_argument, FLEET},
	{"fleet", required_argument, FLEET},
	{"fleet-name", required_argument, FLEET},
	{"fleet-node", required_argument, FLEET},
	{"fleet-creds", required_argument, FLEET},
	{"fleet-nkey", required_argument, FLEET},
	{"fleet-ca", required_argument, FLEET},
	{"fleet-cert", required_argument, FLEET},
	{"fleet-key", required_argument, FLEET},
	{"replicas", required_argument, ON(FLEET_INIT)},
	{"keep-days", required_argument, ON(FLEET_INIT)},
	{"keep-mb", required_argument, ON(FLEET_INIT)},
	{"update", no_argument, ON(FLEET_INIT)},
	{"anew", no_argument, ON(FLEET_INIT)},
	{"server", required_argument, ON(FLEET_CONFIG)},
	{"keys", required_argument, ON(FLEET_CONFIG)},
	{"store", required_argument, ON(FLEET_CONFIG)},
};

enum { KNOWN = sizeof(known) / sizeof(*known) };


static int find_option(const char *name)
{
	int i = 0;

	while (strcmp(known[i].name, name))
		++i;

	return OPTION + i;
}


static enum status read_options(struct args *a, int argc, char *argv[])
{
	struct option options[KNOWN + 1] = {0};
	int opt;

	for (int i = 0; i < KNOWN; i++) {
		options[i].name = known[i].name;
		options[i].has_arg = known[i].has_arg;
		options[i].val = OPTION + i;
	}

	while ((opt = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (opt == 'o')
			opt = find_option("output");
		if (opt < OPTION)
			return STATUS_USAGE;

		if (a->n == ARGS_MAX)
			return say_error(STATUS_USAGE,
					 "at most %d options can be given",
					 ARGS_MAX);

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
			return say_error(STATUS_USAGE,
					 "%s has no option --%s; see --help",
					 commands[a->command].name,
					 known[k].name);
	}

	return STATUS_DONE;
}


/* The words of a command that are there; "fleet" has a second one */
static int match_command(const char *name, int n, char *words[])
{
	const char *space = strchr(name, ' ');
	size_t len = space ? (size_t)(space - name) : strlen(name);

	if (n < 1 || strlen(words[0]) != len || memcmp(name, words[0], len))
		return 0;
	if (!space)
		return 1;

	return n > 1 && !strcmp(space + 1, words[1]) ? 2 : 0;
}


static enum status read_operands(struct args *a, int n, char *operands[])
{
	int words = 0;

	if (!n)
		return say_error(STATUS_USAGE,
				 "a command is required; see --help");

	for (a->command = COMMAND_CALLS; a->command < COMMAND_NONE;
	     a->command++) {
		words = match_command(commands[a->command].name, n, operands);
		if (words)
			break;
	}
	if (!words && !strcmp(operands[0], "fleet"))
		return say_error(STATUS_USAGE, "fleet must be followed by "
					       "init, status or config");
	if (!words)
		return say_error(STATUS_USAGE,
				 "%s is not a command; see --help",
				 operands[0]);

	n -= words;
	if (n < commands[a->command].min || n > commands[a->command].max)
		return say_error(STATUS_USAGE, "%s takes %s; see --help",
				 commands[a->command].name,
				 commands[a->command].operands);

	for (int i = 0; i < n; i++)
		a->operands[i] = operands[words + i];
	a->operand_count = (size_t)n;

	return STATUS_DONE;
}


/**
 * Read the command line.  Prints its errors.
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


/**
 * Tell whether a command is for the servers of a fleet
 *
 * @param a Arguments
 *
 * @return True if it is, and no referd is asked
 */
bool args_is_fleet(const struct args *a)
{
	return (FLEET & 1u << a->command) != 0;
}
