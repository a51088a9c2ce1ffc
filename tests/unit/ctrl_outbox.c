/**
 * @file ctrl_outbox.c  Tests of the hooks that are not delivered yet
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "hooks/hooks.h"
#include "hooks/outbox.h"
#include "store/store.h"
#include "tempdir.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static struct hook hook = {.url = (char *)"HTTP://127.0.0.1/a",
			   .method = (char *)"POST",
			   .username = (char *)"ann",
			   .password = (char *)"secret"};

static const struct sender bot = {
	.kind = SENDER_CLIENT, .name = "bot", .dialect = DIALECT_JAMBONZ};

static const struct hook_post post = {.kind = HOOK_ACTION,
				      .hook = &hook,
				      .client = &bot,
				      .dialect = DIALECT_JAMBONZ,
				      .call_sid = "c1",
				      .transfer_id = "t1",
				      .verb_id = "v1",
				      .data = "{\"a\":1}"};


static void timer_handler(void *arg)
{
	(void)arg;

	fail();
}


static int setup(void **state)
{
	(void)state;

	log_level_set(LOG_ERROR);
	if (dir_make("ctrl-outbox") || store_open(dir))
		return -1;

	return outbox_init(timer_handler);
}


static int teardown(void **state)
{
	(void)state;

	outbox_close();
	store_close();

	return dir_remove();
}


static struct posting *add(const struct hook_post *what)
{
	struct posting *p;

	assert_int_equal(outbox_add(&p, what), 0);

	return p;
}


static void restart(void)
{
	assert_int_equal(store_commit(), 0);
	outbox_close();
	store_close();
	assert_int_equal(store_open(dir), 0);
	assert_int_equal(outbox_init(timer_handler), 0);
	outbox_load();
}


static void test_order(void **state)
{
	struct hook_post other = post;
	struct posting *a, *b, *c;
	(void)state;

	other.call_sid = "c2";
	a = add(&post);
	b = add(&post);
	c = add(&other);
	assert_true(a->http);
	assert_ptr_equal(outbox_chain("c1")->head, a);
	assert_ptr_equal(a->next, b);
	assert_null(b->next);
	assert_ptr_equal(outbox_chain("c2")->head, c);
	assert_true(outbox_waits("c2"));
	assert_false(outbox_waits("c3"));

	assert_ptr_equal(outbox_remove(a), b->chain);
	assert_null(outbox_remove(b));
	assert_null(outbox_chain("c1"));
	assert_null(outbox_remove(c));
}


/* Undelivered hooks wait in the store, unchanged and in order */
static void test_restart(void **state)
{
	char first[HOOK_ID_SIZE], second[HOOK_ID_SIZE];
	struct posting *p;
	(void)state;

	p = add(&post);
	p->attempt = 2;
	p->seq = 17;
	outbox_save(p);
	strcpy(first, p->id);
	strcpy(second, add(&post)->id);
	restart();

	p = outbox_find(first);
	assert_non_null(p);
	assert_string_equal(p->chain->sid, "c1");
	assert_string_equal(p->hook.url, hook.url);
	assert_string_equal(p->hook.method, "POST");
	assert_string_equal(p->hook.username, "ann");
	assert_string_equal(p->hook.password, "secret");
	assert_string_equal(p->client->name, "bot");
	assert_string_equal(p->transfer_id, "t1");
	assert_string_equal(p->verb_id, "v1");
	assert_string_equal(p->data, "{\"a\":1}");
	assert_int_equal(p->dialect, DIALECT_JAMBONZ);
	assert_int_equal(p->kind, HOOK_ACTION);
	assert_int_equal(p->attempt, 2);
	assert_int_equal(p->seq, 17);
	assert_false(p->sent);
	assert_ptr_equal(p->next, outbox_find(second));

	(void)outbox_remove(p);
	restart();
	assert_null(outbox_find(first));
	assert_non_null(outbox_find(second));
}


/* A result that is sent again after a crash has the same id */
static void test_names(void **state)
{
	struct hook_post event = post;
	char name[HOOK_ID_SIZE];
	struct posting *p;
	(void)state;

	p = add(&post);
	strcpy(name, p->id);
	assert_string_not_equal(add(&post)->id, name);
	while (outbox_chain("c1"))
		(void)outbox_remove(outbox_chain("c1")->head);
	assert_string_equal(add(&post)->id, name);

	event.kind = HOOK_EVENT;
	assert_string_not_equal(add(&event)->id, add(&event)->id);
}


#define REST "\"call_sid\":\"c1\",\"data\":{}"

/* Damaged entries do no harm, and are left out */
static void test_spoilt(void **state)
{
	static const char *const texts[][2] = {
		{"h-1",
		 "{\"url\":\"u\",\"method\":\"GET\",\"kind\":77," REST "}"},
		{"h-2", "{\"url\":\"u\"," REST "}"},
		{"h-3", "{\"method\":\"GET\"," REST "}"},
		{"h-4", "{\"url\":\"u\",\"method\":\"GET\",\"call_sid\":"
			"\"c1\",\"data\":[]}"},
		{"h-5", "{\"url\":\"u\",\"method\":\"GET\",\"data\":{}}"},
		{"h-6", "[]"},
		{"h-7", "{\"url\":\"u\",\"method\":\"GET\"," REST "}"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		store_put(STORE_OUTBOX, texts[i][0], texts[i][1]);
	restart();

	assert_int_equal(outbox_count(), 1);
	assert_int_equal(outbox_find("h-7")->kind, HOOK_ACTION);
}


int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_order),
		CASE(test_restart),
		CASE(test_names),
		CASE(test_spoilt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
