/**
 * @file base.h  Text, time, log, tables, counters: the base of all rooms
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef BASE_H
#define BASE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <ev.h>
#include "clocktext.h"
#include "fields.h"
#include "heap.h"

struct cJSON;
struct json;
struct table;

enum {
	UUID_SIZE = 37,
	TRACEPARENT_MAX = 128,
	TRACESTATE_MAX = 512,
	TRACE_SIZE = TRACEPARENT_MAX + 1 + TRACESTATE_MAX + 1,
};

/* The rule that a setting breaks, as in "must be a path"; NULL if it breaks
   none.  Key and value live as long as the text that configfile_read()
   returns. */
typedef const char *(configfile_h)(const char *key, const char *value,
				   void *arg);

/* Counters of one name, which differ by label, are adjacent */
enum counter {
	COUNTER_MESSAGES_SENT,
	COUNTER_MESSAGES_RECEIVED,
	COUNTER_MESSAGES_REFUSED,
	COUNTER_DROPPED_LAGGING,
	COUNTER_DROPPED_REPLACED,
	COUNTER_DROPPED_TOKEN,
	COUNTER_DROPPED_TOO_LARGE,
	COUNTER_DROPPED_FLEET, /* the stream is new, or was not read as far */
	COUNTER_HOOKS_ANSWERED,
	COUNTER_HOOKS_TIMEOUT,
	COUNTER_HOOKS_FAILED,
	COUNTER_TRANSFERRED,
	COUNTER_FAILED,
	COUNTER_PRESUMED,
	COUNTER_UNKNOWN,
	COUNTER_CANCELLED,
	COUNTER_LATE,
	COUNTER_STORE_WRITES,
	COUNTER_FLEET_READ,
	COUNTER_FLEET_GAPS,
	COUNTER_HEP_SENT,
	COUNTER_HEP_DROPPED,
	COUNTERS,
};

/* Histograms of one name, which differ by label, are adjacent */
enum histogram {
	HISTOGRAM_REFER,
	HISTOGRAM_TRANSFERRED,
	HISTOGRAM_FAILED,
	HISTOGRAM_PRESUMED,
	HISTOGRAM_UNKNOWN,
	HISTOGRAM_CANCELLED,
	HISTOGRAM_HOOK,
	HISTOGRAM_TURN,
	HISTOGRAM_SYNC,
	HISTOGRAMS,
};

enum { SEALS_MAX = 16 };

/* All 0 at first */
struct seals {
	uint64_t turns[SEALS_MAX];
	uint64_t values[SEALS_MAX];
	unsigned first, count;
	uint64_t done; /* of the turns that were asked for */
};

/* Set by the function that refuses, sent by reply_error() */
struct error {
	char text[400];
	char verb[64];  /* "" if no verb is at fault */
	char field[64]; /* "" if no field is */
	char ref[136];  /* msgid of the message at fault, "" if it had none */
	char trace[TRACE_SIZE]; /* of it, "" if it had none */
	int position;           /* of the verb in its list, -1 for none */
	int status;             /* HTTP status */
};

enum member_type {
	MEMBER_STRING,
	MEMBER_NUMBER,
	MEMBER_LITERAL, /* true, false and null */
	MEMBER_OBJECT,
	MEMBER_ARRAY,
};

struct member {
	const char *key; /* NULL in an array */
	enum member_type type;
	char *text; /* value of a string, or JSON text */
};

typedef void(member_h)(const struct member *m, void *arg);

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

typedef void(loop_turn_h)(void);
typedef void(timer_h)(void *arg);
typedef void *(thread_h)(void *arg);

/* A thread that gets ready before it works */
struct worker {
	pthread_t thread;
	bool runs;   /* it is to be joined */
	int err;     /* why it can't work */
	sem_t ready; /* until its start has returned */
};
typedef void(wake_h)(void *arg);

/* All zero, it does not run, and has no handler */
struct timer {
	struct heap_node node;
	timer_h *h;
	void *arg;
};

