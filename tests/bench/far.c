/**
 * @file far.c  The far end of many calls, over UDP
 *
 * It makes calls, or takes them, answers each REFER with 202, and sends NOTIFY
 * 100, 180 and 200, each after the answer to the one before (RFC 3515). It
 * supports only the messages that the peers of a measurement send.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"
#include "far.h"
#include "sipmsg.h"


enum {
	RECEIVE_BUFFER = 8 << 20, /* bytes */
	RESENDS = 7,              /* RFC 3261, timer F: 64 times T1 */
};

static const uint64_t T1 = 500000000; /* ns */

static const char *const sipfrags[] = {
	"SIP/2.0 100 Trying\r\n",
	"SIP/2.0 180 Ringing\r\n",
	"SIP/2.0 200 OK\r\n",
};

enum { SIPFRAGS = sizeof(sipfrags) / sizeof(sipfrags[0]) };

struct far {
	int fd;
	char host[32]; /* address:port */
	char ip[INET_ADDRSTRLEN];
	struct leg *legs;
	unsigned count;
	unsigned branch;
	leg_h *handler;
	void *arg;
	struct far_count counts;
};

static void event(struct leg *leg, enum leg_event what)
{
	leg->far->handler(leg, what, leg->far->arg);
}


static void transmit(const struct leg *leg, const char *text, size_t len)
{
	/* a packet that the kernel refuses is lost, as on any network */
	(void)!sendto(leg->far->fd, text, len, 0,
		      (const struct sockaddr *)&leg->peer, sizeof(leg->peer));
}


static int print_sdp(const struct far *far, char *sdp, size_t size)
{
	return snprintf(sdp, size,
			"v=0\r\no=far 1 1 IN IP4 %s\r\ns=-\r\n"
			"c=IN IP4 %s\r\nt=0 0\r\n"
			"m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n",
			far->ip, far->ip);
}


/* Sends a request in the dialog, until it is answered */
static void request(struct leg *leg, const char *method, const char *fields,
		    const char *body)
{
	struct far *far = leg->far;
	const int n = snprintf(
		leg->pending, sizeof(leg->pending),
		"%s %s SIP/2.0\r\n"
		"Via: SIP/2.0/UDP %s;branch=z9hG4bK%u\r\n"
		"From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u %s\r\n"
		"Contact: <sip:far@%s>\r\nMax-Forwards: 70\r\n"
		"Allow: INVITE, ACK, BYE, NOTIFY, REFER\r\n"
		"%sContent-Length: %zu\r\n\r\n%s",
		method, leg->target, far->host, ++far->branch, leg->local,
		leg->remote, leg->call_id, ++leg->cseq, method, far->host,
		fields, strlen(body), body);

	leg->pending_len = (size_t)n;
	leg->resend_time = bench_now() + T1;
	leg->resends = 0;
	transmit(leg, leg->pending, leg->pending_len);
}


static void ack(struct leg *leg)
{
	char text[1024];
	const int n = snprintf(text, sizeof(text),
			       "ACK %s SIP/2.0\r\n"
			       "Via: SIP/2.0/UDP %s;branch=z9hG4bK%u\r\n"
			       "From: %s\r\nTo: %s\r\nCall-ID: %s\r\n"
			       "CSeq: 1 ACK\r\nMax-Forwards: 70\r\n"
			       "Content-Length: 0\r\n\r\n",
			       leg->target, leg->far->host, ++leg->far->branch,
			       leg->local, leg->remote, leg->call_id);

	transmit(leg, text, (size_t)n);
}


static void notify(struct leg *leg)
{
	const bool final = leg->notify == SIPFRAGS - 1;
	const char *fields =
		final ? "Event: refer\r\nSubscription-State: terminated"
			";reason=noresource\r\n"
			"Content-Type: message/sipfrag;version=2.0\r\n"
		      : "Event: refer\r\nSubscription-State: "
			"active;expires=60\r\n"
			"Content-Type: message/sipfrag;version=2.0\r\n";

	if (final)
		leg->final_time = bench_now();
	request(leg, "NOTIFY", fields, sipfrags[leg->notify++]);
	if (final)
		event(leg, LEG_FINAL);
}


