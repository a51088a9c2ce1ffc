/**
 * @file ctrl_queue.c  Tests of a call's verbs, with a node on a real socket
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "calls/calls.h"
#include "calls/transfer.h"
#include "config.h"
#include "hooks/hooks.h"
#include "nodes/nodes.h"
#include "service.h"
#include "store/store.h"
#include "stream/stream.h"
#include "unit.h"
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

static char dir[64];
static int node = -1;
static unsigned last_n;
static int64_t now;   /* time of the next report, ms since 1970 */
static uint64_t seen; /* seq of the last message that was looked at */
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
	static struct config config = {
		.token_file = "",
		.app = "",
		.app_map = "",
		.app_status = "",
		.hook_allow = "",
		.max_calls = 100,
		.hook_grace = 60,
		.keep_days = 1,
		.keep_mb = 100,
	};
	char path[96];

	strcpy(config.state, dir);
	assert_int_equal(
		service_start(&config, SERVICE_WHOLE & ~SERVICE_DOORS), 0);

	(void)snprintf(path, sizeof(path), "%s/node.sock", dir);
	assert_int_equal(nodes_listen(path), 0);
}


static void referd_close(void)
{
	service_stop();
}


static void turns(void)
{
	for (int i = 0; i < TURNS; i++)
		ev_run(EV_DEFAULT_ EVRUN_NOWAIT);
}


static void node_say(const char *line)
{
	assert_int_equal(write(node, line, strlen(line)), strlen(line));
	assert_int_equal(write(node, "\n", 1), 1);
	turns();
}


static void report(const char *fmt, ...)
{
	char body[2048], line[2200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(body, sizeof(body), fmt, ap);
	va_end(ap);

	(void)snprintf(line, sizeof(line), "{\"n\":%u,\"time\":%lld,%s}",
		       ++last_n, (long long)now, body);
	node_say(line);
}


static void report_call(const char *event, const char *state)
{
	char body[512];

	(void)snprintf(body, sizeof(body), call, state);
	report("\"type\":\"call\",\"event\":\"%s\",%s", event, body);
}


static void node_greet(const char *instance, unsigned next)
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
	node_say(line);
}


static void node_connect(const char *instance)
{
	node_greet(instance, last_n + 1);
}


/* The next request that came to the node, "" if none did */
static const char *request(void)
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


static char *member(const char *text, const char *key)
{
	static char value[128];
	cJSON *tree = cJSON_Parse(text);
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItem(tree, key));

	(void)snprintf(value, sizeof(value), "%s", s ? s : "");
	cJSON_Delete(tree);

	return value;
}


/* Expects a request that contains some text, and says that all is well */
static char *expect_ok(const char *text)
{
	static char ref[128];
	const char *line = request();

	if (!strstr(line, text))
		fail_msg("%s is not in %s", text, line);

	strcpy(ref, member(line, "ref"));
	report("\"type\":\"result\",\"ref\":\"%s\",\"ok\":true", ref);

	return ref;
}


struct search {
	const char *a, *b;
	unsigned count;
};


static void search_handler(uint64_t seq, const char *text, void *arg)
{
	struct search *s = arg;
	(void)seq;

	if (strstr(text, s->a) && strstr(text, s->b))
		++s->count;
}


/* How many messages since the test began contain both texts */
static unsigned said(const char *a, const char *b)
{
	struct search s = {a, b, 0};
	uint64_t since = seen;

	while (store_replay(&since, "bot", NULL, false, 1000, search_handler,
			    &s))
		;

	return s.count;
}


static void count_handler(const char *key, const char *data, void *arg)
{
	(void)key;
	(void)data;

	++*(unsigned *)arg;
}


/* How many rows a table has */
static unsigned rows(enum store_table table)
{
	unsigned n = 0;

	store_each(table, count_handler, &n);

	return n;
}


static void bot(const char *text)
{
	struct sender sender = {.kind = SENDER_CLIENT, .name = "bot"};
	char *copy = strdup(text);

	command(&sender, copy, strlen(copy));
	free(copy);
	turns();
}


