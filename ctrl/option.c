/**
 * @file option.c  The one table of options
 *
 * It defines the options of the command line, the keys of a file, the
 * variables of the environment, the settings of baresip's config, and --help.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/base.h"
#include "config.h"
#include "option.h"


enum {
	CONNECTIONS_MAX = 1000000,
	IDLE_MAX = 3600, /* seconds */
	DAYS_MAX = 36500,
	MB_MAX = 1048576,
	GRACE_MAX = 86400,
	DEAD_MAX = 86400,
	HEP_ID_MAX = 2147483647,

	/* of the help */
	WIDTH = 79,
	INDENT = 22,
};

#define TEXT(member)                                                          \
	.kind = OPTION_TEXT, .offset = offsetof(struct config, member)
#define PATH(member)                                                          \
	.kind = OPTION_PATH, .offset = offsetof(struct config, member)
#define NUMBER(member, most)                                                  \
	.kind = OPTION_NUMBER, .offset = offsetof(struct config, member),     \
	.max = (most)


static void default_socket(char *value, size_t size)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");

	(void)snprintf(value, size, "%s/referd/node.sock",
		       geteuid() && dir ? dir : "/run");
}


static void default_state(char *value, size_t size)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (!geteuid())
		(void)snprintf(value, size, "/var/lib/referd");
	else if (state && *state)
		(void)snprintf(value, size, "%s/referd", state);
	else
		(void)snprintf(value, size, "%s/.local/state/referd",
			       home ? home : "");
}


/* The installed page, or that of the source if this was just built */
static void default_web(char *value, size_t size)
{
	const char *dir = WEB_INSTALLED;

	if (access(WEB_INSTALLED "/index.html", R_OK) &&
	    !access(WEB_SOURCE "/index.html", R_OK))
		dir = WEB_SOURCE;

	(void)snprintf(value, size, "%s", dir);
}


