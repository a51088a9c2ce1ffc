/**
 * @file onenode.c  A referd with one baresip that carries one call
 *
 * The test is the baresip, on a real socket, and a client.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "calls/calls.h"
#include "hooks/hooks.h"
#include "nodes/nodes.h"
#include "plainconfig.h"
#include "service.h"
#include "store/store.h"
#include "stream/stream.h"
#include "tempdir.h"
#include "told.h"
#include "unit.h"
#include "onenode.h"
#include <stdbool.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cjson/cJSON.h>
#include <ev.h>


enum { TURNS = 200 };

struct gw gw;

static int node = -1;
static char inbox[65536];

static const char call[] =
	"\"call\":{\"sid\":\"c1\",\"direction\":\"inbound\","
	"\"from\":\"sip:a@x\",\"to\":\"sip:b@y\",\"state\":\"%s\"}";


int __wrap_webhook_send(struct webhook **wp, const struct webhook_request *r,
			webhook_h *h, void *arg);


/* No hook over HTTP can be sent */
int __wrap_webhook_send(struct webhook **wp, const struct webhook_request *r,
			webhook_h *h, void *arg)
{
	(void)wp;
	(void)r;
	(void)h;
	(void)arg;

	return ENETDOWN;
}


static void referd_open(void)
{
	static struct config config = {PLAIN_CONFIG};
	char path[96];

	strcpy(config.state, dir);
	assert_int_equal(
		service_start(&config, SERVICE_WHOLE & ~SERVICE_LISTEN), 0);

	(void)snprintf(path, sizeof(path), "%s/node.sock", dir);
	assert_int_equal(nodes_listen(path), 0);
}


/**
 * Run the loop until it has no more work
 */
void turns(void)
{
	for (int i = 0; i < TURNS; i++)
		ev_run(loop_ev(), EVRUN_NOWAIT);
}


/**
 * Send a line to referd, and let referd handle it
 *
 * @param line Line without its newline
 */
void gw_say(const char *line)
{
	assert_int_equal(write(node, line, strlen(line)), strlen(line));
	assert_int_equal(write(node, "\n", 1), 1);
	turns();
}


/**
 * Send a report, with the next number
 *
 * @param fmt Its members but n and time
 */
void gw_report(const char *fmt, ...)
{
	char body[2048], line[2200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(body, sizeof(body), fmt, ap);
	va_end(ap);

	(void)snprintf(line, sizeof(line), "{\"n\":%u,\"time\":%lld,%s}",
		       ++gw.last_n, (long long)gw.now, body);
	gw_say(line);
}


/**
 * Report on the call
 *
 * @param event Event of the call
 * @param state Its state
 */
void gw_call(const char *event, const char *state)
{
	char body[512];

	(void)snprintf(body, sizeof(body), call, state);
	gw_report("\"type\":\"call\",\"event\":\"%s\",%s", event, body);
}


/**
 * Report that all live calls have been told
 *
 * @param transfers JSON texts of the ids of those in progress
 */
void gw_sync(const char *transfers)
{
	gw_report("\"type\":\"sync\",\"transfers\":[%s]", transfers);
}


/**
 * Connect to referd
 *
 * @param instance Instance id
 * @param next     Number of the next report
 */
void gw_greet(const char *instance, unsigned next)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	char line[256];

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/node.sock",
		       dir);
	node = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(node, (struct sockaddr *)&addr, sizeof(addr)),
			 0);

	(void)snprintf(line, sizeof(line),
		       "{\"type\":\"hello\",\"protocol\":1,\"node\":\"gw\","
		       "\"boot\":\"%s\",\"first\":1,\"next\":%u}",
		       instance, next);
	gw_say(line);
}


/**
 * Connect to referd, with all that was reported before
 *
 * @param instance Instance id
 */
void gw_connect(const char *instance)
{
	gw_greet(instance, gw.last_n + 1);
}


/**
 * Lose the connection to referd
 */
void gw_leave(void)
{
	(void)close(node);
	turns();
}


/**
 * Take the next request to the node
 *
 * @return The line, "" if none is left
 */
