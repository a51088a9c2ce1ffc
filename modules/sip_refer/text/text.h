/**
 * @file text.h  Text of applications and far ends, and our own
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

struct cJSON;
struct json;
struct profile;

/* Bounds of the content of a verb */
enum {
	URI_MAX = 2048,     /**< referTo, referredBy [bytes]               */
	DNAME_MAX = 256,    /**< Display name [bytes]                      */
	HDR_NAME_MAX = 128, /**< Name of a header field [bytes]            */
	HDR_VAL_MAX = 2048, /**< Value of a header field [bytes]          */
	HDR_MAX = 32,       /**< Header fields in one verb                */
	TIMEOUT_MAX = 3600, /**< Longest timeout that may be set [s]      */
	UUI_MAX = 8,        /**< Values of User-to-User                   */
	UUI_ISDN_MAX = 129, /**< Of one that is for ISDN, with its protocol
			       discriminator: RFC 7434 [octets]       */
	REQUEST_BODY_MAX = 8192, /**< Body of a sip:request [bytes] */
	BROUGHT_MAX = 32768, /**< Refer-To, Referred-By and headers together,
				as they are sent [bytes] */
};

/** Stands for the end of a text that was cut off: U+2026 */
#define TEXT_MARK "\xe2\x80\xa6"

/** What is wrong with an input, in one sentence that names the field */
struct error {
	char text[320]; /**< The sentence, e.g. "referTo: is required" */
	char field[64]; /**< The field at fault                        */
	int index;      /**< Position in a list of verbs, or -1        */
};

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
	bool tel;         /**< A number with a + goes into a tel: URI      */
	bool user_phone;  /**< Other numbers get user=phone                */
	const char *own;  /**< Address of our account, borrowed, or NULL   */
	struct profile *profile; /**< How such a one is transferred, or NULL */
};

/** An address */
struct target {
	char *addr;       /**< As it stands in a header field          */
	char *uri;        /**< Its URI, for reports                    */
	const char *rule; /**< What gave its host, for the dry run     */
};

/**
 * Defines the printer of one header field
 *
 * @param mb    Buffer that may hold others
 * @param name  Name
 * @param value Value
 *
 * @return 0, or ENOMEM
 */
typedef int(header_print_h)(struct mbuf *mb, const char *name,
			    const char *value);

enum sipverb_type {
	SIPVERB_REFER,
	SIPVERB_ANSWER,
	SIPVERB_DECLINE,
	SIPVERB_HANGUP,
	SIPVERB_PLAY,
	SIPVERB_REQUEST,
};

/** Whether to tell the far end that nobody waits any more */
enum unsubscribe {
	UNSUBSCRIBE_UNSET,
	UNSUBSCRIBE,
	UNSUBSCRIBE_NEVER,
};

/** How long a transfer waits, and what then */
struct timeouts {
	uint32_t notify; /**< From the 2xx to the first NOTIFY [ms]          */
	uint32_t
		ringing; /**< From a provisional NOTIFY to the next one [ms] */
	uint32_t answer; /**< From the 2xx to the final status, 0: as long as
			    the others allow [ms] */
	uint32_t retry;  /**< At most from a 491 to the next REFER [ms]      */
	enum unsubscribe unsubscribe;
};

/** The Event of a SUBSCRIBE (RFC 3515 section 2.4.6) */
enum event_form {
	EVENT_NOTIFIED, /**< As the NOTIFYs have it   */
	EVENT_PLAIN,    /**< refer                    */
	EVENT_NAMED,    /**< refer;id=CSeq            */
};

/** What a verb has in Referred-By that does not say it */
enum referrer {
	REFERRER_FAR_END,
	REFERRER_OWN,
	REFERRER_NONE,
	REFERRER_FIXED,
};

/** What a profile may set */
enum profile_key {
	PROFILE_REFER_TO,
	PROFILE_USER_PHONE,
	PROFILE_REFERRED_BY,
	PROFILE_HOLD,
	PROFILE_HANGUP,
	PROFILE_NO_NOTIFY,
	PROFILE_TERMINATED,
	PROFILE_NOTIFY,
	PROFILE_RINGING,
	PROFILE_RETRY,
	PROFILE_UNSUBSCRIBE,
	PROFILE_EVENT,
	PROFILE_KEYC,
};

/** What stood in the file for a key */
struct profile_rule {
	char *value;   /**< NULL if there was nothing */
	unsigned line; /**< From 1                    */
};

