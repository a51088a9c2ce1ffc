/**
 * @file module_capture.c  Tests of the bounds of captures: those of one
 * transfer, of one call, and of all calls
 *
 * The test has the clock, and takes the reports.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include <re.h>
#include "linkreport.h"
#include "host/host.h"
#include "link/link.h"
#include "transfer/capture.h"
#include "transfer/referral.h"
#include "transfer/transfer.h"


enum {
	/* docs/limits.md */
	KEPT_MAX = 16,
	WAITING_MAX = 16 << 20, /* bytes */
	COUNT_MAX = 256,
	BYTES_MAX = 512 << 10,

	OVER = 64000,    /* ms */
	SLACK = 2 << 20, /* of the heap, beside what is kept [bytes] */
	TEXT_SIZE = 65536,
};

/* What was reported */
static struct {
	cJSON *packets;
	char id[17];
} told;

static struct heap heap;
static uint64_t now;


uint64_t deadline_now(void)
{
	return now;
}


uint64_t walltime_us(void)
{
	return now * 1000;
}


void deadline_cancel(struct deadline *d)
{
	if (deadline_runs(d))
		heap_cut(&heap, &d->node);
}


bool deadline_runs(const struct deadline *d)
{
	return heap_has(&heap, &d->node);
}


void deadline_start(struct deadline *d, uint64_t ms, deadline_h *h, void *arg)
{
	deadline_cancel(d);
	d->h = h;
	d->arg = arg;
	heap_add(&heap, &d->node, now + ms);
}


static void pass(uint64_t ms)
{
	now += ms;
	while (heap.first && heap.first->at <= now) {
		struct deadline *d = (struct deadline *)heap.first;

		heap_cut(&heap, heap.first);
		d->h(d->arg);
	}
}


void link_report_step(const struct report *r)
{
	cJSON *list = cJSON_Parse(r->packets), *item;

	assert_int_equal(r->kind, REPORT_CAPTURE);
	assert_true(strlen(r->packets) < LINK_LINE_MAX);
	str_ncpy(told.id, r->transfer_id, sizeof(told.id));
	while ((item = cJSON_DetachItemFromArray(list, 0)))
		cJSON_AddItemToArray(told.packets, item);
	cJSON_Delete(list);
}


static void message(bool sent, const char *first, const char *met,
		    const char *call_id, size_t pad)
{
	static char text[TEXT_SIZE];
	const int n = re_snprintf(text, sizeof(text),
				  "%s\r\nCall-ID: %s\r\nCSeq: 1 %s\r\n"
				  "To: <sip:gw@10.0.0.2>%s\r\nX-Pad: ",
				  first, call_id, met,
				  strcmp(met, "INVITE") ? ";tag=1" : "");

	memset(text + n, 'x', pad);
	memcpy(text + n + pad, "\r\n\r\n", 5);
	capture_take(&(struct traced){.sent = sent,
				      .tp = SIP_TRANSP_TCP,
				      .pkt = text,
				      .len = n + pad + 4});
}


static void set_up(const char *call_id, size_t pad)
{
	message(false, "INVITE sip:gw@10.0.0.2 SIP/2.0", "INVITE", call_id,
		pad);
	message(true, "SIP/2.0 200 OK", "INVITE", call_id, 0);
	message(false, "ACK sip:gw@10.0.0.2 SIP/2.0", "ACK", call_id, 0);
}


/* A call, and its transfer */
struct scene {
	struct dialog dlg;
	struct referral r;
	const char *call_id;
};


static void scene_init(struct scene *s, const char *id)
{
	memset(s, 0, sizeof(*s));
	assert_int_equal(sip_dialog_alloc(&s->dlg.dlg, "sip:a@10.0.0.1",
					  "sip:a@10.0.0.1", NULL,
					  "sip:gw@10.0.0.2", NULL, 0),
			 0);
	s->r.dlg = &s->dlg;
	str_ncpy(s->r.id, id, sizeof(s->r.id));
	s->call_id = sip_dialog_callid(s->dlg.dlg);
}


