/**
 * @file ctrl_outq.c  Tests of the messages that wait for one client alone
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "stream/frame.h"
#include "stream/outq.h"
#include "unit.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>


enum {
	FRAMES = 4096,
	BYTES = 1 << 20,
};


static int push(struct outq *q, size_t len)
{
	char *text = malloc(len + 1);
	struct frame *f;
	int err;

	assert_non_null(text);
	memset(text, 'x', len);
	text[len] = '\0';

	assert_int_equal(frame_create(&f, 1, text), 0);
	err = outq_push(q, f);
	frame_release(f);
	free(text);

	return err;
}


static void test_frames(void **state)
{
	struct outq q = {.count = 0};
	(void)state;

	for (int i = 0; i < FRAMES; i++)
		assert_int_equal(push(&q, 1), 0);
	assert_int_equal(push(&q, 1), ENOBUFS);

	outq_pop(&q);
	assert_int_equal(push(&q, 1), 0);
	assert_int_equal(push(&q, 1), ENOBUFS);
	outq_clear(&q);
	assert_true(outq_empty(&q));
}


static void test_bytes(void **state)
{
	struct outq q = {.count = 0};
	(void)state;

	assert_int_equal(push(&q, 1), 0);
	assert_int_equal(push(&q, BYTES - 1), 0);
	assert_int_equal(push(&q, 1), 0);
	assert_int_equal(push(&q, 1), ENOBUFS);
	outq_clear(&q);
}


/* A single message may have any size, and takes no room from the others */
static void test_first(void **state)
{
	struct outq q = {.count = 0};
	(void)state;

	assert_int_equal(push(&q, 4 * BYTES), 0);
	assert_int_equal(push(&q, BYTES), 0);
	assert_int_equal(push(&q, 1), ENOBUFS);

	outq_pop(&q);
	assert_int_equal(push(&q, BYTES), 0);
	assert_int_equal(push(&q, 1), ENOBUFS);
	outq_clear(&q);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
