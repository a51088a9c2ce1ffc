/**
 * @file config.c  Options and environment to struct config
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/base.h"
#include "config.h"


enum {
	CONNECTIONS_MAX = 1000000,
	IDLE_MAX = 3600, /* seconds */
	DAYS_MAX = 36500,
	MB_MAX = 1048576,
	GRACE_MAX = 86400,
};

static const char help[] =
	"Usage: referd [OPTION]...\n"
	"Let WebSocket clients transfer the calls of baresip.\n"
	"\n"
	"  --config FILE       options, one a line, as in listen = "
	"127.0.0.1:8080;\n"
	"                      a line that begins with # is a comment\n"
	"  --listen HOST:PORT  where clients connect; port 0 picks a free "
	"one\n"
	"                      (default 127.0.0.1:8080)\n"
	"  --token-file FILE   who may come: lines of NAME ROLE TOKEN, ROLE "
	"is\n"
	"                      controller or observer; read again at SIGHUP\n"
	"  --allow-origin URL  page from elsewhere that may come, as in\n"
	"                      https://desk.example.com; several by commas\n"
	"  --tls-cert FILE     speak TLS with this certificate (PEM, with its "
	"chain)\n"
	"  --tls-key FILE      ... and its key; both are read again at "
	"SIGHUP\n"
	"  --max-connections N of clients, in all (default 12000)\n"
	"  --max-per-address N ... and from one address that is not loopback\n"
	"                      (default 1000)\n"
	"  --max-rate N        messages of one client in a second; who is "
	"faster\n"
	"                      has to wait (default 1000); and HTTP requests "
	"from\n"
	"                      one address; more are answered 429\n"
	"  --max-calls N       calls of all baresips (default 20000)\n"
	"  --idle-time SECONDS after which a silent client is let go (default "
	"45);\n"
	"                      it is asked for a sign of life before\n"
	"  --socket PATH       where baresips connect\n"
	"                      (default %s)\n"
	"  --web DIR           the page that is served at /\n"
	"                      (default %s)\n"
	"  --state DIR         what survives a restart\n"
	"                      (default %s)\n"
	"  --keep-days N       days that messages and transfers are kept "
	"(default 30)\n"
	"  --keep-mb N         MiB of disk for them; the oldest go first "
	"(default 512)\n"
	"  --hook-grace N      seconds that a hook waits for a client that is "
	"gone\n"
	"                      (default 60)\n"
	"  --hook-secret-file FILE\n"
	"                      sign HTTP hooks with the secret in it\n"
	"  --hook-allow HOSTS  whom the hooks of clients may go to: patterns "
	"by commas,\n"
	"                      as in *.example.com,10.0.0.*; default all but\n"
	"                      link-local and metadata addresses\n"
	"  --app URL           jambonz application that each call gets that "
	"comes in\n"
	"                      (ws:, wss:, http: or https:; default none)\n"
	"  --app-map FILE      applications by called number: lines of "
	"PATTERN URL,\n"
	"                      * and ? match anything, the first match "
	"counts,\n"
	"                      - is no application; the rest get --app\n"
	"  --app-status PATH   where http: applications get call:status, a "
	"path or\n"
	"                      a URL, \"\" for nowhere (default "
	"/call-status)\n"
	"  --log-level LEVEL   error, warning, info or debug (default info)\n"
	"  --help              this text\n"
	"  --version           the version\n"
	"\n"
	"Each option may be given in the environment as well: REFERD_LISTEN,\n"
	"REFERD_TOKEN_FILE, and so on.\n";

static const struct option options[] = {
	{"config", required_argument, NULL, 'f'},
	{"listen", required_argument, NULL, 'l'},
	{"token-file", required_argument, NULL, 'u'},
	{"allow-origin", required_argument, NULL, 'o'},
	{"tls-cert", required_argument, NULL, 'c'},
	{"tls-key", required_argument, NULL, 'y'},
	{"max-connections", required_argument, NULL, 'n'},
	{"max-per-address", required_argument, NULL, 'p'},
	{"max-rate", required_argument, NULL, 'r'},
	{"max-calls", required_argument, NULL, 'q'},
	{"idle-time", required_argument, NULL, 'i'},
	{"socket", required_argument, NULL, 's'},
	{"web", required_argument, NULL, 'w'},
	{"state", required_argument, NULL, 'd'},
	{"keep-days", required_argument, NULL, 'e'},
	{"keep-mb", required_argument, NULL, 'b'},
	{"hook-grace", required_argument, NULL, 'g'},
	{"hook-secret-file", required_argument, NULL, 'k'},
	{"hook-allow", required_argument, NULL, 'j'},
	{"app", required_argument, NULL, 'a'},
	{"app-map", required_argument, NULL, 'm'},
	{"app-status", required_argument, NULL, 't'},
	{"log-level", required_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

/* The settings borrow from it, as they do from the environment */
static char *file_text;


static void set(char *path, size_t size, const char *dir, const char *name)
{
	(void)snprintf(path, size, "%s%s", dir, name);
}


static void default_socket(struct config *c)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");

	set(c->socket, sizeof(c->socket), geteuid() && dir ? dir : "/run",
	    "/referd/node.sock");
}


static void default_state(struct config *c)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (!geteuid())
		set(c->state, sizeof(c->state), "/var/lib", "/referd");
	else if (state && *state)
		set(c->state, sizeof(c->state), state, "/referd");
	else
		set(c->state, sizeof(c->state), home ? home : "",
		    "/.local/state/referd");
}


/* The installed page, or that of the source if this was just built */
static void default_web(struct config *c)
{
	const char *dir = WEB_INSTALLED;

	if (access(WEB_INSTALLED "/index.html", R_OK) &&
	    !access(WEB_SOURCE "/index.html", R_OK))
		dir = WEB_SOURCE;

	set(c->server.web, sizeof(c->server.web), dir, "");
}


