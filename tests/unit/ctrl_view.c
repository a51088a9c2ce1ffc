/**
 * @file ctrl_view.c  Tests of the view of a whole fleet: the messages to its
 * clients, and the calls and transfers of all members
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "fleet/fleet.h"
#include "fleet/origin.h"
#include "fleet/view.h"
#include "fleetscene.h"
#include "json.h"
#include "store/store.h"
#include "unit.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


enum { TEXT_SIZE = 65536 };

/* A message of a member in the making */
static struct batch {
	char lines[TEXT_SIZE];
	char jambonz[64];
	uint64_t first, last;
	unsigned count;
} batch;

static uint64_t seq;   /* of gw1's last message */
static uint64_t after; /* ... that was published */

#define TIME "2026-01-01T00:00:00.000Z"
#define STEP(id, step, rest)                                                  \
	"\"data\":{\"transfer_id\":\"" id "\",\"step\":\"" step "\"" rest "}"
#define FIRST                                                                 \
	",\"node\":\"bs1\",\"boot\":\"i1\",\"from_uri\":\"sip:+49@a\","       \
	"\"to_uri\":\"sip:100@b\",\"verb_id\":\"v\",\"refer_to\":"            \
	"\"sip:1@c\",\"referred_by\":\"sip:d@e\""
#define CALL(sid, state)                                                      \
	"\"data\":{\"call_sid\":\"" sid "\",\"call_status\":\"" state         \
	"\",\"node\":\"bs1\",\"from_uri\":\"sip:+49@a\"}"


static int setup(void **state)
{
	(void)state;
	seq = after = 0;
	memset(&batch, 0, sizeof(batch));
	scene_open(true);

	return 0;
}


static int teardown(void **state)
{
	(void)state;
	scene_close();

	return 0;
}


/* The next message of gw1 */
static void say(const char *type, const char *call_sid, const char *data)
{
	const size_t len = strlen(batch.lines);
	char sid[64] = "";

	if (call_sid)
		(void)snprintf(sid, sizeof(sid), ",\"call_sid\":\"%s\"",
			       call_sid);
	if (!batch.first)
		batch.first = seq + 1;
	batch.last = ++seq;
	++batch.count;
	(void)snprintf(batch.lines + len, sizeof(batch.lines) - len,
		       "\n{\"type\":\"%s\",\"seq\":%" PRIu64
		       ",\"time\":\"" TIME "\"%s%s%s}",
		       type, seq, sid, data ? "," : "", data ? data : "");
}


static char *text(const char *member, const char *boot)
{
	char *p = malloc(TEXT_SIZE + 256);

	(void)snprintf(p, TEXT_SIZE + 256,
		       "{\"member\":\"%s\",\"boot\":\"%s\",\"first\":%" PRIu64
		       ",\"last\":%" PRIu64 ",\"after\":%" PRIu64
		       ",\"count\":%u,\"jambonz\":[%s]}%s",
		       member, boot, batch.first, batch.last, after,
		       batch.count, batch.jambonz, batch.lines);

	return p;
}


/* Publishes the collected messages as one message of the stream */
static uint64_t publish(void)
{
	char *p = text("gw1", "b1");
	const uint64_t sseq = jet_put("fleet.ev.gw1", p);

	free(p);
	after = batch.last;
	memset(&batch, 0, sizeof(batch));
	scene_settle();

	return sseq;
}


/* The data contains the details of the end */
static void step(const char *data)
{
	say("transfer:status", "c1", data);
	(void)publish();
}


static void lost(const char *boot, unsigned part, const char *by,
		 const char *items)
{
	char buf[4096], subject[64];

	(void)snprintf(buf, sizeof(buf),
		       "{\"member\":\"gw1\",\"boot\":\"%s\",\"by\":\"%s\","
		       "\"by_boot\":\"x\",\"part\":%u,\"parts\":2,\"time\":"
		       "\"2026-01-01T00:01:00.000Z\"}%s",
		       boot, by, part, items);
	(void)snprintf(subject, sizeof(subject), "fleet.lost.gw1.%s", boot);
	(void)jet_put(subject, buf);
	scene_turn();
}