const char *gw_request(void)
{
	static char line[65536];
	char *nl;
	ssize_t n;

	for (;;) {
		size_t len = strlen(inbox);

		nl = strchr(inbox, '\n');
		if (!nl) {
			n = recv(node, inbox + len, sizeof(inbox) - len - 1,
				 MSG_DONTWAIT);
			if (n <= 0)
				return "";
			inbox[len + (size_t)n] = '\0';
			continue;
		}

		*nl = '\0';
		strcpy(line, inbox);
		memmove(inbox, nl + 1, strlen(nl + 1) + 1);
		if (!strstr(line, "\"ack\"") && !strstr(line, "\"welcome\""))
			return line;
	}
}


/**
 * Get a string from a line
 *
 * @param text JSON text of an object
 * @param key  Name of the member
 *
 * @return The string, "" if the line has none
 */
char *member(const char *text, const char *key)
{
	static char value[128];
	cJSON *tree = cJSON_Parse(text);
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItem(tree, key));

	(void)snprintf(value, sizeof(value), "%s", s ? s : "");
	cJSON_Delete(tree);

	return value;
}


/**
 * Take a request that contains some text, and say that all is well
 *
 * @param text Text
 *
 * @return Its ref
 */
char *gw_expect(const char *text)
{
	static char ref[128];
	const char *line = gw_request();

	if (!strstr(line, text))
		fail_msg("%s is not in %s", text, line);

	strcpy(ref, member(line, "ref"));
	gw_report("\"type\":\"result\",\"ref\":\"%s\",\"ok\":true", ref);

	return ref;
}


static void count_handler(const char *key, const char *data, void *arg)
{
	(void)key;
	(void)data;

	++*(unsigned *)arg;
}


/**
 * Count the rows of a table
 *
 * @param table Which
 *
 * @return How many it has
 */
unsigned rows(enum store_table table)
{
	unsigned n = 0;

	store_each(table, count_handler, &n);

	return n;
}


/**
 * Send a message of the client
 *
 * @param text JSON text
 */
void bot(const char *text)
{
	struct sender sender = {.kind = SENDER_CLIENT, .name = "bot"};
	char *copy = strdup(text);

	command(&sender, copy, strlen(copy));
	free(copy);
	turns();
}


/**
 * Report on a transfer of the call
 *
 * @param ref  Ref of its verb
 * @param id   Its id
 * @param rest Further members
 */
void gw_transfer(const char *ref, const char *id, const char *rest)
{
	gw_report("\"type\":\"transfer\",\"call_sid\":\"c1\",\"transfer_id\":"
		  "\"%s\",\"ref\":\"%s\",%s",
		  id, ref, rest);
}


/**
 * Have a transfer begin
 *
 * @param ref Buffer for the ref of its verb
 */
void refer_begin(char ref[128])
{
	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	strcpy(ref, gw_expect("\"run\":true"));
	gw_transfer(ref, "t", "\"step\":\"requested\"");
}


/**
 * Restart referd with its store
 */
void restart(void)
{
	(void)close(node);
	service_stop();
	inbox[0] = '\0';
	referd_open();
}


/**
 * Restart referd with its store; the node comes back with its call
 *
 * @param state     State of the call
 * @param transfers JSON texts of the ids of those in progress
 */
void restart_live(const char *state, const char *transfers)
{
	restart();
	gw_connect("boot1");
	gw_call("live", state);
	gw_sync(transfers);
}


/**
 * Start referd, and have a call come in
 *
 * @param state Not used
 *
 * @return 0 if success
 */
int onenode_setup(void **state)
{
	(void)state;

	log_level_set(LOG_ERROR);
	if (dir_make("onenode"))
		return -1;

	inbox[0] = '\0';
	gw.last_n = 0;
	gw.now = 1;
	referd_open();
	told_begin();
	gw_connect("boot1");
	gw_sync("");
	gw_call("new", "in-progress");

	return 0;
}


/**
 * Stop referd
 *
 * @param state Not used
 *
 * @return 0 if success
 */
int onenode_teardown(void **state)
{
	(void)state;

	(void)close(node);
	service_stop();

	return dir_remove();
}
