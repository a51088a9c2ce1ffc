/**
 * @file sockets.c  The sockets that libwebsockets makes itself
 *
 * It connects to applications by sockets of its own, a call has one of them,
 * and asks nobody for it. Theirs are to be no descriptors that baresip could
 * have for its calls either: the place where libwebsockets has the address of
 * socket() gets that of our own.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#define _GNU_SOURCE
#include <link.h>
#include <sys/socket.h>
#include <libwebsockets.h>
#include "reloc.h"
#include "sockets.h"

#undef EV_NONE /* of elf.h; ev.h has another one */
#include "base/base.h"


enum { SLOTS_MAX = 4 };

static struct {
	uintptr_t *slotv[SLOTS_MAX];
	size_t slotc;
} taken;


static int socket_high(int domain, int type, int protocol)
{
	return descriptor_move(socket(domain, type | SOCK_CLOEXEC, protocol));
}


/* Of all objects, the one that has libwebsockets' functions */
static int find_handler(struct dl_phdr_info *dpi, size_t size, void *arg)
{
	(void)size;
	(void)arg;

	if (!reloc_has(dpi, (uintptr_t)lws_create_context))
		return 0;

	taken.slotc = reloc_find(taken.slotv, SLOTS_MAX, dpi, "socket");

	return 1;
}


static void write_all(int (*fn)(int, int, int))
{
	int err = 0;

	for (size_t i = 0; i < taken.slotc; i++)
		err |= reloc_write(taken.slotv[i], (uintptr_t)fn);
	if (err)
		log_warning(
			"sockets: cannot change the sockets of libwebsockets");
}


/**
 * Have libwebsockets' sockets begin with DESCRIPTORS_LOW. Where that cannot
 * be, they are low ones.
 */
void sockets_take(void)
{
	if (!reloc_is_known() || !descriptors_high())
		return;

	(void)dl_iterate_phdr(find_handler, NULL);
	write_all(socket_high);
}


/**
 * Leave them alone; harmless if they were not taken
 */
void sockets_release(void)
{
	write_all(socket);
	taken.slotc = 0;
}
