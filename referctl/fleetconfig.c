/**
 * @file fleetconfig.c  A configuration of the nats-servers of a fleet
 *
 * Each member is a user of its own with the permissions that it needs: to
 * write its own subjects, to send requests to others, and to read the stream.
 * The operator makes and changes the stream.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <openssl/rand.h>
#include "fleet.h"
#include "fleetset.h"
#include "keyfile.h"


enum {
	ROUTE_STEP = 2000, /* from the port of clients to that of routes */
	PORT_MAX = 65535,
	SECRET_BYTES = 24,
	SECRET_SIZE = 2 * SECRET_BYTES + 1,
};

static const char operator_name[] = "operator";
static const char cluster_name[] = "cluster";

/* Output is collected, and printed when nothing can fail any more */
struct page {
	const struct fleet_settings *s;
	const char *keys; /* directory of seeds, NULL for passwords */
	const char *store;
	size_t server; /* the one it is for */
	size_t servers;
	char secrets[OPERANDS_MAX + 1][NKEY_PUBLIC_SIZE];
	char route[NKEY_PUBLIC_SIZE]; /* what servers ask each other for */
};

/* NAME, STREAM and MEMBER are put in where $F, $S and $M stand */
static const char *const member_publish[] = {
	"$F.ev.$M",
	"$F.lost.*.*",
	"$F.hb.$M",
	"$F.rq.*",
	"$F.find",
	"_INBOX.>",
	"$JS.API.INFO",
	"$JS.API.STREAM.INFO.$S",
	"$JS.API.STREAM.NAMES",
	"$JS.API.STREAM.MSG.GET.$S",
	"$JS.API.CONSUMER.CREATE.$S",
	"$JS.API.CONSUMER.DELETE.$S.*",
	"$JS.FC.$S.>",
	NULL,
};

static const char *const member_subscribe[] = {
	"_INBOX.$M.>", "$F.rq.$M", "$F.hb.*", "$F.find", NULL,
};

static const char *const operator_publish[] = {
	"$JS.API.INFO",
	"$JS.API.STREAM.NAMES",
	"$JS.API.STREAM.INFO.$S",
	"$JS.API.STREAM.CREATE.$S",
	"$JS.API.STREAM.UPDATE.$S",
	"$JS.API.STREAM.DELETE.$S",
	"$JS.API.STREAM.MSG.GET.$S",
	"$JS.API.STREAM.LEADER.STEPDOWN.$S",
	"$JS.API.CONSUMER.CREATE.$S",
	"$JS.API.CONSUMER.DELETE.$S.*",
	NULL,
};

static const char *const operator_subscribe[] = {
	"_INBOX.>",
	"$F.hb.*",
	NULL,
};


static enum status make_secret(char to[SECRET_SIZE])
{
	unsigned char bytes[SECRET_BYTES];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return say_error(STATUS_ERROR,
				 "cannot get random bytes from OpenSSL");

	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)sprintf(to + 2 * i, "%02x", bytes[i]);

	return STATUS_DONE;
}


static enum status make_secrets(struct page *p, const struct args *a)
{
	enum status status = p->keys ? keyfile_get(p->route, p->keys,
						   cluster_name)
				     : make_secret(p->route);

	for (size_t i = 0; !status && i <= a->operand_count; i++) {
		const char *name = i < a->operand_count ? a->operands[i]
							: operator_name;

		status = p->keys ? keyfile_get(p->secrets[i], p->keys, name)
				 : make_secret(p->secrets[i]);
	}

	return status;
}


static enum status check_names(const struct args *a)
{
	for (size_t i = 0; i < a->operand_count; i++) {
		const char *name = a->operands[i];

		if (!fleetset_is_name(name))
			return say_error(STATUS_USAGE,
					 "NODE must have 1 to %d letters, "
					 "digits, - and _, not %s",
					 FLEET_NAME_MAX - 1, name);
		if (!strcmp(name, operator_name) ||
		    !strcmp(name, cluster_name))
			return say_error(STATUS_USAGE,
					 "NODE must not be %s: that is the "
					 "name of %s",
					 name,
					 strcmp(name, operator_name)
						 ? "the servers' own secret"
						 : "the user that makes the "
						   "stream");
		for (size_t j = 0; j < i; j++) {
			if (!strcmp(name, a->operands[j]))
				return say_error(
					STATUS_USAGE,
					"NODE %s must appear only once", name);
		}
	}