static void respond(const struct leg *leg, const char *message,
		    const char *status, const char *body)
{
	const struct part via = sipmsg_header(message, "Via");
	const struct part from = sipmsg_header(message, "From");
	const struct part to = sipmsg_header(message, "To");
	const struct part cseq = sipmsg_header(message, "CSeq");
	const bool tagged = part_between(to, ";tag=", ";").l > 0;
	char text[2048];
	const int n = snprintf(
		text, sizeof(text),
		"SIP/2.0 %s\r\nVia: %.*s\r\nFrom: %.*s\r\nTo: %.*s%s\r\n"
		"Call-ID: %s\r\nCSeq: %.*s\r\nContact: <sip:far@%s>\r\n"
		"%sContent-Length: %zu\r\n\r\n%s",
		status, (int)via.l, via.p, (int)from.l, from.p, (int)to.l,
		to.p, tagged ? "" : ";tag=far", leg->call_id, (int)cseq.l,
		cseq.p, leg->far->host,
		*body ? "Content-Type: application/sdp\r\n" : "", strlen(body),
		body);

	transmit(leg, text, (size_t)n);
}


static void take_refer(struct leg *leg, const char *message)
{
	const struct part branch = part_between(sipmsg_header(message, "Via"),
						"branch=", ";,");

	if (part_is(&branch, leg->refer_branch)) {
		++leg->far->counts.refers;
		respond(leg, message, "202 Accepted", "");
		return;
	}

	leg->refer_time = bench_now();
	part_copy(leg->refer_branch, sizeof(leg->refer_branch), &branch);
	leg->state = LEG_REFERRED;
	leg->notify = 0;
	event(leg, LEG_REFER);
	respond(leg, message, "202 Accepted", "");
	notify(leg);
}


static void take_invite(struct leg *leg, const char *message)
{
	const struct part from = sipmsg_header(message, "From");
	const struct part to = sipmsg_header(message, "To");
	const struct part contact = part_between(
		sipmsg_header(message, "Contact"), "<", ">");
	char sdp[256];

	part_copy(leg->remote, sizeof(leg->remote), &from);
	snprintf(leg->local, sizeof(leg->local), "%.*s;tag=far", (int)to.l,
		 to.p);
	part_copy(leg->target, sizeof(leg->target), &contact);
	leg->state = LEG_CALLING;
	print_sdp(leg->far, sdp, sizeof(sdp));
	event(leg, LEG_INVITED);
	respond(leg, message, "200 OK", sdp);
}


static void take_request(struct leg *leg, const char *message)
{
	if (!strncmp(message, "REFER ", 6)) {
		take_refer(leg, message);
	}
	else if (!strncmp(message, "INVITE ", 7)) {
		take_invite(leg, message);
	}
	else if (!strncmp(message, "ACK ", 4)) {
		if (leg->state == LEG_CALLING) {
			leg->state = LEG_TALKING;
			event(leg, LEG_UP);
		}
	}
	else {
		respond(leg, message, "200 OK", "");
		if (!strncmp(message, "BYE ", 4) && leg->state != LEG_ENDED) {
			leg->state = LEG_ENDED;
			leg->pending_len = 0;
			event(leg, LEG_OVER);
		}
	}
}


static void take_answer(struct leg *leg, const char *message, int status)
{
	const struct part to = sipmsg_header(message, "To");
	const struct part contact = part_between(
		sipmsg_header(message, "Contact"), "<", ">");

	/* an answer that came again has not seen the ACK */
	if (leg->state != LEG_CALLING) {
		ack(leg);
		return;
	}

	part_copy(leg->remote, sizeof(leg->remote), &to);
	leg->pending_len = 0;
	if (status < 300) {
		part_copy(leg->target, sizeof(leg->target), &contact);
		leg->state = LEG_TALKING;
	}
	else {
		leg->state = LEG_ENDED;
	}
	ack(leg);
	event(leg, status < 300 ? LEG_UP : LEG_FAILED);
}


