/**
 * @file main.c  Start, loop, stop
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <ev.h>
#include "address.h"
#include "app.h"
#include "applink.h"
#include "appws.h"
#include "auth.h"
#include "client.h"
#include "config.h"
#include "dial.h"
#include "drain.h"
#include "hooks.h"
#include "http.h"
#include "keep.h"
#include "log.h"
#include "node.h"
#include "outbox.h"
#include "resolve.h"
#include "route.h"
#include "server.h"
#include "session.h"
#include "store.h"
#include "systemd.h"
#include "transfer.h"
#include "turn.h"
#include "webhook.h"


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
	(void)server_reload(config);
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


static int tables_init(const struct config *config)
{
	int err = 0;

	err |= clients_init();
	err |= http_init();
	err |= transfers_init();
	err |= sessions_init(config->max_calls);
	err |= apps_init();
	err |= dials_init();
	err |= hooks_init();
	err |= resolve_init();
	err |= nodes_init();
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


/* The past of a call that lives, or has hooks to deliver, is still needed */
static bool busy_handler(const char *call_sid)
{
	return session_find(call_sid) || outbox_waits(call_sid);
}


static int start(const struct config *config)
{
	int err;

	err = auth_load(config->token_file);
	if (err)
		return err;

	address_allow(config->hook_allow);
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
	hooks_grace(config->hook_grace);
	hooks_load();
	nodes_load();
	dials_load();
	turn_init();
	keep_start(config->keep_days, config->keep_mb, busy_handler);

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
	signals_init(&config);

	err = tables_init(&config);
	if (!err)
		err = start(&config);
	if (!err) {
		systemd_ready();
		(void)ev_run(EV_DEFAULT_ 0);
	}

	applink_stop();
	server_close();
	keep_stop();
	turn_close();
	tables_close();
	store_close();
	ev_loop_destroy(EV_DEFAULT);

	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
