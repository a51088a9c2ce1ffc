/**
 * @file delivery.c  Which messages have arrived at the far end of a connection
 *
 * A written message may never arrive: if the network is cut, the connection is
 * given up later.  A message has arrived when TCP has acknowledged it.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "delivery.h"


enum {
	DELIVERY_MARKS = 64,
};

struct delivery {
	struct {
		uint64_t seq;
		uint64_t end; /* bytes of the connection, up to its last */
	} marks[DELIVERY_MARKS];
	size_t count;
	uint64_t seq; /* last message that is known to have arrived */
};


static bool get_acked(int fd, uint64_t *bytesp)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return false;

	*bytesp = info.tcpi_bytes_acked;

	return true;
}


static void update(struct delivery *d, uint64_t acked)
{
	size_t n = 0;

	while (n < d->count && d->marks[n].end <= acked)
		d->seq = d->marks[n++].seq;

	d->count -= n;
	memmove(d->marks, d->marks + n, d->count * sizeof(*d->marks));
}


/**
 * Begin to note which messages arrive
 *
 * @param dp  Pointer to the new deliveries, to be freed
 * @param seq Last message that has arrived before
 *
 * @return 0, or ENOMEM
 */
int delivery_create(struct delivery **dp, uint64_t seq)
{
	struct delivery *d = calloc(1, sizeof(*d));

	if (!d)
		return ENOMEM;

	d->seq = seq;
	*dp = d;

	return 0;
}


/**
 * Note that a message was written.  Messages beyond the capacity count as
 * arrived together with a later one.
 *
 * @param d    Deliveries
 * @param fd   Socket, of TCP
 * @param seq  Number of the message
 * @param held Bytes that are not with the kernel yet
 */
void delivery_sent(struct delivery *d, int fd, uint64_t seq, size_t held)
{
	uint64_t acked;
	int queued;

	if (!get_acked(fd, &acked) || ioctl(fd, SIOCOUTQ, &queued))
		return;

	update(d, acked);
	if (d->count == DELIVERY_MARKS)
		return;

	d->marks[d->count].seq = seq;
	d->marks[d->count].end = acked + (uint64_t)queued + held;
	++d->count;
}


/**
 * Get the last message that has arrived
 *
 * @param d  Deliveries
 * @param fd Socket, of TCP
 *
 * @return Its number
 */
uint64_t delivery_last(struct delivery *d, int fd)
{
	uint64_t acked;

	if (get_acked(fd, &acked))
		update(d, acked);

	return d->seq;
}