static void take_response(struct leg *leg, const char *message)
{
	const int status = atoi(message + strlen("SIP/2.0 "));
	const struct part cseq = sipmsg_header(message, "CSeq");
	const bool current = (unsigned)atoi(cseq.p) == leg->cseq;

	if (status < 200)
		return;
	if (memmem(cseq.p, cseq.l, "INVITE", 6)) {
		take_answer(leg, message, status);
		return;
	}
	if (!current || !leg->pending_len)
		return;

	leg->pending_len = 0;
	if (memmem(cseq.p, cseq.l, "NOTIFY", 6)) {
		if (leg->notify < SIPFRAGS)
			notify(leg);
	}
	else if (leg->state != LEG_ENDED) {
		leg->state = LEG_ENDED;
		event(leg, LEG_OVER);
	}
}


/* A call of the peer names its leg by the called number */
static struct leg *take_call(struct far *far, const char *message,
			     const struct part *id,
			     const struct sockaddr_in *peer)
{
	static const char start[] = "INVITE sip:far";
	struct leg *leg;

	if (strncmp(message, start, strlen(start)))
		return NULL;

	leg = far_leg(far, (unsigned)atoi(message + strlen(start)));
	if (!leg || (leg->state != LEG_IDLE && leg->state != LEG_ENDED))
		return NULL;

	leg->peer = *peer;
	leg->cseq = 0;
	leg->pending_len = 0;
	leg->refer_time = leg->final_time = 0;
	*leg->refer_branch = '\0';
	part_copy(leg->call_id, sizeof(leg->call_id), id);

	return leg;
}


/**
 * Open the far end
 *
 * @param farp    Set to it
 * @param local   Its address
 * @param legs    How many calls it has at most
 * @param handler Hears of each call
 * @param arg     Handed to it
 *
 * @return 0 or an errno value
 */
int far_open(struct far **farp, const struct sockaddr_in *local, unsigned legs,
	     leg_h *handler, void *arg)
{
	const int size = RECEIVE_BUFFER;
	struct far *far = calloc(1, sizeof(*far));
	int err = 0;

	if (!far)
		return ENOMEM;

	far->legs = calloc(legs, sizeof(*far->legs));
	far->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			 0);
	if (!far->legs || far->fd < 0) {
		err = far->legs ? errno : ENOMEM;
		goto out;
	}

	if (setsockopt(far->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
		       sizeof(size)))
		setsockopt(far->fd, SOL_SOCKET, SO_RCVBUF, &size,
			   sizeof(size));
	if (bind(far->fd, (const struct sockaddr *)local, sizeof(*local))) {
		err = errno;
		goto out;
	}

	inet_ntop(AF_INET, &local->sin_addr, far->ip, sizeof(far->ip));
	snprintf(far->host, sizeof(far->host), "%s:%u", far->ip,
		 ntohs(local->sin_port));
	far->handler = handler;
	far->arg = arg;
	far->count = legs;
	for (unsigned i = 0; i < legs; ++i) {
		far->legs[i].far = far;
		far->legs[i].index = i;
	}

out:
	if (err)
		far = far_close(far);
	*farp = far;

	return err;
}


/**
 * Close the far end, with all its calls
 *
 * @param far The far end, or NULL
 *
 * @return NULL
 */
void *far_close(struct far *far)
{
	if (far) {
		if (far->fd >= 0)
			close(far->fd);
		free(far->legs);
		free(far);
	}

	return NULL;
}


int far_fd(const struct far *far)
{
	return far->fd;
}


struct leg *far_leg(struct far *far, unsigned index)
{
	return index < far->count ? &far->legs[index] : NULL;
}


/**
 * Find a call by its Call-ID
 *
 * @return The call, NULL if not found
 */
