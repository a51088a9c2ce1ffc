/**
 * @file reloc.h  Where an object in memory keeps the addresses it imports
 *
 * Apart from libre, so that it can be tried alone, on any processor.
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
