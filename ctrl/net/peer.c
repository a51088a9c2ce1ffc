/**
 * @file peer.c  The addresses of connections, counted
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include "address.h"
#include "base/base.h"
#include "net.h"
#include "peer.h"
#include "throttle.h"


/* An IPv4 address, or the 64 bits of IPv6 below which a host has them all */
struct peer {
	char key[INET6_ADDRSTRLEN];
	unsigned count;
	struct bucket bucket; /* for requests */
	struct timer gone; /* without connections for as long as it counts */
};

static struct {
	struct table *table; /* by key */
	unsigned count, max, max_per_address;
} peers;

/* Seconds in which a bucket is full again, and a bit */
static const double gone_time = 1.1;


static void print_key(char key[INET6_ADDRSTRLEN], const struct sockaddr *sa)
{
	const struct sockaddr_in *in = (const void *)sa;
	struct in6_addr ip;

	if (sa->sa_family == AF_INET) {
		(void)inet_ntop(AF_INET, &in->sin_addr, key, INET6_ADDRSTRLEN);
		return;
	}

	ip = ((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
	if (!IN6_IS_ADDR_V4MAPPED(&ip))
		memset(ip.s6_addr + 8, 0, 8);
	(void)inet_ntop(AF_INET6, &ip, key, INET6_ADDRSTRLEN);
}


/**
 * Get ready to count
 *
 * @param max             Connections in all
 * @param max_per_address Connections from one address that is not loopback,
 *                        from which a proxy may come with all of them
 *
 * @return 0 if success, or ENOMEM
 */
int peers_init(unsigned max, unsigned max_per_address)
{
	peers.max = max;
	peers.max_per_address = max_per_address;

	return table_create(&peers.table);
}


static void destroy(struct peer *p)
{
	timer_stop(&p->gone);
	free(p);
}


static bool destroy_handler(const char *key, void *value, void *arg)
{
	(void)key;
	(void)arg;

	destroy(value);

	return false;
}


void peers_close(void)
{
	table_each(peers.table, destroy_handler, NULL);
	table_destroy(peers.table);
	peers.table = NULL;
}


static void drop(struct peer *p)
{
	(void)table_take(peers.table, p->key);
	destroy(p);
}


static void gone_handler(void *arg)
{
	drop(arg);
}


static struct peer *create(const char *key)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;

	strcpy(p->key, key);
	bucket_fill(&p->bucket);
	timer_init(&p->gone, gone_handler, p);
	if (!table_put(peers.table, p->key, p))
		return p;

	destroy(p);

	return NULL;
}


/**
 * Count a connection in, if it is not one too many
 *
 * @param sa Address of the other end
 *
 * @return Its peer, to be given to peer_forget() when it has ended; NULL if
 *         it may not come
 */
struct peer *peer_admit(const struct sockaddr *sa)
{
	char key[INET6_ADDRSTRLEN];
	struct peer *p;

	print_key(key, sa);
	p = table_get(peers.table, key);

	if (peers.count >= peers.max ||
	    (p && p->count >= peers.max_per_address &&
	     !address_is_loopback(sa))) {
		log_warning("peer: too many connections from %s", key);
		return NULL;
	}

	if (!p)
		p = create(key);
	if (!p)
		return NULL;

	timer_stop(&p->gone);
	++peers.count;
	++p->count;

	return p;
}


/**
 * Count a request
 *
 * @param p Peer that it comes from
 *
 * @return True if it may come, false if it is one too many
 */
bool peer_asks(struct peer *p)
{
	return bucket_take(&p->bucket);
}


void peer_forget(struct peer *p)
{
	--peers.count;
	if (--p->count)
		return;

	if (bucket_is_full(&p->bucket)) {
		drop(p);
		return;
	}

	timer_start(&p->gone, gone_time);
}
