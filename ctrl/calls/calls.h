/**
 * @file calls.h  Calls, their verbs, their transfers
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CALLS_H
#define CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "hooks/hooks.h"
#include "stream/stream.h"

struct archive_transfer;
struct attempts;
struct cJSON;
struct call;
struct error;
struct json;
struct queue;
struct report;
struct session;
struct transfer;
struct transferverb;
struct verb;
struct warmverb;

/* Takes a transfer as the row of an archive */
typedef void(retold_row_h)(const struct archive_transfer *row);

/* The target of an application's ack */
enum app_ack {
	APP_ACK_HOOK, /* a hook, or nothing */
	APP_ACK_NEW,  /* session:new */
	APP_ACK_DONE, /* nothing that waits */
};

/* The result of a message whose call, hook or baresip is not here */
enum errand_kind {
	ERRAND_MESSAGE, /* text is a message of a client */
	ERRAND_VERBS,   /* ... the body of a POST to /calls/{sid}/verbs */
	ERRAND_DIAL,    /* ... of one to /calls; or a message that dials */
};

/* All is borrowed */
struct errand {
	enum errand_kind kind;
	const struct sender *sender;
	const char *call_sid; /* that it names, may be NULL */
	const char *msgid;    /* of the hook that it answers, may be NULL */
	const char *node;     /* of a dial, may be NULL */
	const char *label;    /* of a dial, may be NULL */
	const char *text;     /* not terminated */
	size_t len;
};

struct calls_events {
	void (*created)(const struct call *c);
	void (*changed)(const struct call *c); /* its state */
	void (*idle)(const struct call *c);    /* no verb is left */

	/* The message of a sender is done or refused; msgid is the id of the
	   hook it answered, "" for none.  Called for all senders, not only
	   applications. */
	void (*accepted)(const struct sender *sender);
	void (*refused)(const struct sender *sender, const char *msgid);

	/* An application has acknowledged something; it had nothing to say */
	enum app_ack (*acked)(const struct sender *app, const char *msgid);
	void (*empty)(const struct sender *app);

	/* True if the application at a URL takes the call over, and is asked
	   for verbs */
	bool (*redirect)(const struct call *c, const char *url);

	/* A call is about to be made for an application: 0, or ENOMEM.  It
	   was not made. */
	int (*dialled)(const char *call_sid, const struct hook *app);
	void (*dropped)(const char *call_sid);

	/* Makes the URL of a hook whole: 0, or ENOMEM */
	int (*resolve)(const struct sender *owner, struct hook *hook);

	/* Passes on a message that may be for another member of a fleet; f is
	   the error if no member takes it. 0 if it is passed on: the sender
	   gets the reply from there.  ENOENT if it is for this referd, or
	   without a fleet; EBADMSG with the error set. */
	int (*elsewhere)(const struct errand *e, const struct error *f,
			 struct error *why);

	/* True in a fleet, which must know the hooks */
	bool (*fleet)(void);
};

enum message_kind {
	MESSAGE_ACK,
	MESSAGE_VERBS,
	MESSAGE_CALL_STATUS,
	MESSAGE_CANCEL,
	MESSAGE_DIAL,
	MESSAGE_AUTH,
};

/* Strings are borrowed from the tree and live as long as it */
struct message {
	struct cJSON *tree;
	enum message_kind kind;
	char trace[TRACE_SIZE];  /* "" for none */
	const char *msgid;       /* may be NULL */
	const char *call_sid;    /* may be NULL */
	const char *call_status; /* of a call:status */
	const char *node;        /* of a dial, may be NULL */
	const char *label;       /* of a dial, may be NULL */
	char *dial;              /* what the module is to know of a dial */
	struct hook app;         /* that the dialled call gets */
	struct verb *verbs;      /* may be NULL in an ack */
	bool queue;              /* append the verbs, do not replace */
};

/* The effect of a list on the verbs that wait */
enum queue_mode {
	QUEUE_REPLACE, /* drop the rest, stop what runs */
	QUEUE_APPEND,  /* come behind the rest */
	QUEUE_ANSWER,  /* drop the rest, let run what runs */
};

