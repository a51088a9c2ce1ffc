/**
 * @file fleetstore.h  State of a whole fleet, on disk; part of store.h
 *
 * A file of its own, fleet.db, beside that of this referd.  It is a copy of
 * the stream of the fleet, up to a cursor: a thread writes both in one
 * transaction, so that a crash neither loses nor doubles data.  If the file is
 * lost, the stream is read again.  The loop does not wait for it.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FLEETSTORE_H
#define FLEETSTORE_H

#include <stdbool.h>
#include <stdint.h>
#include "store.h"

enum { FLEET_EPOCH_SIZE = 64 };


/* fleetstore: State of a whole fleet */

/**
 * Open the store of the fleet beside the open store, and create it if it does
 * not exist.  A damaged one, or that of another referd, is moved aside.  Logs
 * its errors.
 *
 * @param dir Directory of the store
 *
 * @return 0 if success, ENOMEM, EIO if SQLite can't use the file, or an error
 * of pthread_create() or wake_open()
 */
int fleetstore_open(const char *dir);

/**
 * Tell whether the store of the fleet is open
 *
 * @return True if it is
 */
bool fleetstore_is_open(void);

/**
 * Write marked data, and close the store
 */
void fleetstore_close(void);

/**
 * Remove what need not be kept, from now on
 *
 * @param days Age from which on messages and transfers go
 * @param mb   MiB that the store may have on disk before the oldest go
 */
void fleetstore_keep(unsigned days, unsigned mb);

/**
 * Get the place in the stream up to which all is in the store, as it was when
 * that was opened
 *
 * @param epoch Filled with what fleetstore_begin() was told, "" for nothing
 *
 * @return Sequence of the stream, 0 to begin at its start
 */
uint64_t fleetstore_cursor(char epoch[FLEET_EPOCH_SIZE]);

/**
 * Tell which stream it is that the store has a copy of
 *
 * @return Argument of the last fleetstore_begin(), "" for none
 */
const char *fleetstore_epoch(void);

/**
 * Begin with another stream: everything is forgotten, with the next mark
 *
 * @param epoch Id that tells the stream from others
 */
void fleetstore_begin(const char *epoch);

/**
 * Note that messages are not kept: the stream has them no more
 *
 * @param f Number of the last one of them
 */
void fleetstore_forgotten(uint64_t f);

/**
 * Store a message that is for all.  fleet_emit() does this.
 *
 * @param f        Its number in the fleet, above all before
 * @param call_sid Call that it is about, may be NULL
 * @param jambonz  True if it is for clients of the jambonz dialect, too
 * @param text     JSON text
 */
void fleetstore_message(uint64_t f, const char *call_sid, bool jambonz,
			const char *text);

/**
 * Store a transfer; it replaces the previous state
 *
 * @param t Transfer; its seq is that of the fleet
 */
void fleetstore_transfer(const struct archive_transfer *t);

/**
 * Store a text under a key; it replaces the previous one.  Messages of a call
 * stay, whatever their age, while its call_sid is a key of STORE_SESSIONS.
 *
 * @param table Table
 * @param key   Key
 * @param data  Text; if NULL, the key is forgotten
 */
void fleetstore_put(enum store_table table, const char *key, const char *data);

/**
 * Go through a table as it was when the store was opened, in the order in
 * which its keys came
 *
 * @param table Table
 * @param h     Handler
 * @param arg   Handler argument
 */
void fleetstore_each(enum store_table table, store_each_h *h, void *arg);

/**
 * Go through the transfers that had no outcome when the store was opened
 *
 * @param h   Handler
 * @param arg Handler argument
 */
void fleetstore_running(store_each_h *h, void *arg);

/**
 * Mark the end of the data of one message of the stream: it gets into the file
 * with that of others soon, all or nothing
 *
 * @param stream_seq Sequence of that message
 */
void fleetstore_mark(uint64_t stream_seq);

/**
 * Tell whether the caller should store no more for now, since the disk is full
 * or slow.  The loop turns when there is room again.
 *
 * @return True if so
 */
bool fleetstore_full(void);

/**
 * Get the reason why data does not get into the file
 *
 * @return System error, NULL if there is none
 */
const char *fleetstore_trouble(void);

/**
 * Get the number of the last message
 *
 * @return Number in the fleet, 0 for none
 */
uint64_t fleetstore_last(void);

/**
 * Get the number from which on every message is kept
 *
 * @return Number in the fleet
 */
uint64_t fleetstore_first(void);

/**
 * Go through messages after a number, in order, as far as they are in memory:
 * see store_replay()
 *
 * @param sincep Number of the last one that is known; set to the last one that
 *               was looked at
 * @param to     Reader
 * @param limit  How many at most
 * @param h      Handler
 * @param arg    Handler argument
 *
 * @return Whether that was all
 */
enum replay fleetstore_replay(uint64_t *sincep, const struct listener *to,
			      unsigned limit, store_replay_h *h, void *arg);

/**
 * Fetch messages after a number that are not in memory any more: see
 * store_fetch()
 *
 * @param fp    Pointer to the fetch, which ends by itself
 * @param since Number of the last one that is known
 * @param to    Reader, copied
 * @param h     Handler of each message, called in the loop
 * @param done  Called then, once
 * @param arg   Argument of both
 *
 * @return 0 if success, or ENOMEM
 */
int fleetstore_fetch(struct fetch **fp, uint64_t since,
		     const struct listener *to, store_replay_h *h,
		     store_fetched_h *done, void *arg);


#endif