static int setup(void **state)
{
	(void)state;

	log_level_set(LOG_ERROR);
	strcpy(dir, "/tmp/ctrl-queue-XXXXXX");
	if (!mkdtemp(dir))
		return -1;

	inbox[0] = '\0';
	last_n = 0;
	now = 1;
	referd_open();
	seen = store_seq();
	node_connect("boot1");
	report("\"type\":\"sync\",\"transfers\":[]");
	report_call("new", "in-progress");

	return 0;
}


static int teardown(void **state)
{
	char cmd[192];
	(void)state;

	(void)close(node);
	referd_close();
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);

	return system(cmd);
}


static void transfer(const char *ref, const char *id, const char *rest)
{
	report("\"type\":\"transfer\",\"call_sid\":\"c1\",\"transfer_id\":"
	       "\"%s\",\"ref\":\"%s\",%s",
	       id, ref, rest);
}


#define ENDED(outcome)                                                        \
	"\"step\":\"ended\",\"refer_status\":202,\"outcome\":\"" outcome      \
	"\",\"evidence\":\"notify\",\"call_status\":486"


static void test_one_trip(void **state)
{
	char ref[128];
	(void)state;

	assert_int_equal(said("session:new", "c1"), 1);
	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\",\"id\":\"v\"}");
	strcpy(ref, expect_ok("\"run\":true"));
	transfer(ref, "t", "\"step\":\"requested\"");
	assert_int_equal(said("verb:status", "starting"), 1);
	assert_int_equal(said("transfer:status", "requested"), 1);

	transfer(ref, "t", ENDED("failed"));
	assert_int_equal(said("transfer:status", "\"verb_id\":\"v\""), 2);
	assert_int_equal(said("verb:status", "finished"), 1);

	/* twice the same report is one report */
	--last_n;
	transfer(ref, "t", ENDED("failed"));
	assert_int_equal(said("transfer:status", "ended"), 1);

	/* and a transfer ends once, whatever comes */
	transfer(ref, "t", ENDED("transferred"));
	assert_int_equal(said("transfer:status", "ended"), 1);
}


static void test_list_goes_on_after_failure(void **state)
{
	char ref[128];
	(void)state;

	bot("[{\"verb\":\"sip:refer\",\"referTo\":\"1\"},"
	    "{\"verb\":\"hangup\"}]");
	strcpy(ref, expect_ok("hangup"));
	transfer(ref, "t", "\"step\":\"requested\"");
	assert_string_equal(request(), "");
	transfer(ref, "t", ENDED("failed"));

	/* the client is not there, so that its hook is not waited for */
	(void)expect_ok("hangup");
	report_call("closed", "completed");
	assert_int_equal(said("verb:status", "finished"), 2);
	assert_null(session_find("c1"));
}


static void test_refused_whole(void **state)
{
	const char *line;
	(void)state;

	bot("[{\"verb\":\"pause\",\"length\":0},"
	    "{\"verb\":\"sip:refer\",\"referTo\":\"\"}]");
	line = request();
	assert_non_null(strstr(line, "\"run\":false"));
	assert_null(strstr(line, "pause"));
	report("\"type\":\"result\",\"ref\":\"%s\",\"ok\":false,\"index\":0,"
	       "\"field\":\"referTo\",\"error\":\"referTo: is required\"",
	       member(line, "ref"));
	assert_int_equal(said("jambonz:error",
			      "\"verbs[1]: sip:refer: referTo: is required\""),
			 1);
	assert_int_equal(said("verb:status", ""), 0);
}


static void test_second_refer_is_refused(void **state)
{
	char ref[128];
	(void)state;

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	strcpy(ref, expect_ok("\"run\":true"));
	transfer(ref, "t", "\"step\":\"requested\"");

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"2\",\"msgid\":\"m\"}");
	assert_string_equal(request(), "");
	assert_int_equal(said("transfer in progress", "\"ref\":\"m\""), 1);
}


static void test_other_verbs_cancel(void **state)
{
	char ref[128];
	(void)state;

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	strcpy(ref, expect_ok("\"run\":true"));
	transfer(ref, "t", "\"step\":\"requested\"");

	bot("{\"verb\":\"hangup\"}");
	(void)expect_ok("\"run\":false");
	(void)expect_ok("\"cancel\"");
	assert_string_equal(request(), "");
	transfer(ref, "t", ENDED("cancelled"));
	(void)expect_ok("\"run\":true");
}


