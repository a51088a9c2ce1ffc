/**
 * @file sip_refer.h  The module's private header
 *
 * Copyright (C) 2026 the sip_refer authors
 */

struct cJSON;
struct json;


/*
 * Bounds of what a verb may carry
 */

enum {
	URI_MAX = 2048,      /**< referTo, referredBy [bytes]               */
	DNAME_MAX = 256,     /**< Display name [bytes]                      */
	HDR_NAME_MAX = 128,  /**< Name of a header field [bytes]            */
	HDR_VAL_MAX = 2048,  /**< Value of a header field [bytes]          */
	HDR_MAX = 32,        /**< Header fields in one verb                */
	TIMEOUT_MAX = 3600,  /**< Longest timeout that may be set [s]      */
	BROUGHT_MAX = 32768, /**< Refer-To, Referred-By and headers together,
				as they are sent [bytes] */
};


/*
 * Text: what may stand in a SIP message
 */

/** Stands for the end of a text that was cut off: U+2026 */
#define TEXT_MARK "\xe2\x80\xa6"

/** What is wrong with an input, in one sentence that names the field */
struct error {
	char text[320]; /**< The sentence, e.g. "referTo: is required" */
	char field[64]; /**< The field at fault                        */
	int index;      /**< Position in a list of verbs, or -1        */
};

int error_set(struct error *error, const char *field, const char *fmt, ...);

bool text_is_clean(const char *str);
bool text_is_token(const char *str);
bool text_is_uri(const struct pl *pl);
bool text_is_space(char c);
void text_trim(struct pl *pl);
void text_unescape(char *str);
bool text_param(struct pl *val, const struct pl *params, const char *name);
int text_scrub(char **strp, const struct pl *pl);
bool text_cut(struct pl *pl, size_t max);
int text_scrub_cut(char **strp, const struct pl *pl, size_t max);
int text_print_quoted(struct re_printf *pf, const char *str);
int text_print_user(struct re_printf *pf, const char *user);
int text_print_hvalue(struct re_printf *pf, const char *str);


/*
 * JSON: fields of an object
 */

bool input_is_absent(const struct cJSON *item);
const struct cJSON *input_field(const struct cJSON *json, const char *field);
int input_string(const char **strp, const struct cJSON *json,
		 const char *field, bool required, struct error *error);
int input_text(const char **strp, const struct cJSON *json, const char *field,
	       size_t max, struct error *error);
int input_seconds(uint32_t *secp, const struct cJSON *json, const char *field,
		  struct error *error);


/*
 * URI: SIP URIs in their parts
 */

/** A SIP or SIPS URI, each part as it was written, p NULL if it is not there
 */
struct uri_parts {
	struct pl user;   /**< With a password, if it has one            */
	struct pl host;   /**< An IPv6 address without its brackets      */
	struct pl port;   /**< Without its colon                         */
	struct pl params; /**< From the first semicolon on               */
	struct pl hdrs;   /**< From the question mark on                 */
	bool sips;        /**< Scheme                                    */
	bool junk;        /**< There is more between host and parameters */
};

int uri_split(struct uri_parts *uri, const struct pl *pl);
bool uri_host_is_valid(const struct uri_parts *uri);
bool uri_port_is_valid(const struct uri_parts *uri);
int uri_escape(const struct pl *pl);
bool uri_find_control(struct pl *esc, const struct pl *text);
int uri_print_user(struct re_printf *pf, const struct pl *user);


/*
 * Number: telephone numbers
 */

int number_encode(char **strp, const struct pl *pl, const struct pl *params);
void tel_split(struct pl *number, struct pl *params, const struct pl *tel);


/*
 * Farend: who the far end of a call is, and where its numbers belong
 */

/**
 * Defines what tells whether SIP messages to an address come to us
 *
 * @param sa Address and port
 *
 * @return True if so
 */
typedef bool(farend_own_h)(const struct sa *sa);

