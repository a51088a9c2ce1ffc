/**
 * @file side.h  One server that is measured: its node and its clients
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdbool.h>
#include <stdint.h>

struct side;

struct side_config {
	int pid; /* of the server */
	unsigned clients;
	int port;
	char path[104]; /* of the socket for nodes */
	bool raw;       /* forwards its input, is no referd */
	bool fleet;     /* clients are of the scope fleet: the port is that of
			   another referd than the socket */
};

/* Results of one round */
struct round {
	int err;
	uint32_t bytes;    /* of the message that all clients got */
	uint64_t ns;       /* until the end */
	uint64_t asked_ns; /* until the node was asked, if it was */
};

int side_open(struct side **sp, const struct side_config *config);
int side_fd(const struct side *s);
int side_idle(struct side *s);
void side_event(struct side *s, struct round *r, uint32_t bytes);
void side_dial(struct side *s, struct round *r);
void side_refer(struct side *s, struct round *r);
