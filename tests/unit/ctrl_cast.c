/**
 * @file ctrl_cast.c  Tests of messages to all clients
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "stream/cast.h"
#include "stream/frame.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>


enum {
	FRAMES = 4096,
	BYTES = 1 << 20,
};


static struct cast cast;


static void add(size_t len)
{
	char *text = malloc(len + 1);
	struct frame *f;

	assert_non_null(text);
	memset(text, 'x', len);
	text[len] = '\0';

	assert_int_equal(frame_create(&f, 1, text), 0);
	cast_add(&cast, f);
	frame_release(f);
	free(text);
}


static void test_frames(void **state)
{
	uint64_t first = cast_end(&cast);
	(void)state;

	for (int i = 0; i < FRAMES; i++)
		add(1);
	assert_int_equal(cast_first(&cast), first);
	add(1);
	assert_int_equal(cast_first(&cast), first + 1);
	cast_forget(&cast, cast_end(&cast));
}


static void test_bytes(void **state)
{
	uint64_t first = cast_end(&cast);
	(void)state;

	add(1);
	add(BYTES - 1);
	assert_int_equal(cast_first(&cast), first);
	add(1);
	assert_int_equal(cast_first(&cast), first + 1);
	add(1);
	assert_int_equal(cast_first(&cast), first + 2);
	cast_forget(&cast, cast_end(&cast));
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
