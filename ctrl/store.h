/**
 * @file store.h  What is on disk: messages by seq, and what must survive us
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stdint.h>

/* Tables of JSON texts, each under its key */
enum store_table {
	STORE_NODES,
	STORE_SESSIONS,
	STORE_OUTBOX,
	STORE_APPS,
	STORE_DIALS,
	STORE_TABLES,
};

/* Stores what has changed since it was called last */
typedef void(store_save_h)(void);

typedef void(store_each_h)(const char *key, const char *data, void *arg);
typedef void(store_replay_h)(uint64_t seq, const char *text, void *arg);

void store_saver_add(store_save_h *h);
void store_saver_remove(store_save_h *h);
void store_save(void);

int store_open(const char *dir);
void store_close(void);
int store_secure(void);
int store_commit(void);
bool store_pending(void);
bool store_busy(void);
const char *store_trouble(void);

uint64_t store_seq(void);
uint64_t store_seq_next(void);
uint64_t store_first(void);
void store_forgotten(uint64_t seq);
void store_message(uint64_t seq, const char *client, const char *call_sid,
		   bool jambonz, const char *text);
uint64_t store_last(const char *client);
bool store_replay(uint64_t *sincep, const char *client, const char *call_sid,
		  bool jambonz, unsigned limit, store_replay_h *h, void *arg);
void store_call(const char *call_sid, unsigned limit, store_replay_h *h,
		void *arg);

void store_put(enum store_table table, const char *key, const char *data);
void store_forget(enum store_table table, const char *key);
void store_each(enum store_table table, store_each_h *h, void *arg);

#endif