/** How a far end is transferred, unless a verb says otherwise */
struct profile {
	struct le le;
	char *name;
	unsigned line;       /**< Where it begins in the file   */
	struct list matches; /**< Whom it is for, all if empty  */
	struct profile_rule rules[PROFILE_KEYC];
	char *domain; /**< Host and port of numbers, or NULL */
	bool tel;
	bool user_phone;
	enum referrer referrer;
	char *referred_by;        /**< If it is REFERRER_FIXED        */
	bool hold;                /**< While it is transferred        */
	uint32_t hangup;          /**< Its BYE is waited for [ms]     */
	bool presume_silence;     /**< A 2xx alone is a success       */
	bool presume_terminated;  /**< So is an end without a status  */
	struct timeouts timeouts; /**< 0 where the module's settings hold */
	enum event_form event;
};

/** A call, as profiles know it */
struct profile_call {
	const char *account; /**< AoR of the account                    */
	const char *peer;    /**< URI of the far end                    */
	const char *source;  /**< Where it sends from, or NULL          */
	const char *agent;   /**< Its User-Agent or Server, maybe empty */
};

enum {
	PROFILES_MAX = 65536, /**< A file of profiles [bytes] */
	AGENT_SIZE = 128,     /**< Of what a far end calls itself [bytes] */
	HANGUP_MAX = 60,      /**< Their BYE is waited for [s] */
};

enum {
	RETRY_MAX = 4000,        /**< RFC 3261 section 14.1 [ms]      */
	RETRY_NEVER = INT32_MAX, /**< A 491 is a refusal as any other */
};

/** SIP stacks that were measured as far ends */
enum stack {
	STACK_OTHER, /**< Any other, or nobody knows */
	STACK_ASTERISK,
	STACK_CHAN_SIP, /**< Asterisk's older channel */
	STACK_BARESIP_1,
	STACK_BARESIP_4,
	STACK_JANUS,
	STACK_JSSIP,
	STACK_LINPHONE,
	STACK_SIPJS,
	STACK_SOFIA,
	STACK_TWINKLE,
};

/** What a far end has shown of itself; all 0 if it has sent nothing yet */
struct shown {
	enum stack stack;
	bool refuses_refer;     /**< Its Allow lacks REFER          */
	bool replaces;          /**< Its Supported has replaces     */
	char agent[AGENT_SIZE]; /**< User-Agent or Server, maybe cut */
};

/** A verb, ready to run */
struct sipverb {
	enum sipverb_type type;
	char *input;       /**< referTo as it was written, or NULL  */
	char *replaces;    /**< call_sid of the target's call       */
	char *target_hdrs; /**< Escaped header fields for Refer-To,
				with User-to-User           */
	struct target refer_to;
	struct target referred_by;
	char *hdrs;               /**< Further header fields, with CRLF    */
	struct timeouts timeouts; /**< 0 where the module's setting holds  */
	struct profile *profile;  /**< Holds where it says nothing; or NULL */
	uint32_t said;            /**< What it says itself, a bit each of
				     enum profile_key */
	bool force; /**< Whatever the far end may still be doing */
	bool dry_run;
	uint16_t status;    /**< sip:decline: status code            */
	char *reason;       /**< sip:decline: reason phrase          */
	char *files;        /**< play: names, each ended by a zero,
				 then an empty one           */
	uint32_t rounds;    /**< play: how often, 0: for ever        */
	const char *method; /**< sip:request: a constant             */
	char *body;         /**< sip:request: NULL if it has none    */
	uint32_t timeout;   /**< sip:request: for the answer [ms]    */
};

/** A REFER that would go out, and to whom */
struct prospect {
	const struct sipverb *verb;
	const struct shown *shown; /**< By the far end                       */
	bool referred;             /**< It has accepted one in this dialog   */
	bool calling;              /**< It may still be calling for that one */
};

/**
 * Defines the handler of a sentence about a doubt
 *
 * @param sentence Sentence
 * @param arg      Handler argument
 */
typedef void(doubts_h)(const char *sentence, void *arg);

/** Status line of a message/sipfrag body */
struct sipfrag {
	uint16_t scode;   /**< Status code, 100 to 699     */
	struct pl reason; /**< Reason phrase, may be empty */
};

enum {
	EVENT_MAX = 256, /**< Of a NOTIFY, that may be sent back [bytes] */
};

