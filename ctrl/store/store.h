/**
 * @file store.h  What is on disk
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stdint.h>

struct fetch;
struct job;

/* Which messages: of this referd, by seq; or of the whole fleet, by their
   numbers there */
enum scope { SCOPE_LOCAL, SCOPE_FLEET, SCOPES };

enum {
	ARCHIVE_OUTCOMES = 6, /* the last one is `running` */
	ARCHIVE_WORDS = 6,
	CAPTURE_MAX = 1 << 20, /* JSON of a transfer's SIP messages [bytes] */
};

/* Times are in ms since 1970 */
struct archive_transfer {
	const char *id;
	const char *call_sid;
	const char *node;
	const char *member;  /* of the fleet; NULL for a referd's own */
	const char *outcome; /* NULL while in progress */
	int64_t started;
	int64_t ended;        /* 0 if not yet */
	int code;             /* final status, 0 if there is none */
	bool notified;        /* a NOTIFY told the outcome */
	uint64_t seq;         /* of the last message about it */
	const char *refer_to; /* may be NULL */
	const char *words[ARCHIVE_WORDS]; /* to search in; may be NULL */
	const char *data;                 /* JSON text */
};

/* What is NULL, or 0, lets everything pass */
struct archive_filter {
	const char *outcomes[ARCHIVE_OUTCOMES]; /* or `running` */
	unsigned outcomec;
	int code_min;
	int code_max;
	const char *node;
	const char *member; /* of the fleet */
	const char *call_sid;
	const char *target; /* in small letters, as is q */
	const char *q;
	bool stepped; /* since `since` */
	uint64_t since;
	uint64_t last; /* seq of the last message */
	int64_t from;  /* started then, or later */
	int64_t to;    /* ... but before this */
	const char *before;
	unsigned limit;
};

/* How much is kept */
struct store_figures {
	int64_t bytes;  /* of the file */
	int64_t oldest; /* about when the oldest message came about, in ms
			   since 1970; 0 for none */
};

typedef void(archive_count_h)(int64_t minute, const char *outcome,
			      int64_t count, void *arg);

/* True if what was said of a call must stay */
typedef bool(retention_busy_h)(const char *call_sid);

typedef void(job_h)(void *arg);

/* Tables of JSON texts, each under its key */
enum store_table {
	STORE_NODES,
	STORE_SESSIONS,
	STORE_OUTBOX,
	STORE_APPS,
	STORE_DIALS,
	STORE_LATE,
	STORE_FLEET,
	STORE_TABLES,
};

/* Stores what has changed since it was called last */
typedef void(store_save_h)(void);

typedef void(store_each_h)(const char *key, const char *data, void *arg);

typedef void(archive_packets_h)(const char *packets, void *arg);

typedef void(store_replay_h)(uint64_t seq, const char *text, void *arg);

/* Number of the last message that was looked at; ENOMEM if out of memory, or
   ECANCELED as the store is closed */
typedef void(store_fetched_h)(uint64_t since, int err, void *arg);

enum replay {
	REPLAY_ALL,
	REPLAY_MORE,  /* of them in memory */
	REPLAY_FETCH, /* they are not in memory: store_fetch() */
};

/* Whose messages are read */
struct listener {
	const char *name; /* of the client */
	const char
		*call_sid; /* the only call that it hears of, NULL for all */
	bool jambonz;      /* it speaks that dialect */
};


/* archive: The transfers on disk */

extern const char *const archive_outcomes[ARCHIVE_OUTCOMES];

/**
 * Store a transfer, in place of what was known of it
 *
 * @param t Transfer
 */
void archive_put(const struct archive_transfer *t);

/**
 * Go through the transfers that have no outcome yet
 *
 * @param h   Handler
 * @param arg Handler argument
 */
void archive_running(store_each_h *h, void *arg);

/**
 * Go through the transfers that pass a filter, newest first
 *
 * @param f   Filter
 * @param h   Handler
 * @param arg Handler argument
 *
 * @return 0 if success, ENOENT if the one to go on from is not kept
 */
int archive_find(const struct archive_filter *f, store_each_h *h, void *arg);

/**
 * Get a transfer that is in the file; in a job
 *
 * @param id  Its transfer_id
 * @param h   Handler of its call_sid and data
 * @param arg Handler argument
 *
 * @return 0 if success, ENOENT if it is not kept
 */
int archive_get(const char *id, store_each_h *h, void *arg);

/**
 * Keep SIP messages of a transfer, which go when that goes.  While nothing can
 * be written, and from CAPTURE_MAX of one transfer on, they are not kept.
 *
 * @param id      Its transfer_id
 * @param packets They, as JSON text
 */
void archive_capture(const char *id, const char *packets);

/**
 * Go through the SIP messages of a transfer that are kept; in a job
 *
 * @param id  Its transfer_id
 * @param h   Handler of what was kept at once, in that order
 * @param arg Handler argument
 */
