/**
 * @file fleetstore.h  What is known of a whole fleet, on disk; part of store.h
 *
 * A file of its own, fleet.db, beside the one of this referd.  It is a copy of
 * what the stream of the fleet says, up to a cursor in it: a thread writes
 * both in one transaction, so that nothing is lost or doubled by a crash, and
 * what is lost with the file is read again.  The loop does not wait for it.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FLEETSTORE_H
#define FLEETSTORE_H

#include <stdbool.h>
#include <stdint.h>
#include "store.h"

enum { FLEET_EPOCH_SIZE = 64 };


/* fleetstore: What is known of a whole fleet */

/**
 * Open the store of the fleet, beside the one that is open, and make it if
 * there is none.  One that is damaged, or that another referd has made, is
 * moved aside.  Says itself what is wrong.
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
 * Write what is marked, and close the store
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
 * @return What fleetstore_begin() was told last, "" for nothing
 */
const char *fleetstore_epoch(void);

/**
 * Begin with another stream: everything is forgotten, with the next mark
 *
 * @param epoch What tells it from others
 */
void fleetstore_begin(const char *epoch);

/**
 * Take note that messages are not kept: the stream has them no more
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
 * Store a transfer, in place of what was known of it
 *
 * @param t Transfer; its seq is that of the fleet
 */
void fleetstore_transfer(const struct archive_transfer *t);

/**
 * Store a text under a key, in place of what was there.  What was said of a
 * call stays, whatever its age, while its call_sid is a key of STORE_SESSIONS.
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
 * What was stored so far is all that a message of the stream has brought: it
 * gets into the file with others before long, all or nothing
 *
 * @param stream_seq Sequence of that message
 */
void fleetstore_mark(uint64_t stream_seq);

/**
 * Tell whether nothing more should be stored for now, as the disk is full or
 * slow.  The loop turns when there is room again.
 *
 * @return True if so
 */
bool fleetstore_full(void);

/**
 * Tell why what is to be kept does not get into the file
 *
 * @return What the system says, NULL if all is well
 */
const char *fleetstore_trouble(void);

/**
 * Get the number of the last message
 *
 * @return Number in the fleet, 0 if there is none
 */
uint64_t fleetstore_last(void);

/**
 * Get the number from which on every message is kept
 *
 * @return Number in the fleet
 */
uint64_t fleetstore_first(void);

/**
 * Go through some of the messages behind a number, in order, as far as they
 * are in memory: store_replay()
 *
 * @param sincep Number of the last one that is known; set to the last one that
 *               was looked at
 * @param to     Who asks
 * @param limit  How many at most
 * @param h      Handler
 * @param arg    Handler argument
 *
 * @return Whether that was all
 */
enum replay fleetstore_replay(uint64_t *sincep, const struct listener *to,
			      unsigned limit, store_replay_h *h, void *arg);

/**
 * Fetch some of the messages behind a number that are not in memory any more:
 * store_fetch()
 *
 * @param fp    Pointer to what is under way, which is gone once it is done
 * @param since Number of the last one that is known
 * @param to    Who asks, copied
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