/** Above any CSeq (RFC 3261 section 8.1.1.5) */
#define NOTIFY_ID_NONE UINT32_MAX

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
	struct pl event; /**< With parameters, if it may be sent    */
	bool has_id;
	uint32_t id;      /**< Of the Event, the CSeq of a REFER    */
	bool terminated;  /**< The subscription has ended           */
	struct pl reason; /**< Why, in the words of RFC 6665        */
	uint32_t expires; /**< What is left of it [s], 0 if unknown */
	enum notify_body body;
	struct sipfrag frag; /**< If body is BODY_FRAG                 */
};

enum {
	SIPMSG_HDRS_MAX = 4096, /**< That a report shows [bytes] */
};


/* text: Syntax of SIP messages, for reading and writing */

/**
 * Check that a text is a token (RFC 3261 section 25.1)
 *
 * @param str Text
 *
 * @return True if it is
 */
bool text_is_token(const char *str);

/**
 * Unquote the inside of a quoted-string: each quoted-pair becomes the
 * character after its backslash
 *
 * @param str Text, changed in place
 *
 * Reference: RFC 3261 section 25.1
 */
void text_unescape(char *str);

/**
 * Print the name or value of a header field in a URI, escaped (RFC 3261
 * section 25.1)
 *
 * @param pf  Print function
 * @param str Name or value, unescaped
 *
 * @return 0, or what pf fails with
 */
int text_print_hvalue(struct re_printf *pf, const char *str);


/* scrub: Clean copies of text from the network, cut to size */

/**
 * Copy a text from the network for JSON: folded lines and tabs become a space
 * (RFC 3261 section 7.3.1), other control characters and invalid UTF-8 a
 * question mark
 *
 * @param strp Pointer to the allocated copy
 * @param pl   Text
 *
 * @return 0, or ENOMEM
 */
int text_scrub(char **strp, const struct pl *pl);

/**
 * Copy a text that came from the network as text_scrub() does, and if it is
 * too long cut it: then it ends with a mark
 *
 * @param strp Pointer to the allocated copy
 * @param pl   Text
 * @param max  Most bytes to copy, not counting the mark
 *
 * @return 0, or ENOMEM
 */
int text_scrub_cut(char **strp, const struct pl *pl, size_t max);


/* input: The input of an application: its fields, and their errors */

/**
 * Set the error about a field. The first error stands.
 *
 * @param error Error to set, may be NULL
 * @param field Name of the field
 * @param fmt   What it must be, e.g. "must be a string"; a whole sentence if
 * it begins with a capital
 *
 * @return EBADMSG, so that a check can return it
 */
int error_set(struct error *error, const char *field, const char *fmt, ...);

/**
 * Tell whether a value counts as missing: many clients write null or an empty
 * string instead of leaving a field out
 *
 * @param item Value, may be NULL
 *
 * @return True if so
 */
bool input_is_absent(const struct cJSON *item);

/**
 * Get the value of a field
 *
 * @param json  Object
 * @param field Name of the field
 *
 * @return Value, NULL if it is absent or counts as left out
 */
const struct cJSON *input_field(const struct cJSON *json, const char *field);

/**
 * Get a string
 *
 * @param strp     Pointer to the string, borrowed; NULL if it is absent
 * @param json     Object
 * @param field    Name of the field
 * @param required True if it must not be absent
 * @param error    Set if it is not valid
 *
 * @return 0, or EBADMSG if it is wrong
 */
int input_string(const char **strp, const struct cJSON *json,
		 const char *field, bool required, struct error *error);

/**
 * Get an optional string for a header field
 *
 * @param strp  Pointer to the string, borrowed; NULL if it is absent
 * @param json  Object
 * @param field Name of the field
 * @param max   Longest that it may be [bytes]
 * @param error Set if it is not valid
 *
 * @return 0, or EBADMSG if it is wrong
 */
int input_text(const char **strp, const struct cJSON *json, const char *field,
	       size_t max, struct error *error);

/**
 * Get a boolean
 *
 * @param valp  Pointer to it; false if it is absent
 * @param json  Object
 * @param field Name of the field
 * @param error Set if it is not valid
 *
 * @return 0, or EBADMSG if it is wrong
 */
int input_bool(bool *valp, const struct cJSON *json, const char *field,
	       struct error *error);

/**
 * Get a time in seconds, not required
 *
 * @param secp  Pointer to the time [s]; 0 if it is absent
 * @param json  Object
 * @param field Name of the field
 * @param error Set if it is not valid
 *
 * @return 0, or EBADMSG if it is wrong
 */
