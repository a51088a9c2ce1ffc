/**
 * @file fill.c  Makes history: reports of transfers, as fast as they are
 * stored
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "node.h"


enum { AHEAD = 1000 }; /* reports that need not be stored yet */

static const char *const steps[] = {
	"\"step\":\"requested\"",
	"\"step\":\"accepted\",\"refer_status\":202,\"reason\":\"Accepted\"",
	"\"step\":\"progress\",\"refer_status\":202,\"call_status\":100,"
	"\"reason\":\"Trying\"",
	"\"step\":\"progress\",\"refer_status\":202,\"call_status\":180,"
	"\"reason\":\"Ringing\"",
	"\"step\":\"ended\",\"refer_status\":202,\"call_status\":200,"
	"\"reason\":\"OK\",\"outcome\":\"transferred\","
	"\"evidence\":\"notify\"",
};


enum { STEPS = sizeof(steps) / sizeof(*steps) };


/* The last of so many steps is how it ends */
static int report(struct node *n, unsigned long i, unsigned long count)
{
	int err = 0;

	for (size_t s = 0; s < STEPS && !err; s++) {
		if (s + 1 >= count && s + 1 < STEPS)
			continue;

		err = node_report(n,
				  "\"type\":\"transfer\","
				  "\"call_sid\":\"fill%032lx\","
				  "\"transfer_id\":\"fill%012lx\","
				  "\"refer_to\":\"sip:%lu@example.com\","
				  "\"referred_by\":\"sip:alice@example.com\","
				  "%s",
				  i, i, i, steps[s]);
	}

	return err ? err : node_settle(n, AHEAD);
}


int main(int argc, char *argv[])
{
	unsigned long count = argc >= 3 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned long stepc = argc >= 4 ? strtoul(argv[3], NULL, 10) : STEPS;
	unsigned long first = argc == 5 ? strtoul(argv[4], NULL, 10) : 0;
	struct node *n = NULL;
	int err;

	if (!count) {
		(void)fprintf(stderr,
			      "usage: bench-fill SOCKET TRANSFERS [STEPS "
			      "[FIRST]]\n");
		return 2;
	}

	err = node_connect(&n, argv[1], "fill", NULL, NULL);
	for (unsigned long i = 0; i < count && !err; i++)
		err = report(n, first + i, stepc);
	if (!err)
		err = node_settle(n, 0);

	node_close(n);
	if (err)
		(void)fprintf(stderr, "bench-fill: %s\n", strerror(err));

	return err != 0;
}
