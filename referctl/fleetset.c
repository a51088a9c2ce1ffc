/**
 * @file fleetset.c  The servers of a fleet, and the credentials
 *
 * From options, else the environment, else the settings of referd: on a
 * machine of the fleet no option is needed.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/base.h"
#include "fleetset.h"


enum { FAULT_SIZE = 2048, DEFAULT_PORT = 4222 };

static const char machine_file[] = "/etc/referd/referd.conf";

static const struct {
	const char *name;
	size_t offset;
	size_t size;
} texts[] = {
#define TEXT(name, member)                                                    \
	{                                                                     \
		name, offsetof(struct fleet_settings, member),                \
			sizeof(((struct fleet_settings *)0)->member)          \
	}
	TEXT("fleet", urls),      TEXT("fleet-name", name),
	TEXT("fleet-node", node), TEXT("fleet-creds", creds),
	TEXT("fleet-nkey", nkey), TEXT("fleet-ca", ca),
	TEXT("fleet-cert", cert), TEXT("fleet-key", key),
#undef TEXT
};

enum { TEXTS = sizeof(texts) / sizeof(*texts) };


static const char *put(struct fleet_settings *s, const char *key,
		       const char *value)
{
	for (size_t i = 0; i < TEXTS; i++) {
		if (strcmp(key, texts[i].name))
			continue;
		if (strlen(value) >= texts[i].size)
			return "must be shorter";

		strcpy((char *)s + texts[i].offset, value);
	}

	return NULL;
}


/* Other settings of referd's file are ignored */
static const char *line_handler(const char *key, const char *value, void *arg)
{
	return put(arg, key, value);
}


static enum status from_file(struct fleet_settings *s, const struct args *a)
{
	const char *given = args_value(a, "config");
	const char *path = given ? given : machine_file;
	char error[FAULT_SIZE], *text = NULL;
	int err = configfile_read(&text, path, line_handler, s, error,
				  sizeof(error));

	free(text);
	if (!err || (!given && (err == ENOENT || err == ENOTDIR)))
		return STATUS_DONE;

	return say_error(STATUS_USAGE, "%s", error);
}


/* REFERD_FLEET_NAME, as referd has it */
static enum status from_environment(struct fleet_settings *s)
{
	for (size_t i = 0; i < TEXTS; i++) {
		char var[64];
		const char *value, *wrong;

		(void)snprintf(var, sizeof(var), "REFERD_%s", texts[i].name);
		for (char *p = var; *p; p++)
			*p = *p == '-' ? '_' : (char)toupper((uint8_t)*p);

		value = getenv(var);
		wrong = value && *value ? put(s, texts[i].name, value) : NULL;
		if (wrong)
			return say_error(STATUS_USAGE, "%s %s", var, wrong);
	}

	return STATUS_DONE;
}


static enum status from_options(struct fleet_settings *s, const struct args *a)
{
	for (size_t i = 0; i < TEXTS; i++) {
		const char *value = args_value(a, texts[i].name);
		const char *wrong = value ? put(s, texts[i].name, value)
					  : NULL;

		if (wrong)
			return say_error(STATUS_USAGE, "--%s %s",
					 texts[i].name, wrong);
	}

	return STATUS_DONE;
}


static void set_defaults(struct fleet_settings *s)
{
	if (!*s->name)
		strcpy(s->name, "fleet");

	/* The default name of referd; characters that no subject may have are
	   left out */
	if (!*s->node && !gethostname(s->node, sizeof(s->node) - 1)) {
		s->node[strcspn(s->node, ".")] = '\0';
		for (char *p = s->node; *p; p++) {
			if (!isalnum((uint8_t)*p) && *p != '_')
				*p = '-';
		}
	}

	for (size_t i = 0; i < sizeof(s->stream); i++)
		s->stream[i] = (char)toupper((uint8_t)s->name[i]);
}


/**
 * Tell whether a text can be the name of a fleet or of a member: a part of a
 * subject, and of a file's name
 *
 * @param name Name
 *
 * @return True if it can
 */
bool fleetset_is_name(const char *name)
{
	const size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"abcdefghijklmnopqrstuvwxyz"
					"0123456789-_");

	return len && !name[len] && len < FLEET_NAME_MAX;
}


