/**
 * @file viewtransfer.h  The transfers of all members, and how each has ended
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef VIEWTRANSFER_H
#define VIEWTRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;
struct json;
struct transfer;

/* What to do with a message about a transfer */
enum viewstep {
	VIEWSTEP_TELL, /* as it is */
	VIEWSTEP_LATE, /* it tells what came late: viewtransfer_print_late() */
	VIEWSTEP_DROP, /* another outcome was told before */
	VIEWSTEP_ASK,  /* the file has to be asked: viewtransfer_found() */
};

/* node may be NULL */
typedef void(viewtransfer_h)(const struct transfer *t, void *arg);

int viewtransfers_open(void);
void viewtransfers_close(void);
void viewtransfers_clear(void);
bool viewtransfers_load(struct cJSON *tree);
enum viewstep viewtransfer_take(const char *member, const char *call_sid,
				const struct cJSON *data, int64_t time,
				uint64_t f);
void viewtransfer_found(const char *id, const char *data);
void viewtransfer_print_late(struct json *j, const char *id, const char *sip);
const struct transfer *viewtransfer_lose(const char *member, const char *id,
					 const char *reason, int64_t time,
					 uint64_t f);
bool viewtransfer_runs(const char *member, const char *id);
void viewtransfers_save(void);
void viewtransfers_each(const char *member, viewtransfer_h *h, void *arg);
size_t viewtransfers_count(void);
void viewtransfers_print(struct json *j, const char *key);

#endif
