/**
 * @file service.c  The rooms of the service, from the lowest to the highest
 *
 * A room knows only the rooms below it.  The rooms above get its events
 * through handlers, which are set here.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdbool.h>
#include <stddef.h>
#include "apps/apps.h"
#include "calls/calls.h"
#include "capture/capture.h"
#include "config.h"
#include "fleet/fleet.h"
#include "hooks/hooks.h"
#include "net/net.h"
#include "nodes/nodes.h"
#include "server/server.h"
#include "service.h"
#include "store/store.h"
#include "stream/stream.h"
#include "turn.h"


static void client_up(const char *name, uint64_t since)
{
	fleet_client_up(name, since);
	hooks_client_up(name, since);
}


static void client_down(const char *name)
{
	hooks_client_down(name);
	fleet_client_down(name);
}


static const struct clients_events clients_events = {
	.message = command,
	.binary = command_binary,
	.up = client_up,
	.down = client_down,
	.hello = hello_text,
	.app = app_touch,
};

static const struct nodes_events nodes_events = {
	.begin = intake_begin,
	.report = intake,
	.gone = intake_gone,
	.calls = load_of,
	.transfers = transfers_of,
	.refers = transfers_unanswered,
};

static const struct hooks_events hooks_events = {
	.read = message_decode_answer,
	.answered = command_answer,
	.done = session_hook_done,
	.left = app_left,
};

static const struct calls_events calls_events_of_apps = {
	.created = app_call_new,
	.changed = app_call_changed,
	.idle = app_idle,
	.accepted = app_accepted,
	.refused = app_refused,
	.acked = app_acked,
	.empty = app_empty,
	.redirect = app_redirect,
	.dialled = app_dial,
	.dropped = app_drop,
	.resolve = app_resolve,
	.elsewhere = fleet_elsewhere,
	.fleet = fleet_on,
};


static int store_start(const struct config *c)
{
	const struct fleet_config *f = &c->fleet;
	int err;

	store_power(c->power);
	err = store_open(c->state);

	return err || !f->view || !*f->urls ? err : fleetstore_open(c->state);
}


static void store_stop(void)
{
	fleetstore_close();
	store_close();
}


static int net_start(const struct config *c)
{
	int err;

	address_allow(c->hook_allow);
	err = resolve_init();

	return err ? err : auth_load(c->token_file);
}


static void net_stop(void)
{
	resolve_close();
	auth_close();
}


static int capture_start(const struct config *c)
{
	return hep_open(&c->hep);
}


static int stream_start(const struct config *c)
{
	(void)c;

	emit_init(session_tell);

	return clients_init(&clients_events);
}


static int nodes_start(const struct config *c)
{
	(void)c;

	return nodes_init(&nodes_events);
}


static int hooks_start(const struct config *c)
{
	int err = webhooks_init(c->hook_secret);

	hooks_grace(c->hook_grace);
	hooks_hold(c->fleet.urls && *c->fleet.urls);

	return err ? err : hooks_init(&hooks_events);
}


static void hooks_stop(void)
{
	hooks_close();
	webhooks_close();
}


static int calls_start(const struct config *c)
{
	int err = 0;

	calls_init(&calls_events_of_apps);
	err |= transfers_init();
	err |= sessions_init(c->max_calls);
	err |= dials_init();
	err |= latehooks_init();

	return err;
}


static void calls_stop(void)
{
	late_close();
	overrules_close();
	latehooks_close();
	dials_close();
	sessions_close();
	transfers_close();
}


static int apps_start(const struct config *c)
{
	int err = routes_init(c->app, c->app_map, c->app_status);

	return err ? err : apps_init();
}


static void apps_stop(void)
{
	apps_close();
	routes_close();
}


static int http_start(const struct config *c)
{
	(void)c;

	return http_init();
}


/* Calls are loaded before the records that refer to them */
static int past_start(const struct config *c)
{
	(void)c;

	apps_load();
	sessions_load();
	transfers_load();
	latehooks_load();
	hooks_load();
	nodes_load();
	dials_load();

	return 0;
}


/* Keeps the messages of a call that lives, or has hooks to deliver */
static bool busy_handler(const char *call_sid)
{
	return session_find(call_sid) || outbox_waits(call_sid);
}


static int retention_init(const struct config *c)
{
	retention_start(c->keep_days, c->keep_mb, busy_handler);
	fleetstore_keep(c->keep_days, c->keep_mb);

	return 0;
}


static int turn_start(const struct config *c)
{
	(void)c;

	turn_init();

	return 0;
}


static int fleet_init(const struct config *c)
{
	return fleet_start(&c->fleet);
}


/* Descriptors of links and their processes, of hooks (two while an address is
   looked up, or both kinds of addresses are tried), and of the applications
   that calls may have */
static unsigned others(const struct config *config)
{
	const bool apps = *config->app || *config->app_map;

	return 2 * LINKS_MAX + 2 * SLOTS_MAX + (apps ? config->max_calls : 0);
}


static int listeners_start(const struct config *c)
{
	int err = *c->socket ? nodes_listen(c->socket) : 0;

	if (!err)
		err = server_open(&c->server, others(c));

	return err ? err : appws_init(server_context());
}


static void listeners_stop(void)
{
	applinks_stop();
	server_close();
}


static const struct {
	unsigned part;
	int (*init)(const struct config *config);
	void (*close)(void); /* safe after a failed init */
} rooms[] = {
	{SERVICE_STORE, store_start, store_stop},
	{SERVICE_ROOMS, net_start, net_stop},
	{SERVICE_ROOMS, capture_start, hep_close},
	{SERVICE_ROOMS, stream_start, clients_close},
	{SERVICE_ROOMS, nodes_start, nodes_close},
	{SERVICE_ROOMS, hooks_start, hooks_stop},
	{SERVICE_ROOMS, calls_start, calls_stop},
	{SERVICE_ROOMS, apps_start, apps_stop},
	{SERVICE_ROOMS, http_start, http_close},
	{SERVICE_PAST, past_start, NULL},
	{SERVICE_TURN, turn_start, turn_close},
	{SERVICE_PAST, retention_init, retention_stop},
	{SERVICE_FLEET, fleet_init, fleet_stop},
	{SERVICE_LISTEN, listeners_start, listeners_stop},
};

enum { ROOMS = sizeof(rooms) / sizeof(*rooms) };

static bool open[ROOMS];


/**
 * Start the service, or a part of it.  A part that fails logs the reason.
 *
 * @param config Configuration, which must outlive the service
 * @param parts  Which of SERVICE_*
 *
 * @return 0, ENOMEM, or the error of the part that failed and has logged it;
 * service_stop() must be called in any case
 */
int service_start(const struct config *config, unsigned parts)
{
	int err = 0;

	for (size_t i = 0; !err && i < ROOMS; i++) {
		if (!(rooms[i].part & parts))
			continue;

		open[i] = true;
		err = rooms[i].init(config);
	}

	return err;
}


/**
 * Read the files of tokens, certificates and routes again.  If a file is bad,
 * an error is logged and its previous content stays in effect.
 *
 * @param c Configuration that the service was started with
 */
void service_reload(const struct config *c)
{
	log_info("service: reads its files again");
	if (!auth_load(c->token_file))
		clients_check();
	(void)server_reload(&c->server);
	(void)routes_init(c->app, c->app_map, c->app_status);
}


/**
 * Stop the parts that were started, in reverse order
 */
void service_stop(void)
{
	for (size_t i = ROOMS; i-- > 0;) {
		if (open[i] && rooms[i].close)
			rooms[i].close();
		open[i] = false;
	}
}