/**
 * Find the servers of the fleet.  Prints its errors.
 *
 * @param s Settings
 * @param a Command line
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status fleetset_read(struct fleet_settings *s, const struct args *a)
{
	const char *host;
	enum status status;
	unsigned port;
	size_t len, n;

	memset(s, 0, sizeof(*s));

	status = from_file(s, a);
	if (!status)
		status = from_environment(s);
	if (!status)
		status = from_options(s, a);
	if (status)
		return status;

	set_defaults(s);
	if (!fleetset_is_name(s->name) || !fleetset_is_name(s->node))
		return say_error(STATUS_USAGE,
				 "--fleet-%s must have 1 to %d letters, "
				 "digits, - and _",
				 fleetset_is_name(s->name) ? "node" : "name",
				 FLEET_NAME_MAX - 1);
	if (!*s->urls)
		return say_error(
			STATUS_USAGE,
			"--fleet must name the nats-servers of the fleet, "
			"such as nats://10.0.0.1:4222,nats://10.0.0.2:4222");

	n = fleetset_server(s->urls, 0, &host, &len, &port);
	for (size_t i = 0; i < n; i++) {
		(void)fleetset_server(s->urls, i, &host, &len, &port);
		if (!len)
			return say_error(
				STATUS_USAGE,
				"--fleet must be URLs separated by commas, "
				"such as nats://10.0.0.1:4222");
	}

	return STATUS_DONE;
}


/**
 * Get the value of an option that is a number.  Prints its errors.
 *
 * @param np   Number, left as it is if the option is not given
 * @param a    Command line
 * @param name Name of the option
 * @param max  The most that it may be
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status fleetset_number(unsigned *np, const struct args *a,
			    const char *name, unsigned max)
{
	const char *value = args_value(a, name);
	unsigned long n;
	char *end;

	if (!value)
		return STATUS_DONE;

	n = strtoul(value, &end, 10);
	if (*value < '1' || *value > '9' || *end || n > max)
		return say_error(STATUS_USAGE,
				 "--%s must be a number from 1 to %u", name,
				 max);
	*np = (unsigned)n;

	return STATUS_DONE;
}


/* One server: host and port, after a scheme and a user if there are any */
static void read_server(const char *url, size_t len, const char **hostp,
			size_t *lenp, unsigned *portp)
{
	const char *end = url + len, *p;

	for (p = url; p + 3 <= end; p++) {
		if (!memcmp(p, "://", 3)) {
			url = p + 3;
			break;
		}
	}
	for (p = end; p > url; p--) {
		if (p[-1] == '@') {
			url = p;
			break;
		}
	}

	*portp = DEFAULT_PORT;
	*hostp = url;
	p = *url == '[' ? memchr(url, ']', (size_t)(end - url)) : url;
	p = p ? memchr(p, ':', (size_t)(end - p)) : NULL;
	*lenp = (size_t)((p ? p : end) - url);
	if (p)
		*portp = (unsigned)strtoul(p + 1, NULL, 10);
	if (!*portp || *portp > 65535)
		*lenp = 0;
}


/**
 * Get one of the servers of the fleet
 *
 * @param urls  URLs, by commas
 * @param i     Which, from 0
 * @param hostp Its host, an IPv6 address in []; not terminated
 * @param lenp  Length of that, 0 if it cannot be read
 * @param portp Its port
 *
 * @return Number of servers
 */
size_t fleetset_server(const char *urls, size_t i, const char **hostp,
		       size_t *lenp, unsigned *portp)
{
	size_t n = 0;

	*lenp = 0;
	for (const char *p = urls;; p++) {
		size_t len = strcspn(p, ",");

		if (n++ == i)
			read_server(p, len, hostp, lenp, portp);
		p += len;
		if (!*p)
			break;
	}

	return n;
}


/**
 * Write the addresses of servers for people: without users and passwords
 *
 * @param to   Buffer
 * @param size Size of the buffer
 * @param urls URLs, by commas
 */
void fleetset_hide(char *to, size_t size, const char *urls)
{
	const char *host;
	size_t len = 0, host_len, n;
	unsigned port;

	*to = '\0';
	n = fleetset_server(urls, 0, &host, &host_len, &port);
	for (size_t i = 0; i < n && len < size; i++) {
		int added;

		(void)fleetset_server(urls, i, &host, &host_len, &port);
		added = snprintf(to + len, size - len, "%s%.*s:%u",
				 i ? "," : "", (int)host_len, host, port);
		len += added > 0 ? (size_t)added : 0;
	}
}