struct leg *far_find(struct far *far, const char *call_id, size_t len)
{
	struct leg *leg = NULL;

	/* those that it made itself have their index in it */
	if (len > 4 && !memcmp(call_id, "leg-", 4)) {
		leg = far_leg(far, (unsigned)strtoul(call_id + 4, NULL, 10));
		if (leg && strlen(leg->call_id) == len &&
		    !memcmp(leg->call_id, call_id, len))
			return leg;
		return NULL;
	}

	for (unsigned i = 0; i < far->count; ++i) {
		leg = &far->legs[i];
		if (strlen(leg->call_id) == len &&
		    !memcmp(leg->call_id, call_id, len))
			return leg;
	}

	return NULL;
}


const struct far_count *far_counts(const struct far *far)
{
	return &far->counts;
}


/**
 * Take all messages that have come
 *
 * @param far The far end
 */
void far_read(struct far *far)
{
	char message[8192];
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	ssize_t n;

	while ((n = recvfrom(far->fd, message, sizeof(message) - 1, 0,
			     (struct sockaddr *)&peer, &len)) > 0) {
		struct part id;
		struct leg *leg;

		message[n] = '\0';
		id = sipmsg_header(message, "Call-ID");
		leg = far_find(far, id.p, id.l);
		if (!leg)
			leg = take_call(far, message, &id, &peer);
		if (!leg)
			continue;
		if (!strncmp(message, "SIP/2.0 ", 8))
			take_response(leg, message);
		else
			take_request(leg, message);
	}
}


/**
 * Repeat requests without an answer in time (RFC 3261, 17.1.2.2)
 *
 * @param far The far end
 */
void far_resend(struct far *far)
{
	const uint64_t now = bench_now();

	for (unsigned i = 0; i < far->count; ++i) {
		struct leg *leg = &far->legs[i];

		if (!leg->pending_len || now < leg->resend_time)
			continue;
		if (++leg->resends > RESENDS) {
			leg->pending_len = 0;
			leg->state = LEG_ENDED;
			event(leg, LEG_FAILED);
			continue;
		}
		++far->counts.resends;
		leg->resend_time = now + (T1 << leg->resends);
		transmit(leg, leg->pending, leg->pending_len);
	}
}


/**
 * Make a call
 *
 * @param leg  Call that is idle or over
 * @param peer Address of the called party
 * @param user User part of the called party
 *
 * @return 0, EALREADY if it is in a call
 */
int leg_call(struct leg *leg, const struct sockaddr_in *peer, const char *user)
{
	char ip[INET_ADDRSTRLEN];
	char sdp[256];

	if (leg->state != LEG_IDLE && leg->state != LEG_ENDED)
		return EALREADY;

	inet_ntop(AF_INET, &peer->sin_addr, ip, sizeof(ip));
	leg->peer = *peer;
	leg->state = LEG_CALLING;
	leg->cseq = 0;
	leg->refer_time = leg->final_time = 0;
	*leg->refer_branch = '\0';
	snprintf(leg->call_id, sizeof(leg->call_id), "leg-%u-%u-%lx",
		 leg->index, ++leg->generation, (unsigned long)getpid());
	snprintf(leg->local, sizeof(leg->local), "<sip:far@%s>;tag=far%u",
		 leg->far->ip, leg->generation);
	snprintf(leg->remote, sizeof(leg->remote), "<sip:%s@%s>", user, ip);
	snprintf(leg->target, sizeof(leg->target), "sip:%s@%s:%u", user, ip,
		 ntohs(peer->sin_port));
	print_sdp(leg->far, sdp, sizeof(sdp));
	request(leg, "INVITE", "Content-Type: application/sdp\r\n", sdp);

	return 0;
}


/**
 * End a call by a BYE of our own
 *
 * @param leg Call
 */
void leg_bye(struct leg *leg)
{
	if (leg->state == LEG_TALKING || leg->state == LEG_REFERRED)
		request(leg, "BYE", "", "");
}