int input_seconds(uint32_t *secp, const struct cJSON *json, const char *field,
		  struct error *error);


/* farend: Identity of the far end of a call, and the host for its numbers */

/**
 * Tell whether numbers have the host of the identity, whatever the other names
 *
 * @param names Names of the far end in its messages
 *
 * @return True if so
 */
bool farend_is_clear(const struct farend_names *names);

/**
 * Find the identity of the far end of a call, and the host for its numbers
 *
 * @param far   Far end, to be given to farend_reset()
 * @param names Names of the far end in its messages
 *
 * @return 0, ENOMEM, or EINVAL without an identity
 *
 * Reference: RFC 3261 sections 8.1.1.3 and 12.1.1, RFC 3323, RFC 5630
 */
int farend_init(struct farend *far, const struct farend_names *names);

/**
 * Free the identity of a far end
 *
 * @param far Far end
 */
void farend_reset(struct farend *far);

/**
 * Make a URI for Refer-To of the remote target of a call
 *
 * @param urip   Pointer to the URI
 * @param far    Far end of the call, whose host replaces an invalid one
 * @param target Remote target, as it came
 *
 * @return 0, or ENOMEM
 */
int farend_target(char **urip, const struct farend *far, const char *target);


/* target: Refer-To and Referred-By from what an application writes */

/**
 * Make the address for Refer-To or Referred-By from a URI, a name-addr, or a
 * number or user at the host of the far end. The URI is always within '<' and
 * '>', since carriers differ over the bare form.
 *
 * @param target Address, to be given to target_reset()
 * @param field  Name of the field, for the error
 * @param input  Input of the application
 * @param dname  Display name that replaces that of input, may be NULL
 * @param hdrs   Escaped header fields to put into the URI, may be NULL
 * @param far    Far end of the call
 * @param error  Set if the input is not valid
 *
 * @return 0, EINVAL, ENOMEM, or EBADMSG if the input is wrong
 *
 * Reference: RFC 3261 section 25.1, RFC 3515 section 2.1, RFC 3892 section 3
 */
int target_encode(struct target *target, const char *field, const char *input,
		  const char *dname, const char *hdrs,
		  const struct farend *far, struct error *error);

/**
 * Release an address
 *
 * @param target Address
 */
void target_reset(struct target *target);


/* referto: Parts of a URI that Refer-To must not have */

/**
 * Check what an application wrote as Refer-To for what far ends refuse, or
 * should not do though it says so
 *
 * @param target Address from target_encode()
 * @param field  Name of the field
 * @param error  Set if it is not valid
 *
 * @return 0 if success, EBADMSG if something is wrong, otherwise errorcode
 *
 * Reference: RFC 3261 sections 19.1.1 and 19.1.5, RFC 3515 section 2.1
 */
int referto_check(const struct target *target, const char *field,
		  struct error *error);


/* headers: The header fields that a verb brings */

/**
 * Decode header fields from a verb, every name and value checked. One whose
 * value is null or empty counts as left out.
 *
 * @param strp   Pointer to the header fields as text; unchanged if there are
 *               none
 * @param json   The verb
 * @param field  Its field, an object of name and value
 * @param printh Appends one header field
 * @param error  Set if one is not valid
 *
 * @return 0, ENOMEM, or EBADMSG if one is wrong
 */
int headers_decode(char **strp, const struct cJSON *json, const char *field,
		   header_print_h *printh, struct error *error);

/**
 * Print a header field for a SIP message
 *
 * @param mb    Buffer
 * @param name  Name
 * @param value Value
 *
 * @return 0, or ENOMEM
 */
int header_print_line(struct mbuf *mb, const char *name, const char *value);

/**
 * Print a header field for a URI (RFC 3261 section 19.1.1)
 *
 * @param mb    Buffer
 * @param name  Name
 * @param value Value
 *
 * @return 0, or ENOMEM
 */
int header_print_uri(struct mbuf *mb, const char *name, const char *value);


/* profilefile: Profiles, from a file */

/**
 * Read profiles
 *
 * @param list Profiles, in their order, to be released with list_flush()
 * @param text Text of the file
 * @param why  Buffer for the error, a sentence with the line
 * @param size Size of the buffer
 *
 * @return 0, ENOMEM, or EBADMSG if something is wrong: then list is empty
 */
int profiles_decode(struct list *list, const char *text, char *why,
		    size_t size);