/* These say what is wrong with a value, as in "must be a path"; NULL if
   nothing is */
static const char *set_path(char *path, size_t size, const char *value)
{
	if (!*value || strlen(value) >= size)
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


static const char *set_option(struct config *c, int opt, const char *value)
{
	switch (opt) {
	case 'f': return NULL; /* was read before all others */
	case 'l': c->server.listen = value; return NULL;
	case 'u': c->token_file = value; return NULL;
	case 'o': c->server.allow_origin = value; return NULL;
	case 'c': c->server.tls.cert = value; return NULL;
	case 'y': c->server.tls.key = value; return NULL;
	case 'n':
		return set_number(&c->server.max_connections, value,
				  CONNECTIONS_MAX);
	case 'p':
		return set_number(&c->server.max_per_address, value,
				  CONNECTIONS_MAX);
	case 'r':
		return set_number(&c->server.max_rate, value, CONNECTIONS_MAX);
	case 'q': return set_number(&c->max_calls, value, CONNECTIONS_MAX);
	case 'i': return set_number(&c->server.idle_time, value, IDLE_MAX);
	case 's': return set_path(c->socket, sizeof(c->socket), value);
	case 'w': return set_path(c->server.web, sizeof(c->server.web), value);
	case 'd': return set_path(c->state, sizeof(c->state), value);
	case 'e': return set_number(&c->keep_days, value, DAYS_MAX);
	case 'b': return set_number(&c->keep_mb, value, MB_MAX);
	case 'g': return set_number(&c->hook_grace, value, GRACE_MAX);
	case 'k':
		return set_path(c->hook_secret, sizeof(c->hook_secret), value);
	case 'j': c->hook_allow = value; return NULL;
	case 'a': c->app = value; return NULL;
	case 'm': c->app_map = value; return NULL;
	case 't': c->app_status = value; return NULL;
	case 'v':
		return log_level_parse(&c->log_level, value)
			       ? "must be error, warning, info or debug"
			       : NULL;
	default: return "is no option, see --help";
	}
}


/* An option some-thing may be given as REFERD_SOME_THING as well */
static int read_environment(struct config *c)
{
	for (const struct option *o = options; o->name; o++) {
		char name[64] = "REFERD_";
		const char *value, *wrong;

		for (size_t i = 0; i <= strlen(o->name); i++)
			name[strlen("REFERD_") + i] =
				o->name[i] == '-'
					? '_'
					: (char)toupper(
						  (unsigned char)o->name[i]);

		value = o->has_arg ? getenv(name) : NULL;
		wrong = value ? set_option(c, o->val, value) : NULL;
		if (wrong) {
			log_error("config: %s %s", name, wrong);
			return EINVAL;
		}
	}

	return 0;
}


static const char *file_handler(const char *key, const char *value, void *arg)
{
	for (const struct option *o = options; o->name; o++) {
		if (strcmp(o->name, key) || !o->has_arg || o->val == 'f')
			continue;

		return set_option(arg, o->val, value);
	}

	return "is no option, see referd --help";
}


/* The command line wins over the environment, which wins over this */
static int read_file(struct config *c, int argc, char *argv[])
{
	const char *path = getenv("REFERD_CONFIG");
	char error[1024];
	int opt;

	optind = 0;
	opterr = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'f')
			path = optarg;
	}
	opterr = 1;

	if (!path)
		return 0;

	free(file_text);
	file_text = NULL;
	if (!configfile_read(&file_text, path, file_handler, c, error,
			     sizeof(error)))
		return 0;

	log_error("config: %s", error);

	return EINVAL;
}


/**
 * Read the options.  Says itself what is wrong.
 *
 * @param c    Settings
 * @param argc Number of arguments
 * @param argv Arguments, put in another order; the settings borrow from them
 *
 * @return Whether to run
 */
enum config_result config_read(struct config *c, int argc, char *argv[])
{
	struct config d;
	int opt, i;

	memset(c, 0, sizeof(*c));
	c->server.listen = "127.0.0.1:8080";
	c->token_file = "";
	c->server.allow_origin = "";
	c->server.tls.cert = "";
	c->server.tls.key = "";
	c->server.max_connections = 12000;
	c->server.max_per_address = 1000;
	c->server.max_rate = 1000;
	c->max_calls = 20000;
	c->server.idle_time = 45;
	c->hook_allow = "";
	c->app = "";
	c->app_map = "";
	c->app_status = "/call-status";
	c->log_level = LOG_INFO;
	c->keep_days = 30;
	c->keep_mb = 512;
	c->hook_grace = 60;
	default_socket(c);
	default_state(c);
	default_web(c);
	d = *c;

	if (read_file(c, argc, argv) || read_environment(c))
		return CONFIG_BAD;

	optind = 0;
	while ((opt = getopt_long(argc, argv, "", options, &i)) != -1) {
		const char *wrong;

		if (opt == '?')
			return CONFIG_BAD;
		if (opt == 'h') {
			(void)printf(help, d.socket, d.server.web, d.state);
			return CONFIG_EXIT;
		}
		if (opt == 'V') {
			(void)printf("referd %s\n", PROJECT_VERSION);
			return CONFIG_EXIT;
		}

		wrong = set_option(c, opt, optarg);
		if (wrong) {
			log_error("config: %s %s", options[i].name, wrong);
			return CONFIG_BAD;
		}
	}

	if (optind < argc) {
		log_error("config: %s is no option, see --help", argv[optind]);
		return CONFIG_BAD;
	}

	return CONFIG_RUN;
}
