/**
 * @file farend.h  A far end that sends SIP messages to the whole module
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FAREND_H
#define FAREND_H

#include <stddef.h>
#include <stdint.h>

struct cJSON;
struct call;

struct call *farend_call(const char *headers);
void farend_send(const char *fmt, ...);
void farend_answer(const char *method, unsigned cseq, const char *status);
void farend_notify(unsigned cseq, const char *state, const char *status);
void farend_request(const char *sid, const char *fmt, ...);
void farend_wait(uint64_t ms);
void farend_copy(char *to, size_t size, const struct cJSON *json,
		 const char *name);

#endif