const struct option_entry option_table[] = {
	{.name = "config",
	 .kind = OPTION_FILE,
	 .daemon = true,
	 .value = "FILE",
	 .help = "file of options, one per line, for example listen = "
		 "127.0.0.1:8080; # begins a comment line"},
	{.name = "listen",
	 TEXT(server.listen),
	 .def = "127.0.0.1:8080",
	 .value = "HOST:PORT",
	 .help = "address for clients; port 0 selects a free one"},
	{.name = "token-file",
	 TEXT(token_file),
	 .def = "",
	 .value = "FILE",
	 .help = "tokens of the clients: lines of NAME ROLE TOKEN, ROLE is "
		 "controller or observer; read again on SIGHUP"},
	{.name = "allow-origin",
	 TEXT(server.allow_origin),
	 .def = "",
	 .value = "URL",
	 .help = "other origins whose pages may connect, separated by "
		 "commas, for example https://desk.example.com"},
	{.name = "tls-cert",
	 TEXT(server.tls.cert),
	 .def = "",
	 .value = "FILE",
	 .help = "use TLS with this certificate (PEM, with its chain)"},
	{.name = "tls-key",
	 TEXT(server.tls.key),
	 .def = "",
	 .value = "FILE",
	 .help = "key of the certificate; both are read again on SIGHUP"},
	{.name = "max-connections",
	 NUMBER(server.max_connections, CONNECTIONS_MAX),
	 .def = "12000",
	 .value = "N",
	 .help = "largest number of client connections"},
	{.name = "max-per-address",
	 NUMBER(server.max_per_address, CONNECTIONS_MAX),
	 .def = "1000",
	 .value = "N",
	 .help = "largest number of them from one address other than "
		 "loopback"},
	{.name = "max-rate",
	 NUMBER(server.max_rate, CONNECTIONS_MAX),
	 .def = "1000",
	 .value = "N",
	 .help = "largest number of messages of one client in a second (a "
		 "faster client waits), and of HTTP requests from one address "
		 "(further ones get 429)"},
	{.name = "max-calls",
	 NUMBER(max_calls, CONNECTIONS_MAX),
	 .def = "20000",
	 .value = "N",
	 .help = "largest number of calls of all baresips"},
	{.name = "idle-time",
	 NUMBER(server.idle_time, IDLE_MAX),
	 .def = "45",
	 .value = "SECONDS",
	 .help = "silence after which a client is disconnected; it is asked "
		 "for a sign of life before"},
	{.name = "socket",
	 PATH(socket),
	 .find_def = default_socket,
	 .daemon = true,
	 .value = "PATH",
	 .help = "socket for baresips"},
	{.name = "web",
	 PATH(server.web),
	 .find_def = default_web,
	 .value = "DIR",
	 .help = "directory of the page that is served at /"},
	{.name = "state",
	 PATH(state),
	 .find_def = default_state,
	 .value = "DIR",
	 .help = "directory of the state that survives a restart"},
	{.name = "sync",
	 .kind = OPTION_SYNC,
	 .offset = offsetof(struct config, power),
	 .def = "kill",
	 .value = "WHEN",
	 .help = "failure that all sent messages must survive: kill (of "
		 "referd), "
		 "or power (loss of power; referd sends a message only after "
		 "its changes are on the disk)"},
	{.name = "keep-days",
	 NUMBER(keep_days, DAYS_MAX),
	 .def = "30",
	 .value = "N",
	 .help = "days for which messages and transfers are kept"},
	{.name = "keep-mb",
	 NUMBER(keep_mb, MB_MAX),
	 .def = "512",
	 .value = "N",
	 .help = "MiB of disk for them; the oldest are removed first"},
	{.name = "hook-grace",
	 NUMBER(hook_grace, GRACE_MAX),
	 .def = "60",
	 .value = "N",
	 .help = "seconds for which a hook waits for a disconnected client"},
	{.name = "hook-secret-file",
	 PATH(hook_secret),
	 .value = "FILE",
	 .help = "sign HTTP hooks with the secret in this file"},
	{.name = "hook-allow",
	 TEXT(hook_allow),
	 .def = "",
	 .value = "HOSTS",
	 .help = "hosts to which the hooks of clients may go: patterns "
		 "separated by commas, for example *.example.com,10.0.0.*; "
		 "default all except link-local and metadata addresses"},
	{.name = "app",
	 TEXT(app),
	 .def = "",
	 .value = "URL",
	 .help = "jambonz application for each inbound call (ws:, wss:, http: "
		 "or https:; default none)"},
	{.name = "app-map",
	 TEXT(app_map),
	 .def = "",
	 .value = "FILE",
	 .help = "applications by called number: lines of PATTERN URL; * and "
		 "? match any characters, the first match applies, - means no "
		 "application; other numbers get --app"},
	{.name = "app-status",
	 TEXT(app_status),
	 .def = "/call-status",
	 .value = "PATH",
	 .help = "path or URL at which http: applications get call:status; "
		 "\"\" means none"},
	{.name = "fleet",
	 TEXT(fleet.urls),
	 .def = "",
	 .value = "URLS",
	 .help = "join a fleet over these NATS servers, for example "
		 "nats://a:4222,tls://b:4222"},
	{.name = "fleet-name",
	 TEXT(fleet.name),
	 .def = "fleet",
	 .value = "NAME",
	 .help = "name of the fleet; its stream has the same name in "
		 "capitals"},
	{.name = "fleet-node",
	 TEXT(fleet.node),
	 .def = "",
	 .value = "NAME",
	 .help = "name of this referd in the fleet (default the host name)"},
	{.name = "fleet-label",
	 TEXT(fleet.labels),
	 .def = "",
	 .value = "LABELS",
	 .help = "labels by which a client may select this referd to make a "
		 "call, separated by commas"},
	{.name = "fleet-view",
	 .kind = OPTION_SWITCH,
	 .offset = offsetof(struct config, fleet.view),
	 .def = "no",
	 .value = "YES",
	 .help = "yes or no: serve the calls and transfers of the whole "
		 "fleet"},
	{.name = "fleet-dead",
	 NUMBER(fleet.dead, DEAD_MAX),
	 .def = "60",
	 .value = "SECONDS",
	 .help = "silence after which a member's transfers are given up"},
	{.name = "fleet-creds",
	 TEXT(fleet.creds),
	 .def = "",
	 .value = "FILE",
	 .help = "credentials of this referd for NATS"},
	{.name = "fleet-nkey",
	 TEXT(fleet.nkey),
	 .def = "",
	 .value = "FILE",
	 .help = "file with the seed of its NKey, instead"},
	{.name = "fleet-ca",
	 TEXT(fleet.ca),
	 .def = "",
	 .value = "FILE",
	 .help = "certificates of the authorities that sign those of the "
		 "servers (PEM)"},
	{.name = "fleet-cert",
	 TEXT(fleet.cert),
	 .def = "",
	 .value = "FILE",
	 .help = "certificate of this referd for the servers"},
	{.name = "fleet-key",
	 TEXT(fleet.key),
	 .def = "",
	 .value = "FILE",
	 .help = "key of that certificate"},
	{.name = "hep",
	 TEXT(hep.to),
	 .def = "",
	 .value = "HOST:PORT",
	 .help = "address of a HOMER that gets the SIP messages of transfers "
		 "as HEP3 over UDP (default none)"},
	{.name = "hep-id",
	 NUMBER(hep.id, HEP_ID_MAX),
	 .def = "1",
	 .value = "N",
	 .help = "capture id of this referd at HOMER"},
	{.name = "hep-mask",
	 .kind = OPTION_SWITCH,
	 .offset = offsetof(struct config, hep.mask),
	 .def = "no",
	 .value = "YES",
	 .help = "yes or no: hide all digits of numbers in them except the "
		 "last ones"},
	{.name = "log-level",
	 .kind = OPTION_LEVEL,
	 .offset = offsetof(struct config, log_level),
	 .def = "info",
	 .daemon = true,
	 .value = "LEVEL",
	 .help = "error, warning, info or debug"},
	{.name = "help",
	 .kind = OPTION_HELP,
	 .daemon = true,
	 .help = "print this text"},
	{.name = "version",
	 .kind = OPTION_VERSION,
	 .daemon = true,
	 .help = "print the version"},
	{.name = NULL},
};