	return STATUS_DONE;
}


/* HOST or HOST:PORT */
static bool is_server(const char *urls, size_t i, const char *text)
{
	char full[FLEET_URLS_MAX + 8];
	const char *host;
	unsigned port;
	size_t len;

	(void)fleetset_server(urls, i, &host, &len, &port);
	(void)snprintf(full, sizeof(full), "%.*s:%u", (int)len, host, port);

	return !strcmp(full, text) ||
	       (strlen(text) == len && !memcmp(host, text, len));
}


static enum status find_server(struct page *p, const struct args *a)
{
	const char *text = args_value(a, "server");
	const char *host;
	unsigned port;
	size_t len;

	p->servers = fleetset_server(p->s->urls, 0, &host, &len, &port);
	for (size_t i = 0; i < p->servers; i++) {
		(void)fleetset_server(p->s->urls, i, &host, &len, &port);
		if (port + ROUTE_STEP > PORT_MAX)
			return say_error(STATUS_USAGE,
					 "--fleet must have ports up to %d: "
					 "the port of the routes is %d higher",
					 PORT_MAX - ROUTE_STEP, ROUTE_STEP);
	}
	while (text && !is_server(p->s->urls, p->server, text)) {
		if (++p->server == p->servers)
			return say_error(
				STATUS_USAGE,
				"--server must be one of --fleet, not %s",
				text);
	}

	return STATUS_DONE;
}


static void put_subject(const char *text, const struct page *p,
			const char *member)
{
	(void)putchar('"');
	for (; *text; text++) {
		const char *value = *text != '$'     ? NULL
				    : text[1] == 'F' ? p->s->name
				    : text[1] == 'M' ? member
				    : text[1] != 'S' ? NULL
						     : p->s->stream;

		if (value)
			++text;
		(void)(value ? printf("%s", value) : putchar(*text));
	}
	(void)putchar('"');
}


static void put_subjects(const char *verb, const char *const *list,
			 const struct page *p, const char *member)
{
	(void)printf("        %s: [", verb);
	for (size_t i = 0; list[i]; i++) {
		(void)printf("%s\n          ", i ? "," : "");
		put_subject(list[i], p, member);
	}
	(void)printf("\n        ]\n");
}


static void put_user(const struct page *p, size_t i, const char *name)
{
	const bool is_operator = !strcmp(name, operator_name);

	(void)printf("    # %s\n    {\n", name);
	if (p->keys)
		(void)printf("      nkey: %s\n", p->secrets[i]);
	else
		(void)printf("      user: \"%s\", password: \"%s\"\n", name,
			     p->secrets[i]);
	(void)printf("      permissions: {\n");
	put_subjects("publish",
		     is_operator ? operator_publish : member_publish, p, name);
	put_subjects("subscribe",
		     is_operator ? operator_subscribe : member_subscribe, p,
		     name);
	(void)printf("      }\n    }\n");
}


/* The settings of each member, as lines for its referd.conf */
static void put_settings(const struct page *p, const char *name)
{
	const char *host;
	unsigned port;
	size_t len;

	(void)printf("#   fleet = ");
	for (size_t i = 0; i < p->servers; i++) {
		(void)fleetset_server(p->s->urls, i, &host, &len, &port);
		(void)printf("%snats://", i ? "," : "");
		if (!p->keys)
			(void)printf("%s:PASSWORD@", name);
		(void)printf("%.*s:%u", (int)len, host, port);
	}
	(void)printf("\n#   fleet-name = %s\n#   fleet-node = %s\n",
		     p->s->name, name);
	if (p->keys)
		(void)printf("#   fleet-nkey = /etc/referd/%s.nk\n", name);
}