static void test_ringing_call_is_answered_first(void **state)
{
	(void)state;

	report_call("status", "ringing");
	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	(void)expect_ok("\"run\":false");
	(void)expect_ok("\"answer\"");
	assert_string_equal(request(), "");
	report_call("status", "in-progress");
	(void)expect_ok("\"sip:refer\"");
}


/* What was right when the list came need not be so when it is applied */
static void test_transfer_begins_during_check(void **state)
{
	char ref[128], check[128];
	(void)state;

	report_call("status", "ringing");
	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	(void)expect_ok("\"run\":false");
	(void)expect_ok("\"answer\"");

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"2\",\"msgid\":\"m\"}");
	strcpy(check, member(request(), "ref"));
	report_call("status", "in-progress");
	strcpy(ref, expect_ok("\"referTo\":\"1\""));
	transfer(ref, "t", "\"step\":\"requested\"");
	report("\"type\":\"result\",\"ref\":\"%s\",\"ok\":true", check);

	assert_string_equal(request(), "");
	assert_int_equal(said("transfer in progress", "\"ref\":\"m\""), 1);

	transfer(ref, "t", ENDED("failed"));
	assert_string_equal(request(), "");
	assert_int_equal(said("transfer:status", "cancelled"), 0);
}


/* The call was over, and the node has forgotten what became of the transfer */
static void test_transfer_lost_at_sync(void **state)
{
	char ref[128];
	(void)state;

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	strcpy(ref, expect_ok("\"run\":true"));
	transfer(ref, "t", "\"step\":\"requested\"");
	report_call("closed", "completed");
	assert_non_null(session_find("c1"));

	(void)close(node);
	turns();
	node_connect("boot1");
	report("\"type\":\"sync\",\"transfers\":[]");

	assert_int_equal(said("transfer:status", "\"unknown\""), 1);
	assert_null(session_find("c1"));
	assert_int_equal(rows(STORE_SESSIONS), 0);
}


static void restart(void)
{
	(void)close(node);
	referd_close();
	inbox[0] = '\0';
	referd_open();
}


/* What was under way goes on: asked for again is only what was not answered */
static void test_restart_in_mid_transfer(void **state)
{
	char ref[128];
	(void)state;

	bot("[{\"verb\":\"sip:refer\",\"referTo\":\"1\"},"
	    "{\"verb\":\"hangup\"}]");
	strcpy(ref, expect_ok("\"run\":true"));
	transfer(ref, "t", "\"step\":\"requested\"");

	restart();
	node_connect("boot1");
	transfer(ref, "t", ENDED("failed"));
	assert_string_equal(request(), "");
	report_call("live", "in-progress");
	report("\"type\":\"sync\",\"transfers\":[]");
	(void)expect_ok("hangup");

	assert_int_equal(said("transfer:status", "ended"), 1);
	assert_int_equal(said("session:new", ""), 1);
}


static void test_restart_before_the_answer(void **state)
{
	char line[1024];
	(void)state;

	bot("[{\"verb\":\"answer\"},{\"verb\":\"hangup\"}]");
	strcpy(line, request());

	restart();
	node_connect("boot1");
	report_call("live", "in-progress");
	report("\"type\":\"sync\",\"transfers\":[]");
	assert_string_equal(request(), line);
}


static void test_new_boot_ends_all(void **state)
{
	char ref[128];
	(void)state;

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	strcpy(ref, expect_ok("\"run\":true"));
	transfer(ref, "t", "\"step\":\"requested\"");

	(void)close(node);
	turns();
	assert_non_null(session_find("c1"));
	node_connect("boot2");

	assert_int_equal(said("\"outcome\":\"unknown\"", "\"node\""), 1);
	assert_int_equal(said("call:status", "baresip is gone"), 1);
	assert_null(session_find("c1"));
}