static void begin(const struct scene *s)
{
	capture_begin(&s->r, "sid", NULL);
	message(true, "REFER sip:a@10.0.0.1 SIP/2.0", "REFER", s->call_id, 0);
	capture_told(&s->r);
}


static void end(struct scene *s)
{
	capture_step(&s->r, "ended", NULL, false);
	message(true, "BYE sip:a@10.0.0.1 SIP/2.0", "BYE", s->call_id, 0);
	capture_call_closed(s->call_id);
	s->dlg.dlg = mem_deref(s->dlg.dlg);
}


static const cJSON *packet(int i)
{
	return cJSON_GetArrayItem(told.packets, i);
}


static const char *text_of(int i)
{
	const cJSON *text = cJSON_GetObjectItem(packet(i), "text");

	assert_non_null(text);

	return text->valuestring;
}


static bool is_marked(int i, const char *mark)
{
	return cJSON_IsTrue(cJSON_GetObjectItem(packet(i), mark));
}


static void assert_begins(int i, const char *word)
{
	assert_memory_equal(text_of(i), word, strlen(word));
}


/* Each packet that lacks others before it says so, and none else */
static void assert_gap_only(int at)
{
	for (int i = 0; i < cJSON_GetArraySize(told.packets); i++)
		assert_int_equal(is_marked(i, "gap"), i == at);
}


size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));


static size_t in_use(void)
{
	return __sanitizer_get_current_allocated_bytes
		       ? __sanitizer_get_current_allocated_bytes()
		       : mallinfo2().uordblks;
}


static int setup(void **state)
{
	(void)state;
	memset(&told, 0, sizeof(told));
	told.packets = cJSON_CreateArray();

	return capture_init(true);
}


static int teardown(void **state)
{
	(void)state;
	capture_close();
	cJSON_Delete(told.packets);
	assert_null(heap.first);

	return 0;
}


static void test_whole(void **state)
{
	struct scene s;
	(void)state;

	scene_init(&s, "aa");
	set_up(s.call_id, 0);
	begin(&s);
	end(&s);
	pass(OVER);

	assert_string_equal(told.id, "aa");
	assert_int_equal(cJSON_GetArraySize(told.packets), 5);
	assert_begins(0, "INVITE ");
	assert_begins(3, "REFER ");
	assert_begins(4, "BYE ");
	assert_gap_only(-1);
}


/* Many messages set up the call: the first ones stay */
static void test_long_setup(void **state)
{
	struct scene s;
	(void)state;

	scene_init(&s, "aa");
	message(false, "INVITE sip:gw@10.0.0.2 SIP/2.0", "INVITE", s.call_id,
		0);
	for (int i = 0; i < 1000; i++)
		message(true, "SIP/2.0 183 Progress", "INVITE", s.call_id, 0);
	message(true, "SIP/2.0 200 OK", "INVITE", s.call_id, 0);
	message(false, "ACK sip:gw@10.0.0.2 SIP/2.0", "ACK", s.call_id, 0);
	begin(&s);
	end(&s);
	pass(OVER);

	assert_int_equal(cJSON_GetArraySize(told.packets), KEPT_MAX + 2);
	assert_begins(0, "INVITE ");
	assert_begins(KEPT_MAX - 1, "SIP/2.0 183 ");
	assert_begins(KEPT_MAX, "REFER ");
	assert_gap_only(KEPT_MAX);
}


/* One call with very many messages: memory is flat, and the last one that is
   kept says so */
static void test_many_messages(void **state)
{
	struct scene s;
	size_t used = 0;
	int count;
	(void)state;

	scene_init(&s, "aa");
	set_up(s.call_id, 0);
	begin(&s);
	for (int i = 0; i < 100000; i++) {

		message(false, "OPTIONS sip:gw@10.0.0.2 SIP/2.0", "OPTIONS",
			s.call_id, 0);
		pass(10);
		if (i == 2 * COUNT_MAX)
			used = in_use();
	}
	assert_in_range(in_use(), 0, used + 65536);

	count = cJSON_GetArraySize(told.packets);
	assert_int_equal(count, COUNT_MAX);
	for (int i = 0; i < count; i++)
		assert_int_equal(is_marked(i, "last"), i == count - 1);

	end(&s);
	pass(OVER);
	assert_int_equal(cJSON_GetArraySize(told.packets), count);
}