static void put_head(const struct page *p, const char *member)
{
	(void)printf(
		"# A nats-server of the fleet %s, with JetStream. It has "
		"secrets: mode 0640,\n"
		"# root:nats. The same file is for each server, but for "
		"server_name, listen and\n"
		"# cluster.listen%s.\n"
		"#\n"
		"# Go takes memory as it comes, and is to know what there is. "
		"In a file\n"
		"# /etc/systemd/system/nats-server.service.d/memory.conf:\n"
		"#   [Service]\n"
		"#   Environment=GOMEMLIMIT=512MiB\n"
		"#\n"
		"# A member has in its referd.conf, as here %s:\n",
		p->s->name,
		p->keys ? "; print it again with --server for the others, "
			  "and with this --keys"
			: ". Other passwords are made each time that it is "
			  "printed: copy it",
		member);
	put_settings(p, member);
	(void)printf("#\n# and \"referctl fleet init\" as the operator makes "
		     "the stream.\n\n");
}


static void put_server(const struct page *p)
{
	const char *host;
	unsigned port;
	size_t len;

	(void)fleetset_server(p->s->urls, p->server, &host, &len, &port);
	(void)printf("server_name: \"%s-%zu\"\n"
		     "listen: \"%.*s:%u\"\n"
		     "\n"
		     "jetstream {\n"
		     "  store_dir: \"%s\"\n"
		     "  max_memory_store: 64MB\n"
		     "  # max_file_store: 16GB\n"
		     "}\n"
		     "\n"
		     "# A silent member is known as gone after 20 s\n"
		     "ping_interval: \"10s\"\n"
		     "ping_max: 2\n"
		     "\n"
		     "# With certificates from your own authority: cert of "
		     "this server, ca that of the\n"
		     "# members. Members then have tls:// URLs, fleet-ca, "
		     "fleet-cert and fleet-key.\n"
		     "#tls {\n"
		     "#  cert_file: \"/etc/nats/cert.pem\"\n"
		     "#  key_file: \"/etc/nats/key.pem\"\n"
		     "#  ca_file: \"/etc/nats/ca.pem\"\n"
		     "#  verify: true\n"
		     "#  timeout: 5\n"
		     "#}\n",
		     p->s->name, p->server + 1, (int)len, host, port,
		     p->store);
}


static void put_cluster(const struct page *p)
{
	const char *host;
	unsigned port;
	size_t len;

	if (p->servers < 2)
		return;

	(void)fleetset_server(p->s->urls, p->server, &host, &len, &port);
	(void)printf("\ncluster {\n"
		     "  name: \"%s\"\n"
		     "  listen: \"%.*s:%u\"\n"
		     "  authorization { user: \"route\", password: \"%s\", "
		     "timeout: 5 }\n"
		     "  # Routes are among servers alone: with TLS where the "
		     "network is not yours.\n"
		     "  #tls { cert_file: \"/etc/nats/cert.pem\", key_file: "
		     "\"/etc/nats/key.pem\",\n"
		     "  #      ca_file: \"/etc/nats/ca.pem\", verify: true }\n"
		     "  routes: [",
		     p->s->name, (int)len, host, port + ROUTE_STEP, p->route);
	for (size_t i = 0; i < p->servers; i++) {
		(void)fleetset_server(p->s->urls, i, &host, &len, &port);
		(void)printf("%s\n    \"nats-route://route:%s@%.*s:%u\"",
			     i ? "," : "", p->route, (int)len, host,
			     port + ROUTE_STEP);
	}
	(void)printf("\n  ]\n}\n");
}


/**
 * Print a configuration of the nats-servers of a fleet
 *
 * @param a Command line: the members
 *
 * @return Exit status
 */
enum status fleet_config(const struct args *a)
{
	static struct fleet_settings s;
	static struct page p;
	enum status status = fleetset_read(&s, a);

	p.s = &s;
	p.keys = args_value(a, "keys");
	p.store = args_value(a, "store");
	if (!p.store)
		p.store = "/var/lib/nats";
	if (!status && strpbrk(p.store, "\"\\\n"))
		status = say_error(STATUS_USAGE, "--store must be a path "
						 "without quotes");
	if (!status)
		status = check_names(a);
	if (!status)
		status = find_server(&p, a);
	if (!status)
		status = make_secrets(&p, a);
	if (status)
		return status;

	put_head(&p, a->operands[0]);
	put_server(&p);
	put_cluster(&p);
	(void)printf("\nauthorization {\n  timeout: 5\n  users: [\n");
	for (size_t i = 0; i <= a->operand_count; i++)
		put_user(&p, i,
			 i < a->operand_count ? a->operands[i]
					      : operator_name);
	(void)printf("  ]\n}\n");

	return STATUS_DONE;
}
