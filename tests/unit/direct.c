/**
 * @file direct.c  Tests of both ends of the link, in one process
 *
 * referd whole, but for its network, and the module's link with a baresip of
 * the test's own behind it, as two modules that libre loads.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cjson/cJSON.h>
#include <re.h>
#include "directexport.h"
#include "link/link.h"
#include "link/unacked.h"
#include "direct_referd.h"


enum {
	DEADLINE = 20000, /* ms */
	TURNS = 20,       /* enough for each event to have its effects */
	REQUESTS_MAX = 64,
};

/* The module's baresip */
static struct {
	char asked[REQUESTS_MAX][96]; /* its requests: verb and ref */
	unsigned count;
	unsigned syncs;
	bool lives; /* the call c1 */
	bool busy;  /* in the middle of something: it may not be asked */
	void (*asked_h)(void);
	unsigned attempts; /* to connect to a socket */
	unsigned warnings;
	char warned[256];
} gw;

static struct {
	struct tmr again;
} service;

static struct mod *mod_node, *mod_service;
static bool (*until_h)(void);
static uint64_t until_end;
static unsigned turn;


/* Functions that baresip offers to the module */

struct compat_fd {
	int fd;
};

struct deadline;

int deadline_init(void);
void deadline_close(void);
int compat_fd_listen(struct compat_fd **cfdp, int fd, int flags, fd_h *fh,
		     void *arg);
const char *agents_aor(void);
const char *compat_baresip_version(void);
uint64_t walltime_now(void);
void debug(const char *fmt, ...);
void info(const char *fmt, ...);
void warning(const char *fmt, ...);


static void compat_destructor(void *arg)
{
	struct compat_fd *cfd = arg;

	fd_close(cfd->fd);
}


int compat_fd_listen(struct compat_fd **cfdp, int fd, int flags, fd_h *fh,
		     void *arg)
{
	if (!*cfdp)
		*cfdp = mem_zalloc(sizeof(**cfdp), compat_destructor);
	(*cfdp)->fd = fd;

	return fd_listen(fd, flags, fh, arg);
}


const char *agents_aor(void)
{
	return "sip:gw@10.0.0.2";
}


const char *compat_baresip_version(void)
{
	return "1.0.0";
}


uint64_t walltime_now(void)
{
	return 1732000000000;
}


void debug(const char *fmt, ...)
{
	gw.attempts += strstr(fmt, "no referd at") != NULL;
}


void info(const char *fmt, ...)
{
	(void)fmt;
}


void warning(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)re_vsnprintf(gw.warned, sizeof(gw.warned), fmt, ap);
	va_end(ap);
	++gw.warnings;
}


/* The module */

static void report_call(const char *event, const char *state)
{
	link_report(&(struct report){
		.kind = REPORT_CALL,
		.event = event,
		.call = {.sid = "c1",
			 .direction = "inbound",
			 .from = "sip:a@x",
			 .to = "sip:b@y",
			 .state = state,
			 .duration = -1},
	});
}


static void report_step(const char *ref, const char *step, const char *outcome,
			const char *reason)
{
	link_report(&(struct report){
		.kind = REPORT_TRANSFER,
		.call_sid = "c1",
		.transfer_id = "t",
		.ref = ref,
		.step = step,
		.refer_to = "sip:1@x",
		.refer_status = 202,
		.call_status = outcome ? 486 : 0,
		.outcome = outcome,
		.evidence = outcome ? "notify" : NULL,
		.confidence = outcome ? "high" : NULL,
		.reason = reason,
	});
}


static void report_result(const char *ref)
{
	link_report(&(struct report){
		.kind = REPORT_RESULT, .ref = ref, .ok = true, .index = -1});
}


static void request_handler(const struct node_request *rq, const cJSON *body)
{
	const cJSON *verb = cJSON_GetArrayItem(body, 0);
	const char *name = cJSON_GetStringValue(
		cJSON_GetObjectItem(verb, "verb"));

	assert_false(gw.busy);
	assert_true(gw.count < REQUESTS_MAX);
	(void)snprintf(gw.asked[gw.count++], sizeof(gw.asked[0]), "%s%s %s",
		       rq->type, name ? name : "", rq->ref);
	assert_string_equal(rq->call_sid, "c1");
	report_result(rq->ref);
	if (gw.asked_h)
		gw.asked_h();
}


static void sync_handler(void)
{
	++gw.syncs;
	if (gw.lives)
		report_call("live", "in-progress");
	link_report(&(struct report){.kind = REPORT_SYNC});
}


