/**
 * @file reloc.c  Places of the imported addresses of an object in memory
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "reloc.h"


#if defined(__x86_64__)
enum {
	RELOC_JUMP_SLOT = R_X86_64_JUMP_SLOT,
	RELOC_GLOB_DAT = R_X86_64_GLOB_DAT,
};
#elif defined(__aarch64__)
enum {
	RELOC_JUMP_SLOT = R_AARCH64_JUMP_SLOT,
	RELOC_GLOB_DAT = R_AARCH64_GLOB_DAT,
};
#else
enum {
	RELOC_JUMP_SLOT = -1,
	RELOC_GLOB_DAT = -1,
};
#endif

/** What a walk over one object needs of its dynamic section */
struct object {
	uintptr_t base;
	const ElfW(Sym) * symtab;
	const char *strtab;
	const ElfW(Rela) * rela, *jmprel;
	size_t relasz, pltrelsz;
};

/** The slots that a walk has found */
struct slots {
	uintptr_t **slotv;
	size_t slotc, max;
};


/* glibc has relocated most addresses in the dynamic section, not all */
static const void *dyn_addr(uintptr_t base, const ElfW(Dyn) * dyn)
{
	const uintptr_t addr = dyn->d_un.d_ptr;

	return (const void *)(addr < base ? base + addr : addr);
}


static bool object_read(struct object *obj, const struct dl_phdr_info *dpi)
{
	const ElfW(Dyn) *dyn = NULL;
	bool is_rela = true;
	int i;

	memset(obj, 0, sizeof(*obj));
	obj->base = dpi->dlpi_addr;

	for (i = 0; i < dpi->dlpi_phnum; i++) {
		if (dpi->dlpi_phdr[i].p_type == PT_DYNAMIC)
			dyn = (const ElfW(Dyn) *)(obj->base +
						  dpi->dlpi_phdr[i].p_vaddr);
	}

	for (; dyn && dyn->d_tag != DT_NULL; dyn++) {

		switch (dyn->d_tag) {

		case DT_SYMTAB: obj->symtab = dyn_addr(obj->base, dyn); break;
		case DT_STRTAB: obj->strtab = dyn_addr(obj->base, dyn); break;
		case DT_RELA: obj->rela = dyn_addr(obj->base, dyn); break;
		case DT_RELASZ: obj->relasz = dyn->d_un.d_val; break;
		case DT_JMPREL: obj->jmprel = dyn_addr(obj->base, dyn); break;
		case DT_PLTRELSZ: obj->pltrelsz = dyn->d_un.d_val; break;
		case DT_PLTREL: is_rela = dyn->d_un.d_val == DT_RELA; break;
		default: break;
		}
	}

	return obj->symtab && obj->strtab && is_rela;
}


static void table_walk(struct slots *slots, const struct object *obj,
		       const ElfW(Rela) * rela, size_t size,
		       const char *symbol)
{
	const ElfW(Rela) *end = rela + size / sizeof(*rela);

	for (; rela && rela < end && slots->slotc < slots->max; rela++) {

		const int type = ELF64_R_TYPE(rela->r_info);
		const ElfW(Sym) *sym = &obj->symtab[ELF64_R_SYM(rela->r_info)];

		if (type != RELOC_JUMP_SLOT && type != RELOC_GLOB_DAT)
			continue;

		if (strcmp(obj->strtab + sym->st_name, symbol))
			continue;

		slots->slotv[slots->slotc++] = (uintptr_t *)(obj->base +
							     rela->r_offset);
	}
}


/**
 * Tell whether this processor's relocations are known
 *
 * @return True if they are
 */
bool reloc_is_known(void)
{
	return RELOC_JUMP_SLOT > 0;
}


/**
 * Find where an object keeps the address of a function that it imports
 *
 * @param slotv  Places, in the object's relocation tables
 * @param max    Size of the array
 * @param dpi    The object
 * @param symbol Name of the function
 *
 * @return Number of places, 0 if the object does not import the function
 */
size_t reloc_find(uintptr_t **slotv, size_t max,
		  const struct dl_phdr_info *dpi, const char *symbol)
{
	struct slots slots = {slotv, 0, max};
	struct object obj;

	if (!slotv || !dpi || !symbol || !object_read(&obj, dpi))
		return 0;

	table_walk(&slots, &obj, obj.jmprel, obj.pltrelsz, symbol);
	table_walk(&slots, &obj, obj.rela, obj.relasz, symbol);

	return slots.slotc;
}


/**
 * Tell whether an address is within an object
 *
 * @param dpi  The object
 * @param addr Address
 *
 * @return True if it is
 */
bool reloc_has(const struct dl_phdr_info *dpi, uintptr_t addr)
{
	int i;

	for (i = 0; i < dpi->dlpi_phnum; i++) {

		const ElfW(Phdr) *ph = &dpi->dlpi_phdr[i];
		const uintptr_t start = dpi->dlpi_addr + ph->p_vaddr;

		if (ph->p_type == PT_LOAD && addr >= start &&
		    addr < start + ph->p_memsz)
			return true;
	}

	return false;
}


/* How the page of an address is protected now, from /proc/self/maps */
static int page_prot(int *protp, uintptr_t addr)
{
	uintptr_t start, end;
	char line[512], perms[5];
	FILE *f;
	int err = ENOENT;

	f = fopen("/proc/self/maps", "re");
	if (!f)
		return errno;

	while (fgets(line, sizeof(line), f)) {

		if (3 != sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &start,
				&end, perms))
			continue;

		if (addr < start || addr >= end)
			continue;

		*protp = (perms[0] == 'r' ? PROT_READ : 0) |
			 (perms[1] == 'w' ? PROT_WRITE : 0) |
			 (perms[2] == 'x' ? PROT_EXEC : 0);
		err = 0;
		break;
	}

	(void)fclose(f);

	return err;
}


/**
 * Write another address into a place that reloc_find() has found. Its page
 * may be shared with slots that are bound lazily: it is afterwards exactly as
 * writable as it was.
 *
 * @param slot The place
 * @param val  New value
 *
 * @return 0, or what mprotect() fails with, ENOENT if the page is not mapped
 */
int reloc_write(uintptr_t *slot, uintptr_t val)
{
	const uintptr_t size = sysconf(_SC_PAGESIZE);
	void *page = (void *)((uintptr_t)slot & ~(size - 1));
	int prot, err;

	err = page_prot(&prot, (uintptr_t)slot);
	if (err)
		return err;

	if (!(prot & PROT_WRITE) && mprotect(page, size, prot | PROT_WRITE))
		return errno;

	*slot = val;

	if (!(prot & PROT_WRITE) && mprotect(page, size, prot))
		return errno;

	return 0;
}
