/**
 * @file reloc.c  Tests of the walk over an object's relocations
 *
 * Uses neither libre nor cmocka: it is also built for another processor and
 * run in an emulator, which has only the C library.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#define _GNU_SOURCE
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "host/reloc.h"


enum {
	SLOT_MAX = 4,
	OURS = 4711,
};

static unsigned count;


/* The first object is the program itself */
static int self_handler(struct dl_phdr_info *dpi, size_t size, void *arg)
{
	(void)size;

	*(struct dl_phdr_info *)arg = *dpi;

	return 1;
}


static struct dl_phdr_info self(void)
{
	struct dl_phdr_info dpi;

	dl_iterate_phdr(self_handler, &dpi);

	return dpi;
}


static void check(bool ok, const char *what)
{
	printf("%sok %u - %s\n", ok ? "" : "not ", ++count, what);

	if (!ok)
		exit(1);
}


static pid_t ours(void)
{
	return OURS;
}


/* As the kernel has it: 'w' or '-' */
static char writable(const void *addr)
{
	char line[512], w = '?', perms[5];
	void *start, *end;
	FILE *f = fopen("/proc/self/maps", "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (3 == sscanf(line, "%p-%p %4s", &start, &end, perms) &&
		    addr >= start && addr < end)
			w = perms[1];
	}

	if (f)
		fclose(f);

	return w;
}


static void test_found(void)
{
	const struct dl_phdr_info dpi = self();
	uintptr_t *slotv[SLOT_MAX];

	check(reloc_is_known(), "the processor is known");
	check(reloc_find(slotv, SLOT_MAX, &dpi, "getppid") == 1,
	      "an imported function is found, in one place");
	check(reloc_has(&dpi, (uintptr_t)slotv[0]),
	      "the place is within the object");
	check(reloc_find(slotv, SLOT_MAX, &dpi, "getppi") == 0 &&
		      reloc_find(slotv, SLOT_MAX, &dpi, "getppid_") == 0,
	      "a part of its name is not its name");
	check(reloc_find(slotv, 0, &dpi, "getppid") == 0,
	      "no more are found than there is room for");
	check(reloc_find(slotv, SLOT_MAX, &dpi, "test_found") == 0,
	      "what is not imported is not found");
}


static void test_written(void)
{
	const struct dl_phdr_info dpi = self();
	const pid_t theirs = getppid();
	uintptr_t *slotv[SLOT_MAX], orig;
	char before;

	check(reloc_find(slotv, SLOT_MAX, &dpi, "getppid") == 1, "found");
	orig = *slotv[0];
	before = writable(slotv[0]);
	printf("# the place is %swritable\n", before == 'w' ? "" : "not ");

	check(!reloc_write(slotv[0], (uintptr_t)ours), "written");
	check(getppid() == OURS, "a call reaches our function");
	check(writable(slotv[0]) == before, "the page is as it was");

	check(!reloc_write(slotv[0], orig), "written back");
	check(getppid() == theirs, "a call reaches the function itself");
	check(writable(slotv[0]) == before, "the page is as it was");
}


/* A program that is built without a PLT has all its imports like that */
static pid_t (*address(void))(void)
{
	pid_t (*volatile addr)(void) = getpgrp; /* not to be optimized out */

	return addr;
}


static void test_address(void)
{
	const struct dl_phdr_info dpi = self();
	uintptr_t *slotv[SLOT_MAX];

	check(reloc_find(slotv, SLOT_MAX, &dpi, "getpgrp") == 1,
	      "a function of which only the address is taken is found");
	check(!reloc_write(slotv[0], (uintptr_t)ours), "written");
	check(address() == ours, "the address is that of our function");
}


static void test_other(void)
{
	struct dl_phdr_info dpi = self();
	uintptr_t *slotv[SLOT_MAX];
	int here = 0;

	check(reloc_has(&dpi, (uintptr_t)&count), "data is within");
	check(!reloc_has(&dpi, (uintptr_t)&here), "the stack is not");
	check(reloc_write((uintptr_t *)sizeof(uintptr_t), 0) != 0,
	      "an address that nobody has is not written to");

	dpi.dlpi_phnum = 0;
	check(reloc_find(slotv, SLOT_MAX, &dpi, "getppid") == 0,
	      "an object without a dynamic section has none");
}


int main(void)
{
	test_found();
	test_written();
	test_address();
	test_other();
	printf("1..%u\n", count);

	return 0;
}