/**
 * Find the profile of a call: the first that matches
 *
 * @param list Profiles
 * @param call Call
 *
 * @return Profile, NULL if none matches
 */
struct profile *profiles_find(const struct list *list,
			      const struct profile_call *call);

/**
 * Write what made a profile that of a call
 *
 * @param j    Text, an open array
 * @param p    Profile
 * @param call Call
 */
void profile_write_matches(struct json *j, const struct profile *p,
			   const struct profile_call *call);


/* profile: One profile */

/**
 * Take a line of a file
 *
 * @param p     Profile
 * @param name  Name of the setting
 * @param value Value
 * @param line  Number of the line
 * @param mustp Set to the rule that the value breaks: "must ..."
 *
 * @return 0, ENOMEM, ENOENT if the setting is unknown, EALREADY if it was set
 *         before, or EBADMSG if the value is not valid
 */
int profile_set(struct profile *p, const char *name, const char *value,
		unsigned line, const char **mustp);

/**
 * Make the far end that numbers in Refer-To belong to
 *
 * @param to  Far end, borrows from the others
 * @param far Far end of the call, or of the one that takes its place
 * @param p   Profile, may be NULL
 */
void profile_refer_to(struct farend *to, const struct farend *far,
		      const struct profile *p);

/**
 * Change timers to what something else says of them
 *
 * @param timeouts Timers
 * @param by       Others, 0 where they say nothing
 */
void timeouts_override(struct timeouts *timeouts, const struct timeouts *by);

/**
 * Write which rule decides each thing
 *
 * @param j    Text, an open object
 * @param verb Verb sip:refer, with a profile
 */
void profile_write_rules(struct json *j, const struct sipverb *verb);


/* sipverb: A verb that baresip runs, with each field checked */

/**
 * Decode a verb and check each field
 *
 * @param verbp Pointer to the verb
 * @param json  The verb as it was sent
 * @param far   Far end of the call
 * @param error Set if one is not valid
 *
 * @return 0, EINVAL, ENOMEM, or EBADMSG if a field is wrong
 */
int sipverb_decode(struct sipverb **verbp, const struct cJSON *json,
		   const struct farend *far, struct error *error);

/**
 * Check that the REFER of a verb does not get too long. The content of a verb
 * is escaped on the wire, where a byte may take three.
 *
 * @param verb  Verb sip:refer
 * @param error Set if it does
 *
 * @return 0, or EBADMSG if it is too long
 */
int sipverb_check_size(const struct sipverb *verb, struct error *error);


/* notify: The content of a NOTIFY about a transfer */

/**
 * Decode a NOTIFY of event refer
 *
 * @param notify Set to its content; borrows from msg
 * @param msg    NOTIFY request
 *
 * @return 0, EINVAL, or ENOENT if it is of another event
 */
int notify_decode(struct notify *notify, const struct sip_msg *msg);

/**
 * Tell whether a NOTIFY has the result of a transfer
 *
 * @param notify NOTIFY
 *
 * @return True if so
 */
bool notify_is_final(const struct notify *notify);

/**
 * Tell whether a NOTIFY is the last one that matters: it has the result, or
 * says that there will be none. SIP.js says `terminated` in each, the
 * provisional ones too, and goes on: without a reason that is nothing but
 * progress.
 *
 * @param notify NOTIFY
 *
 * @return True if so
 *
 * Reference: RFC 3515 section 2.4.7
 */
bool notify_is_last(const struct notify *notify);


/* uuihdr: User-to-User information, as a far end writes it */

/**
 * Make the JSON of the User-to-User information of a message: at most UUI_MAX
 * values of HDR_VAL_MAX bytes in all. Values that are not valid or do not fit
 * are left out.
 *
 * @param msg SIP message
 *
 * @return JSON array, to be freed; NULL if there is none
 *
 * Reference: RFC 7433 section 4.1
 */
char *uui_json(const struct sip_msg *msg);


/* rawsip: Identifies a SIP message by its bytes alone */

/** What a message is, borrowed from its bytes */
struct rawsip {
	struct pl call_id;
	struct pl met;  /**< Of its CSeq                           */
	uint16_t scode; /**< 0: it is a request                    */
	bool in_dialog; /**< Its To has a tag                      */
	bool secret;    /**< It has credentials, see rawsip_blank() */
};

