/**
 * @file reloc.h  Places of the imported addresses of an object in memory
 *
 * This is independent of libre, so that it can be tested alone, for any
 * processor.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef RELOC_H
#define RELOC_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool reloc_is_known(void);
size_t reloc_find(uintptr_t **slotv, size_t max,
		  const struct dl_phdr_info *dpi, const char *symbol);
bool reloc_has(const struct dl_phdr_info *dpi, uintptr_t addr);
int reloc_write(uintptr_t *slot, uintptr_t val);

#endif