/** What the far end and its messages say of it, as it came */
struct farend_names {
	const char *identity; /**< URI of its From, or that was called     */
	const char *target;   /**< Remote target, or NULL                  */
	const char *routes;   /**< Route set, with commas between, or NULL */
	const char *source;   /**< Host its INVITE came from, or NULL; with
				   a port, if it can be reached there      */
	farend_own_h *ownh;   /**< Or NULL                                 */
};

/** The far end of a call, in what may stand in a SIP message */
struct farend {
	char *identity;   /**< URI                                         */
	char *hostport;   /**< Where a number belongs; NULL if nobody knows */
	const char *rule; /**< What gave the host                          */
	bool sips;        /**< Whether it is for sips: URIs                */
};

bool farend_is_clear(const struct farend_names *names);
int farend_init(struct farend *far, const struct farend_names *names);
void farend_reset(struct farend *far);
int farend_target(char **urip, const struct farend *far, const char *target);


/*
 * Target: Refer-To and Referred-By
 */

/** An address */
struct target {
	char *addr;       /**< As it stands in a header field          */
	char *uri;        /**< Its URI, for reports                    */
	const char *rule; /**< What gave its host, for the dry run     */
};

int target_encode(struct target *target, const char *field, const char *input,
		  const char *dname, const char *hdrs,
		  const struct farend *far, struct error *error);
void target_reset(struct target *target);


/*
 * Headers: the header fields that a verb brings
 */

/**
 * Defines the printer of one header field
 *
 * @param mb    Buffer that may hold others
 * @param name  Name
 * @param value Value
 *
 * @return 0 if success, otherwise errorcode
 */
typedef int(header_print_h)(struct mbuf *mb, const char *name,
			    const char *value);

header_print_h header_print_line, header_print_uri;

void header_full_name(struct pl *name);
int headers_decode(char **strp, const struct cJSON *json, const char *field,
		   header_print_h *printh, struct error *error);


/*
 * Verb: one instruction of the application, checked
 */

enum sipverb_type {
	SIPVERB_REFER,
	SIPVERB_ANSWER,
	SIPVERB_DECLINE,
	SIPVERB_HANGUP,
	SIPVERB_PLAY,
};

/** How long a transfer waits */
struct timeouts {
	uint32_t notify; /**< From the 2xx to the first NOTIFY [ms]          */
	uint32_t
		ringing; /**< From a provisional NOTIFY to the next one [ms] */
	uint32_t retry;  /**< At most from a 491 to the next REFER [ms]      */
};

enum {
	RETRY_MAX = 4000,        /**< RFC 3261 section 14.1 [ms]      */
	RETRY_NEVER = INT32_MAX, /**< A 491 is a refusal as any other */
};

/** A verb, ready to run */
struct sipverb {
	enum sipverb_type type;
	char *input;       /**< referTo as it was written, or NULL  */
	char *replaces;    /**< call_sid of the target's call       */
	char *target_hdrs; /**< Escaped header fields for Refer-To  */
	struct target refer_to;
	struct target referred_by;
	char *hdrs;               /**< Further header fields, with CRLF    */
	struct timeouts timeouts; /**< 0 where the module's setting holds  */
	bool dry_run;
	uint16_t status; /**< sip:decline: status code            */
	char *reason;    /**< sip:decline: reason phrase          */
	char *files;     /**< play: names, each ended by a zero,
			      then an empty one           */
	uint32_t rounds; /**< play: how often, 0: for ever        */
};

int sipverb_decode(struct sipverb **verbp, const struct cJSON *json,
		   const struct farend *far, struct error *error);
int sipverb_check_size(const struct sipverb *verb, struct error *error);


/*
 * Sipfrag: the status line in the body of a NOTIFY
 */

/** Status line of a message/sipfrag body */
struct sipfrag {
	uint16_t scode;   /**< Status code, 100 to 699     */
	struct pl reason; /**< Reason phrase, may be empty */
};

int sipfrag_decode(struct sipfrag *frag, const struct pl *body);