static char shown[TEXT_SIZE];


static const char *show(bool (*print)(struct json *j, const char *key))
{
	struct json j;

	json_init(&j);
	assert_true(print(&j, NULL));
	(void)snprintf(shown, sizeof(shown), "%s", json_done(&j));
	json_free(&j);

	return shown;
}


/* The calls of all */
static bool print_calls(struct json *j, const char *key)
{
	return fleet_calls_print(j, key, NULL);
}


/* ... and of a member without calls */
static bool print_others(struct json *j, const char *key)
{
	return fleet_calls_print(j, key, "gw9");
}


struct look {
	const char *id;
	struct job *job;
	bool done;
};


static void row_handler(const char *call_sid, const char *data, void *arg)
{
	(void)call_sid;
	(void)arg;

	(void)snprintf(shown, sizeof(shown), "%s", data);
}


static void run_handler(void *arg)
{
	const struct look *l = arg;

	(void)archive_get(l->id, row_handler, NULL);
}


static void done_handler(void *arg)
{
	((struct look *)arg)->done = true;
}


/* The transfer as GET /transfers/ID has it, "" if it does not */
static const char *row(const char *id)
{
	struct look l = {.id = id};

	*shown = '\0';
	assert_int_equal(
		db_ask(&l.job, SCOPE_FLEET, run_handler, done_handler, &l), 0);
	scene_wait(&l.done);

	return shown;
}


static void assert_has(const char *what, const char *part)
{
	if (!strstr(what, part))
		fail_msg("%s is not in %s", part, what);
}


static void assert_lacks(const char *what, const char *part)
{
	if (strstr(what, part))
		fail_msg("%s is in %s", part, what);
}


/* With its number in the fleet, and whose it is; the rest as it was */
static void test_text(void **state)
{
	(void)state;

	say("verb:status", "c1", "\"data\":{\"seq\":17}");
	say("session:new", "c1", CALL("c1", "ringing"));
	strcpy(batch.jambonz, "2");
	(void)publish();
	assert_string_equal(
		told_last("verb:status"),
		"{\"type\":\"verb:status\",\"seq\":257,\"member\":\"gw1\","
		"\"member_seq\":1,\"time\":\"" TIME "\",\"call_sid\":\"c1\","
		"\"data\":{\"seq\":17}}");
	assert_int_equal(told("session:new", "\"seq\":258,"), 1);
	assert_false(told_jambonz("verb:status"));
	assert_true(told_jambonz("session:new"));
	assert_true(fleetstore_last() == 258);
}


/* The engine has one twice, or a part of it */
static void test_repeat(void **state)
{
	char *p;
	(void)state;

	say("verb:status", "c1", NULL);
	say("verb:status", "c1", NULL);
	p = text("gw1", "b1");
	(void)publish();
	(void)jet_put("fleet.ev.gw1", p);
	free(p);
	scene_turn();
	assert_int_equal(told("verb:status", NULL), 2);

	seq = 1;
	after = 0;
	say("verb:status", "c1", NULL);
	say("verb:status", "c1", NULL);
	(void)publish();
	assert_int_equal(told("verb:status", NULL), 3);
	assert_int_equal(told("fleet:gap", NULL), 0);

	scene_stop();
	scene_start();
	seq = 2;
	say("verb:status", "c1", NULL);
	(void)publish();
	assert_int_equal(told("verb:status", NULL), 3);
	assert_true(told_in_order());
}


/* Numbers of messages for one client are not published: those are no gap */
static void test_gap(void **state)
{
	const uint64_t before = counter_value(COUNTER_FLEET_GAPS);
	(void)state;

	say("verb:status", "c1", NULL);
	(void)publish();
	seq += 5;
	say("verb:status", "c1", NULL);
	(void)publish();
	assert_int_equal(told("fleet:gap", NULL), 0);

	after += 3;
	seq += 3;
	say("verb:status", "c1", NULL);
	(void)publish();
	assert_int_equal(told("fleet:gap", "\"member\":\"gw1\""), 1);
	assert_int_equal(told("fleet:gap", "\"from\":8,\"to\":10,\"count\":3"),
			 1);
	assert_int_equal(told("fleet:gap", "\"seq\":768,"), 1);
	assert_true(told_in_order());
	assert_true(counter_value(COUNTER_FLEET_GAPS) == before + 1);
}