struct session {
	struct session *next_dirty;
	struct call *call;
	struct queue *queue;
	int64_t told; /* ms since 1970: time of the last message about it */
	bool live;    /* named since its node connected */
	bool refers;  /* a transfer of it is known to be in progress */
	bool dirty;   /* to be saved at the end of this turn */
	bool counted;
};

enum verb_kind {
	VERB_SIP_REFER,
	VERB_ANSWER,
	VERB_SIP_DECLINE,
	VERB_HANGUP,
	VERB_TRANSFER,
	VERB_SIP_REQUEST,
	VERB_PLAY, /* the last that the module runs */
	VERB_PAUSE,
	VERB_CONFIG,
	VERB_TAG,
	VERB_REDIRECT,
};

struct verb {
	struct verb *next;
	enum verb_kind kind;
	char *text;  /* the verb as it came, for the module */
	char *id;    /* may be NULL */
	char *trace; /* NULL until the verb has a queue */
	struct hook action;
	struct hook event;
	double length;  /* of a pause, in seconds */
	int notify;     /* of a config: notifyEvents, -1 if not told */
	char *tag;      /* of a tag: data, as JSON text */
	char *refer_to; /* of a sip:refer; NULL if it has none */
	bool dry_run;   /* of a sip:refer: nothing is sent */
	struct attempts *attempts;     /* NULL unless it has targets */
	struct transferverb *transfer; /* of a transfer */
	struct warmverb *warm;         /* of one of mode warm */
	int position; /* in the list it came in, -1 if it came alone */
	enum dialect dialect;
	struct sender *owner; /* whom to ask, NULL for nobody */
};


/* call: The state of one call */

/**
 * Get the sid of a call
 *
 * @param c Call
 *
 * @return Its call_sid
 */
const char *call_sid(const struct call *c);

/**
 * Write the number that is called
 *
 * @param c    Call
 * @param text Buffer
 * @param size Its size
 */
void call_number(const struct call *c, char *text, size_t size);

/**
 * Get what an application wants to see again in each hook of a call
 *
 * @param c Call
 *
 * @return JSON text of an object, NULL for none
 */
const char *call_tag(const struct call *c);

/**
 * Get the caller and the called party
 *
 * @param c Call
 *
 * @return True if the call came in
 */
bool call_inbound(const struct call *c);

/**
 * Tell whether a call is up
 *
 * @param c Call
 *
 * @return True if it is in progress
 */
bool call_answered(const struct call *c);

/**
 * Tell whether a call has ended
 *
 * @param c Call
 *
 * @return True if it has
 */
bool call_over(const struct call *c);

/**
 * Write the members of a call for clients
 *
 * @param j      Text, in an open object
 * @param c      Call
 * @param status False to leave out call_status
 */
void call_print(struct json *j, const struct call *c, bool status);

/**
 * Write the members of a call for clients, with its SIP headers
 *
 * @param j Text, in an open object
 * @param c Call
 */
void call_print_new(struct json *j, const struct call *c);


/* calls: Events of calls, for their applications */

/**
 * Set the handlers of the events of calls
 *
 * @param e Handlers, all of them
 */
void calls_init(const struct calls_events *events);

/**
 * Get the handlers of what happens to calls
 *
 * @return Handlers
 */
const struct calls_events *calls_events(void);


/* command: The messages of clients, carried out */

/**
 * Carry out a message of a client
 *
 * @param sender The client
 * @param text   Its message
 * @param len    Length in bytes
 */
void command(const struct sender *sender, char *text, size_t len);

/**
 * Refuse a message that is no text
 *
 * @param sender The client
 */
void command_binary(const struct sender *sender);

/**
 * Make a call, as the body of an HTTP request says
 *
 * @param sender The request
 * @param text   Its body
 * @param len    Length in bytes
 */
void command_dial(const struct sender *sender, char *text, size_t len);

