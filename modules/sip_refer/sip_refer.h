/**
 * @file sip_refer.h  The module's private header
 *
 * Copyright (C) 2026 the sip_refer authors
 */

struct cJSON;


/*
 * Bounds of what a verb may carry
 */

enum {
	URI_MAX = 2048,     /**< referTo, referredBy [bytes]               */
	DNAME_MAX = 256,    /**< Display name [bytes]                      */
	HDR_NAME_MAX = 128, /**< Name of a header field [bytes]            */
	HDR_VAL_MAX = 2048, /**< Value of a header field [bytes]          */
	HDR_MAX = 32,       /**< Header fields in one verb                */
	TIMEOUT_MAX = 3600, /**< Longest timeout that may be set [s]      */
};


/*
 * Text: what may stand in a SIP message
 */

/** What is wrong with an input, in one sentence that names the field */
struct fault {
	char text[320]; /**< The sentence, e.g. "referTo: is required" */
	char field[64]; /**< The field at fault                        */
	int index;      /**< Position in a list of verbs, or -1        */
};

int fault_set(struct fault *fault, const char *field, const char *fmt, ...);

bool text_is_clean(const char *str);
bool text_is_token(const char *str);
bool text_is_uri(const struct pl *pl);
int text_scrub(char **strp, const struct pl *pl);
int text_print_quoted(struct re_printf *pf, const char *str);
int text_print_user(struct re_printf *pf, const char *user);


/*
 * JSON: fields of an object
 */

int json_string(const char **strp, const struct cJSON *json, const char *field,
		bool required, struct fault *fault);
int json_text(const char **strp, const struct cJSON *json, const char *field,
	      size_t max, struct fault *fault);
int json_seconds(uint32_t *secp, const struct cJSON *json, const char *field,
		 struct fault *fault);


/*
 * Target: Refer-To and Referred-By
 */

int target_encode(char **addrp, char **urip, const char *field,
		  const char *input, const char *dname, const char *peer_uri,
		  struct fault *fault);


/*
 * Verb: one instruction of the application, checked
 */

enum verb_type {
	VERB_REFER,
	VERB_ANSWER,
	VERB_DECLINE,
	VERB_HANGUP,
};

/** How long a transfer waits */
struct timeouts {
	uint32_t notify;  /**< From the 2xx to the first NOTIFY [s]          */
	uint32_t ringing; /**< From a provisional NOTIFY to the next one [s] */
};

/** A verb, ready to run */
struct verb {
	enum verb_type type;
	char *refer_to;           /**< Address for Refer-To                */
	char *refer_to_uri;       /**< Its URI, for reports                */
	char *referred_by;        /**< Address for Referred-By             */
	char *referred_by_uri;    /**< Its URI, for reports                */
	char *hdrs;               /**< Further header fields, with CRLF    */
	struct timeouts timeouts; /**< 0 where the module's setting holds  */
	uint16_t status;          /**< sip:decline: status code            */
	char *reason;             /**< sip:decline: reason phrase          */
};

int verb_decode(struct verb **verbp, const struct cJSON *json,
		const char *peer_uri, struct fault *fault);
int verb_decode_headers(char **hdrsp, const struct cJSON *json,
			struct fault *fault);


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
 * Notify: what a NOTIFY about a transfer says
 */

enum notify_body {
	BODY_NONE,
	BODY_FRAG,
	BODY_UNREADABLE,
};

/** A NOTIFY of event refer */
struct notify {
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
 * Dialog: the SIP dialog of a stock baresip call
 */

struct call;

/** The dialog of a call, and what a request in it needs */
struct dialog {
	struct sip_dialog *dlg; /**< Dialog, shared with the call       */
	char *cuser;            /**< Contact user                       */
	sip_auth_h *authh;      /**< Gives the account's credentials    */
	void *aarg;             /**< Argument of authh, a reference     */
};

int dialog_init(char *why, size_t size);
void dialog_close(void);
int dialog_take(struct dialog **dlgp, struct call *call);


/*
 * Request: one request in a dialog, its 401 and 407 answered
 */

struct request;

/**
 * Defines the handler of a request's answer, called at most once
 *
 * @param err  0 if answered, otherwise errorcode
 * @param msg  The final response if err is 0
 * @param arg  Handler argument
 */
typedef void(request_h)(int err, const struct sip_msg *msg, void *arg);

int request_send(struct request **reqp, struct dialog *dlg, const char *met,
		 const char *hdrs, request_h *h, void *arg);
uint32_t request_cseq(const struct request *req);


/*
 * Subscription: what a REFER implies, refreshed and ended by SUBSCRIBE
 */

struct subscription;

int subscription_alloc(struct subscription **subp, struct dialog *dlg,
		       uint32_t id);
void subscription_set_id(struct subscription *sub, uint32_t id);
void subscription_granted(struct subscription *sub, uint32_t expires);
void subscription_end(struct subscription *sub);


/*
 * Transfer: one REFER, its answer, NOTIFYs, timers and outcome
 */

struct livecall;
struct transfer;

int transfer_init(const struct timeouts *timeouts);
void transfer_close(void);
int transfer_alloc(struct transfer **tp, struct livecall *lc,
		   const struct verb *verb, const char *ref,
		   struct fault *fault);
void transfer_run(struct transfer *t);
void transfer_cancel(struct transfer *t);
void transfer_call_closed(struct transfer *t, bool stopping);
bool transfer_notify(const struct sip_msg *msg);
void transfer_list(struct cJSON *ids);


/*
 * Calls: the live calls of this baresip
 */

/** A live call */
struct livecall {
	struct le he_call;         /**< By pointer                          */
	struct le he_sid;          /**< By sid                              */
	struct ua *ua;             /**< Borrowed                            */
	struct call *call;         /**< Borrowed                            */
	struct transfer *transfer; /**< Borrowed; the one in progress       */
	struct tmr tmr;            /**< Reports it; checks that it lives    */
	struct tmr tmr_dial;       /**< Gives up a dial nobody answers      */
	struct cJSON *headers;     /**< Of the INVITE received, or NULL     */
	char *sid;                 /**< call_sid, a UUID                    */
	char *ref;                 /**< Of the dial that made it, or NULL   */
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
	uint64_t answered;     /**< [ms] since 1970, 0 if not answered  */
	bool outgoing;
	bool reported;
	bool transferred; /**< A transfer of ours ended it         */
};

int calls_init(void);
void calls_close(void);
struct livecall *calls_find(const char *sid);
int calls_adopt(const struct call *call, const char *sid, const char *ref,
		uint32_t timeout);
void calls_list(struct cJSON *calls);
const char *livecall_peer(const struct livecall *lc);
bool livecall_established(const struct livecall *lc);
int livecall_answer(struct livecall *lc);
void livecall_hangup(struct livecall *lc, uint16_t scode, const char *reason);
void livecall_transferred(struct livecall *lc);


/*
 * Invite: the header fields of the INVITEs that come in
 */

void invite_keep(const struct sip_msg *msg);
struct cJSON *invite_take(const char *call_id);
void invite_flush(void);


/*
 * Dial: a call that the application makes
 */

int dial(const struct cJSON *json, struct fault *fault);


/*
 * Control: what referd asks for
 */

void control_handler(const struct cJSON *json);


/*
 * Link: the socket to referd
 */

/**
 * Defines the handler of a request from referd
 *
 * @param json Request
 */
typedef void(link_request_h)(const struct cJSON *json);

int link_init(const char *path, const char *node, link_request_h *h);
void link_close(void);
void link_report(struct cJSON *report);
uint64_t link_now(void);