/* Messages for members only are not shown; a gap is */
static void test_own(void **state)
{
	(void)state;

	say("fleet:hook", "c1", "\"data\":{\"transfer_id\":\"t\"}");
	say("fleet:other", NULL, NULL);
	say("fleet:gap", NULL, "\"data\":{\"from\":1,\"to\":2,\"count\":2}");
	(void)publish();
	assert_int_equal(told_all(), 1);
	assert_int_equal(told("fleet:gap", "\"seq\":259,"), 1);
}


static void test_senseless(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n",
		"[]",
		"{\"member\":\"gw1\"}\n{\"type\":\"x\"}",
		"{\"member\":\"gw1\"}\n{\"type\":\"x\",\"seq\":0,\"data\":{}}",
		"{\"member\":\"gw1\"}\n{\"type\":\"x\",\"seq\":9,\"data\":{}",
		"{\"member\":\"gw1\"}\nnothing\n{\"seq\":1}",
		"{\"member\":17}\n{\"type\":\"x\",\"seq\":1}",
	};
	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		(void)jet_put("fleet.ev.gw1", texts[i]);
		(void)jet_put("fleet.lost.gw1.b", texts[i]);
	}
	(void)jet_put("fleet.what", "{}");
	scene_turn();
	assert_int_equal(told_all(), 0);

	say("verb:status", "c1", NULL);
	(void)publish();
	assert_int_equal(told_all(), 1);
}


static void test_calls(void **state)
{
	(void)state;

	say("session:new", "c1",
	    "\"data\":{\"call_sid\":\"c1\",\"call_status\":\"ringing\","
	    "\"sip\":{\"headers\":{\"A\":\"1\"}},"
	    "\"uui\":[{\"data\":\"4869\"}]}");
	say("session:new", "c2", CALL("c2", "ringing"));
	say("call:status", "c1", CALL("c1", "in-progress"));
	(void)publish();
	assert_has(show(print_calls), "\"member\":\"gw1\"");
	assert_has(shown, "\"call_status\":\"in-progress\"");
	assert_has(shown, "\"sip\":{\"headers\":{\"A\":\"1\"}}");
	assert_has(shown, "\"uui\":[{\"data\":\"4869\"}]");
	assert_string_equal(view_owner("c1"), "gw1");
	assert_string_equal(show(print_others), "[]");

	scene_stop();
	scene_start();
	assert_has(show(print_calls), "\"call_sid\":\"c1\"");
	assert_has(shown, "\"sip\":{\"headers\":{\"A\":\"1\"}}");
	assert_has(shown, "\"uui\":[{\"data\":\"4869\"}]");

	say("call:status", "c1", CALL("c1", "completed"));
	say("call:status", "c2", CALL("c2", "failed"));
	(void)publish();
	assert_string_equal(show(print_calls), "[]");
	assert_null(view_owner("c1"));
	scene_stop();
	scene_start();
	assert_string_equal(show(print_calls), "[]");
}


#define LIVES(seq)                                                            \
	"{\"ok\":true,\"member\":\"gw1\",\"seq\":" seq ",\"calls\":[{"        \
	"\"call_sid\":\"c1\",\"call_status\":\"in-progress\"}]}"


/* referd asks a member for its live calls when it hears it, since others may
   have declared it lost */
static void test_calls_asked(void **state)
{
	(void)state;

	say("session:new", "c1", CALL("c1", "in-progress"));
	(void)publish();
	lost("b1", 1, "gw2", "\n{\"call_sid\":\"c1\"}");
	assert_null(view_owner("c1"));
	scene_heartbeat("gw1", "b1", "");
	assert_has(jet_last("fleet.rq.gw1"), "\"type\":\"calls\"");
	jet_answer("fleet.rq.gw1", LIVES("1"));
	assert_string_equal(view_owner("c1"), "gw1");
}