static int node_init(void)
{
	static const struct link_handlers h = {request_handler, sync_handler};
	int err = deadline_init();

	return err ? err : link_init("/nonexistent/node.sock", "gw", &h);
}


static int node_close(void)
{
	link_close();
	deadline_close();

	return 0;
}


static void pump(void *arg)
{
	(void)arg;

	if (referd_pump())
		tmr_start(&service.again, 0, pump, NULL);
}


static void pump_handler(int flags, void *arg)
{
	(void)flags;
	pump(arg);
}


static void turned_handler(void)
{
	tmr_start(&service.again, 0, pump, NULL);
}


static int service_init(void)
{
	const void *peer = NULL;
	const char *release;
	int err;

	err = direct_find(&peer, &release, "sip_refer");
	if (err == ENOTSUP)
		return err;

	err = referd_start(peer, turned_handler);
	if (!err)
		err = fd_listen(referd_fd(), FD_READ, pump_handler, NULL);

	return err;
}


static int service_close(void)
{
	tmr_cancel(&service.again);
	fd_close(referd_fd());
	referd_stop();

	return 0;
}


static const struct direct_export node_export = {
	.me = {"sip_refer", node_export.type, node_init, node_close},
	DIRECT_EXPORT(&direct_node),
};

static const struct direct_export service_export = {
	.me = {"referd", service_export.type, service_init, service_close},
	DIRECT_EXPORT(&direct_service),
};

/* Makes enough REFERs wait for answers that requests have to wait, or none */
static void link_busy(bool busy)
{
	static bool waiting[16];

	for (size_t i = 0; i < ARRAY_SIZE(waiting); i++) {
		if (busy)
			window_enter(&waiting[i]);
		else
			window_leave(&waiting[i]);
	}
}


/* An export of another release: the module must not call its functions */
static const struct direct_export other_export = {
	.me = {"referd", other_export.type, NULL, NULL},
	.type = DIRECT_TYPE,
	.layout = DIRECT_LAYOUT,
	.release = "0.0.9",
	.functions = "no function",
};

static const struct mod_export plain_export = {"referd", "application", NULL,
					       NULL};


static void load_node(void)
{
	assert_int_equal(mod_add(&mod_node, &node_export.me), 0);
}


static void load_service(void)
{
	assert_int_equal(mod_add(&mod_service, &service_export.me), 0);
}


/* The loop */

static void loop_handler(void *arg)
{
	struct tmr *tmr = arg;

	if (until_h() || tmr_jiffies() > until_end)
		re_cancel();
	else
		tmr_start(tmr, 1, loop_handler, tmr);
}


static void until(bool (*h)(void))
{
	static struct tmr tmr;

	until_h = h;
	until_end = tmr_jiffies() + DEADLINE;
	tmr_start(&tmr, 0, loop_handler, &tmr);
	assert_int_equal(re_main(NULL), 0);
	tmr_cancel(&tmr);
	if (!h())
		fail_msg("nothing comes of it");
}


static bool has_turned(void)
{
	return turn > TURNS || ++turn > TURNS;
}


static void turns(void)
{
	turn = 0;
	until(has_turned);
}


static bool is_attached(void)
{
	return referd_synced();
}


static bool is_acked(void)
{
	return unacked_first() == unacked_next();
}


static bool was_asked(void)
{
	return gw.count > 0;
}


static int setup(void **state)
{
	(void)state;

	memset(&gw, 0, sizeof(gw));

	return referd_setup();
}


static int teardown(void **state)
{
	(void)state;

	mod_node = mem_deref(mod_node);
	mod_service = mem_deref(mod_service);

	return referd_teardown();
}


/* Both are there, and a call */
static void begin(void)
{
	load_node();
	load_service();
	until(is_attached);
	report_call("new", "in-progress");
	gw.lives = true;
	turns();
	assert_int_equal(referd_told("call:status", "c1") +
				 referd_told("session:new", "c1"),
			 1);
}


/* The ref of the last request */
static const char *last_ref(void)
{
	assert_true(gw.count > 0);

	return strchr(gw.asked[gw.count - 1], ' ') + 1;
}


static bool last_is(const char *what)
{
	return gw.count &&
	       !strncmp(gw.asked[gw.count - 1], what, strlen(what));
}


/* A transfer has begun, and another verb waits for its end */
static void refer(void)
{
	referd_bot("[{\"verb\":\"sip:refer\",\"referTo\":\"1\"},"
		   "{\"verb\":\"hangup\"}]");
	turns();
	assert_true(last_is("verbssip:refer "));
	report_step(last_ref(), "requested", NULL, NULL);
	turns();
	assert_int_equal(referd_told("transfer:status", "requested"), 1);
}


