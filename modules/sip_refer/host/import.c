/**
 * @file import.c  Functions of ours in the place of functions that baresip
 *                 imports from libre
 *
 * Only places that the relocation tables name are changed.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#define _GNU_SOURCE
#include <link.h>
#include <re.h>
#include "import.h"
#include "reloc.h"


enum {
	SLOT_MAX = 16, /* objects and functions: baresip imports each once */
};

/** A place where an object keeps the address of the function */
struct import {
	uintptr_t *addr;
	uintptr_t orig; /* the function, or the stub that would bind it */
	uintptr_t repl; /* what stands in its place */
};

/** What a walk over all objects looks for */
struct walk {
	const char *symbol;
	uintptr_t func; /* libre's function: its own object is left alone */
	uintptr_t repl;
};

static struct {
	struct import slotv[SLOT_MAX];
	size_t slotc;
} imports;


/* Every object but libre, which defines the function, and this module */
static int phdr_handler(struct dl_phdr_info *dpi, size_t size, void *arg)
{
	const struct walk *walk = arg;
	uintptr_t *slotv[SLOT_MAX];
	size_t n, i;
	(void)size;

	if (reloc_has(dpi, (uintptr_t)&imports) || reloc_has(dpi, walk->func))
		return 0;

	n = reloc_find(slotv, SLOT_MAX - imports.slotc, dpi, walk->symbol);

	for (i = 0; i < n; i++) {

		struct import *slot = &imports.slotv[imports.slotc++];

		slot->addr = slotv[i];
		slot->orig = *slotv[i];
		slot->repl = walk->repl;
	}

	return 0;
}


/**
 * Put a function of ours in the place of one that baresip imports from libre
 *
 * @param symbol Name of the function
 * @param func   libre's function
 * @param repl   Ours, of the same type
 * @param why    Buffer for the sentence that says why it cannot be done
 * @param size   Size of the buffer
 *
 * @return 0, ENOTSUP if baresip does not import it, or what mprotect() fails
 *         with
 */
int import_replace(const char *symbol, uintptr_t func, uintptr_t repl,
		   char *why, size_t size)
{
	struct walk walk = {symbol, func, repl};
	size_t i = imports.slotc;
	int err = 0;

	if (!reloc_is_known()) {
		(void)re_snprintf(why, size,
				  "this processor's executable format is not "
				  "supported (x86-64 and aarch64 are)");
		return ENOTSUP;
	}

	dl_iterate_phdr(phdr_handler, &walk);
	if (i == imports.slotc) {
		(void)re_snprintf(why, size,
				  "this baresip does not import %s from a "
				  "shared libre (a static build?)",
				  symbol);
		return ENOTSUP;
	}

	for (; i < imports.slotc && !err; i++)
		err = reloc_write(imports.slotv[i].addr, repl);

	if (err)
		(void)re_snprintf(why, size,
				  "the system does not let it change "
				  "baresip's import of %s (%m)",
				  symbol, err);

	return err;
}


/**
 * Give baresip all its functions back; harmless if it has them
 */
void import_restore(void)
{
	size_t i;

	for (i = 0; i < imports.slotc; i++) {

		const struct import *slot = &imports.slotv[i];

		if (*slot->addr == slot->repl)
			(void)reloc_write(slot->addr, slot->orig);
	}

	imports.slotc = 0;
}
