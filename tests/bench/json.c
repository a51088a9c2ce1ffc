/**
 * @file json.c  The gain by the JSON writer: the same message by it, and by
 * cJSON
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "clock.h"
#include "json.h"


static const char *const strings[][2] = {
	{"transfer_id", "5f0c6a3b9d1e4c7f"},
	{"verb_id", "v-5f0c6a3b9d1e4c7f"},
	{"node", "gw1"},
	{"step", "ringing"},
	{"reason", "Ringing"},
	{"refer_to", "sip:+4930123456@sip.example.com;transport=tcp"},
	{"referred_by", "\"Anna \\ Bob\" <sip:anna@sip.example.com>"},
};

enum { STRINGS = sizeof(strings) / sizeof(*strings) };


static char *by_writer(void)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "type", "transfer:status");
	json_int(&j, "seq", 1234567);
	json_str(&j, "time", "2026-11-23T00:00:00.000Z");
	json_str(&j, "call_sid", "0d3a6a6e-8c5e-4a53-9f43-1d1d8f1f2b11");
	json_open(&j, "data", '{');
	for (size_t i = 0; i < STRINGS; i++)
		json_str(&j, strings[i][0], strings[i][1]);
	json_int(&j, "status", 180);
	json_bool(&j, "final", false);
	json_close(&j, '}');
	json_close(&j, '}');

	return json_take(&j);
}


static cJSON *make_tree(void)
{
	cJSON *tree = cJSON_CreateObject(), *data;

	cJSON_AddStringToObject(tree, "type", "transfer:status");
	cJSON_AddNumberToObject(tree, "seq", 1234567);
	cJSON_AddStringToObject(tree, "time", "2026-11-23T00:00:00.000Z");
	cJSON_AddStringToObject(tree, "call_sid",
				"0d3a6a6e-8c5e-4a53-9f43-1d1d8f1f2b11");
	data = cJSON_AddObjectToObject(tree, "data");
	for (size_t i = 0; i < STRINGS; i++)
		cJSON_AddStringToObject(data, strings[i][0], strings[i][1]);
	cJSON_AddNumberToObject(data, "status", 180);
	cJSON_AddBoolToObject(data, "final", false);

	return tree;
}


static char *by_tree(void)
{
	cJSON *tree = make_tree();
	char *text = cJSON_PrintUnformatted(tree);

	cJSON_Delete(tree);

	return text;
}


/* Prints an existing tree */
static char *by_print(void)
{
	static cJSON *tree;

	if (!tree)
		tree = make_tree();

	return cJSON_PrintUnformatted(tree);
}


static const struct {
	const char *name;
	char *(*write)(void);
} ways[] = {
	{"the writer", by_writer},
	{"cJSON of a tree", by_print},
	{"cJSON with its tree", by_tree},
};

enum { WAYS = sizeof(ways) / sizeof(*ways) };


static void run(int way, unsigned count)
{
	const uint64_t begin = bench_cpu();

	for (unsigned i = 0; i < count; i++)
		free(ways[way].write());

	(void)printf("%s,%.1f\n", ways[way].name,
		     (double)(bench_cpu() - begin) / count);
}


/* All of them are to write the same */
static int check(void)
{
	char *text = by_writer();
	int err = 0;

	for (int way = 1; way < WAYS; way++) {
		char *other = ways[way].write();

		err |= !text || !other || strcmp(text, other);
		free(other);
	}
	free(text);

	return err;
}


/* MESSAGES ROUNDS: prints each round as way and ns of the CPU for a message */
int main(int argc, char *argv[])
{
	const unsigned count = argc == 3 ? (unsigned)atoi(argv[1]) : 0;
	const int rounds = argc == 3 ? atoi(argv[2]) : 0;

	if (!count || rounds < 1) {
		(void)fprintf(stderr, "usage: %s MESSAGES ROUNDS\n", argv[0]);
		return 2;
	}

	if (check()) {
		(void)fprintf(stderr, "bench-json: they differ\n");
		return EXIT_FAILURE;
	}

	for (int i = 0; i < rounds; i++) {
		for (int way = 0; way < WAYS; way++)
			run(way, count);
	}

	return EXIT_SUCCESS;
}
