/**
 * @file main.c  Start, loop, stop
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <ev.h>
#include "base/base.h"
#include "config.h"
#include "drain.h"
#include "fleet/fleet.h"
#include "service.h"


static ev_signal term, interrupt, hangup;
static bool stopping;


static void done_handler(void)
{
	loop_break();
}


/* A second signal ends referd at once */
static void stop_handler(EV_P_ ev_signal *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;

	if (stopping) {
		drain_stop();
		done_handler();
		return;
	}

	log_info("main: stops, as a signal says");
	stopping = true;
	systemd_stopping();
	drain_start(true, done_handler);
}


static void reload_handler(EV_P_ ev_signal *w, int revents)
{
	const struct config *config = w->data;
	(void)loop;
	(void)revents;

	if (stopping)
		return;

	systemd_reloading();
	service_reload(config);
	systemd_ready();
}


static void signals_init(struct config *config)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN); /* a failed write is handled */

	ev_signal_init(&term, stop_handler, SIGTERM);
	ev_signal_init(&interrupt, stop_handler, SIGINT);
	ev_signal_init(&hangup, reload_handler, SIGHUP);
	hangup.data = config;
	ev_signal_start(loop_ev(), &term);
	ev_signal_start(loop_ev(), &interrupt);
	ev_signal_start(loop_ev(), &hangup);
}


int main(int argc, char *argv[])
{
	struct config config;
	int err;

	switch (config_read(&config, argc, argv)) {
	case CONFIG_RUN: break;
	case CONFIG_EXIT: return EXIT_SUCCESS;
	case CONFIG_BAD: return EXIT_FAILURE;
	}

	log_level_set(config.log_level);
	err = loop_init();
	if (err)
		log_error("main: cannot make an event loop: %s",
			  strerror(err));
	if (!err) {
		signals_init(&config);
		err = service_start(&config, SERVICE_WHOLE);
	}

	if (!err) {
		systemd_ready();
		loop_run();
		err = fleet_failed() ? EEXIST : 0;
	}

	service_stop();
	loop_close();

	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
