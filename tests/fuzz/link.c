/**
 * @file link.c  referd at the other end of the module's link
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <re.h>
#include "text/text.h"
#include "baresip.h"


enum {
	IN_SIZE = 1 << 20,
	LINE_SIZE = 65536, /* longest line of the link [bytes] */
};

static struct {
	char dir[32];
	char path[64];
	int listener, fd;
	char *in;
	size_t inlen;
	bool clean;              /* the test sends only UTF-8 */
	double n;                /* of the last report */
	size_t requested, ended; /* transfers */
	size_t longest;          /* of its lines */
	unsigned links;          /* that it has made */
	referd_line_h *lineh;
} referd = {.listener = -1, .fd = -1};


static void clean_up(void)
{
	(void)unlink(referd.path);
	(void)rmdir(referd.dir);
	free(referd.in);
}


static void listen_once(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if (referd.listener >= 0)
		return;

	strcpy(referd.dir, "/tmp/fuzz-XXXXXX");
	referd.in = malloc(IN_SIZE);
	if (!referd.in || !mkdtemp(referd.dir))
		abort();

	(void)re_snprintf(referd.path, sizeof(referd.path), "%s/s",
			  referd.dir);
	str_ncpy(addr.sun_path, referd.path, sizeof(addr.sun_path));
	referd.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (bind(referd.listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(referd.listener, 4))
		abort();

	(void)atexit(clean_up);
}


/* A transfer that was requested ends, once. Reports come again after the
   connection was lost. */
static void check_report(const cJSON *json)
{
	const cJSON *n = cJSON_GetObjectItem(json, "n");
	const char *type = cJSON_GetStringValue(
		cJSON_GetObjectItem(json, "type"));
	const char *step = cJSON_GetStringValue(
		cJSON_GetObjectItem(json, "step"));

	if (!type)
		abort();
	if (!cJSON_IsNumber(n) || n->valuedouble <= referd.n)
		return;

	referd.n = n->valuedouble;
	if (strcmp(type, "transfer") || !step)
		return;

	if (!strcmp(step, "requested"))
		++referd.requested;
	else if (!strcmp(step, "ended"))
		++referd.ended;
	if (referd.ended > referd.requested)
		abort();
}


static void take_line(const char *line, size_t len)
{
	cJSON *json = cJSON_ParseWithLength(line, len);
	char *text = NULL;
	struct pl pl = {.p = line, .l = len};

	if (len > LINE_SIZE || !json || text_scrub(&text, &pl))
		abort();

	/* no text needs cleaning */
	if (referd.clean && (strlen(text) != len || memcmp(text, line, len)))
		abort();

	if (len > referd.longest)
		referd.longest = len;
	if (referd.lineh)
		referd.lineh(json);

	check_report(json);
	mem_deref(text);
	cJSON_Delete(json);
}


/**
 * Read the lines of the module, each a JSON object with a type
 */
void referd_read(void)
{
	ssize_t n;
	char *nl;

	while (referd.fd >= 0) {
		n = recv(referd.fd, referd.in + referd.inlen,
			 IN_SIZE - referd.inlen, MSG_DONTWAIT);
		if (n <= 0)
			break;
		referd.inlen += n;

		while ((nl = memchr(referd.in, '\n', referd.inlen))) {
			take_line(referd.in, nl - referd.in);
			referd.inlen -= nl + 1 - referd.in;
			memmove(referd.in, nl + 1, referd.inlen);
		}
	}
}


/**
 * Hang up on the module, which will come back
 */
void referd_hang_up(void)
{
	if (referd.fd < 0)
		return;

	referd_read();
	(void)close(referd.fd);
	referd.fd = -1;
	referd.inlen = 0;
	fds_ready();
}


static void referd_accept(void)
{
	int fd = accept(referd.listener, NULL, NULL);

	if (fd < 0)
		return;

	if (referd.fd >= 0)
		(void)close(referd.fd);
	referd.fd = fd;
	referd.inlen = 0;
	++referd.links;
}


/**
 * Send data to the module
 *
 * @param data Data
 * @param len  Length in bytes
 */
void referd_say(const void *data, size_t len)
{
	const char *p = data;

	referd_accept();

	while (referd.fd >= 0 && len) {

		ssize_t n = send(referd.fd, p, len,
				 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n <= 0)
			break;

		p += n;
		len -= n;
		fds_ready();
		referd_read();
	}
}


/**
 * Greet the module, once it has connected
 */
void referd_welcome(void)
{
	static const char line[] =
		"{\"type\":\"welcome\",\"protocol\":1,\"version\":\"0.1.0\","
		"\"n\":0}\n";

	referd_say(line, sizeof(line) - 1);
}


/**
 * Listen for the module
 *
 * @param clean True if the test will send only UTF-8
 *
 * @return Path of the socket
 */
const char *referd_listen(bool clean)
{
	listen_once();
	referd.clean = clean;
	referd.n = 0;
	referd.requested = referd.ended = 0;
	referd.longest = 0;
	referd.links = 0;

	return referd.path;
}


/**
 * Have each line of the module told
 *
 * @param h Called with it, parsed
 */
void referd_listener(referd_line_h *h)
{
	referd.lineh = h;
}


/**
 * Get figures of the lines of the module
 *
 * @param linksp Number of links it has made
 *
 * @return Length of the longest line [bytes]
 */
size_t referd_longest(unsigned *linksp)
{
	*linksp = referd.links;

	return referd.longest;
}


/**
 * Hear the last words of the module, which has closed, and look whether all
 * that was begun has ended
 */
void referd_close(void)
{
	referd_read();
	if (referd.clean && referd.requested != referd.ended)
		abort();

	/* it may have connected once more */
	referd_accept();
	if (referd.fd >= 0)
		(void)close(referd.fd);
	referd.fd = -1;
	referd.inlen = 0;
}
