/**
 * @file syncer.h  Forces the redo log onto the disk, beside the loop
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SYNCER_H
#define SYNCER_H

#include <stdbool.h>
#include <stdint.h>


int syncer_open(void);
void syncer_close(void);
void syncer_ask(void);
void syncer_turn(void);
void syncer_settled(uint64_t turn);
uint64_t syncer_synced(void);
bool syncer_lost(void);

#endif
