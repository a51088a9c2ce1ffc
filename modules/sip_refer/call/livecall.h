/**
 * @file livecall.h  One live call, for the files that change it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef LIVECALL_H
#define LIVECALL_H

#include <stdbool.h>
#include <stdint.h>
#include "call.h"

struct call;
struct livecall;
struct sip_msg;
struct ua;

int livecall_alloc(struct livecall **lcp, struct ua *ua, struct call *call);
void livecall_learn_id(struct livecall *lc);
void livecall_adopt(struct livecall *lc, const char *sid, const char *ref,
		    uint32_t timeout);
void livecall_make_second(struct livecall *lc, const struct livecall *parent,
			  const char *id);
void livecall_answered(struct livecall *lc);
void livecall_transferred(struct livecall *lc, uint32_t ms);
void livecall_unknown(struct livecall *lc);

void livecall_replace(char **strp, const char *str);
void livecall_set_state(struct livecall *lc, const char *state, uint16_t scode,
			const char *reason);
void livecall_report_new(struct livecall *lc);
void livecall_report_live(const struct livecall *lc);
void livecall_update(struct livecall *lc, const char *state, uint16_t scode,
		     const char *reason);
void livecall_closed(struct livecall *lc, uint16_t scode, const char *reason);

int livecalls_adopt(const struct call *call, const char *sid, const char *ref,
		    uint32_t timeout, bool keys);

bool media_sample(struct livecall *lc);
bool media_comes(bool *comesp, const struct livecall *lc);

void playback_call_closed(struct livecall *lc);
void siprequest_call_closed(struct livecall *lc);

void hold_call_closed(struct livecall *lc);

int keys_begin(struct livecall *lc);
void keys_event(struct livecall *lc, const char *prm);

int remote_request(struct sip_msg **msgp, char **targetp,
		   const struct livecall *lc);

#endif