static void test_node_first(void **state)
{
	(void)state;

	load_node();
	turns();
	assert_int_equal(gw.syncs, 0);
	assert_true(gw.attempts > 0);
	load_service();
	until(is_attached);
	assert_int_equal(gw.syncs, 1);
	assert_int_equal(referd_node_pid(), getpid());
	until(is_acked);
}


static void test_service_first(void **state)
{
	(void)state;

	load_service();
	load_node();
	until(is_attached);
	assert_int_equal(gw.syncs, 1);
	assert_int_equal(gw.warnings, 0);
}


static void test_transfer(void **state)
{
	(void)state;

	begin();
	refer();
	report_step(last_ref(), "ended", "failed", "Busy \xff Here");
	turns();
	assert_int_equal(referd_told("\"outcome\":\"failed\"", "Busy ? Here"),
			 1);
	assert_true(last_is("verbshangup "));
	until(is_acked);
}


/* A report may cause a request at once. The request waits until the reporting
   function has returned */
static void test_busy(void **state)
{
	(void)state;

	begin();
	refer();
	gw.busy = true;
	report_step(last_ref(), "ended", "failed", NULL);
	gw.count = 0;
	link_flush();
	assert_int_equal(referd_told("transfer:status", "ended"), 1);
	assert_int_equal(gw.count, 0);
	gw.busy = false;

	until(was_asked);
	assert_true(last_is("verbshangup "));
	assert_int_equal(gw.count, 1);
}


static unsigned told_within;

static void end_at_once(void)
{
	report_step(last_ref(), "requested", NULL, NULL);
	report_step(last_ref(), "ended", "failed", NULL);
	link_flush();
	told_within = referd_told("transfer:status", "");
}


/* referd is on the stack while it sends a request: the module reports nothing
   meanwhile */
static void test_asked(void **state)
{
	(void)state;

	begin();
	gw.asked_h = end_at_once;
	told_within = 99;
	referd_bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	until(was_asked);
	assert_int_equal(told_within, 0);
	turns();
	assert_int_equal(referd_told("transfer:status", "requested"), 1);
	assert_int_equal(referd_told("transfer:status", "ended"), 1);
	assert_int_equal(gw.count, 1);
}


/* A request that waited is sent while referd is not on the stack: reports go
   out at once */
static void test_asked_later(void **state)
{
	(void)state;

	begin();
	link_busy(true);
	gw.asked_h = end_at_once;
	referd_bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	turns();
	assert_int_equal(gw.count, 0);
	link_busy(false);
	until(was_asked);
	assert_int_equal(told_within, 2);
}


/* While many REFERs wait for their answers, so do requests, in their order */
static void test_hold(void **state)
{
	(void)state;

	begin();
	link_busy(true);
	referd_bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	turns();
	referd_bot("{\"type\":\"command\",\"command\":\"redirect\","
		   "\"callSid\":\"c1\",\"data\":[{\"verb\":\"hangup\"}]}");
	turns();
	assert_int_equal(gw.count, 0);

	link_busy(false);
	turns();
	assert_true(gw.count >= 2);
	assert_false(strncmp(gw.asked[0], "verbssip:refer ", 15));
}


/* The module sends its last reports before it is unloaded */
static void test_node_leaves(void **state)
{
	(void)state;

	begin();
	report_call("closed", "completed");
	mod_node = mem_deref(mod_node);
	assert_int_equal(referd_told("call:status", "completed"), 1);
	turns();
	assert_false(is_attached());
	assert_int_equal(gw.warnings, 0);
}


/* Loaded again, it is another: the calls of the one before are over */
static void test_node_again(void **state)
{
	(void)state;

	begin();
	mod_node = mem_deref(mod_node);
	turns();
	assert_int_equal(referd_told("call:status", "failed"), 0);
	load_node();
	gw.lives = false;
	until(is_attached);
	assert_int_equal(referd_told("call:status", "failed"), 1);
	assert_int_equal(gw.syncs, 2);
}


/* A referd that comes back gets the missed reports, and those made while it
   was away, each once */
