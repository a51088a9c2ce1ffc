/**
 * @file main.c  Start, loop, stop
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <signal.h>
#include <stdlib.h>
#include <ev.h>
#include "app.h"
#include "applink.h"
#include "appws.h"
#include "auth.h"
#include "client.h"
#include "config.h"
#include "dial.h"
#include "hooks.h"
#include "http.h"
#include "log.h"
#include "node.h"
#include "resolve.h"
#include "roster.h"
#include "route.h"
#include "server.h"
#include "session.h"
#include "store.h"
#include "transfer.h"
#include "turn.h"
#include "webhook.h"


static ev_signal signals[2];


static void signal_handler(EV_P_ ev_signal *w, int revents)
{
	(void)w;
	(void)revents;

	ev_break(EV_A_ EVBREAK_ALL);
}


static void signals_init(void)
{
	(void)signal(SIGPIPE, SIG_IGN);

	ev_signal_init(&signals[0], signal_handler, SIGTERM);
	ev_signal_init(&signals[1], signal_handler, SIGINT);
	ev_signal_start(EV_DEFAULT_ & signals[0]);
	ev_signal_start(EV_DEFAULT_ & signals[1]);
}


static int tables_init(void)
{
	int err = 0;

	err |= clients_init();
	err |= http_init();
	err |= apps_init();
	err |= sessions_init();
	err |= transfers_init();
	err |= dials_init();
	err |= hooks_init();
	err |= resolve_init();
	err |= roster_init();
	if (err)
		log_error("main: out of memory");

	return err;
}


/* What depends on others goes before them */
static void tables_close(void)
{
	nodes_close();
	dials_close();
	hooks_close();
	sessions_close();
	transfers_close();
	apps_close();
	routes_close();
	auth_close();
	http_close();
	clients_close();
	webhooks_close();
	resolve_close();
}


static int start(const struct config *config)
{
	int err;

	err = auth_load(config->token_file);
	if (err)
		return err;

	err = webhooks_init(config->hook_secret);
	if (err)
		return err;

	err = routes_init(config->app, config->app_map, config->app_status);
	if (err)
		return err;

	err = store_open(config->state);
	if (err)
		return err;

	apps_load();
	sessions_load();
	transfers_load();
	hooks_load();
	nodes_load();
	turn_init();

	err = nodes_listen(config->socket);
	if (err)
		return err;

	err = server_open(config);

	return err ? err : appws_init(server_context());
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
	signals_init();

	err = tables_init();
	if (!err)
		err = start(&config);
	if (!err) {
		(void)ev_run(EV_DEFAULT_ 0);
		log_info("main: stopped by a signal");
	}

	applink_stop();
	server_close();
	turn_close();
	tables_close();
	store_close();
	ev_loop_destroy(EV_DEFAULT);

	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