static void test_pause(void **state)
{
	(void)state;

	bot("[{\"verb\":\"pause\",\"length\":0.3},{\"verb\":\"hangup\"}]");
	(void)expect_ok("\"run\":false");
	assert_int_equal(said("verb:status", "pause"), 1);
	while (said("verb:status", "pause") < 2) {
		(void)usleep(10000);
		turns();
	}
	(void)expect_ok("hangup");
	assert_int_equal(said("verb:status", "pause"), 2);
}


static void verb_handler(uint64_t seq, const char *text, void *arg)
{
	cJSON *tree = cJSON_Parse(text);
	const cJSON *data = cJSON_GetObjectItem(tree, "data");
	char *list = arg;
	(void)seq;

	if (strstr(text, "verb:status"))
		(void)sprintf(list + strlen(list), "%s %s, ",
			      cJSON_GetObjectItem(data, "verb")->valuestring,
			      cJSON_GetObjectItem(data, "event")->valuestring);
	cJSON_Delete(tree);
}


/* The hook can't even be sent */
static void test_own_verb_runs_alone(void **state)
{
	char list[1024] = "";
	uint64_t since = seen;
	(void)state;

	bot("[{\"verb\":\"redirect\",\"actionHook\":\"http://10.77.0.9/\"},"
	    "{\"verb\":\"config\",\"notifyEvents\":true}]");
	turns();
	(void)store_replay(&since, "bot", NULL, false, 1000, verb_handler,
			   list);
	assert_string_equal(list, "redirect starting, redirect finished, "
				  "config starting, config finished, ");
}


struct times {
	int64_t last;
	int64_t starting, requested;
};


static void time_handler(uint64_t seq, const char *text, void *arg)
{
	struct times *times = arg;
	int64_t ms = clock_parse(member(text, "time"));
	(void)seq;

	if (ms < times->last)
		fail_msg("%s is before the one before", text);

	times->last = ms;
	if (strstr(text, "starting"))
		times->starting = ms;
	if (strstr(text, "requested"))
		times->requested = ms;
}


static void look_at_times(struct times *times)
{
	uint64_t since = seen;

	while (store_replay(&since, "bot", "c1", false, 1000, time_handler,
			    times))
		;
}


/* A verb starts when the node says so, and no time goes back: what the node
   reports came about before we were told, and a hook was sent meanwhile */
static void test_times(void **state)
{
	struct times times = {0};
	int64_t begin = clock_ms() - 5000;
	char ref[128];
	(void)state;

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\","
	    "\"eventHook\":\"http://10.77.0.9/\"}");
	now = begin;
	strcpy(ref, expect_ok("\"run\":true"));
	now = begin + 1;
	transfer(ref, "t", "\"step\":\"requested\"");
	look_at_times(&times);
	assert_true(times.starting == begin);
	assert_true(times.requested == begin + 1);

	transfer(ref, "t", "\"step\":\"progress\",\"call_status\":180");
	now = begin + 2;
	transfer(ref, "t", ENDED("failed"));
	assert_true(said("hook:status", "\"event\":\"sent\"") > 0);
	times.last = 0;
	look_at_times(&times);
	assert_true(times.last > begin + 2);

	/* nor does it over a restart */
	restart();
	node_connect("boot1");
	report_call("live", "early-media");
	report("\"type\":\"sync\",\"transfers\":[]");
	times.last = 0;
	look_at_times(&times);
	assert_int_equal(said("call:status", "early-media"), 1);
}


/* As another release may have them: what is behind them is read */
static void test_strange_lines(void **state)
{
	static char text[3 * 65536];
	(void)state;

	memset(text, 'x', sizeof(text) - 1);
	node_say(text);
	node_say("no JSON");
	node_say("{\"type\":\"hello\",\"protocol\":1,\"node\":\"gw\","
		 "\"boot\":\"boot1\"}");
	report("\"type\":\"weather\",\"rain\":true");
	report("\"type\":\"call\",\"event\":\"new\"");
	report("\"type\":\"transfer\",\"call_sid\":\"c1\","
	       "\"transfer_id\":\"t\",\"step\":\"danced\"");

	assert_int_equal(said("node:status", "disconnected"), 0);
	bot("{\"verb\":\"hangup\"}");
	(void)expect_ok("hangup");
}