struct wake {
	ev_io io;
	bool open;
	wake_h *h;
	void *arg;
};

typedef void(log_h)(enum log_level level, const char *line);

typedef void(process_exit_h)(void *arg);

struct process {
	pid_t pid;      /* 0 if it is not known */
	uint64_t start; /* of it, 0 if that is not known */
	bool exited;
	ev_io io;
	process_exit_h *h;
	void *arg;
};

enum retry_cause {
	RETRY_CONNECT = 1, /* ct: no connection */
	RETRY_TIMEOUT = 2, /* rt: no answer */
	RETRY_4XX = 4,     /* refused with such a status */
	RETRY_5XX = 8,
	RETRY_OTHER = 16, /* only "all" covers it */
};

struct retry {
	int count;       /* attempts after the first */
	unsigned causes; /* that are worth another attempt */
	int made;
	double delay; /* seconds until the next */
};

typedef bool(table_each_h)(const char *key, void *value, void *arg);


/* clock: Time of day, and unique names */

/**
 * Get the time of day
 *
 * @return Milliseconds since 1970
 */
int64_t clock_ms(void);

/**
 * Get the time of a clock that never jumps
 *
 * @return Milliseconds since some moment
 */
int64_t clock_steady_ms(void);

/**
 * Read what clock_text() wrote
 *
 * @param text Text, may be NULL
 *
 * @return Milliseconds since 1970, 0 if it is no time
 */
int64_t clock_parse(const char *text);

/**
 * Read a time as people write it: ISO 8601, a date with or without the time
 * of day, in UTC or with an offset
 *
 * @param msp  Milliseconds since 1970
 * @param text Text
 *
 * @return 0 if success, EINVAL if it is no such time
 */
int clock_read(int64_t *msp, const char *text);

/**
 * Write random hexadecimal digits
 *
 * @param text Buffer
 * @param size Its size, with the terminating zero
 */
void random_hex(char *text, size_t size);

/**
 * Get a random number
 *
 * @return Number from 0 up to, but not including, 1
 */
double random_unit(void);

/**
 * Write a random UUID (RFC 4122, version 4)
 *
 * @param text Buffer
 */
void random_uuid(char text[UUID_SIZE]);


/* configfile: A file of settings, one KEY = VALUE a line */

/**
 * Read a file of settings
 *
 * @param textp Text that holds the values, to be freed when they are not used
 *              any more
 * @param path  File
 * @param h     Called with each setting, in order
 * @param arg   Handler argument
 * @param error Buffer for a sentence with the line and its fault
 * @param size  Its size in bytes
 *
 * @return 0 if success, EINVAL if a line is wrong, EFBIG if the file is too
 * large, ENOMEM, or an error of fopen() or fread()
 */
int configfile_read(char **textp, const char *path, configfile_h *h, void *arg,
		    char *error, size_t size);


/* counters: Events counted since the start */

/**
 * Count an event
 *
 * @param counter Its kind
 */
void counter_add(enum counter counter);

/**
 * Get the value of a counter
 *
 * @param counter Counter
 *
 * @return How many events of its kind there were
 */
uint64_t counter_value(enum counter counter);

/**
 * Print the lines HELP and TYPE of a metric, in the text format of Prometheus
 *
 * @param f    File
 * @param name Name, which labels may follow: they are left out
 * @param type counter, gauge or histogram
 * @param help Meaning
 */
void metric_head(FILE *f, const char *name, const char *type,
		 const char *help);

/**
 * Write all counters as Prometheus reads them
 *
 * @param f File
 */
void counters_print(FILE *f);


/* histogram: How long things take */

/**
 * Count how long something took
 *
 * @param h       The histogram
 * @param seconds How long it took
 */
void histogram_add(enum histogram h, double seconds);

/**
 * Write all histograms as Prometheus reads them
 *
 * @param f File
 */
void histograms_print(FILE *f);


/* seals: Up to where something had come, turn by turn */