void archive_packets(const char *id, archive_packets_h *h, void *arg);

/**
 * Get a transfer as it was put last, if that is not in the file yet; in the
 * loop
 *
 * @param id  Its transfer_id
 * @param h   Handler of its call_sid and data
 * @param arg Handler argument
 *
 * @return 0 if success, ENOENT if it is in the file, or not kept
 */
int archive_written(const char *id, store_each_h *h, void *arg);

/**
 * Count the transfers that have begun, by the minute
 *
 * @param from   Since then, ms since 1970
 * @param member Whose, NULL for all
 * @param h      Handler of minutes since 1970
 * @param arg    Handler argument
 */
void archive_starts(int64_t from, const char *member, archive_count_h *h,
		    void *arg);

/**
 * Count the transfers that have ended, by minute and outcome
 *
 * @param from   Since then, ms since 1970
 * @param member Whose, NULL for all
 * @param h      Handler of minutes since 1970
 * @param arg    Handler argument
 */
void archive_ends(int64_t from, const char *member, archive_count_h *h,
		  void *arg);

/**
 * Count the transfers that a final NOTIFY has ended
 *
 * @param from   Since then, ms since 1970
 * @param member Whose, NULL for all
 *
 * @return How many
 */
int64_t archive_finals(int64_t from, const char *member);

/**
 * Tell how long it took from the REFER to the final NOTIFY
 *
 * @param from    Of the transfers that have ended since then, ms since 1970
 * @param member  Whose, NULL for all
 * @param count   How many of them there are
 * @param percent Part of them that took no longer
 *
 * @return Milliseconds
 */
int64_t archive_final(int64_t from, const char *member, int64_t count,
		      unsigned percent);

/**
 * Write letters small, as they are in what is searched.  Beyond ASCII they
 * stay what they are.
 *
 * @param text Text
 */
void archive_lower(char *text);


/* db: The SQLite file: opened, locked, written once in a turn */

/**
 * Have somebody look into the store beside the loop, once all is in the file
 * that has been written so far, or can't get there
 *
 * @param jp    Pointer to the job, which is gone once it is done
 * @param scope Which store: archive_*() and store_call() read that one there
 * @param run   Called in another thread
 * @param done  Called in the loop, once, in any case
 * @param arg   Handler argument
 *
 * @return 0 if success, or ENOMEM
 */
int db_ask(struct job **jp, enum scope scope, job_h *run, job_h *done,
	   void *arg);


/* retention: How long the past is kept */

/**
 * Begin to remove what need not be kept
 *
 * @param days Age from which on messages and transfers go
 * @param mb   MiB that the store may have on disk before the oldest go
 * @param h    Tells of which call everything is kept, whatever its age
 */
void retention_start(unsigned days, unsigned mb, retention_busy_h *h);

/**
 * Remove no more
 */
void retention_stop(void);

/**
 * Tell how much is kept.  It is looked at every ten seconds.
 *
 * @param f Figures, 0 at first
 */
void store_figures(struct store_figures *f);


/* reader: Looks into the store that may take long, beside the loop */

/**
 * Have somebody look into the store beside the loop, at once: at what is in
 * the file already
 *
 * @param jp   Pointer to the job, which is gone once it is done
 * @param run  Called in another thread
 * @param done Called in the loop, once, in any case
 * @param arg  Handler argument
 *
 * @return 0 if success, or ENOMEM
 */
int reader_look(struct job **jp, job_h *run, job_h *done, void *arg);

/**
 * Nobody waits for a job any more
 *
 * @param j Job that is not done yet, or NULL
 */
void reader_cancel(struct job *j);


/* recent: The transfers that have ended lately */

/**
 * Remember that a transfer has ended, in place of the one that did so longest
 * ago
 *
 * @param id Its transfer_id
 */
void recent_add(const char *id);

/**
 * Tell whether a transfer is among those that have ended lately
 *
 * @param id Its transfer_id
 *
 * @return True if it is
 */
bool recent_has(const char *id);

/**
 * Remember those that the store knows of, before any other
 */
void recent_load(void);

/**
 * Forget them all
 */
void recent_close(void);


/* store, messages: What is on disk: messages by seq, and what must survive us
 */

/**
 * Have a handler store what has changed, before each commit.  Handlers are
 * called in the order in which they were added.
 *
 * @param h Handler; one that was added before is not added again
 */
void store_saver_add(store_save_h *h);

/**
 * Call a handler no more
 *
 * @param h Handler
 */
void store_saver_remove(store_save_h *h);

/**
 * Have everybody store what has changed: what looks into the store sees it
 */
void store_save(void);

/**
 * Open the store, and make it if there is none.  Logs its errors.
 *
 * @param dir Directory of the store
 *
 * @return 0 if success, ENOMEM, ENOTSUP if another referd has made the tables,
 * EIO if SQLite can't use the file, EWOULDBLOCK if another referd uses the
 * directory, or another error of mkdir() or open() on that
 */