/*
 * Multipart: one part of a body that has several
 */

struct msg_ctype;

int multipart_find(struct pl *part, const struct pl *body,
		   const struct msg_ctype *ctyp, const char *type,
		   const char *subtype);


/*
 * Notify: what a NOTIFY about a transfer says
 */

enum notify_body {
	BODY_NONE,
	BODY_FRAG,       /**< Has a status line               */
	BODY_UNREADABLE, /**< A sipfrag without a status line */
	BODY_FOREIGN,    /**< Of a type that is not read      */
};

/** A NOTIFY of event refer */
struct notify {
	const struct sip_msg *msg; /**< It lasts as long as this does      */
	uint32_t cseq;
	bool has_id;
	uint32_t id;      /**< Of the Event, the CSeq of a REFER    */
	bool terminated;  /**< The subscription has ended           */
	struct pl reason; /**< Why, in the words of RFC 6665        */
	uint32_t expires; /**< What is left of it [s], 0 if unknown */
	enum notify_body body;
	struct sipfrag frag; /**< If body is BODY_FRAG                 */
};

int notify_decode(struct notify *notify, const struct sip_msg *msg);


/*
 * Message: what a SIP message said, as JSON
 */

enum {
	SIPMSG_HDRS_MAX = 4096, /**< That a report shows [bytes] */
};

int sipmsg_headers(struct json *j, const struct sip_msg *msg, size_t max);
char *sipmsg_json(const struct sip_msg *msg);
char *sipmsg_json_text(const char *request);


/*
 * Import: functions of ours in the place of those that baresip imports
 */

int import_replace(const char *symbol, uintptr_t func, uintptr_t repl,
		   char *why, size_t size);
void import_restore(void);


/*
 * Dialog: the SIP dialog and session of a stock baresip call
 */

struct call;

/** The dialog of a call, what a request in it needs, and what its far end has
    shown */
struct dialog {
	struct sip_dialog *dlg; /**< Dialog, shared with the call       */
	char *cuser;            /**< Contact user                       */
	sip_auth_h *authh;      /**< Gives the account's credentials    */
	void *aarg;             /**< Argument of authh, a reference     */
	bool subscribed;        /**< A REFER in it was accepted         */
	bool names_refers;      /**< NOTIFYs name a later REFER by id   */
	uint32_t notify_cseq;   /**< Highest CSeq of a NOTIFY           */
};

int dialog_init(char *why, size_t size);
void dialog_close(void);
int dialog_take(struct dialog **dlgp, struct call *call, const char *uri);
int dialog_take_session(struct sipsess **sessp, struct call *call);
void dialog_refresh(struct dialog *dlg, const struct sip_msg *msg);
int dialog_print(char **textp, const struct dialog *dlg, const char *met,
		 uint32_t cseq, const char *hdrs, bool via);


/*
 * Request: one request in a dialog, its 401 and 407 answered
 */

struct drequest;

/**
 * Defines the handler of a request's answer, called at most once
 *
 * @param err  0 if answered, otherwise errorcode
 * @param msg  The final response if err is 0
 * @param arg  Handler argument
 */
typedef void(drequest_h)(int err, const struct sip_msg *msg, void *arg);

int drequest_send(struct drequest **reqp, struct dialog *dlg, const char *met,
		  const char *hdrs, drequest_h *h, void *arg);
void drequest_give_up(struct drequest *req);
uint32_t drequest_cseq(const struct drequest *req);


/*
 * Deadline: timers that nobody moves who sets the clock
 */

/**
 * Defines the handler of a deadline
 *
 * @param arg Handler argument
 */
typedef void(deadline_h)(void *arg);

/** A deadline, which is cancelled before its memory goes */
struct deadline {
	struct deadline *below;  /**< First of those that come later */
	struct deadline *next;   /**< Below the same one, as we are  */
	struct deadline *before; /**< Whose `next` or `below` we are */
	uint64_t at; /**< When it comes, by a clock of its own [ns] */
	deadline_h *h;
	void *arg;
};