/* Messages read meanwhile take precedence */
static void test_calls_stale(void **state)
{
	(void)state;

	scene_heartbeat("gw1", "b1", "");
	say("session:new", "c1", CALL("c1", "in-progress"));
	say("call:status", "c1", CALL("c1", "completed"));
	(void)publish();
	jet_answer("fleet.rq.gw1", LIVES("1"));
	assert_null(view_owner("c1"));
}


static void node_connects(void)
{
	say("node:status", NULL,
	    "\"data\":{\"node\":\"bs1\",\"version\":\"1\",\"connected\":true,"
	    "\"since\":\"" TIME "\",\"calls\":0,\"transfers\":0}");
	(void)publish();
}


static void test_nodes(void **state)
{
	(void)state;

	node_connects();
	assert_has(show(fleet_nodes_print), "\"member\":\"gw1\"");
	assert_has(shown, "\"connected\":false"); /* gw1 sends no heartbeat */
	scene_heartbeat("gw1", "b1",
			",\"nodes\":[{\"node\":\"bs1\","
			"\"calls\":3,\"can\":true}]");
	assert_has(show(fleet_nodes_print), "\"connected\":true");
	assert_has(shown, "\"calls\":3");

	scene_stop();
	scene_start();
	assert_has(show(fleet_nodes_print), "\"node\":\"bs1\"");
	say("node:status", NULL,
	    "\"data\":{\"node\":\"bs1\",\"reason\":\"baresip is gone\"}");
	(void)publish();
	assert_string_equal(show(fleet_nodes_print), "[]");
}


/* Its member says so, before the message that it is gone is read */
static void test_node_left(void **state)
{
	(void)state;

	node_connects();
	scene_heartbeat("gw1", "b1", ",\"nodes\":[]");
	assert_string_equal(show(fleet_nodes_print), "[]");

	/* It is stored with the next message */
	say("session:new", "c1", CALL("c1", "in-progress"));
	(void)publish();
	scene_stop();
	scene_start();
	assert_string_equal(show(fleet_nodes_print), "[]");
}


/* The record is that of the owner, with its member */
static void test_transfer(void **state)
{
	static const char record[] =
		"{\"member\":\"gw1\",\"call_sid\":\"c1\",\"node\":\"bs1\","
		"\"boot\":\"i1\",\"from\":\"+49\",\"to\":\"100\","
		"\"from_uri\":\"sip:+49@a\",\"to_uri\":\"sip:100@b\","
		"\"transfer_id\":\"t\",\"verb_id\":\"v\",\"step\":\"ended\","
		"\"refer_to\":\"sip:1@c\",\"referred_by\":\"sip:d@e\","
		"\"refer_status\":202,\"call_status\":486,\"reason\":\"Busy\","
		"\"outcome\":\"failed\",\"evidence\":\"notify\","
		"\"confidence\":\"high\",\"media\":true,"
		"\"started\":\"" TIME "\",\"ended\":\"" TIME
		"\",\"code\":486}";
	(void)state;

	step(STEP("t", "requested", FIRST));
	assert_has(show(fleet_transfers_print), "\"step\":\"requested\"");
	scene_stop();
	scene_start();
	step(STEP("t", "accepted", ",\"refer_status\":202"));
	assert_has(show(fleet_transfers_print), "\"step\":\"accepted\"");
	step(STEP("t", "ended",
		  ",\"refer_status\":202,\"call_status\":486,\"reason\":"
		  "\"Busy\",\"outcome\":\"failed\",\"evidence\":\"notify\","
		  "\"confidence\":\"high\",\"media\":true"));
	assert_string_equal(show(fleet_transfers_print), "[]");
	assert_string_equal(row("t"), record);
	assert_int_equal(told("transfer:status", NULL), 3);
}


