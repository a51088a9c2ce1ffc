/**
 * @file import.c  Functions of ours in the place of functions that baresip
 *                 imports from libre
 *
 * What is changed are the entries of the relocation tables, nothing else;
 * each page is afterwards protected exactly as it was.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#define _GNU_SOURCE
#include <elf.h>
#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <re.h>
#include "sip_refer.h"


enum {
	SLOT_MAX = 16, /* objects and functions: baresip imports each once */
};

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

/** A place where an object keeps the address of the function */
struct slot {
	uintptr_t *addr;
	uintptr_t orig; /* the function, or the stub that would bind it */
	uintptr_t repl; /* what stands in its place */
};

/** What a walk over one object needs of its dynamic section */
struct object {
	uintptr_t base;
	const ElfW(Sym) * symtab;
	const char *strtab;
	const ElfW(Rela) * rela, *jmprel;
	size_t relasz, pltrelsz;
};

/** What a walk over all objects looks for */
struct search {
	const char *symbol;
	uintptr_t func; /* libre's function: its own object is left alone */
	uintptr_t repl;
};

static struct {
	struct slot slotv[SLOT_MAX];
	size_t slotc;
} imports;


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


static void slots_find(const struct object *obj, const ElfW(Rela) * rela,
		       size_t size, const struct search *search)
{
	const ElfW(Rela) *end = rela + size / sizeof(*rela);

	for (; rela && rela < end && imports.slotc < SLOT_MAX; rela++) {

		const int type = ELF64_R_TYPE(rela->r_info);
		const ElfW(Sym) *sym = &obj->symtab[ELF64_R_SYM(rela->r_info)];
		struct slot *slot = &imports.slotv[imports.slotc];

		if (type != RELOC_JUMP_SLOT && type != RELOC_GLOB_DAT)
			continue;

		if (strcmp(obj->strtab + sym->st_name, search->symbol))
			continue;

		slot->addr = (uintptr_t *)(obj->base + rela->r_offset);
		slot->orig = *slot->addr;
		slot->repl = search->repl;
		++imports.slotc;
	}
}


static bool object_has(const struct dl_phdr_info *dpi, uintptr_t addr)
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


/* Every object but libre, which defines the function, and this module */
static int phdr_handler(struct dl_phdr_info *dpi, size_t size, void *arg)
{
	const struct search *search = arg;
	struct object obj;
	(void)size;

	if (object_has(dpi, (uintptr_t)&imports) ||
	    object_has(dpi, search->func))
		return 0;

	if (!object_read(&obj, dpi))
		return 0;

	slots_find(&obj, obj.jmprel, obj.pltrelsz, search);
	slots_find(&obj, obj.rela, obj.relasz, search);

	return 0;
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


/* The page may be shared with slots that are bound lazily: it must afterwards
   be exactly as writable as it was */
static int slot_write(const struct slot *slot, uintptr_t val)
{
	const uintptr_t size = sysconf(_SC_PAGESIZE);
	void *page = (void *)((uintptr_t)slot->addr & ~(size - 1));
	int prot, err;

	err = page_prot(&prot, (uintptr_t)slot->addr);
	if (err)
		return err;

	if (!(prot & PROT_WRITE) && mprotect(page, size, prot | PROT_WRITE))
		return errno;

	*slot->addr = val;

	if (!(prot & PROT_WRITE) && mprotect(page, size, prot))
		return errno;

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
 * @return 0 if success, otherwise errorcode
 */
int import_replace(const char *symbol, uintptr_t func, uintptr_t repl,
		   char *why, size_t size)
{
	struct search search = {symbol, func, repl};
	size_t i = imports.slotc;
	int err = 0;

	if (RELOC_JUMP_SLOT < 0) {
		(void)re_snprintf(why, size,
				  "this processor's executable format is not "
				  "supported (x86-64 and aarch64 are)");
		return ENOTSUP;
	}

	dl_iterate_phdr(phdr_handler, &search);
	if (i == imports.slotc) {
		(void)re_snprintf(why, size,
				  "this baresip does not import %s from a "
				  "shared libre (a static build?)",
				  symbol);
		return ENOTSUP;
	}

	for (; i < imports.slotc && !err; i++)
		err = slot_write(&imports.slotv[i], repl);

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

		const struct slot *slot = &imports.slotv[i];

		if (*slot->addr == slot->repl)
			(void)slot_write(slot, slot->orig);
	}

	imports.slotc = 0;
}