int deadline_init(void);
void deadline_close(void);
void deadline_start(struct deadline *d, uint64_t ms, deadline_h *h, void *arg);
void deadline_cancel(struct deadline *d);
bool deadline_runs(const struct deadline *d);
uint64_t deadline_now(void);


/*
 * Wall time: the time of day
 */

uint64_t walltime_now(void);


/*
 * Timers: libre's, kept few where it looks for a place among them
 */

void timers_init(void);
void timers_close(void);


/*
 * Subscription: what a REFER implies, refreshed and ended by SUBSCRIBE
 */

struct subscription;

int subscription_alloc(struct subscription **subp, struct dialog *dlg,
		       uint32_t id);
void subscription_set_id(struct subscription *sub, uint32_t id);
void subscription_granted(struct subscription *sub, uint32_t expires);
void subscription_stop(struct subscription *sub);
void subscription_end(struct subscription *sub);


/*
 * Window: how many REFERs wait for their answers
 */

enum { WINDOW_TIME = 100 /**< That a REFER keeps others back [ms] */ };

void window_enter(bool *inp);
void window_leave(bool *inp);


/*
 * Referral: its states, timers and NOTIFYs
 */

enum {
	CSEQ_SEEN = 16, /**< NOTIFYs remembered, to count each once */
};

/*
 * The life of a referral. A final NOTIFY may come in every state but ENDED,
 * which is left only by the end of the linger timer.
 *
 *   SENT ──2xx──▶ ACCEPTED ──NOTIFY 1xx──▶ PROGRESS ──final──▶ ENDED
 *    │                                        ▲
 *    ├──491, once──▶ PENDING ──time──▶ SENT   │
 *    ├──NOTIFY 1xx before the 2xx─────────────┘
 *    └──final NOTIFY before the 2xx──▶ DECIDED ──2xx or grace──▶ ENDED
 *
 *   any of them ──call closed──▶ ORPHANED ──final NOTIFY or grace──▶ ENDED
 */
enum referral_state {
	SENT,
	PENDING,
	ACCEPTED,
	PROGRESS,
	DECIDED,
	ORPHANED,
	ENDED,
};

struct referral;

/** The call that is transferred */
struct referral_call {
	struct referral **held; /**< Where it keeps the one in progress, which
				   is NULL afterwards */
	struct dialog *dlg;
	const char *sid; /**< call_sid                              */
	bool outgoing;
};

/** What transfers bring about in calls, each named by its call_sid */
struct referral_events {
	/** The far end was transferred: we leave the call */
	void (*transferred)(const char *call_sid);

	/** The far end has said that it knows no such call */
	void (*unknown)(const char *call_sid);
};

/** One REFER of ours and what becomes of it: our part of a transfer, that of
    the transferor (RFC 5589 section 3) */
struct referral {
	struct le he;           /**< By Call-ID                         */
	struct referral **held; /**< See struct referral_call, NULL once it
				   is over, or the call is closed */
	const struct referral_events *events;
	struct dialog *dlg;
	struct drequest *refer;
	struct subscription *sub;
	struct deadline deadline;
	bool in_window; /**< It keeps others back               */
	enum referral_state state;
	struct timeouts timeouts;
	char id[17];
	char *call_sid;
	char *ref; /**< Names the request of referd        */
	char *hdrs;
	char *refer_to;
	char *referred_by;
	char *replaces; /**< call_sid of the other call, or NULL */
	char *reason;
	char *message;             /**< That the next report tells of      */
	bool outgoing;             /**< Its call is                        */
	bool first;                /**< No REFER in the dialog before it   */
	bool retried;              /**< The REFER was sent again for a 491 */
	bool mute;                 /**< The last NOTIFY had no status      */
	uint32_t refer_first;      /**< CSeq of the REFER's first attempt  */
	uint32_t cseqv[CSEQ_SEEN]; /**< Of the latest NOTIFYs              */
	uint32_t cseqc;
	uint32_t cseq_max;
	uint16_t refer_status; /**< Answer to the REFER, 0 if none     */
	uint16_t call_status;  /**< Of the last sipfrag, 0 if none     */
};