/**
 * Run the verbs in the body of an HTTP request
 *
 * @param sender   The request
 * @param call_sid Call that its path names
 * @param text     Its body
 * @param len      Length in bytes
 */
void command_verbs(const struct sender *sender, const char *call_sid,
		   char *text, size_t len);

/**
 * Take the answer to a hook that went over HTTP
 *
 * @param sender   Sender of the verb with the hook; msgid is the id of the
 *                 hook
 * @param call_sid Call that the hook belongs to
 * @param m        The decoded answer, freed; NULL if it is not valid
 * @param f        The error then
 */
void command_answer(const struct sender *sender, const char *call_sid,
		    struct message *m, struct error *f);

/**
 * Take the answer of an application over HTTP to a new call
 *
 * @param app  The application
 * @param body Body of the answer
 * @param len  Length in bytes
 *
 * @return 0, ENOENT if it has no verbs, ENOMEM, or EBADMSG if it is not
 *         understood or its verbs are refused; then no verbs run
 */
int command_app(const struct sender *app, const char *body, size_t len);


/* dial: Calls that a client asked for and no node has made yet */

/**
 * Get ready for dials
 *
 * @return 0, or ENOMEM
 */
int dials_init(void);

/**
 * Read the dials from the store, when the nodes are known that they wait for
 */
void dials_load(void);

/**
 * Free all dials
 */
void dials_close(void);

/**
 * Count the dials
 *
 * @return How many no node has answered
 */
size_t dials_count(void);


/* intake: Reports of nodes, passed to their calls and transfers */

/**
 * Take a report
 *
 * @param r    Report
 * @param instance Instance id of the node
 * @param node Name of the node
 */
void intake(const struct report *r, const char *instance, const char *node);

/**
 * A node has connected.  Calls that it does not report again from here on are
 * over.
 *
 * @param instance Instance id of the node
 */
void intake_begin(const char *instance);

/**
 * End all that a node carried: it is gone
 *
 * @param instance Instance id of the node
 */
void intake_gone(const char *instance);

/**
 * End a transfer that others have given up for lost.  If it has ended here,
 * it has the outcome that they were told, and its own is late.
 *
 * @param transfer_id Its id
 * @param reason      Why, as a sentence
 */
void intake_lost(const char *transfer_id, const char *reason);


/* keephook: The actionHook of a transfer, told to the members of a fleet */

/**
 * Write the hook of a transfer whose member is lost, as its own would be
 *
 * @param dialect      Dialect of the verb
 * @param transfer_id  Id of the transfer
 * @param refer_status Answer to the REFER, 0 if none has come
 * @param reason       Why its end is not known, as a sentence
 * @param told         Data of verb and call that the member has published:
 *                     JSON text of an object
 * @param tried        Results of the verb's targets, likewise; NULL if it has
 *                     one target
 *
 * @return JSON text, to be freed; NULL if out of memory
 */
char *keephook_text(enum dialect dialect, const char *transfer_id,
		    int refer_status, const char *reason, const char *told,
		    const char *tried);


/* late: Final statuses that come after the end of their transfer */

/**
 * Stop waiting for late statuses of a transfer
 */
void late_close(void);


/* overrule: A transfer that has ended, but not for the others */

/**
 * Drop the callbacks of reads in progress
 */
void overrules_close(void);


/* latehook: The eventHooks that get the late status of a transfer */

/**
 * Get ready for them
 *
 * @return 0 if success, otherwise errorcode
 */
int latehooks_init(void);

/**
 * Free them all; they stay in the store
 */
void latehooks_close(void);

/**
 * Read them from the store, when the calls are known
 */
void latehooks_load(void);


/* load: How many calls live, in all and on each baresip */

/**
 * Count the calls of a node
 *
 * @param instance Its instance id
 *
 * @return How many live
 */
unsigned load_of(const char *instance);


/* message: JSON text of a client to struct message */