int store_open(const char *dir);

/**
 * Commit what is pending, and close the store
 */
void store_close(void);

/**
 * Have on disk what the loop has brought about.  Costs nothing if that is
 * nothing.  Call it before anything is sent.  A failure is reported here; what
 * can't be stored waits, and is sent nevertheless: calls go on.  Until it is
 * stored, the nodes keep what they have reported.
 *
 * @return 0 if everything is on disk, EIO if it is not, as nothing can be
 * written
 */
int store_secure(void);

/**
 * The same at the end of a turn of the loop, which goes on with what has to be
 * done from time to time
 *
 * @return 0 if everything is on disk, EIO if it is not, as nothing can be
 * written
 */
int store_commit(void);

/**
 * Tell whether the store will write before long what is on disk already, but
 * not where it is looked up
 *
 * @return True if it will
 */
bool store_pending(void);

/**
 * Tell whether the store has more to do when others have had their turn
 *
 * @return True if it has
 */
bool store_busy(void);

/**
 * Tell when a turn of the loop is to end, if none does before
 *
 * @return Seconds until then, as long as store_pending(), or in trouble
 */
double store_wait(void);

/**
 * Tell why what is to be kept is not on disk
 *
 * @return What the system says, NULL if all is well
 */
const char *store_trouble(void);

/**
 * Say what is to outlive: referd, however it ends, or the power, too.  It
 * counts from the next store_open() on.
 *
 * @param power True for the power: a turn is kept when it is on the disk
 */
void store_power(bool power);

/**
 * Get the number of the turn at hand: what follows from it may be sent when
 * store_kept() has come to this
 *
 * @return Number
 */
uint64_t store_turn(void);

/**
 * Tell of which turns all is kept; behind store_secure() or store_commit(),
 * as before any sending
 *
 * @return Number of the last one, UINT64_MAX if nothing has to wait for the
 *         disk
 */
uint64_t store_kept(void);

/**
 * Get the number of a message up to which all were given out in turns that are
 * kept
 *
 * @return seq; a few less where many turns are not kept
 */
uint64_t store_kept_seq(void);

/**
 * Wait no longer for a disk that does not answer: that is a trouble as any
 * other
 */
void store_stuck(void);

/**
 * Get the last number given to a message
 *
 * @return seq
 */
uint64_t store_seq(void);

/**
 * Give out the next number for a message
 *
 * @return seq
 */
uint64_t store_seq_next(void);

/**
 * Get the number from which on every message is kept
 *
 * @return seq
 */
uint64_t store_first(void);

/**
 * Note that messages are not kept any more
 *
 * @param seq Number of the last one of them
 */
void store_forgotten(uint64_t seq);

/**
 * Store a message
 *
 * @param seq      Its number
 * @param client   Name of the client that it is for, NULL if for all
 * @param call_sid Call that it is about, may be NULL
 * @param jambonz  True if it is for clients of the jambonz dialect, too
 * @param text     JSON text
 */
void store_message(uint64_t seq, const char *client, const char *call_sid,
		   bool jambonz, const char *text);

/**
 * Get the number of the last message that a client is to have
 *
 * @param client Name of the client
 *
 * @return seq, 0 if there is none
 */
uint64_t store_last(const char *client);

/**
 * Go through some of the messages behind a number, in order, as far as they
 * are in memory.  What was said before is to be fetched.
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
enum replay store_replay(uint64_t *sincep, const struct listener *to,
			 unsigned limit, store_replay_h *h, void *arg);

/**
 * Fetch some of the messages behind a number, in order, of those that are not
 * in memory any more
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
int store_fetch(struct fetch **fp, uint64_t since, const struct listener *to,
		store_replay_h *h, store_fetched_h *done, void *arg);

/**
 * Nobody waits for messages any more: no handler is called
 *
 * @param f What is under way, or NULL
 */
void store_fetch_cancel(struct fetch *f);

/**
 * Go through the messages of a call that are for all, in order; in a job
 *
 * @param call_sid The call
 * @param limit    How many at most
 * @param h        Handler
 * @param arg      Handler argument
 */
void store_call(const char *call_sid, unsigned limit, store_replay_h *h,
		void *arg);

/**
 * Store a text under a key, in place of what was there
 *
 * @param table Table
 * @param key   Key
 * @param data  Text; if NULL, nothing is stored
 */
void store_put(enum store_table table, const char *key, const char *data);

/**
 * Forget what is under a key
 *
 * @param table Table
 * @param key   Key
 */
void store_forget(enum store_table table, const char *key);

/**
 * Go through a table, in the order in which its keys came
 *
 * @param table Table
 * @param h     Handler, which may not touch the same table
 * @param arg   Handler argument
 */
void store_each(enum store_table table, store_each_h *h, void *arg);


#include "fleetstore.h"

#endif