/**
 * Take note of what something had come to in a turn
 *
 * @param s     Seals
 * @param turn  Number of the turn, not below that of the last
 * @param value What it had come to
 */
void seals_add(struct seals *s, uint64_t turn, uint64_t value);

/**
 * Tell what it had come to in the turns up to one, and forget them
 *
 * @param s    Seals
 * @param turn Number of the last turn
 *
 * @return What is known of those turns, 0 before the first; less than that
 *         where there are many behind
 */
uint64_t seals_get(struct seals *s, uint64_t turn);


/* error: The fault of a message, as one sentence */

/**
 * Begin with nothing wrong
 *
 * @param f Error
 */
void error_init(struct error *f);

/**
 * Set the sentence of an error, as in "sip:refer: referTo must be a string".
 * The position and the name of the verb come first, if they are known.
 *
 * @param f      Error
 * @param status HTTP status for it
 * @param field  Name of the field at fault, NULL if none is
 * @param fmt    A whole sentence if it begins with a capital; otherwise what
 *               the field must be, or the verb if there is no field
 *
 * @return EBADMSG, for the caller to pass on
 */
int error_set(struct error *f, int status, const char *field, const char *fmt,
	      ...) __attribute__((format(printf, 4, 5)));

/**
 * Say which trace the message at fault belongs to
 *
 * @param f     Error
 * @param trace Trace; NULL changes nothing
 */
void error_trace(struct error *f, const char *trace);

/**
 * Set the error of a node.  Its sentence already names the field.
 *
 * @param f      Error
 * @param status HTTP status for it
 * @param field  Name of the field at fault, NULL for none; the name of the
 *               verb if the state of the call forbids the verb: the status is
 *               409 then
 * @param error  The sentence
 */
void error_set_node(struct error *f, int status, const char *field,
		    const char *error);


/* field: Members of JSON objects */

/**
 * Get a string
 *
 * @param obj Object, may be NULL
 * @param key Name of the member
 *
 * @return The string, which lives as long as the object; NULL if missing
 */
const char *field_str(const struct cJSON *obj, const char *key);

/**
 * Get the value of a number
 *
 * @param item    Member, may be NULL
 * @param missing Result if the member is not a number, or is negative
 *
 * @return Its integer part
 */
int64_t field_number(const struct cJSON *item, int64_t missing);

/**
 * Get a number that is not negative
 *
 * @param obj     Object, may be NULL
 * @param key     Name of the member
 * @param missing Result if there is no such number
 *
 * @return Its integer part
 */
int64_t field_int(const struct cJSON *obj, const char *key, int64_t missing);

/**
 * Get a boolean
 *
 * @param obj Object, may be NULL
 * @param key Name of the member
 *
 * @return True if the member exists and is true
 */
bool field_bool(const struct cJSON *obj, const char *key);

/**
 * Get an object
 *
 * @param obj Object, may be NULL
 * @param key Name of the member
 *
 * @return Its JSON text, to be freed; NULL if missing
 */
char *field_text(const struct cJSON *obj, const char *key);

/**
 * Replace a string by a new value; a missing value leaves it unchanged
 *
 * @param sp Pointer to the string, allocated
 * @param s  New value, NULL if missing
 *
 * @return 0 if success, or ENOMEM
 */
int field_keep(char **sp, const char *s);

/**
 * Tell whether a member from outside counts as missing
 *
 * @param item Member, may be NULL
 *
 * @return True if it is missing, null or ""
 */
bool field_empty(const struct cJSON *item);

/**
 * Get a member from outside
 *
 * @param obj Object
 * @param key Name of the member
 *
 * @return The member, NULL if it is left out, or as good as that
 */
const struct cJSON *field_get(const struct cJSON *obj, const char *key);

/**
 * Get a string from outside
 *
 * @param sp   The string, which lives as long as the object; NULL if missing
 * @param obj  Object
 * @param key  Name of the member
 * @param name Its name in an error
 * @param max  Bytes that it may have
 * @param f    Set if the string is not valid
 *
 * @return 0 if success, otherwise EBADMSG with the error set
 */