/* The first closes; what comes later comes too late */
static void test_closed_twice(void **state)
{
	(void)state;

	report_call("closed", "completed");
	assert_null(session_find("c1"));
	report_call("closed", "failed");
	report_call("status", "in-progress");
	report_call("new", "ringing");
	report_call("live", "in-progress");

	assert_null(session_find("c1"));
	assert_int_equal(said("session:new", ""), 1);
	assert_int_equal(said("call:status", "\"call_status\":\"completed\""),
			 1);
	assert_int_equal(said("call:status", "\"call_status\":\"failed\""), 0);
}


/* Its hooks may keep it for a while */
static void test_closed_and_back(void **state)
{
	char ref[128];
	(void)state;

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	strcpy(ref, expect_ok("\"run\":true"));
	transfer(ref, "t", "\"step\":\"requested\"");
	report_call("closed", "completed");
	report_call("status", "in-progress");
	assert_true(call_over(session_find("c1")->call));
	transfer(ref, "t", ENDED("failed"));
	assert_null(session_find("c1"));
}


/* The answer to an earlier hook, say: nothing starts any more */
static void test_answer_after_the_call(void **state)
{
	static const char body[] = "[{\"verb\":\"pause\",\"length\":0}]";
	const struct sender sender = {.kind = SENDER_NOBODY, .msgid = "h"};
	struct message *m;
	struct error f;
	char ref[128];
	(void)state;

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	strcpy(ref, expect_ok("\"run\":true"));
	transfer(ref, "t", "\"step\":\"requested\"");
	report_call("closed", "completed");

	error_init(&f);
	assert_int_equal(message_decode_answer(&m, body, sizeof(body) - 1, &f),
			 0);
	command_answer(&sender, "c1", m, &f);
	transfer(ref, "t", ENDED("failed"));
	assert_null(session_find("c1"));
	assert_string_equal(f.text, "the call is over");
}


/* So many reports came while the link was down that the module had to drop
   those of the transfer, from the first to the last */
static void test_transfer_never_told(void **state)
{
	(void)state;

	bot("[{\"verb\":\"sip:refer\",\"referTo\":\"1\",\"id\":\"v\"},"
	    "{\"verb\":\"hangup\"}]");
	(void)expect_ok("\"run\":true");

	(void)close(node);
	turns();
	last_n += 5;
	node_connect("boot1");
	report_call("live", "in-progress");
	report("\"type\":\"sync\",\"transfers\":[]");

	assert_int_equal(said("transfer:status", "\"unknown\""), 1);
	assert_int_equal(said("transfer:status", "\"verb_id\":\"v\""), 1);
	assert_int_equal(said("transfer:status", "does not know it any more"),
			 1);
	assert_int_equal(said("verb:status", "finished"), 1);
	(void)expect_ok("hangup");
}


/* The call was over, too */
static void test_transfer_never_told_and_over(void **state)
{
	(void)state;

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	(void)expect_ok("\"run\":true");
	report_call("closed", "completed");
	assert_non_null(session_find("c1"));

	(void)close(node);
	turns();
	last_n += 5;
	node_connect("boot1");
	report("\"type\":\"sync\",\"transfers\":[]");

	assert_int_equal(said("transfer:status", "\"unknown\""), 1);
	assert_null(session_find("c1"));
}


/* Only its first step was dropped: the others will tell */
static void test_transfer_begun_unseen(void **state)
{
	char ref[128];
	(void)state;

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	strcpy(ref, expect_ok("\"run\":true"));

	(void)close(node);
	turns();
	last_n += 5;
	node_connect("boot1");
	report_call("live", "in-progress");
	report("\"type\":\"sync\",\"transfers\":[\"t\"]");
	assert_int_equal(said("transfer:status", ""), 0);

	transfer(ref, "t", ENDED("failed"));
	assert_int_equal(said("transfer:status", "\"failed\""), 1);
	assert_int_equal(said("verb:status", "finished"), 1);
}


/* Baresip is gone, and the call was over before */
static void test_gone_after_the_call(void **state)
{
	(void)state;

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	(void)expect_ok("\"run\":true");
	report_call("closed", "completed");
	(void)close(node);
	turns();
	node_connect("boot2");

	assert_int_equal(said("\"outcome\":\"unknown\"", "\"node\""), 1);
	assert_int_equal(said("call:status", "baresip is gone"), 0);
	assert_null(session_find("c1"));
	assert_int_equal(rows(STORE_SESSIONS), 0);
}