/* Its messages arrive later than the events */
static void test_transfer_delayed(void **state)
{
	(void)state;

	step(STEP("t", "requested",
		  FIRST ",\"started\":\"2025-12-31T23:59:58.000Z\""));
	step(STEP("t", "ended",
		  ",\"outcome\":\"failed\",\"evidence\":\"response\","
		  "\"refer_status\":603,\"ended\":"
		  "\"2025-12-31T23:59:59.000Z\""));
	assert_has(row("t"), "\"started\":\"2025-12-31T23:59:58.000Z\","
			     "\"ended\":\"2025-12-31T23:59:59.000Z\"");
}


#define UNKNOWN                                                               \
	",\"refer_status\":202,\"outcome\":\"unknown\",\"evidence\":"         \
	"\"timer:notify\",\"confidence\":\"low\""
#define DONE                                                                  \
	",\"refer_status\":202,\"call_status\":200,\"reason\":\"OK\","        \
	"\"outcome\":\"transferred\",\"evidence\":\"notify\","                \
	"\"confidence\":\"high\",\"sip\":{\"start\":\"NOTIFY\"}"
#define TRANSFER                                                              \
	"\n{\"transfer_id\":\"t\",\"call_sid\":\"c1\",\"node\":\"bs1\"}"


/* Told by the owner; the record has it, once, at any time */
static void late(bool restart)
{
	step(STEP("t", "requested", FIRST));
	step(STEP("t", "ended", UNKNOWN));
	if (restart) {
		scene_stop();
		scene_start();
	}
	step(STEP("t", "late", ",\"call_status\":200,\"reason\":\"OK\""));
	assert_int_equal(told("\"step\":\"late\"", NULL), 1);
	assert_has(row("t"), "\"late_status\":200,\"late_reason\":\"OK\"");
	assert_has(shown, "\"outcome\":\"unknown\"");
	if (restart) {
		scene_stop();
		scene_start();
	}
	step(STEP("t", "late", ",\"call_status\":486,\"reason\":\"Busy\""));
	assert_int_equal(told("\"step\":\"late\"", NULL), 1);
	assert_has(row("t"), "\"late_status\":200");
}


static void test_late(void **state)
{
	(void)state;
	late(false);
}


static void test_late_restart(void **state)
{
	(void)state;
	late(true);
}


/* An unknown transfer */
static void test_late_strange(void **state)
{
	(void)state;

	step(STEP("t", "late", ",\"call_status\":200,\"reason\":\"OK\""));
	assert_int_equal(told("\"step\":\"late\"", NULL), 1);
	assert_string_equal(row("t"), "");

	/* its begin is missing */
	step(STEP("u", "accepted", ",\"refer_status\":202"));
	step(STEP("u", "ended", DONE));
	assert_int_equal(told("\"transfer_id\":\"u\"", NULL), 2);
	assert_has(row("u"), "\"outcome\":\"transferred\"");
}


/* Calls and transfers of a member that is lost have one end each */
static void test_lost(void **state)
{
	(void)state;

	say("session:new", "c1", CALL("c1", "in-progress"));
	say("transfer:status", "c1", STEP("t", "requested", FIRST));
	say("transfer:status", "c1", STEP("u", "requested", FIRST));
	say("transfer:status", "c1", STEP("u", "ended", DONE));
	(void)publish();
	lost("b1", 1, "gw2",
	     TRANSFER "\n{\"transfer_id\":\"u\",\"call_sid\":\"c1\"}"
		      "\n{\"call_sid\":\"c1\",\"node\":\"bs1\"}"
		      "\n{\"call_sid\":\"c9\"}");

	assert_int_equal(told("node:lost", "\"seq\":513,\"member\":\"gw1\""),
			 1);
	assert_int_equal(told("node:lost", "\"boot\":\"b1\",\"by\":\"gw2\","
					   "\"calls\":1,\"transfers\":1"),
			 1);
	assert_int_equal(told("\"outcome\":\"unknown\"",
			      "\"evidence\":\"node\",\"confidence\":\"low\""),
			 1);
	assert_int_equal(told("the member gw1 is lost", "transfer:status"), 1);
	assert_int_equal(told("the member gw1 is lost", "call:status"), 1);
	assert_int_equal(told("\"call_status\":\"failed\"", "\"msgid\":"), 1);
	assert_true(told_jambonz("call:status"));
	assert_true(told_in_order());
	assert_string_equal(show(print_calls), "[]");
	assert_string_equal(show(fleet_transfers_print), "[]");
	assert_has(row("t"), "\"step\":\"ended\"");
	assert_has(shown, "\"outcome\":\"unknown\",\"evidence\":\"node\"");
	assert_has(shown, "\"ended\":\"2026-01-01T00:01:00.000Z\"");
	assert_has(row("u"), "\"outcome\":\"transferred\"");
	assert_int_equal(scene_posted("t"), 0);
}


