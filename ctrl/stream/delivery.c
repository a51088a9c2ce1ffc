/**
 * @file delivery.c  Which messages have arrived at the far end of a connection
 *
 * A message that was written may never arrive: the network is cut, and the
 * connection is given up later.  What TCP has had acknowledged has arrived.
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


static void update(struct delivery *a, uint64_t acked)
{
	size_t n = 0;

	while (n < a->count && a->marks[n].end <= acked)
		a->seq = a->marks[n++].seq;

	a->count -= n;
	memmove(a->marks, a->marks + n, a->count * sizeof(*a->marks));
}


/**
 * Begin to take note of what arrives
 *
 * @param ap  Pointer to the new deliveries, to be freed
 * @param seq Last message that has arrived before
 *
 * @return 0 if success, otherwise errorcode
 */
int delivery_create(struct delivery **ap, uint64_t seq)
{
	struct delivery *a = calloc(1, sizeof(*a));

	if (!a)
		return ENOMEM;

	a->seq = seq;
	*ap = a;

	return 0;
}


/**
 * Take note that a message was written.  Those for which there is no room
 * count as arrived when a later one has.
 *
 * @param a    Deliveries
 * @param fd   Socket, of TCP
 * @param seq  Number of the message
 * @param held Bytes that are not with the kernel yet
 */
void delivery_sent(struct delivery *a, int fd, uint64_t seq, size_t held)
{
	uint64_t acked;
	int queued;

	if (!get_acked(fd, &acked) || ioctl(fd, SIOCOUTQ, &queued))
		return;

	update(a, acked);
	if (a->count == DELIVERY_MARKS)
		return;

	a->marks[a->count].seq = seq;
	a->marks[a->count].end = acked + (uint64_t)queued + held;
	++a->count;
}


/**
 * Get the last message that has arrived
 *
 * @param a  Deliveries
 * @param fd Socket, of TCP
 *
 * @return Its number
 */
uint64_t delivery_last(struct delivery *a, int fd)
{
	uint64_t acked;

	if (get_acked(fd, &acked))
		update(a, acked);

	return a->seq;
}
