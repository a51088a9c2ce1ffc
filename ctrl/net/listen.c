/**
 * @file listen.c  The socket for clients, and the check of each connection
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "address.h"
#include "base/base.h"
#include "net.h"
#include "peer.h"


enum {
	BACKLOG = 1024,
	RESERVE = 128, /* descriptors for files, lookups and the like */
	LOW_CONNECTIONS = 128, /* of a guest that has no high descriptors */
	HOST_SIZE = 256,
};

static struct {
	int fd;
	struct acceptor acceptor;
	listen_accept_h *h;
	const char *scheme;
	char host[HOST_SIZE]; /* as it was given */
	char numeric[64];
	char port[16];
} server = {.fd = -1};


/* Reads the request first, so that the answer is not lost with it */
static void turn_away(int fd)
{
	static const char answer[] =
		"HTTP/1.1 503 Service Unavailable\r\n"
		"Content-Type: application/json\r\n"
		"Content-Length: 32\r\nConnection: close\r\n\r\n"
		"{\"error\":\"Too many connections\"}";
	char buf[4096];

	(void)recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	(void)send(fd, answer, sizeof(answer) - 1,
		   MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)close(fd);
}


static void accept_handler(int fd, const struct sockaddr *sa)
{
	struct peer *p = peer_admit(sa);
	int on = 1;

	if (!p) {
		turn_away(fd);
		return;
	}

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	server.h(fd, p);
}


bool listen_owns(const char *host)
{
	const char *const names[] = {server.host, server.numeric};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		bool six = strchr(names[i], ':') != NULL;
		char want[HOST_SIZE + 2];
		size_t n;

		(void)snprintf(want, sizeof(want), six ? "[%s]" : "%s",
			       names[i]);
		n = strlen(want);
		if (n && !strncasecmp(host, want, n) &&
		    (host[n] == '\0' ||
		     (host[n] == ':' && !strcmp(host + n + 1, server.port))))
			return true;
	}

	return false;
}


static int bind_to(const struct addrinfo *ai,
		   const struct listen_config *config)
{
	int on = 1, err;

	if (!config->anywhere && !address_is_loopback(ai->ai_addr)) {
		log_error("listen: cannot listen on %s without tokens: put a "
			  "line 'NAME controller TOKEN' into a file of mode "
			  "0600 (openssl rand -hex 32 makes a token) and name "
			  "the file with %s",
			  config->address, option_shown("token-file"));
		return EACCES;
	}

	server.fd = socket(ai->ai_family,
			   SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (server.fd < 0)
		return errno;

	(void)setsockopt(server.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));

	if (!bind(server.fd, ai->ai_addr, ai->ai_addrlen) &&
	    !listen(server.fd, BACKLOG))
		return 0;

	err = errno;
	log_error("listen: cannot listen on %s: %s", config->address,
		  err == EADDRINUSE ? "the port is in use" : strerror(err));

	return err;
}


/* HOST:PORT, with the host of IPv6 in brackets */
static int split(char host[HOST_SIZE], const char **portp,
		 const char *listen_on)
{
	const char *colon = strrchr(listen_on, ':');
	size_t len;

	if (!colon || colon == listen_on || !colon[1] ||
	    strlen(colon + 1) > 5 || atoi(colon + 1) > UINT16_MAX)
		return EINVAL;

	len = (size_t)(colon - listen_on);
	if (listen_on[0] == '[' && len > 2 && listen_on[len - 1] == ']') {
		++listen_on;
		len -= 2;
	}

	if (len >= HOST_SIZE)
		return EINVAL;

	memcpy(host, listen_on, len);
	host[len] = '\0';
	*portp = colon + 1;

	return 0;
}


static int bind_address(const struct listen_config *config)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *ai = NULL;
	const char *port;
	int err;

	if (split(server.host, &port, config->address) ||
	    getaddrinfo(server.host, port, &hints, &ai)) {
		log_error("listen: cannot listen on %s: give HOST:PORT",
			  config->address);
		return EINVAL;
	}

	err = bind_to(ai, config);
	freeaddrinfo(ai);

	return err;
}


/* Tells where the page is, which is all that stdout is for */
static void print_url(void)
{
	char url[128];
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(server.fd, (struct sockaddr *)&ss, &len) ||
	    getnameinfo((struct sockaddr *)&ss, len, server.numeric,
			sizeof(server.numeric), server.port,
			sizeof(server.port), NI_NUMERICHOST | NI_NUMERICSERV))
		return;

	(void)snprintf(url, sizeof(url),
		       strchr(server.numeric, ':') ? "%s://[%s]:%s"
						   : "%s://%s:%s",
		       server.scheme, server.numeric, server.port);
	if (guest_is()) {
		log_info("%s", url);
		return;
	}

	(void)printf("referd: %s\n", url);
	(void)fflush(stdout);
}


/* A guest changes no limit, and leaves its host the low ones but a few */
static unsigned guest_connections(unsigned connections, unsigned others)
{
	const unsigned high = descriptors_high();
	unsigned n = high > 2 * others ? high - others : high / 2;

	if (n < LOW_CONNECTIONS)
		n = LOW_CONNECTIONS;
	if (n >= connections)
		return connections;

	log_warning("listen: the limit of open files allows %u clients; the "
		    "settings need a limit of %u",
		    n, DESCRIPTORS_LOW + connections + others);

	return n;
}


/* As many descriptors as the connections and the rest need, as far as they can
   be had; if they can't, half of them are for the connections */
static unsigned get_descriptors(unsigned connections, unsigned others)
{
	const rlim_t reserve = (rlim_t)others + RESERVE;
	const rlim_t want = connections + reserve;
	struct rlimit limit;

	if (guest_is())
		return guest_connections(connections, others);

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return connections;

	if (limit.rlim_cur < want) {
		limit.rlim_cur = want < limit.rlim_max ? want : limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
		(void)getrlimit(RLIMIT_NOFILE, &limit);
	}

	if (limit.rlim_cur >= want)
		return connections;

	if (limit.rlim_cur < 2 * reserve)
		limit.rlim_cur /= 2;
	else
		limit.rlim_cur -= reserve;
	if (limit.rlim_cur < connections)
		connections = (unsigned)limit.rlim_cur;
	log_warning("listen: the limit of open files allows %u clients; the "
		    "options need a limit of %llu",
		    connections, (unsigned long long)want);

	return connections;
}


int listen_bind(const struct listen_config *config)
{
	int err;

	err = bind_address(config);
	if (err)
		return err;

	server.scheme = config->scheme;

	return peers_init(
		get_descriptors(config->max_connections, config->others),
		config->max_per_address);
}


void listen_start(listen_accept_h *h)
{
	server.h = h;
	acceptor_open(&server.acceptor, server.fd, "listen", accept_handler);
	print_url();
}


void listen_close(void)
{
	if (server.fd < 0)
		return;

	acceptor_close(&server.acceptor);
	(void)close(server.fd);
	server.fd = -1;
}