/**
 * Read the body of an HTTP answer: verbs, or one of the many forms of nothing
 *
 * @param mp   Message, to be freed with message_free(); it has no verbs if
 *             the answer has none
 * @param body JSON text, not terminated
 * @param len  Its length in bytes
 * @param f    Set if the body is not valid
 *
 * @return 0, ENOMEM, or EBADMSG with the error set
 */
int message_decode_answer(struct message **mp, const char *body, size_t len,
			  struct error *f);


/* queue: The verbs of one call, one after the other */

/**
 * Tell whether nothing is left to do
 *
 * @param q Queue
 *
 * @return True if no verb runs and none waits
 */
bool queue_idle(const struct queue *q);

/**
 * Give a call a list of verbs.  The sender hears its end by
 * reply_error() or reply_ack(), unless it is refused right away.
 *
 * @param q      Queue
 * @param verbsp Verbs; the queue takes them over and leaves NULL
 * @param mode   Effect on the verbs that wait
 * @param sender Sender of the verbs
 * @param f      Set if the list is refused
 *
 * @return 0, ENOMEM, or EBADMSG with the error set: the call is over, its
 *         baresip is away, or too many lists wait
 */
int queue_submit(struct queue *q, struct verb **verbsp, enum queue_mode mode,
		 const struct sender *sender, struct error *f);


/* retold: Transfers that the messages of another referd describe */

/**
 * Create a transfer at the first message about it
 *
 * @param tp       Pointer to the new transfer
 * @param id       Its transfer_id
 * @param call_sid Its call
 *
 * @return 0, or ENOMEM
 */
int retold_create(struct transfer **tp, const char *id, const char *call_sid);

/**
 * Read what retold_row() gave of a transfer
 *
 * @param tp   Pointer to the new transfer
 * @param data Object
 *
 * @return 0, ENOMEM, or EBADMSG if the data is not valid
 */
int retold_load(struct transfer **tp, const struct cJSON *data);

/**
 * Free a transfer
 *
 * @param t Transfer
 */
void retold_destroy(struct transfer *t);

/**
 * Take over a step of a transfer
 *
 * @param t    Transfer
 * @param data Data of the message
 * @param time When the step came about, in ms since 1970
 *
 * @return 0, or ENOMEM
 */
int retold_take(struct transfer *t, const struct cJSON *data, int64_t time);

/**
 * End a transfer whose referd is lost
 *
 * @param t      Transfer
 * @param reason Why, as a sentence
 * @param time   When, in ms since 1970
 *
 * @return 0, or ENOMEM
 */
int retold_lose(struct transfer *t, const char *reason, int64_t time);

/**
 * Take over a final status that came after the end of a transfer
 *
 * @param t    Transfer that has ended
 * @param data Data of the message
 *
 * @return 0, ENOMEM, or EALREADY if the message has none, or the transfer has
 *         one already
 */
int retold_late(struct transfer *t, const struct cJSON *data);

/**
 * Get the id of a transfer
 *
 * @param t Transfer
 *
 * @return Its transfer_id
 */
const char *retold_id(const struct transfer *t);

/**
 * Get the call of a transfer
 *
 * @param t Transfer
 *
 * @return Its call_sid
 */
const char *retold_call(const struct transfer *t);

/**
 * Get the node of a transfer
 *
 * @param t Transfer
 *
 * @return Name of its node, NULL if it is not known
 */
const char *retold_node(const struct transfer *t);

/**
 * Get the answer to the REFER of a transfer
 *
 * @param t Transfer
 *
 * @return Status, 0 for none
 */
int retold_refer_status(const struct transfer *t);

/**
 * Tell whether a transfer has ended
 *
 * @param t Transfer
 *
 * @return True if it has an outcome
 */
bool retold_ended(const struct transfer *t);

/**
 * Write the data of a message about a late status
 *
 * @param j   Text, in an open object
 * @param t   Transfer, which retold_late() has changed
 * @param sip SIP message that had it, as JSON text; NULL for none
 */
void retold_print_late(struct json *j, const struct transfer *t,
		       const char *sip);