/* A call that is over before it is known is none */
static void test_new_and_over(void **state)
{
	(void)state;

	report_call("closed", "completed");
	report("\"type\":\"call\",\"event\":\"new\",\"call\":{"
	       "\"sid\":\"c2\",\"direction\":\"inbound\",\"from\":"
	       "\"a\",\"to\":\"b\",\"state\":\"completed\"}");
	assert_null(session_find("c2"));
	assert_int_equal(said("session:new", "c2"), 0);
}


static void test_strange_steps(void **state)
{
	char ref[128];
	(void)state;

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	strcpy(ref, expect_ok("\"run\":true"));
	transfer(ref, "t", "\"step\":\"requested\"");
	transfer(ref, "t", "\"step\":\"requested\"");

	/* of a call that nobody knows */
	report("\"type\":\"transfer\",\"call_sid\":\"c9\","
	       "\"transfer_id\":\"t\",\"step\":\"ended\"");
	report("\"type\":\"transfer\",\"call_sid\":\"c9\","
	       "\"transfer_id\":\"u\",\"step\":\"progress\"");
	assert_int_equal(said("transfer:status", "requested"), 1);
	assert_int_equal(said("transfer:status", "ended"), 0);

	transfer(ref, "t", ENDED("danced"));
	assert_int_equal(said("transfer:status", "\"outcome\":\"unknown\""),
			 1);
}


/* One of the same connection, or of an earlier one, ends nothing */
static void test_strange_syncs(void **state)
{
	char ref[128];
	(void)state;

	bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	strcpy(ref, expect_ok("\"run\":true"));
	transfer(ref, "t", "\"step\":\"requested\"");
	report("\"type\":\"sync\",\"transfers\":[]");
	assert_non_null(session_find("c1"));

	(void)close(node);
	turns();
	node_greet("boot1", last_n + 3);
	report("\"type\":\"sync\",\"transfers\":[]");
	assert_non_null(session_find("c1"));
	report_call("live", "in-progress");

	/* in two lines */
	report("\"type\":\"sync\",\"transfers\":[\"t\"],\"more\":true");
	report("\"type\":\"sync\",\"transfers\":[\"x\"]");
	assert_non_null(session_find("c1"));
	assert_int_equal(said("transfer:status", "ended"), 0);
}


/* It tells of another life: what was known of the first is over */
static void test_boot_again(void **state)
{
	(void)state;

	(void)close(node);
	turns();
	last_n = 0;
	node_greet("boot1", 1);
	report("\"type\":\"call\",\"event\":\"new\",\"call\":{"
	       "\"sid\":\"c2\",\"direction\":\"inbound\",\"from\":"
	       "\"a\",\"to\":\"b\",\"state\":\"ringing\"}");
	assert_non_null(session_find("c2"));
	assert_int_equal(said("call:status", "baresip is gone"), 1);
}


int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_one_trip),
		CASE(test_list_goes_on_after_failure),
		CASE(test_refused_whole),
		CASE(test_second_refer_is_refused),
		CASE(test_other_verbs_cancel),
		CASE(test_ringing_call_is_answered_first),
		CASE(test_transfer_begins_during_check),
		CASE(test_transfer_lost_at_sync),
		CASE(test_restart_in_mid_transfer),
		CASE(test_restart_before_the_answer),
		CASE(test_new_boot_ends_all),
		CASE(test_pause),
		CASE(test_own_verb_runs_alone),
		CASE(test_times),
		CASE(test_strange_lines),
		CASE(test_closed_twice),
		CASE(test_closed_and_back),
		CASE(test_answer_after_the_call),
		CASE(test_transfer_never_told),
		CASE(test_transfer_never_told_and_over),
		CASE(test_transfer_begun_unseen),
		CASE(test_gone_after_the_call),
		CASE(test_new_and_over),
		CASE(test_strange_steps),
		CASE(test_strange_syncs),
		CASE(test_boot_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
