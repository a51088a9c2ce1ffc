/**
 * @file core.c  The service, as the module runs it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include "base/base.h"
#include "config.h"
#include "core.h"
#include "direct.h"
#include "drain.h"
#include "nodes/nodes.h"
#include "service.h"
#include "sockets.h"


enum { CLOSE_TIME = 3000 }; /* that the end may take at most [ms] */

static struct config config;
static core_log_h *log_handler;
static core_soon_h *soon_handler;
static bool started, drained;
static struct wake rest; /* another turn of baresip's loop goes on with it */
static int loop = -1; /* descriptor that is readable when something is due */


static void line_handler(enum log_level level, const char *line)
{
	log_handler(level <= LOG_WARNING ? CORE_WARNING
		    : level == LOG_INFO  ? CORE_INFO
					 : CORE_DEBUG,
		    line);
}


static void rest_handler(void *arg)
{
	(void)arg;
}


/**
 * Start the service.  Logs its errors.
 *
 * @param findh Finds a setting
 * @param logh  Takes the lines of the log
 * @param debug Whether it is to have those that only help to find errors
 *
 * @return 0, or an error; core_close() must be called in any case
 */
int core_open(core_find_h *findh, core_log_h *logh, bool debug)
{
	int err;

	guest_set(true);
	log_handler = logh;
	log_to(line_handler);
	log_level_set(debug ? LOG_DEBUG : LOG_INFO);

	err = config_read_settings(&config, findh);
	if (err)
		return err;

	err = loop_init();
	if (!err)
		err = wake_open(&rest, rest_handler, NULL);
	if (!err)
		loop = loop_fd();
	if (!err && loop < 0)
		err = ENOMEM;
	if (err) {
		log_error("loop: %s", strerror(err));
		return err;
	}

	sockets_take();
	started = true;
	err = service_start(&config, SERVICE_WHOLE);
	log_flush();

	return err;
}


/* libev passes the changes of libwebsockets to the kernel when it runs again
 */
static void turn_handler(void)
{
	loop_turn();
	if (loop_late())
		wake_send(&rest);
	else
		soon_handler();
}


/**
 * Let the module sip_refer.so attach
 *
 * @param node  Functions of the module, NULL if it is not loaded yet
 * @param soonh Has core_pump() called
 */
void core_link(const struct direct_node *node, core_soon_h *soonh)
{
	soon_handler = soonh;
	nodes_direct_listen(node, turn_handler);
}


static void done_handler(void)
{
	drained = true;
}


/* The clients take their leave.  No SIP comes in meanwhile, so no transfer is
   waited for. */
static void drain(void)
{
	const int64_t end = clock_steady_ms() + CLOSE_TIME;
	struct pollfd pfd = {.fd = loop, .events = POLLIN};

	drained = false;
	drain_start(false, done_handler);
	while (!drained && clock_steady_ms() < end) {
		if (!loop_pump())
			(void)poll(&pfd, 1, 10);
	}
	drain_stop();
}


/**
 * End the service, in good order.  Harmless if it was not started.
 */
void core_close(void)
{
	if (started) {
		drain();
		service_stop();
		sockets_release();
	}
	started = false;
	loop = -1;
	wake_close(&rest);
	loop_close();
	config_close();
	log_to(NULL);
	guest_set(false);
}


/**
 * Get the descriptor of the service's loop
 *
 * @return Descriptor, readable when core_pump() must be called; -1 without one
 */
int core_fd(void)
{
	return loop;
}


/**
 * Do what is due, for as long as baresip's own work can wait.  The descriptor
 * stays readable for the rest, so that it comes after that work in baresip's
 * loop: a timer of libre's would come before.
 */
void core_pump(void)
{
	if (loop_pump())
		wake_send(&rest);
}


/**
 * Read tokens, certificates and routes again.  Logs errors; a file with an
 * error leaves the previous state.
 */
void core_reload(void)
{
	if (started)
		service_reload(&config);
}


/**
 * Tell whether a setting exists
 *
 * @param name Name of the setting
 *
 * @return True if it does
 */
bool core_knows(const char *name)
{
	return config_is_setting(name);
}