int referral_alloc(struct referral **rp, const struct referral_call *call,
		   const struct sipverb *verb, const struct timeouts *timeouts,
		   const struct referral_events *events, const char *ref,
		   struct error *error);
void referral_notified(struct referral *t, const struct notify *notify);
void referral_cancel(struct referral *t);
void referral_stop(struct referral *t);
void referral_call_closed(struct referral *t, bool stopping);
void referral_set_state(struct referral *t, enum referral_state state,
			uint64_t ms);
void referral_end(struct referral *t, const char *outcome,
		  const char *evidence);
void referral_end_leave(struct referral *t, const char *outcome,
			const char *evidence);
void referral_end_final(struct referral *t);
int referral_print_hdrs(char **hdrsp, const struct sipverb *verb);


/*
 * Refer: the REFER of a transfer, and its answer
 */

int refer_send(struct referral *t);
void refer_report(struct referral *t, int err);
void refer_again(struct referral *t);


/*
 * Outcome: how a transfer is reported
 */

void outcome_reason(struct referral *t, const char *reason);
void outcome_reason_pl(struct referral *t, const struct pl *reason);
void outcome_message(struct referral *t, char *message);
void outcome_begin(struct referral *t);
void outcome_step(struct referral *t, const char *step,
		  const struct sip_msg *msg);
void outcome_end(struct referral *t, const char *outcome,
		 const char *evidence);


/*
 * Referrals: found by their NOTIFYs
 */

int referrals_init(const struct timeouts *timeouts,
		   const struct referral_events *events);
void referrals_close(void);
int referrals_add(struct referral **rp, const struct referral_call *call,
		  const struct sipverb *verb, const char *ref,
		  struct error *error);
bool referrals_notify(const struct sip_msg *msg);
void referrals_bye(const struct sip_msg *msg);
bool referrals_list(struct json *j, size_t pos, size_t count);


/*
 * Livecall: one live call, as it is known and reported
 */

/** A live call */
struct livecall {
	struct le he_call;          /**< By pointer                          */
	struct le he_sid;           /**< By sid                              */
	struct ua *ua;              /**< Borrowed                            */
	struct call *call;          /**< Borrowed                            */
	struct dialog *dlg;         /**< Once a transfer has taken it        */
	struct referral *referral;  /**< Borrowed; the one in progress       */
	struct playback *playback;  /**< What is played to it, or NULL       */
	struct tmr tmr;             /**< Reports it; checks that it lives    */
	struct deadline dial_limit; /**< Gives up a dial nobody answers      */
	char *headers;              /**< The far end's: of its INVITE or 200 */
	char *source;               /**< Where that came from, or NULL       */
	char *peer;                 /**< URI of the far end, as it came      */
	char *sid;                  /**< call_sid, a UUID                    */
	char *ref;                  /**< Of the dial that made it, or NULL   */
	char *call_id;
	char *from;
	char *to;
	char *caller_name;
	char *account;
	char *reason;      /**< SIP reason phrase, or why it closed */
	const char *state; /**< Its name in the protocol            */
	uint16_t scode;
	uint16_t hangup_scode; /**< What we ended it with, unanswered   */
	uint64_t started;      /**< [ms] since 1970                     */
	uint64_t answered;     /**< See deadline_now(), 0 if it is not  */
	bool outgoing;
	bool reported;
	bool transferred; /**< A transfer of ours ended it         */
};

int livecall_alloc(struct livecall **lcp, struct ua *ua, struct call *call);
bool livecall_established(const struct livecall *lc);
void livecall_learn_id(struct livecall *lc);
void livecall_adopt(struct livecall *lc, const char *sid, const char *ref,
		    uint32_t timeout);
