/**
 * @file httploop.c  The HTTP requests of libcurl on the event loop of libev
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <curl/curl.h>
#include <ev.h>
#include "base/base.h"
#include "httploop.h"


enum { SKIPPED_MAX = 64 };

static struct {
	CURLM *multi;
	struct timer timer;
	httploop_h *h;
	unsigned
		skipped; /* events that were left for another turn, in a row */
} httploop;


static void check_done(void)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(httploop.multi, &left))) {
		if (msg->msg == CURLMSG_DONE)
			httploop.h(msg->easy_handle, msg->data.result);
	}
}


static void io_handler(EV_P_ ev_io *io, int revents)
{
	int action = (revents & EV_READ ? CURL_CSELECT_IN : 0) |
		     (revents & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int running;
	(void)loop;

	/* libev reports it again in the next turn; the first sockets must not
	   starve the others */
	if (loop_late() && ++httploop.skipped < SKIPPED_MAX)
		return;
	httploop.skipped = 0;

	(void)curl_multi_socket_action(httploop.multi, io->fd, action,
				       &running);
	check_done();
}


static void timer_handler(void *arg)
{
	int running;
	(void)arg;

	(void)curl_multi_socket_action(httploop.multi, CURL_SOCKET_TIMEOUT, 0,
				       &running);
	check_done();
}


/* libcurl says what to wait for on a socket; io is ours, kept by libcurl */
static int socket_handler(CURL *easy, curl_socket_t fd, int what, void *arg,
			  void *kept)
{
	ev_io *io = kept;
	(void)easy;
	(void)arg;

	if (io)
		ev_io_stop(loop_ev(), io);

	if (what == CURL_POLL_REMOVE) {
		free(io);
		return 0;
	}

	if (!io) {
		io = calloc(1, sizeof(*io));
		if (!io)
			return -1;

		(void)curl_multi_assign(httploop.multi, fd, io);
	}

	ev_io_init(io, io_handler, fd,
		   (what & CURL_POLL_IN ? EV_READ : 0) |
			   (what & CURL_POLL_OUT ? EV_WRITE : 0));
	ev_io_start(loop_ev(), io);

	return 0;
}


static int timeout_handler(CURLM *multi, long ms, void *arg)
{
	(void)multi;
	(void)arg;

	if (ms < 0)
		timer_stop(&httploop.timer);
	else
		timer_start(&httploop.timer, (double)ms / 1000);

	return 0;
}


/**
 * Get ready for requests
 *
 * @param connections How many there may be at once, with those that are kept
 *                    for the next request
 * @param h           Called with each request that has ended
 *
 * @return 0, or ENOMEM
 */
int httploop_init(long connections, httploop_h *h)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return ENOMEM;

	httploop.h = h;
	httploop.multi = curl_multi_init();
	if (!httploop.multi)
		return ENOMEM;

	timer_init(&httploop.timer, timer_handler, NULL);
	(void)curl_multi_setopt(httploop.multi, CURLMOPT_SOCKETFUNCTION,
				socket_handler);
	(void)curl_multi_setopt(httploop.multi, CURLMOPT_TIMERFUNCTION,
				timeout_handler);
	(void)curl_multi_setopt(httploop.multi, CURLMOPT_MAXCONNECTS,
				connections);
	(void)curl_multi_setopt(httploop.multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
				connections);

	return 0;
}


/**
 * Clean up, when all requests have ended
 */
void httploop_close(void)
{
	timer_stop(&httploop.timer);
	(void)curl_multi_cleanup(httploop.multi);
	curl_global_cleanup();
	memset(&httploop, 0, sizeof(httploop));
}


/**
 * Begin with a request
 *
 * @param easy Request
 *
 * @return 0, or ENOMEM
 */
int httploop_add(CURL *easy)
{
	return curl_multi_add_handle(httploop.multi, easy) ? ENOMEM : 0;
}


/**
 * Let go of a request, whether it has ended or not
 *
 * @param easy Request
 */
void httploop_remove(CURL *easy)
{
	(void)curl_multi_remove_handle(httploop.multi, easy);
}