int field_check(const char **sp, const struct cJSON *obj, const char *key,
		const char *name, size_t max, struct error *f);


/* member: The members of JSON objects, read where they stand */

/**
 * Read the members of an object, or the elements of an array; another value
 * has none.  The caller must ignore all of them if the result is an error.
 *
 * @param text JSON text that json_error() has passed.  It is overwritten: the
 *             members point into it.
 * @param h    Called for each member; the text of an object or array can be
 *             read in the same way
 * @param arg  Handler argument
 *
 * @return 0, or EBADMSG if it is not JSON
 */
int members_read(char *text, member_h *h, void *arg);

/**
 * Get a number that is not negative
 *
 * @param m       Member
 * @param missing Result if it is not such a number
 *
 * @return Its integer part
 */
int64_t member_int(const struct member *m, int64_t missing);


/* fields: The fields of a struct, and the members of its JSON */

/**
 * Free the texts of a struct
 *
 * @param obj   Struct, whose texts are its own
 * @param table Its fields
 */
void fields_free(void *obj, const struct field *table);

/**
 * Take over the members of an object; missing members leave their fields
 * unchanged.  A member of the wrong type or out of range counts as missing.
 * Of two members with the same name the last counts.
 *
 * @param obj   Struct, whose texts are its own
 * @param table Its fields
 * @param tree  Object, may be NULL
 *
 * @return 0, or ENOMEM
 */
int fields_load(void *obj, const struct field *table,
		const struct cJSON *tree);

/**
 * The same as fields_load() for one member, whose text stays where it is
 *
 * @param obj   Struct, whose texts are not its own
 * @param table Its fields
 * @param m     Member
 */
void fields_borrow(void *obj, const struct field *table,
		   const struct member *m);

/**
 * Take over the values of another struct's fields with the same keys; missing
 * values leave the fields unchanged
 *
 * @param to     Struct, whose texts are its own
 * @param table  Its fields
 * @param groups The groups to take over, FIELDS_ALL for all fields that are in
 *               a group
 * @param from   The other struct
 * @param others Its fields, of the same sorts; the same table if it is of the
 *               same kind
 *
 * @return 0, or ENOMEM
 */
int fields_keep(void *to, const struct field *table, unsigned groups,
		const void *from, const struct field *others);


/* guest: Whose process we are in: our own, or baresip's */

/* libre's loop knows no descriptor from here on: a guest leaves it those
   below */
enum { DESCRIPTORS_LOW = 1024 };

/**
 * Say whose process it is
 *
 * @param is_guest True if it is another's
 */
void guest_set(bool is_guest);

/**
 * Tell whose process it is
 *
 * @return True if it is another's, whose signals, limits and the like are not
 *         ours to change
 */
bool guest_is(void);

/**
 * Get the name of an option as the operator gives it
 *
 * @param option Its name, as in some-thing
 *
 * @return As in --some-thing or, of a guest, referd_some_thing; overwritten by
 *         the next call
 */
const char *option_shown(const char *option);

/**
 * Count the descriptors that the limit of open files has for a guest
 *
 * @return Their number, 0 if it has none from DESCRIPTORS_LOW on
 */
unsigned descriptors_high(void);

/**
 * Leave a low descriptor to the host of a guest
 *
 * @param fd Descriptor, closed on exec
 *
 * @return New descriptor, from DESCRIPTORS_LOW on if one is free; the same
 *         descriptor otherwise, or in a process of our own
 */
int descriptor_move(int fd);


/* log: Lines to stderr */

/**
 * Have lines go elsewhere
 *
 * @param h Takes each, without its end; NULL for stderr
 */
void log_to(log_h *h);

/**
 * Let lines wait for log_flush(), except warnings and errors, or print them at
 * once from now on.  Lines of other threads than the caller's always wait, and
 * log_waits() tells the loop of them.
 *
 * @param hold True to let them wait
 */
void log_hold(bool hold);

