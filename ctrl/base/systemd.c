/**
 * @file systemd.c  Notifications to systemd
 *
 * A datagram to the socket in NOTIFY_SOCKET, see sd_notify(3).  Without
 * systemd there is no such socket.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "base.h"


static struct timer watchdog;
static double period; /* of it [s] */


/* A path that begins with @ is in the abstract namespace */
static void notify(const char *state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (!len || len >= sizeof(addr.sun_path))
		return;

	memcpy(addr.sun_path, path, len);
	if (*path == '@')
		addr.sun_path[0] = '\0';

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;

	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL,
		   (struct sockaddr *)&addr,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) <
	    0)
		log_warning("systemd: cannot notify it of %s: %s", state,
			    strerror(errno));

	(void)close(fd);
}


static void watchdog_handler(void *arg)
{
	(void)arg;

	notify("WATCHDOG=1");
	timer_start(&watchdog, period);
}


/* Twice in the time after which we would be taken for dead */
static void watchdog_start(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");

	period = usec ? strtod(usec, NULL) / 2e6 : 0;
	if (period <= 0 || (pid && strtol(pid, NULL, 10) != (long)getpid()))
		return;

	timer_init(&watchdog, watchdog_handler, NULL);
	timer_start(&watchdog, period);
}


void systemd_ready(void)
{
	notify("READY=1");
	if (!timer_runs(&watchdog))
		watchdog_start();
}


void systemd_reloading(void)
{
	char state[64];
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)snprintf(state, sizeof(state),
		       "RELOADING=1\nMONOTONIC_USEC=%lld",
		       (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	notify(state);
}


void systemd_stopping(void)
{
	notify("STOPPING=1");
}
