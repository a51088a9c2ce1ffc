/**
 * @file view.h  The calls and transfers of all members
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef VIEW_H
#define VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fleet_config;

typedef void(view_done_h)(void);

int view_start(const struct fleet_config *c);
void view_stop(void);
int view_open(void);
void view_close(void);
void view_begin(const char *epoch);
void view_skip(uint64_t first);
bool view_take(uint64_t sseq, const char *subject, const char *data,
	       size_t len, view_done_h *h);
const char *view_owner(const char *call_sid);
size_t view_open_of(const char *member);

#endif