/**
 * Tell whether an option is given with a value
 *
 * @param o Option
 *
 * @return True if it is
 */
bool option_has_value(const struct option_entry *o)
{
	return o->kind != OPTION_HELP && o->kind != OPTION_VERSION;
}


/**
 * Tell whether an option sets a field of struct config, and may be in a file
 *
 * @param o Option
 *
 * @return True if it does
 */
bool option_is_setting(const struct option_entry *o)
{
	return option_has_value(o) && o->kind != OPTION_FILE;
}


/**
 * Find an option
 *
 * @param name Its name, without dashes before it
 *
 * @return Option, NULL if there is none
 */
const struct option_entry *option_find(const char *name)
{
	for (const struct option_entry *o = option_table; o->name; o++) {
		if (!strcmp(o->name, name))
			return o;
	}

	return NULL;
}


static const char *set_path(char *path, const char *value)
{
	if (!*value || strlen(value) >= OPTION_PATH_SIZE)
		return "must be a path";

	strcpy(path, value);

	return NULL;
}


static const char *set_number(unsigned *np, const char *value, unsigned max)
{
	static char wrong[64];
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (*value < '1' || *value > '9' || *end || n > max) {
		(void)snprintf(wrong, sizeof(wrong),
			       "must be a number from 1 to %u", max);
		return wrong;
	}

	*np = (unsigned)n;

	return NULL;
}


static const char *set_switch(bool *bp, const char *value)
{
	*bp = !strcmp(value, "yes");

	return *bp || !strcmp(value, "no") ? NULL : "must be yes or no";
}


static const char *set_sync(bool *bp, const char *value)
{
	*bp = !strcmp(value, "power");

	return *bp || !strcmp(value, "kill") ? NULL : "must be kill or power";
}


/**
 * Give an option a value
 *
 * @param c     Settings, which borrow the value if it is a text
 * @param o     Option
 * @param value Value
 *
 * @return NULL, or the fault of the value, as in "must be a path"
 */
const char *option_set(struct config *c, const struct option_entry *o,
		       const char *value)
{
	void *place = (char *)c + o->offset;

	switch (o->kind) {

	case OPTION_TEXT: *(const char **)place = value; break;
	case OPTION_PATH: return set_path(place, value);
	case OPTION_NUMBER: return set_number(place, value, o->max);
	case OPTION_SWITCH: return set_switch(place, value);
	case OPTION_SYNC: return set_sync(place, value);
	case OPTION_LEVEL:
		return log_level_parse(place, value)
			       ? "must be error, warning, info or debug"
			       : NULL;
	case OPTION_FILE:
	case OPTION_HELP:
	case OPTION_VERSION: break;
	}

	return NULL;
}


/**
 * Set all options to their default values
 *
 * @param c Settings
 */
void option_defaults(struct config *c)
{
	memset(c, 0, sizeof(*c));
	for (const struct option_entry *o = option_table; o->name; o++) {
		if (o->find_def)
			o->find_def((char *)c + o->offset, OPTION_PATH_SIZE);
		else if (o->def)
			(void)option_set(c, o, o->def);
	}
}


/* Words, from a column on */
static void print_words(const char *text, size_t *columnp)
{
	while (*text) {
		size_t len = strcspn(text, " ");

		if (*columnp > INDENT && *columnp + 1 + len >= WIDTH) {
			(void)printf("\n%*s", INDENT, "");
			*columnp = INDENT;
		}
		else if (*columnp > INDENT) {
			(void)printf(" ");
			++*columnp;
		}

		(void)printf("%.*s", (int)len, text);
		*columnp += len;
		text += len;
		text += strspn(text, " ");
	}
}


static void print_option(const struct option_entry *o)
{
	char def[OPTION_PATH_SIZE + 16] = "";
	char value[OPTION_PATH_SIZE];
	size_t column;

	column = (size_t)printf("  --%s%s%s", o->name, o->value ? " " : "",
				o->value ? o->value : "");
	if (column >= INDENT) {
		(void)printf("\n");
		column = 0;
	}
	(void)printf("%*s", (int)(INDENT - column), "");
	column = INDENT;
	print_words(o->help, &column);

	(void)snprintf(value, sizeof(value), "%s", o->def ? o->def : "");
	if (o->find_def)
		o->find_def(value, sizeof(value));
	if (*value)
		(void)snprintf(def, sizeof(def), "(default %s)", value);
	print_words(def, &column);
	(void)printf("\n");
}


/**
 * Print the options to stdout
 */
void option_print_help(void)
{
	(void)printf("Usage: referd [OPTION]...\n"
		     "Let WebSocket clients transfer the calls of baresip.\n"
		     "\n");

	for (const struct option_entry *o = option_table; o->name; o++)
		print_option(o);

	(void)printf("\n"
		     "Each option may be given in the environment as well: "
		     "REFERD_LISTEN,\n"
		     "REFERD_TOKEN_FILE, and so on.\n");
}
