/**
 * @file sockets.c  The sockets that libwebsockets makes itself
 *
 * libwebsockets makes the sockets to applications itself, one for each call,
 * with descriptors that baresip could need for its calls.  So the place where
 * libwebsockets has the address of socket() gets the address of our own
 * function.
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


/* Finds the object with the functions of libwebsockets */
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
 * Let the sockets of libwebsockets begin with DESCRIPTORS_LOW.  Where that is
 * not possible, they are low ones.
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