void livecall_report_new(struct livecall *lc);
void livecall_report_live(const struct livecall *lc);
void livecall_update(struct livecall *lc, const char *state, uint16_t scode,
		     const char *reason);
void livecall_answered(struct livecall *lc);
int livecall_take_dialog(struct livecall *lc, const char *uri);
int livecall_answer(struct livecall *lc);
void livecall_hangup(struct livecall *lc, uint16_t scode, const char *reason,
		     const char *hdrs);
void livecall_transferred(struct livecall *lc);
void livecall_unknown(struct livecall *lc);
void livecall_closed(struct livecall *lc, uint16_t scode, const char *reason);


/*
 * Calls: the live calls, from baresip's events
 */

int livecalls_init(void);
void livecalls_close(void);
struct livecall *livecalls_find(const char *sid);
int livecalls_adopt(const struct call *call, const char *sid, const char *ref,
		    uint32_t timeout);
void livecalls_transferred(const char *sid);
void livecalls_unknown(const char *sid);
void livecalls_report(void);
bool calls_have(const struct pl *call_id);


/*
 * Invite: what the far end says of itself in an INVITE or its 2xx
 */

void invite_keep(const struct sip_msg *msg);
char *invite_take(const char *call_id, char **sourcep);
void invite_flush(void);


/*
 * Remote: what the messages of a call say of its far end
 */

int remote_farend(struct farend *far, const struct livecall *lc);
int remote_request(struct sip_msg **msgp, char **targetp,
		   const struct livecall *lc);


/*
 * Decline: a REFER of the far end's own
 */

void decline_init(bool accept);
bool decline_refer(const struct sip_msg *msg);


/*
 * Attended: a transfer to the far end of another call of ours
 */

int attended_prepare(struct sipverb *verb, const struct livecall *lc,
		     struct error *error);


/*
 * Source: WAV files as a source of audio
 */

struct audio;

/**
 * Defines the handler of the end of a file
 *
 * @param arg Handler argument
 */
typedef void(source_end_h)(void *arg);

int source_init(void);
void source_close(void);
int source_play(struct audio *audio, const char *path, source_end_h *endh,
		void *arg);
void source_stop(struct audio *audio);


/*
 * Playback: the verb play
 */

int playback_init(void);
int playback_start(struct livecall *lc, const struct sipverb *verb,
		   const char *ref, struct error *error);
void playback_stop(struct livecall *lc);
void playback_call_closed(struct livecall *lc);


/*
 * Doubts: what is doubtful about a REFER that would go out
 */

void warnings_write(struct json *j, const struct cJSON *headers,
		    const struct sipverb *verb, const char *refer);


/*
 * Dry run: the REFER that would go out
 */

int dryrun_report(char **reportp, const struct livecall *lc,
		  const struct sipverb *verb);


/*
 * Dial: a call that the application makes
 */

int originate(const struct cJSON *json, struct error *error);


/*
 * Control: what referd asks for, and what it is told when it is there (again)
 */

void control_request(const struct cJSON *json);
void control_sync(void);


/*
 * Link: the socket to referd
 */

enum {
	LINK_LINE_MAX =
		65536, /**< Longest line either way, without its end [bytes] */
};

/** What the link is for */
struct link_handlers {
	/** A request of referd */
	void (*request)(const struct cJSON *json);

	/** referd is there (again): it is to be told of all that is going on,
	    ending with one or more reports of type sync */
	void (*sync)(void);
};

int link_init(const char *path, const char *node,
	      const struct link_handlers *h);
void link_close(void);
void link_begin(struct json *j, const char *type);
void link_report(struct json *j);
void link_report_later(struct json *j);
void link_report_step(struct json *j);
void link_flush(void);
void link_hold(bool hold);


/*
 * Reports: what referd has not acknowledged
 */

int backlog_add(struct json *j, bool passing);
void backlog_ack(uint64_t n);
uint64_t backlog_first(void);
uint64_t backlog_next(void);
void backlog_rewind(void);
int backlog_write(int fd, int flags);
void backlog_close(void);