/**
 * Read what a message is
 *
 * @param raw Set to it
 * @param pkt Message
 * @param len Its length [bytes]
 *
 * @return 0, EINVAL, or EBADMSG if it has no Call-ID or no CSeq
 */
int rawsip_read(struct rawsip *raw, const char *pkt, size_t len);

/**
 * Put an x for each character of what was computed from a password, and of
 * credentials that are none of digest authentication; the length stays
 *
 * @param pkt Message
 * @param len Its length [bytes]
 *
 * Reference: RFC 3261 section 22, RFC 7616
 */
void rawsip_blank(char *pkt, size_t len);


/* sipmsg: A SIP message as JSON */

/**
 * Write the header fields of a message, by their full names
 *
 * @param j   Text, an open object
 * @param msg SIP message
 * @param max Bytes of header fields, which take at most twice as many in JSON;
 *            larger ones are cut or left out, smaller ones stay
 *
 * @return 0, or ENOMEM
 */
int sipmsg_headers(struct json *j, const struct sip_msg *msg, size_t max);

/**
 * Make the JSON of a message: its first line, its header fields, its body
 *
 * @param msg SIP message
 *
 * @return Text, to be freed; NULL if out of memory
 */
char *sipmsg_json(const struct sip_msg *msg);

/**
 * Make the JSON of a request that we send
 *
 * @param request The request, without the Via that the transport writes, and
 *                without a body
 *
 * @return Text, to be freed; NULL if there is no memory for it
 */
char *sipmsg_json_text(const char *request);


/* shown: Features that a far end has shown */

/**
 * Learn the features of a far end
 *
 * @param shown Its features, replaced
 * @param msg   Its INVITE, or its 2xx to ours
 *
 * Reference: RFC 3261 sections 20.5, 20.35, 20.37 and 20.41
 */
void shown_by(struct shown *shown, const struct sip_msg *msg);

/**
 * Tell whether a far end is known to react badly to the end of the
 * subscription of a transfer
 *
 * @param shown By the far end
 *
 * @return True if it ends the call, or is silent though it refuses to be
 *         unsubscribed
 */
bool shown_minds_unsubscribe(const struct shown *shown);


/* doubts: Known behaviour of far ends with a REFER */

/**
 * Find the known doubts about a far end
 *
 * @param p   REFER
 * @param h   Called with each sentence, which lasts no longer
 * @param arg Handler argument
 */
void doubts_each(const struct prospect *p, doubts_h *h, void *arg);

/**
 * Put the sentences into one line
 *
 * @param linep Pointer to the line; unchanged if there are none
 * @param p     REFER
 *
 * @return 0 if success, otherwise ENOMEM
 */
int doubts_line(char **linep, const struct prospect *p);


/* warnings: Doubts about a REFER that would go out */

/**
 * Write a sentence for each thing that is doubtful about a REFER
 *
 * @param j     Text, an open array
 * @param p     REFER
 * @param refer The REFER, as it would be sent
 */
void warnings_write(struct json *j, const struct prospect *p,
		    const char *refer);


/* dtmf: DTMF keys in SIP and RTP */

enum {
	DTMF_KEYS = 16, /**< That are remembered of each way */
};

/** Keys that came one way, and not the other way so far */
struct dtmf_way {
	char keys[DTMF_KEYS];
	uint64_t times[DTMF_KEYS]; /**< When [ms] */
	size_t count;
};

/** Keys of a call; zeroed when it is new */
struct dtmf {
	struct dtmf_way ways[2]; /**< RTP, INFO */
};

/**
 * Decode the key of a SIP INFO
 *
 * @param keyp Pointer to the key, one of 0-9 * # A-D; zero if it is another,
 *             as of a hook flash
 * @param msg  SIP INFO
 *
 * @return 0, ENOENT if it has none, or EBADMSG if its body cannot be read
 */
int dtmf_decode(char *keyp, const struct sip_msg *msg);

/**
 * Get the key of an event of baresip
 *
 * @param prm Text of the event, may be NULL
 *
 * @return Key, one of 0-9 * # A-D; zero if it is another
 */
char dtmf_event(const char *prm);

/**
 * Tell whether a key was pressed just now: far ends send each both ways, by
 * RTP and by INFO
 *
 * @param dtmf Keys of the call
 * @param key  Key
 * @param info True if it came by INFO, false if by RTP
 * @param now  Time, see deadline_now()
 *
 * @return False if it came the other way before
 */
bool dtmf_is_new(struct dtmf *dtmf, char key, bool info, uint64_t now);

#endif
