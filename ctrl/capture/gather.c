/**
 * @file gather.c  The SIP messages of a transfer in the store
 *
 * The text includes the other attempts of its verb:
 * {"transfer":…,"parts":[…]}.  Each part has its `transfer`; `packets`, the
 * arrays as they were reported; and `full` if the store keeps no more of them.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "capture.h"
#include "json.h"
#include "store/store.h"


enum { PARTS_MAX = 64 }; /* transfers of one verb */

/* Data of transfers */
struct found {
	char *call_sid;
	cJSON *transfer; /* the one that is asked for */
	char *parts[PARTS_MAX];
	size_t partc;
};


static void one_handler(const char *call_sid, const char *data, void *arg)
{
	struct found *found = arg;

	found->call_sid = strdup(call_sid);
	found->transfer = cJSON_Parse(data);
	found->parts[found->partc++] = strdup(data);
}


static bool same(const cJSON *a, const cJSON *b, const char *key)
{
	const char *x = field_str(a, key), *y = field_str(b, key);

	return x == y || (x && y && !strcmp(x, y));
}


/* Another try of the same verb */
static void other_handler(const char *key, const char *data, void *arg)
{
	struct found *found = arg;
	cJSON *other = cJSON_Parse(data);
	(void)key;

	if (other && found->partc < PARTS_MAX &&
	    field_int(other, "attempts", 0) ==
		    field_int(found->transfer, "attempts", 0) &&
	    same(other, found->transfer, "verb_id") &&
	    same(other, found->transfer, "verb") &&
	    !same(other, found->transfer, "transfer_id"))
		found->parts[found->partc++] = strdup(data);
	cJSON_Delete(other);
}


struct part {
	struct json *j;
	size_t size; /* of its packets */
};


static void packets_handler(const char *packets, void *arg)
{
	struct part *part = arg;

	json_raw(part->j, NULL, packets);
	part->size += strlen(packets);
}


static void print_part(struct json *j, const char *data)
{
	cJSON *transfer = data ? cJSON_Parse(data) : NULL;
	const char *id = field_str(transfer, "transfer_id");
	struct part part = {.j = j};

	if (id) {
		json_open(j, NULL, '{');
		json_raw(j, "transfer", data);
		json_open(j, "packets", '[');
		archive_packets(id, packets_handler, &part);
		json_close(j, ']');
		if (part.size >= CAPTURE_MAX)
			json_bool(j, "full", true);
		json_close(j, '}');
	}
	cJSON_Delete(transfer);
}


int capture_gather(struct json *j, const char *id)
{
	struct found found = {.partc = 0};
	struct archive_filter f = {.limit = PARTS_MAX};
	int err;

	err = archive_get(id, one_handler, &found);
	if (!err && (!found.call_sid || !found.transfer))
		err = ENOMEM;
	if (!err && field_int(found.transfer, "attempts", 0) > 1) {
		f.call_sid = found.call_sid;
		err = archive_find(&f, other_handler, &found);
	}

	if (!err) {
		json_open(j, NULL, '{');
		json_raw(j, "transfer", found.parts[0]);
		json_open(j, "parts", '[');
		for (size_t i = 0; i < found.partc; i++)
			print_part(j, found.parts[i]);
		json_close(j, ']');
		json_close(j, '}');
	}

	free(found.call_sid);
	cJSON_Delete(found.transfer);
	while (found.partc)
		free(found.parts[--found.partc]);

	return err;
}