/* Large ones: the bound is that of bytes */
static void test_large_messages(void **state)
{
	enum { PAD = 50000 };
	struct scene s;
	size_t bytes = 0, lasts = 0;
	(void)state;

	scene_init(&s, "aa");
	set_up(s.call_id, 0);
	begin(&s);
	for (int i = 0; i < 1000; i++)
		message(false, "INFO sip:gw@10.0.0.2 SIP/2.0", "INFO",
			s.call_id, PAD);
	end(&s);
	pass(OVER);

	for (int i = 0; i < cJSON_GetArraySize(told.packets); i++) {

		const cJSON *base64 = cJSON_GetObjectItem(packet(i), "base64");

		bytes += base64 ? strlen(base64->valuestring) / 4 * 3
				: strlen(text_of(i));
		lasts += is_marked(i, "last");
	}
	assert_in_range(bytes, BYTES_MAX - PAD, BYTES_MAX + 2 * PAD);
	assert_int_equal(lasts, 1);
	assert_true(is_marked(cJSON_GetArraySize(told.packets) - 1, "last"));
}


/* Ten times as many calls as fit: the oldest lose their first messages, the
   latest have them */
static void test_many_calls(void **state)
{
	enum { PAD = 16384, COUNT = 10 * (WAITING_MAX / PAD) };
	const size_t used = in_use();
	struct scene oldest, latest;
	(void)state;

	scene_init(&oldest, "aa");
	scene_init(&latest, "bb");
	set_up(oldest.call_id, PAD);
	for (unsigned i = 0; i < COUNT; i++) {

		char call_id[16];

		(void)re_snprintf(call_id, sizeof(call_id), "c%u", i);
		set_up(call_id, PAD);
		assert_in_range(in_use(), 0, used + WAITING_MAX + SLACK);
	}
	assert_true(in_use() > used + WAITING_MAX / 2);
	set_up(latest.call_id, PAD);

	begin(&oldest);
	end(&oldest);
	pass(OVER);
	assert_string_equal(told.id, "aa");
	assert_int_equal(cJSON_GetArraySize(told.packets), 2);
	assert_begins(0, "REFER ");
	assert_gap_only(0);

	cJSON_Delete(told.packets);
	told.packets = cJSON_CreateArray();
	begin(&latest);
	end(&latest);
	pass(OVER);
	assert_string_equal(told.id, "bb");
	assert_non_null(cJSON_GetObjectItem(packet(0), "base64"));
	assert_gap_only(-1);

	for (unsigned i = 0; i < COUNT; i++) {

		char call_id[16];

		(void)re_snprintf(call_id, sizeof(call_id), "c%u", i);
		capture_call_closed(call_id);
	}
	assert_in_range(in_use(), 0, used + SLACK);
}


static void refuse_second(void)
{
	message(true, "INVITE sip:b@10.0.0.3 SIP/2.0", "INVITE", "second", 0);
	capture_watch("second", false);
	message(false, "SIP/2.0 603 Decline", "INVITE", "second", 0);
	message(true, "ACK sip:b@10.0.0.3 SIP/2.0", "ACK", "second", 0);
}


