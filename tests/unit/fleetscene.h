/**
 * @file fleetscene.h  A referd in a fleet whose engine is the test
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FLEETSCENE_H
#define FLEETSCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void scene_open(bool view);
void scene_start(void);
void scene_stop(void);
void scene_close(void);
void scene_turn(void);
void scene_settle(void);
void scene_wait(const bool *done);
void scene_heartbeat(const char *member, const char *boot, const char *rest);
unsigned scene_posts(void);
int scene_posted(const char *id);
void scene_pass(double seconds);
void scene_still(double seconds);
void scene_full(bool is_full);

void jet_reset(const char *created);
void jet_deaf(bool deaf);
void jet_drop(bool drop);
void jet_skip(void);
void jet_forget(void);
void jet_first_is(uint64_t sseq);
void jet_truncate(uint64_t last);
uint64_t jet_put(const char *subject, const char *data);
void jet_deliver_again(uint64_t sseq);
uint64_t jet_end(void);
const char *jet_subject(uint64_t sseq);
const char *jet_id(uint64_t sseq);
void jet_refuse(bool refuse);
const char *jet_text(uint64_t sseq);
uint64_t jet_start_seq(void);
void jet_other(uint64_t sseq, bool other);
void jet_replace(uint64_t sseq);
void jet_stale(bool stale);
void jet_lead(const char *name);
unsigned jet_consumers(void);
unsigned jet_deleted(void);
const char *jet_inbox(void);
unsigned jet_sent(const char *subject);
void jet_answer(const char *subject, const char *data);
const char *jet_last(const char *subject);
void jet_heartbeat(void);

unsigned told(const char *a, const char *b);
const char *told_last(const char *a);
unsigned told_status(const char *a);
void told_clear(void);
unsigned told_all(void);
bool told_in_order(void);
bool told_jambonz(const char *a);

#endif
