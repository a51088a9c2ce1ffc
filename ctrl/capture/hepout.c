/**
 * @file hepout.c  Packets on their way to HOMER
 *
 * A datagram is either sent at once, or dropped and counted.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/base.h"
#include "net/net.h"
#include "capture.h"


/* Seconds until a name is looked up again, since its address may change; and
   after it had no address */
static const double again_time = 300.;
static const double retry_time = 10.;

enum { PORT_SIZE = 6, PORT_MAX = 65535 };

static struct {
	char host[HEP_HOST_SIZE];
	uint16_t port; /* 0 while nothing is to be sent */
	bool numeric;
	uint32_t id;
	bool mask;
	int fd;    /* -1 while the address is unknown */
	bool told; /* the missing address was logged */
	struct resolve *lookup;
	struct timer timer;
} hep = {.fd = -1};


/* The host of IPv6 in brackets */
static int split(char host[HEP_HOST_SIZE], uint16_t *portp, const char *to)
{
	const char *colon = strrchr(to, ':');
	const char *begin = to, *end = colon;
	char *rest;
	unsigned long port;

	if (!colon || !colon[1] ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return EINVAL;

	port = strtoul(colon + 1, &rest, 10);
	if (*rest || !port || port > PORT_MAX)
		return EINVAL;

	if (*begin == '[' && end > begin + 1 && end[-1] == ']') {
		++begin;
		--end;
	}
	else if (memchr(begin, ':', (size_t)(end - begin))) {
		return EINVAL;
	}
	if (end == begin || end - begin >= HEP_HOST_SIZE ||
	    strcspn(begin, " \t/[]") < (size_t)(end - begin))
		return EINVAL;

	memcpy(host, begin, (size_t)(end - begin));
	host[end - begin] = '\0';
	*portp = (uint16_t)port;

	return 0;
}


const char *hep_error(const char *to)
{
	char host[HEP_HOST_SIZE];
	uint16_t port;

	return *to && split(host, &port, to)
		       ? "must be HOST:PORT, such as homer.example.com:9060"
		       : NULL;
}


static int read_address(struct sockaddr_storage *sa, socklen_t *lenp,
			const char *text, uint16_t port)
{
	struct sockaddr_in *in = (void *)sa;
	struct sockaddr_in6 *in6 = (void *)sa;

	memset(sa, 0, sizeof(*sa));
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		*lenp = sizeof(*in);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		*lenp = sizeof(*in6);
		return 0;
	}

	return EINVAL;
}


static int open_socket(const char *address)
{
	struct sockaddr_storage sa;
	socklen_t len;
	int fd;

	if (read_address(&sa, &len, address, hep.port))
		return EINVAL;

	fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    0);
	if (fd < 0)
		return errno;

	if (connect(fd, (const struct sockaddr *)&sa, len)) {
		const int err = errno;

		(void)close(fd);
		return err;
	}

	if (hep.fd >= 0)
		(void)close(hep.fd);
	hep.fd = descriptor_move(fd);

	return 0;
}


static void trouble(const char *why)
{
	if (!hep.told)
		log_warning("hep: cannot send to %s: %s", hep.host, why);
	hep.told = true;
}


/* The previous address stays in use until there is a new one */
static void found_handler(char (*addresses)[ADDRESS_SIZE], size_t count,
			  const char *why, void *arg)
{
	int err = EHOSTUNREACH;
	(void)arg;

	hep.lookup = NULL;
	for (size_t i = 0; i < count && err; i++)
		err = open_socket(addresses[i]);

	if (err)
		trouble(why ? why : strerror(err));
	else
		hep.told = false;
	timer_start(&hep.timer, err ? retry_time : again_time);
}


static void look_up(void *arg)
{
	(void)arg;

	if (resolve(&hep.lookup, hep.host, found_handler, NULL))
		timer_start(&hep.timer, retry_time);
}


int hep_open(const struct hep_config *c)
{
	const char *wrong = c->to ? hep_error(c->to) : NULL;
	struct in6_addr addr;
	int err;

	if (wrong) {
		log_error("config: %s %s", option_shown("hep"), wrong);
		return EINVAL;
	}
	if (!c->to || !*c->to)
		return 0;

	(void)split(hep.host, &hep.port, c->to);
	hep.id = c->id;
	hep.mask = c->mask;
	hep.told = false;
	timer_init(&hep.timer, look_up, NULL);
	if (inet_pton(AF_INET, hep.host, &addr) != 1 &&
	    inet_pton(AF_INET6, hep.host, &addr) != 1) {
		look_up(NULL);
		return 0;
	}

	err = open_socket(hep.host);
	if (err)
		trouble(strerror(err));

	return 0;
}


void hep_close(void)
{
	if (!hep.port)
		return;

	hep.lookup = resolve_cancel(hep.lookup);
	timer_stop(&hep.timer);
	if (hep.fd >= 0)
		(void)close(hep.fd);
	hep.fd = -1;
	hep.port = 0;
}


/* This reports the error of the previous datagram: the present one is sent
   again */
static bool send_bytes(const struct bytes *b)
{
	for (int i = 0; i < 2; i++) {
		if (send(hep.fd, b->p, b->len, MSG_DONTWAIT) >= 0)
			return true;
		if (errno != ECONNREFUSED)
			break;
	}

	return false;
}


static void send_handler(struct packet *p, void *arg)
{
	struct bytes b = {0};
	bool sent;
	(void)arg;

	if (hep.mask)
		packet_mask(p);
	hep_write(&b, p, hep.id);
	sent = hep.fd >= 0 && !b.failed && send_bytes(&b);
	counter_add(sent ? COUNTER_HEP_SENT : COUNTER_HEP_DROPPED);
	bytes_free(&b);
}


void hep_send(const char *packets)
{
	struct packet_reader r = {0};

	if (!hep.port)
		return;

	packets_read(&r, packets, send_handler, NULL);
	packets_end(&r);
}