/**
 * Write the data of a message about the last step
 *
 * @param j Text, in an open object
 * @param t Transfer
 */
void retold_print_status(struct json *j, const struct transfer *t);

/**
 * Write a transfer as lists have it
 *
 * @param j      Text
 * @param t      Transfer
 * @param member Referd that has it
 */
void retold_print(struct json *j, const struct transfer *t,
		  const char *member);

/**
 * Write a transfer as a row of an archive
 *
 * @param t      Transfer
 * @param member Referd that has it
 * @param seq    Number of the last message about it
 * @param h      Takes the row
 */
void retold_row(const struct transfer *t, const char *member, uint64_t seq,
		retold_row_h *h);


/* session: The calls that live, each with its queue of verbs */

/**
 * Get ready for sessions
 *
 * @param most How many calls there may be
 *
 * @return 0, or ENOMEM
 */
int sessions_init(unsigned most);

/**
 * Free all sessions; they stay in the store
 */
void sessions_close(void);

/**
 * Read the sessions from the store.  They wait for their nodes.
 */
void sessions_load(void);

/**
 * Write the calls that live
 *
 * @param j   Text
 * @param key Name of the array
 */
void sessions_print(struct json *j, const char *key);

/**
 * Write a call with its verbs
 *
 * @param j   Text
 * @param key Name of the member
 * @param s   Session
 */
void session_print(struct json *j, const char *key, const struct session *s);

/**
 * Note the time of a message about a call.  The times of a call never
 * decrease: a node reads its clock before it sends a report, and another
 * message may overtake it.
 *
 * @param sid  call_sid
 * @param time When it came about, ms since 1970
 *
 * @return That time, or the time of the previous message if it is later
 */
int64_t session_tell(const char *sid, int64_t time);

/**
 * Let a call go on that need not wait for a hook any longer
 *
 * @param sid  call_sid
 * @param hook Id of the hook
 */
void session_hook_done(const char *sid, const char *hook);


/* sessions: The sessions, found by their call or their node */

/**
 * Count the calls
 *
 * @return How many live
 */
size_t sessions_count(void);

/**
 * Find a session
 *
 * @param sid Its call_sid
 *
 * @return The session, NULL if the call is unknown
 */
struct session *session_find(const char *sid);

/**
 * Set the error that no live call has a call_sid
 *
 * @param f     Error
 * @param field Name of the field that has it, NULL if it is in a path
 * @param sid   call_sid
 *
 * @return EBADMSG
 */
int session_missing(struct error *f, const char *field, const char *sid);


/* transfers: The transfers in progress */

/**
 * Get ready for transfers
 *
 * @return 0, or ENOMEM
 */
int transfers_init(void);

/**
 * Free all transfers
 */
void transfers_close(void);

/**
 * Read the transfers in progress from the store
 */
void transfers_load(void);

/**
 * Count the transfers
 *
 * @return How many are in progress
 */
size_t transfers_count(void);

/**
 * Count the transfers in progress on a node
 *
 * @param instance Its instance id
 *
 * @return How many
 */
unsigned transfers_of(const char *instance);

/**
 * Count the transfers in progress on a node whose REFER has no answer
 *
 * @param instance Its instance id
 *
 * @return Their number
 */
unsigned transfers_unanswered(const char *instance);

/**
 * Write the transfers in progress
 *
 * @param j   Text
 * @param key Name of the array
 */
void transfers_print(struct json *j, const char *key);


/* verbparse, verb: Verbs, checked as far as they are not SIP */

/**
 * Read one verb, or an array of verbs
 *
 * @param listp List of verbs, to be freed with verbs_free()
 * @param item  Object or array
 * @param f     Set if a verb is not valid
 *
 * @return 0, ENOMEM, or EBADMSG with the error set
 */
int verbs_parse(struct verb **listp, const struct cJSON *item,
		struct error *f);

/**
 * Free a list of verbs
 *
 * @param list Verbs, may be NULL
 */
void verbs_free(struct verb *list);


#endif