static void test_service_again(void **state)
{
	(void)state;

	begin();
	refer();
	until(is_acked);
	report_step(last_ref(), "progress", NULL, "queued");
	mod_service = mem_deref(mod_service);
	assert_int_equal(gw.warnings, 1);
	report_step(last_ref(), "ended", "failed", "while it is away");
	turns();

	load_service();
	assert_int_equal(referd_node_n(), unacked_first() - 1);
	until(is_attached);
	turns();
	assert_int_equal(referd_told("transfer:status", "queued"), 1);
	assert_int_equal(referd_told("transfer:status", "while it is away"),
			 1);
	until(is_acked);
	assert_int_equal(referd_told("transfer:status", "requested"), 1);
}


/* It is asked again, once */
static void test_asked_again(void **state)
{
	char ref[96];
	(void)state;

	begin();
	link_busy(true);
	referd_bot("{\"verb\":\"sip:refer\",\"referTo\":\"1\"}");
	turns();
	mod_service = mem_deref(mod_service);
	link_busy(false);
	turns();
	assert_int_equal(gw.count, 0);

	load_service();
	until(was_asked);
	strcpy(ref, last_ref());
	turns();
	assert_int_equal(gw.count, 1);
	assert_true(last_is("verbssip:refer c1:"));
	assert_string_equal(ref, last_ref());
}


/* A second offer of the same referd changes nothing */
static void test_twice(void **state)
{
	(void)state;

	begin();
	gw.attempts = 0;
	direct_node.offer();
	referd_offer(&direct_node);
	turns();
	assert_int_equal(gw.syncs, 1);
	assert_int_equal(gw.attempts, 0);
	assert_true(is_attached());
	report_call("status", "completed");
	turns();
	assert_true(referd_told("call:status", "completed") > 0);
}


/* A second node that attaches is not of this process */
static void test_second_node(void **state)
{
	const struct report hello = {.kind = REPORT_HELLO,
				     .protocol = 1,
				     .node = "gw2",
				     .instance = "boot2"};
	uint64_t n;
	(void)state;

	begin();
	assert_int_equal(direct_service.attach(&direct_node, &hello, &n),
			 EBADMSG);
	report_call("closed", "completed");
	turns();
	assert_int_equal(referd_told("call:status", "completed"), 1);
}


/* The module keeps reports that are not on disk, and repeats them to a referd
   that has lost them */
static void test_trouble(void **state)
{
	uint64_t first;
	(void)state;

	begin();
	until(is_acked);
	first = unacked_next();
	referd_trouble(true);
	refer();
	report_step(last_ref(), "ended", "failed", NULL);
	turns();
	assert_int_equal(referd_told("transfer:status", "ended"), 1);
	assert_int_equal(unacked_first(), first);

	referd_trouble(false);
	report_call("closed", "completed");
	until(is_acked);
}


static void test_release(void **state)
{
	struct mod *other;
	const void *functions;
	const char *release;
	(void)state;

	load_node();
	turns();
	assert_int_equal(mod_add(&other, &other_export.me), 0);
	assert_int_equal(direct_find(&functions, &release, "referd"), ENOTSUP);
	assert_string_equal(release, "0.0.9");
	direct_node.offer();
	turns();
	direct_node.offer();
	turns();
	assert_int_equal(gw.warnings, 1);
	assert_string_equal(gw.warned,
			    "sip_refer: referd.so is of release 0.0.9 and "
			    "is not used: this is " PROJECT_VERSION "\n");
	other = mem_deref(other);

	/* an export without data is not read */
	assert_int_equal(mod_add(&other, &plain_export), 0);
	assert_int_equal(direct_find(&functions, &release, "referd"), ENOTSUP);
	assert_string_equal(release, "");
	mem_deref(other);

	load_service();
	until(is_attached);
}


/* A referd that is loaded, and does not serve (yet), is not waited for */
static void test_not_there(void **state)
{
	static const struct direct_export export = {
		.me = {"referd", export.type, NULL, NULL},
		DIRECT_EXPORT(&direct_service),
	};
	struct mod *idle;
	(void)state;

	assert_int_equal(mod_add(&idle, &export.me), 0);
	load_node();
	turns();
	assert_int_equal(gw.syncs, 0);
	assert_int_equal(gw.warnings, 0);
	mem_deref(idle);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_node_first, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_service_first, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_transfer, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_busy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_asked_later, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_hold, setup, teardown),
		cmocka_unit_test_setup_teardown(test_node_leaves, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_node_again, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_service_again, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_asked_again, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(test_second_node, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_trouble, setup, teardown),
		cmocka_unit_test_setup_teardown(test_release, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_there, setup,
						teardown),
	};
	int failed;

	if (libre_init())
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	libre_close();

	return failed;
}