/* Others have said so, too, or in more than one part */
static void test_lost_again(void **state)
{
	(void)state;

	step(STEP("t", "requested", FIRST));
	step(STEP("u", "requested", FIRST));
	lost("b1", 1, "gw2", TRANSFER);
	lost("b1", 1, "gw3", TRANSFER);
	assert_int_equal(told("node:lost", NULL), 1);
	lost("b1", 2, "gw2", "\n{\"transfer_id\":\"u\",\"call_sid\":\"c1\"}");
	assert_int_equal(told("node:lost", NULL), 2);
	scene_stop();
	scene_start();
	lost("b1", 1, "gw3", TRANSFER);
	assert_int_equal(told("node:lost", NULL), 2);
	assert_int_equal(told("\"step\":\"ended\"", NULL), 2);
}


/* The first outcome in the stream counts; a later one of its owner is late */
static void back(bool restart)
{
	step(STEP("t", "requested", FIRST));
	lost("b1", 1, "gw2", TRANSFER);
	if (restart) {
		scene_stop();
		scene_start();
	}
	step(STEP("t", "accepted", ",\"refer_status\":202"));
	assert_int_equal(told("\"step\":\"accepted\"", NULL), 0);
	step(STEP("t", "ended", DONE));
	assert_int_equal(told("\"step\":\"ended\"", NULL), 1);
	assert_int_equal(told("\"step\":\"late\"", "\"call_status\":200"), 1);
	assert_int_equal(told("\"step\":\"late\"", "\"member_seq\":3"), 1);
	assert_has(told_last("\"step\":\"late\""),
		   "\"sip\":{\"start\":\"NOTIFY\"}");
	assert_lacks(told_last("\"step\":\"late\""), "outcome");
	if (restart) {
		scene_stop();
		scene_start();
	}
	step(STEP("t", "late", ",\"call_status\":200"));
	assert_int_equal(told("\"step\":\"late\"", NULL), 1);
	assert_has(row("t"), "\"outcome\":\"unknown\"");
	assert_has(shown, "\"late_status\":200,\"late_reason\":\"OK\"");
}


static void test_back(void **state)
{
	(void)state;
	back(false);
}


static void test_back_restart(void **state)
{
	(void)state;
	back(true);
}


/* It has no final status: that is no news */
static void test_back_unsure(void **state)
{
	(void)state;

	step(STEP("t", "requested", FIRST));
	lost("b1", 1, "gw2", TRANSFER);
	step(STEP("t", "ended", UNKNOWN));
	assert_int_equal(told("\"step\":\"ended\"", NULL), 1);
	assert_int_equal(told("late", NULL), 0);
}


/* It has published the end before: that counts */
static void test_lost_too_late(void **state)
{
	(void)state;

	step(STEP("t", "requested", FIRST));
	step(STEP("t", "ended", DONE));
	lost("b1", 1, "gw2", TRANSFER);
	assert_int_equal(told("\"step\":\"ended\"", NULL), 1);
	assert_has(row("t"), "\"outcome\":\"transferred\"");
}


/* The member that is named in the message sends the hooks */
static void test_lost_by(void **state)
{
	(void)state;

	step(STEP("t", "requested", FIRST));
	step(STEP("t", "accepted", ",\"refer_status\":202"));
	lost("b1", 1, "me", TRANSFER);
	lost("b1", 1, "me", TRANSFER);
	assert_int_equal(scene_posted("t"), 202);
}


