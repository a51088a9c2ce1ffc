/**
 * @file fanout.c  One event to many clients; one command among many clients
 *
 * Servers are measured in turns, round by round, so other load on the machine
 * affects all of them. Each has its own process for its clients, which sleeps
 * while another server is measured.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <signal.h>
#include <unistd.h>
#include "node.h"
#include "side.h"


enum {
	SIDES_MAX = 8,
	WARM_UP = 3, /* rounds that do not count */
};

/* The order to a process for one round */
struct order {
	char op;
	uint32_t bytes;
};

struct child {
	struct side_config config;
	int fd;
	long kib[3];  /* of the server: alone, with clients, after all */
	uint64_t cpu; /* of the server in all rounds [ns] */
	uint32_t bytes;
	struct round *rounds;
};

static struct child children[SIDES_MAX];
static unsigned childc, roundc;


static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;

	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}


/* Pss [KiB]: pages that are shared count in part */
static long memory_of(int pid)
{
	char path[64], line[256];
	long kib = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Pss: %ld", &kib) == 1)
			break;
	}
	if (f)
		(void)fclose(f);

	return kib;
}


/* Time on a processor [ns] */
static uint64_t cpu_of(int pid)
{
	uint64_t ns, sum = 0;
	char pattern[64];
	glob_t g;

	(void)snprintf(pattern, sizeof(pattern), "/proc/%d/task/*/schedstat",
		       pid);
	if (glob(pattern, 0, NULL, &g))
		return 0;

	for (size_t i = 0; i < g.gl_pathc; i++) {
		FILE *f = fopen(g.gl_pathv[i], "r");

		if (f && fscanf(f, "%" SCNu64, &ns) == 1)
			sum += ns;
		if (f)
			(void)fclose(f);
	}
	globfree(&g);

	return sum;
}


static void work(struct side *s, const struct order *o, struct round *r)
{
	switch (o->op) {
	case 'e': side_event(s, r, o->bytes); break;
	case 'd': side_dial(s, r); break;
	default: side_refer(s, r); break;
	}
}


/* Between the rounds a server gets answers to requests to its clients */
static int serve(struct side *s, int fd)
{
	struct pollfd fds[] = {{fd, POLLIN, 0}, {side_fd(s), POLLIN, 0}};
	struct round r = {0};
	struct order o;
	int err = 0;

	while (!err) {
		if (poll(fds, 2, -1) < 0)
			return errno;

		if (fds[0].revents) {
			if (read(fd, &o, sizeof(o)) != sizeof(o))
				return 0;
			work(s, &o, &r);
			(void)write(fd, &r, sizeof(r));
		}
		else {
			err = side_idle(s);
		}
	}

	return err;
}


static int child_main(const struct side_config *config, int fd)
{
	struct side *s = NULL;
	struct round r = {0};

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	r.err = side_open(&s, config);
	(void)write(fd, &r, sizeof(r));
	if (!r.err)
		r.err = serve(s, fd);
	if (r.err)
		(void)fprintf(stderr, "bench-fanout: port %d: %s\n",
			      config->port, strerror(r.err));

	return r.err != 0;
}


static int hear(const struct child *c, struct round *r)
{
	if (read(c->fd, r, sizeof(*r)) != sizeof(*r))
		return ECONNRESET;

	return r->err;
}


static int child_start(struct child *c)
{
	struct round r;
	int fds[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		return errno;

	c->kib[0] = memory_of(c->config.pid);
	switch (fork()) {
	case -1: return errno;
	case 0: exit(child_main(&c->config, fds[1]));
	}

	(void)close(fds[1]);
	c->fd = fds[0];
	err = hear(c, &r);
	c->kib[1] = memory_of(c->config.pid);

	return err;
}


/* The raw server sends as many bytes as the first one did */
static int turn(char op, unsigned n)
{
	struct round r;
	int err;

	for (unsigned i = 0; i < childc; i++) {
		struct child *c = &children[i];
		struct order o = {op, children[0].bytes};

		if (write(c->fd, &o, sizeof(o)) != sizeof(o))
			return errno;

		err = hear(c, &r);
		if (err)
			return err;

		c->bytes = r.bytes;
		if (n >= WARM_UP)
			c->rounds[n - WARM_UP] = r;
	}

	return 0;
}


static int measure(char op)
{
	int err = 0;

	for (unsigned i = 0; i < childc && !err; i++) {
		children[i].rounds = calloc(roundc, sizeof(struct round));
		err = children[i].rounds ? child_start(&children[i]) : ENOMEM;
	}

	for (unsigned n = 0; n < WARM_UP + roundc && !err; n++) {
		for (unsigned i = 0; i < childc && n == WARM_UP; i++)
			children[i].cpu = cpu_of(children[i].config.pid);
		err = turn(op, n);
	}

	for (unsigned i = 0; i < childc; i++) {
		struct child *c = &children[i];

		c->cpu = cpu_of(c->config.pid) - c->cpu;
		c->kib[2] = memory_of(c->config.pid);
	}

	return err;
}


static void print_times(const char *key, const struct child *c, bool asked)
{
	(void)printf(",\"%s\":[", key);
	for (unsigned i = 0; i < roundc; i++) {
		const struct round *r = &c->rounds[i];

		(void)printf("%s%.1f", i ? "," : "",
			     (double)(asked ? r->asked_ns : r->ns) / 1000);
	}
	(void)printf("]");
}


static void print(char op)
{
	(void)printf("[");
	for (unsigned i = 0; i < childc; i++) {
		const struct child *c = &children[i];

		(void)printf("%s{\"clients\":%u,\"bytes\":%u,"
			     "\"kib\":[%ld,%ld,%ld],\"cpu_us\":%.1f",
			     i ? "," : "", c->config.clients, c->bytes,
			     c->kib[0], c->kib[1], c->kib[2],
			     (double)c->cpu / 1000 / roundc);
		print_times("us", c, false);
		if (op != 'e')
			print_times("asked_us", c, true);
		(void)printf("}");
	}
	(void)printf("]\n");
}


/* PID,CLIENTS,PORT,SOCKET[,raw|fleet] */
static int decode(struct side_config *config, const char *arg)
{
	char kind[6] = "";

	if (sscanf(arg, "%d,%u,%d,%103[^,],%5s", &config->pid,
		   &config->clients, &config->port, config->path, kind) < 4)
		return EINVAL;

	config->raw = !strcmp(kind, "raw");
	config->fleet = !strcmp(kind, "fleet");

	return 0;
}


int main(int argc, char *argv[])
{
	static const char ops[] = "edr";
	int err;

	if (argc < 4 || argc - 3 > SIDES_MAX || !strchr(ops, argv[1][0]) ||
	    (roundc = (unsigned)atoi(argv[2])) == 0)
		goto usage;

	for (int i = 3; i < argc; i++) {
		if (decode(&children[childc++].config, argv[i]))
			goto usage;
	}

	raise_limit();
	(void)signal(SIGPIPE, SIG_IGN);
	err = measure(argv[1][0]);
	if (err) {
		(void)fprintf(stderr, "bench-fanout: %s\n", strerror(err));
		return 1;
	}

	print(argv[1][0]);

	return 0;

usage:
	(void)fprintf(stderr, "usage: bench-fanout event|dial|refer ROUNDS "
			      "PID,CLIENTS,PORT,SOCKET[,raw|fleet]...\n");

	return 2;
}
