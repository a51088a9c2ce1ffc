/**
 * @file ctrl_table.c  Tests of the hash table
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "unit.h"
#include <stdbool.h>
#include <stdio.h>


static bool take_handler(const char *key, void *value, void *arg)
{
	struct table *t = arg;

	assert_ptr_equal(table_take(t, key), value);

	return false;
}


static void test_put_get_take(void **state)
{
	struct table *t;
	char key[16];
	int values[1000];
	(void)state;

	assert_int_equal(table_create(&t), 0);

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		assert_int_equal(table_put(t, key, &values[i]), 0);
	}
	assert_int_equal(table_count(t), 1000);

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		assert_ptr_equal(table_get(t, key), &values[i]);
	}
	assert_null(table_get(t, "k1000"));
	assert_null(table_get(t, NULL));

	assert_int_equal(table_put(t, "k7", &values[8]), 0);
	assert_ptr_equal(table_take(t, "k7"), &values[8]);
	assert_null(table_take(t, "k7"));
	assert_int_equal(table_count(t), 999);

	table_each(t, take_handler, t);
	assert_int_equal(table_count(t), 0);

	table_destroy(t);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_get_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