/* A transfer of another member is not its to end */
static void test_strangers(void **state)
{
	char *p;
	(void)state;

	step(STEP("t", "requested", FIRST));
	say("session:new", "c1", CALL("c1", "in-progress"));
	(void)publish();
	seq = after = 0;
	say("transfer:status", "c1", STEP("t", "ended", DONE));
	say("call:status", "c1", CALL("c1", "completed"));
	p = text("gw2", "b2");
	(void)jet_put("fleet.ev.gw2", p);
	free(p);
	scene_turn();
	assert_has(show(fleet_transfers_print), "\"step\":\"requested\"");
	assert_string_equal(view_owner("c1"), "gw1");
	assert_int_equal(told("\"step\":\"ended\"", NULL), 0);
}


/* Many transfers, and a late status of the oldest */
static void test_many(void **state)
{
	char data[512];
	(void)state;

	for (unsigned i = 0; i < 1500; i++) {
		(void)snprintf(data, sizeof(data),
			       STEP("t%u", "requested", FIRST), i);
		say("transfer:status", "c1", data);
		(void)snprintf(data, sizeof(data),
			       STEP("t%u", "ended", UNKNOWN), i);
		say("transfer:status", "c1", data);
		if (batch.count >= 100)
			(void)publish();
	}
	assert_int_equal(told_all(), 3000);
	told_clear();
	step(STEP("t0", "late", ",\"call_status\":200"));
	step(STEP("t1499", "late", ",\"call_status\":200"));
	step(STEP("t1", "late", ",\"call_status\":200"));
	assert_int_equal(told("\"step\":\"late\"", NULL), 3);
	assert_true(told_in_order());
	assert_has(row("t0"), "\"late_status\":200");
	assert_has(row("t1"), "\"late_status\":200");
}


/* The file is asked in the middle of a message: the rest waits for it */
static void test_middle(void **state)
{
	(void)state;

	step(STEP("t", "requested", FIRST));
	step(STEP("t", "ended", UNKNOWN));
	scene_stop();
	scene_start();
	say("verb:status", "c1", NULL);
	say("transfer:status", "c1",
	    STEP("t", "late", ",\"call_status\":200"));
	say("verb:status", "c1", NULL);
	(void)publish();
	say("verb:status", "c1", NULL);
	(void)publish();
	assert_int_equal(told("verb:status", NULL), 3);
	assert_int_equal(told("\"step\":\"late\"", NULL), 1);
	assert_true(told_in_order());
}


/* referd dies before all of it is in the file: it is read again */
static void test_crash(void **state)
{
	(void)state;

	step(STEP("t", "requested", FIRST));
	scene_stop();
	scene_start();
	step(STEP("t", "ended", DONE));
	scene_stop();
	scene_start();
	assert_string_equal(show(fleet_transfers_print), "[]");
	assert_int_equal(told("\"step\":\"ended\"", NULL), 1);
}


static void test_no_view(void **state)
{
	struct json j;
	(void)state;

	scene_close();
	scene_open(false);
	json_init(&j);
	assert_false(fleet_calls_print(&j, NULL, NULL));
	assert_false(fleet_transfers_print(&j, NULL));
	assert_false(fleet_nodes_print(&j, NULL));
	json_free(&j);
	assert_null(view_owner("c1"));
	assert_int_equal(jet_consumers(), 0);
}


#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)


int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_text),          CASE(test_repeat),
		CASE(test_gap),           CASE(test_own),
		CASE(test_senseless),     CASE(test_calls),
		CASE(test_nodes),         CASE(test_node_left),
		CASE(test_calls_asked),   CASE(test_calls_stale),
		CASE(test_transfer),      CASE(test_transfer_delayed),
		CASE(test_late),          CASE(test_late_restart),
		CASE(test_late_strange),  CASE(test_lost),
		CASE(test_lost_again),    CASE(test_back),
		CASE(test_back_restart),  CASE(test_back_unsure),
		CASE(test_lost_too_late), CASE(test_lost_by),
		CASE(test_strangers),     CASE(test_many),
		CASE(test_middle),        CASE(test_crash),
		CASE(test_no_view),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
