/**
 * @file main.c  Start, loop, stop
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <ev.h>
#include "apps/apps.h"
#include "base/base.h"
#include "config.h"
#include "drain.h"
#include "net/net.h"
#include "server/server.h"
#include "service.h"
#include "stream/stream.h"


static ev_signal term, interrupt, hangup;
static bool stopping;


static void done_handler(void)
{
	ev_break(EV_DEFAULT_ EVBREAK_ALL);
}


/* Who sends it twice does not want to wait */
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

	stopping = true;
	systemd_stopping();
	drain_start(done_handler);
}


/* Each of them keeps what it has if its file is bad, and says so */
static void reload_handler(EV_P_ ev_signal *w, int revents)
{
	const struct config *config = w->data;
	(void)loop;
	(void)revents;

	if (stopping)
		return;

	log_info("main: reads its files again, as a signal says");
	systemd_reloading();
	if (!auth_load(config->token_file))
		clients_check();
	(void)server_reload(&config->server);
	(void)routes_init(config->app, config->app_map, config->app_status);
	systemd_ready();
}


static void signals_init(struct config *config)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN); /* a write fails, that is enough */

	ev_signal_init(&term, stop_handler, SIGTERM);
	ev_signal_init(&interrupt, stop_handler, SIGINT);
	ev_signal_init(&hangup, reload_handler, SIGHUP);
	hangup.data = config;
	ev_signal_start(EV_DEFAULT_ & term);
	ev_signal_start(EV_DEFAULT_ & interrupt);
	ev_signal_start(EV_DEFAULT_ & hangup);
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
	signals_init(&config);

	err = service_start(&config, SERVICE_WHOLE);
	if (!err) {
		systemd_ready();
		(void)ev_run(EV_DEFAULT_ 0);
	}

	service_stop();
	ev_loop_destroy(EV_DEFAULT);

	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