/* The target declines: both calls have one transfer, with the re-INVITE */
static void test_missed(void **state)
{
	struct scene s;
	(void)state;

	scene_init(&s, "unused");
	set_up(s.call_id, 0);
	message(false, "INFO sip:gw@10.0.0.2 SIP/2.0", "INFO", s.call_id, 0);
	capture_watch(s.call_id, true);
	message(true, "INVITE sip:a@10.0.0.1 SIP/2.0", "INVITE", s.call_id, 0);
	refuse_second();
	pass(OVER);
	assert_int_equal(cJSON_GetArraySize(told.packets), 0);

	capture_missed("aa", "sid", s.call_id, "second");
	capture_call_closed("second");
	pass(OVER / 4);
	assert_string_equal(told.id, "aa");
	assert_int_equal(cJSON_GetArraySize(told.packets), 7);
	assert_begins(0, "INVITE sip:b@");
	assert_begins(1, "SIP/2.0 603 ");
	assert_string_equal(
		cJSON_GetObjectItem(packet(1), "step")->valuestring, "ended");
	assert_begins(3, "INVITE sip:gw@");
	assert_begins(6, "INVITE sip:a@");
	assert_gap_only(-1);

	message(true, "INVITE sip:a@10.0.0.1 SIP/2.0", "INVITE", s.call_id, 0);
	end(&s);
	pass(OVER);
	assert_int_equal(cJSON_GetArraySize(told.packets), 9);
}


/* A call that is put on hold for the transfer aa */
static void hold(struct scene *s)
{
	scene_init(s, "aa");
	set_up(s->call_id, 0);
	capture_watch(s->call_id, true);
	message(true, "INVITE sip:a@10.0.0.1 SIP/2.0", "INVITE", s->call_id,
		0);
}


/* A REFER that names the second call has its messages, and nothing else has */
static void test_joined(void **state)
{
	struct scene s;
	(void)state;

	hold(&s);
	message(true, "INVITE sip:b@10.0.0.3 SIP/2.0", "INVITE", "second", 0);
	capture_watch("second", false);
	message(true, "ACK sip:b@10.0.0.3 SIP/2.0", "ACK", "second", 0);
	message(false, "INFO sip:gw@10.0.0.2 SIP/2.0", "INFO", "second", 0);
	capture_begin(&s.r, "sid", "second");
	capture_told(&s.r);
	capture_missed("bb", "sid", s.call_id, "second");
	capture_call_closed("second");
	end(&s);
	pass(OVER);

	assert_string_equal(told.id, "aa");
	assert_int_equal(cJSON_GetArraySize(told.packets), 8);
	assert_gap_only(-1);
}


/* A call that is off hold again, without a transfer, keeps no more than any */
static void test_unwatched(void **state)
{
	struct scene s;
	(void)state;

	hold(&s);
	capture_unwatch(s.call_id);
	message(true, "INVITE sip:a@10.0.0.1 SIP/2.0", "INVITE", s.call_id, 0);
	begin(&s);
	end(&s);
	pass(OVER);

	assert_int_equal(cJSON_GetArraySize(told.packets), 5);
	assert_begins(3, "REFER ");
}


/* Calls on hold whose far ends send much: the bound is that of all calls */
static void test_many_watched(void **state)
{
	enum { PAD = 16384, COUNT = 200, EACH = 20 };
	const size_t used = in_use();
	char call_id[16];
	(void)state;

	for (unsigned i = 0; i < COUNT; i++) {

		(void)re_snprintf(call_id, sizeof(call_id), "c%u", i);
		set_up(call_id, 0);
		capture_watch(call_id, true);
		for (unsigned n = 0; n < EACH; n++)
			message(false, "INFO sip:gw@10.0.0.2 SIP/2.0", "INFO",
				call_id, PAD);
		assert_in_range(in_use(), 0, used + WAITING_MAX + SLACK);
	}
	assert_true(in_use() > used + WAITING_MAX / 2);

	for (unsigned i = 0; i < COUNT; i++) {

		(void)re_snprintf(call_id, sizeof(call_id), "c%u", i);
		capture_unwatch(call_id);
	}
	assert_in_range(in_use(), 0, used + SLACK);
	assert_int_equal(cJSON_GetArraySize(told.packets), 0);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_setup, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_many_messages, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_large_messages, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_many_calls, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_missed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_joined, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unwatched, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_many_watched, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