/**
 * Print the lines that wait
 */
void log_flush(void);

/**
 * Tell whether lines wait
 *
 * @return True if some do
 */
bool log_waits(void);

/**
 * Set how much is logged
 *
 * @param level Least important level that is printed
 */
void log_level_set(enum log_level level);

/**
 * Read the name of a level
 *
 * @param levelp Level found
 * @param name   error, warning, info or debug
 *
 * @return 0 if success, EINVAL if the name is unknown
 */
int log_level_parse(enum log_level *levelp, const char *name);

/**
 * Make a safe line of any text.  A character that could fake another line or
 * hide text becomes '?', and secrets become '*'.  Much of the log comes from
 * outside.
 *
 * @param line Text, changed
 */
void log_clean(char *line);

/**
 * Print one line
 *
 * @param level Importance
 * @param fmt   Format, without a newline
 */
void log_print(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...)   log_print(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_print(LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_print(LOG_DEBUG, __VA_ARGS__)


/* process: Processes at the other end of a socket: may they, do they live */

/**
 * Watch a process, to tell its end from a lost connection.  Where watching is
 * not possible, the process counts as alive.
 *
 * @param p   Process; all zero, or watched before
 * @param pid Its id, 0 if it is not known
 * @param h   Called when it has ended
 * @param arg Handler argument
 */
void process_watch(struct process *p, pid_t pid, process_exit_h *h, void *arg);

/**
 * Watch a process that was known before we were started.  It has ended if
 * another one has its id now.
 *
 * @param p     Process; all zero, or watched before
 * @param pid   Its id, 0 if it is not known
 * @param start Its `start` then, 0 if it is not known
 * @param h     Called when it has ended
 * @param arg   Handler argument
 */
void process_watch_again(struct process *p, pid_t pid, uint64_t start,
			 process_exit_h *h, void *arg);

/**
 * Tell whether two are the same process
 *
 * @param a Process
 * @param b Process
 *
 * @return True if they are
 */
bool process_is_same(const struct process *a, const struct process *b);

/**
 * Stop watching
 *
 * @param p Process
 */
void process_forget(struct process *p);

/**
 * Tell whether a process may connect to a socket of ours: one of our user, of
 * root, or of the socket's group
 *
 * @param uid   User of the process
 * @param gid   Its first group
 * @param fd    Connection from it
 * @param group Group of the socket
 *
 * @return True if it may
 */
bool process_may(uid_t uid, gid_t gid, int fd, gid_t group);


/* retry: The retry policy in the fragment of an application's URL */

/**
 * Read the policy, "#rc=3&rp=ct,5xx" say.  Without one, only what could not
 * connect is tried again.
 *
 * @param r     Policy
 * @param url   URL
 * @param count Attempts after the first, if the URL gives no number
 */
void retry_parse(struct retry *r, const char *url, int count);

/**
 * Tell whether to try again
 *
 * @param r     Policy
 * @param cause Cause of the failure
 *
 * @return True if so
 */
bool retry_allows(const struct retry *r, enum retry_cause cause);

/**
 * Count another attempt
 *
 * @param r Policy
 *
 * @return Seconds to wait before it
 */
double retry_next(struct retry *r);

/**
 * Tell what an HTTP status means for the policy
 *
 * @param status Status
 *
 * @return Cause of the failure
 */
enum retry_cause retry_status(long status);


/* systemd: Notifications to systemd */

/**
 * Say that clients and baresips can come
 */
void systemd_ready(void);

/**
 * Say that the files are being read again; systemd_ready() ends that
 */
void systemd_reloading(void);

/**
 * Say that the end has begun
 */
void systemd_stopping(void);


/* loop: The event loop */

/**
 * Create the event loop, unless it exists
 *
 * @return 0, ENOMEM, or what timerfd_create() fails with
 */
int loop_init(void);

/**
 * Free the event loop; all its watchers must have been stopped
 */
void loop_close(void);

/**
 * Get libev's loop, for its I/O watchers and those of libraries.  Use the
 * functions of this room for anything else.
 *
 * @return The loop, which is created if needed; NULL if out of memory
 */
struct ev_loop *loop_ev(void);

/**
 * Say what each turn of the loop ends with
 *
 * @param h Called when all that has happened is handled; NULL for nothing
 */
void loop_on_turn(loop_turn_h *h);

/**
 * Have the loop turn once more before it sleeps
 */
void loop_again(void);

/**
 * End a turn: after anything that was not brought about by the loop itself
 */
void loop_turn(void);

/**
 * Run the loop, until loop_break()
 */
void loop_run(void);

/**
 * Have loop_run() return
 */
void loop_break(void);

/**
 * Nest the loop in another one, which calls loop_pump() when the descriptor is
 * readable; loop_run() is not used then
 *
 * @return Descriptor to wait for, which stays the loop's; -1 if out of memory
 */
int loop_fd(void);

/**
 * Tell whether a turn has taken long enough.  Work that can wait is left to
 * the next turn, since the outer loop has audio to send.
 *
 * @return True if it has; never if the loop is not nested
 */
bool loop_late(void);

/**
 * Handle pending events without waiting, for about half a millisecond
 *
 * @return True if more events are pending: call it again soon
 */
bool loop_pump(void);


/* table: Hash table with string keys */

/**
 * Make an empty table.  It owns its keys, but not its values.
 *
 * @param tp Pointer to the new table
 *
 * @return 0 if success, or ENOMEM
 */
int table_create(struct table **tp);

/**
 * Free a table; its values are left alone
 *
 * @param t Table, may be NULL
 */
void table_destroy(struct table *t);

/**
 * Put a value under a key; it replaces the previous one
 *
 * @param t     Table
 * @param key   Key, copied
 * @param value Value, not NULL
 *
 * @return 0 if success, or ENOMEM
 */
int table_put(struct table *t, const char *key, void *value);

/**
 * Get the value under a key
 *
 * @param t   Table
 * @param key Key, may be NULL
 *
 * @return The value, NULL if missing
 */
void *table_get(const struct table *t, const char *key);

/**
 * Remove a key
 *
 * @param t   Table
 * @param key Key
 *
 * @return The value that was there, NULL if there was none
 */
void *table_take(struct table *t, const char *key);

/**
 * Count the keys
 *
 * @param t Table
 *
 * @return Number of keys
 */
size_t table_count(const struct table *t);

/**
 * Call a handler for each key.  The handler may remove the key that it is
 * called for, but no other, and may not add any.
 *
 * @param t   Table
 * @param h   Handler, returns true to stop
 * @param arg Handler argument
 */
void table_each(struct table *t, table_each_h *h, void *arg);


/* thread: Threads beside the loop */

/**
 * Start a thread that takes no signals: the loop takes them
 *
 * @param thread Set to it, to be joined
 * @param h      Runs in it
 * @param arg    Handler argument
 *
 * @return 0, or EAGAIN if there can be none
 */
int thread_start(pthread_t *thread, thread_h *h, void *arg);

/**
 * Let the other threads go first, on a machine with few CPUs, as calls depend
 * on them.  Linux has a niceness for each thread: this is the caller's.
 */
void thread_give_way(void);


/* timer: Timers of the event loop */

/**
 * Make a timer, which does not run yet.  It must be stopped before its memory
 * goes.
 *
 * @param t   Timer, which does not run
 * @param h   Called once, in the loop, when the time has come
 * @param arg Handler argument
 */
void timer_init(struct timer *t, timer_h *h, void *arg);

/**
 * Start a timer, or restart it.  Setting the clock does not change its time.
 *
 * @param t       Timer
 * @param seconds After which it fires
 */
void timer_start(struct timer *t, double seconds);

/**
 * Stop a timer
 *
 * @param t Timer, which need not run
 */
void timer_stop(struct timer *t);

/**
 * Tell whether a timer runs
 *
 * @param t Timer
 *
 * @return True if it was started and has neither fired nor been stopped
 */
bool timer_runs(const struct timer *t);


/* trace: The context of a trace, as W3C Trace Context writes it.  Within
   referd it is one text: the traceparent, and the tracestate after a space, if
   there is one. */

/**
 * Tell whether a text is a traceparent.  Of a later version than 00, which may
 * be longer, only the common part is checked.
 *
 * @param text Text
 *
 * @return True if it is one
 *
 * Reference: W3C Trace Context sections 3.2.2 and 3.2.4
 */
bool trace_valid(const char *text);

/**
 * Make a traceparent of version 00 with random ids, sampled
 *
 * @param text Buffer
 */
void trace_make(char text[TRACE_SIZE]);

/**
 * Make a trace of its two parts.  Without a valid traceparent there is none; a
 * tracestate that is not valid is left out.
 *
 * @param trace  Buffer, "" if there is none
 * @param parent The traceparent; may be NULL
 * @param state  The tracestate; may be NULL
 *
 * Reference: W3C Trace Context section 3.3
 */
void trace_join(char trace[TRACE_SIZE], const char *parent, const char *state);

/**
 * Read the trace that an object has, as trace_join() does
 *
 * @param trace Buffer, "" if it has none
 * @param obj   Object
 */
void trace_load(char trace[TRACE_SIZE], const struct cJSON *obj);

/**
 * Check the trace of an object, if it has one.  Without a traceparent, its
 * tracestate is ignored.
 *
 * @param trace Buffer, "" if missing
 * @param obj   Object
 * @param f     Set if the traceparent or the tracestate is not valid; gets
 *              the trace otherwise
 *
 * @return 0, or EBADMSG with the error set
 */
int trace_check(char trace[TRACE_SIZE], const struct cJSON *obj,
		struct error *f);

/**
 * Find the end of the traceparent in a trace
 *
 * @param trace Trace
 *
 * @return Length of the traceparent
 */
size_t trace_parent(const char *trace);

/**
 * Find the tracestate in a trace
 *
 * @param trace Trace
 *
 * @return The tracestate, NULL if there is none
 */
const char *trace_state(const char *trace);

/**
 * Write a trace as the members of an object
 *
 * @param j     Text
 * @param trace Trace; NULL or "" writes none
 */
void trace_print(struct json *j, const char *trace);


/* hash: A number for a text */

/**
 * Hash a text
 *
 * @param salt Of each salt, a text has another number
 * @param text Text
 *
 * @return Number that hardly any two have in common
 */
uint64_t hash_text(unsigned salt, const char *text);


/* wake: A thread wakes the event loop */

/**
 * Get ready to be woken
 *
 * @param w   Wake
 * @param h   Called in the loop, once for all calls of wake_send() before it
 * @param arg Handler argument
 *
 * @return 0, or what eventfd() fails with
 */
int wake_open(struct wake *w, wake_h *h, void *arg);

/**
 * Have the handler called.  Any thread may do so, as long as it is open.
 *
 * @param w Wake
 */
void wake_send(struct wake *w);

/**
 * Have the handler called no more
 *
 * @param w Wake, all zero or open
 */
void wake_close(struct wake *w);


/* worker: A thread beside the loop that gets ready before it works */

/**
 * Start it, and wait until it is ready.  It takes no signals.
 *
 * @param w   Worker, to be joined; all zero, or joined
 * @param h   Runs in it, and calls worker_ready() once
 * @param arg Handler argument
 *
 * @return 0, the error of worker_ready(), EAGAIN if there can be no thread, or
 * what sem_init() fails with
 */
int worker_start(struct worker *w, thread_h *h, void *arg);

/**
 * Let worker_start() return.  To be called in the thread.
 *
 * @param w   Worker
 * @param err 0 if it is ready, else why it can't work
 */
void worker_ready(struct worker *w, int err);

/**
 * Wait until the thread has ended
 *
 * @param w Worker, all zero or started
 */
void worker_join(struct worker *w);


#endif
