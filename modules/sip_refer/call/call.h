/**
 * @file call.h  The live calls, and the actions on them
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CALL_H
#define CALL_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>
#include "host/host.h"
#include "text/text.h"

struct cJSON;
struct error;
struct farend;
struct hold;
struct json;
struct keys;
struct playback;
struct referral;
struct node_request;
struct sipverb;

enum {
	MEDIA_SAMPLES = 4, /**< Kept of a call */
};

/** How much media had come when */
struct media_sample {
	uint64_t time;    /**< See deadline_now() */
	uint32_t packets; /**< Since the call began */
};

/** A live call; only this folder changes it */
struct livecall {
	struct le he_call;          /**< By pointer                          */
	struct le he_sid;           /**< By sid                              */
	struct ua *ua;              /**< Borrowed                            */
	struct call *call;          /**< Borrowed                            */
	struct dialog *dlg;         /**< Once a transfer has taken it        */
	struct referral *referral;  /**< Borrowed; the one in progress       */
	struct playback *playback;  /**< What is played to it, or NULL       */
	struct hold *hold;          /**< If it was asked for, or NULL        */
	struct keys *keys;          /**< If they are reported, or NULL       */
	struct list requests;       /**< That wait for their answers         */
	struct tmr tmr;             /**< Reports it; checks that it lives    */
	struct deadline dial_limit; /**< Gives up a dial nobody answers      */
	struct deadline leave;      /**< Their BYE is waited for             */
	char *headers;              /**< The far end's: of its INVITE or 200 */
	char *uui;                  /**< Its User-to-User, JSON, or NULL     */
	char *source;               /**< Where that came from, or NULL       */
	struct shown shown;         /**< What that shows                     */
	char *peer;                 /**< URI of the far end, as it came      */
	char *sid;                  /**< call_sid, a UUID                    */
	char *ref;                  /**< Of the dial that made it, or NULL   */
	char *parent_sid;           /**< Of the first call of a second one   */
	char *transfer_id;          /**< Of a second one, without a REFER    */
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
	struct media_sample samplev[MEDIA_SAMPLES];
	uint32_t samplec; /**< Taken so far                        */
	bool outgoing;
	bool reported;
	bool hold_ends;   /**< When its transfer does              */
	bool transferred; /**< A transfer of ours ended it         */
};


/* livecalls: The live calls of this baresip, from its events */

/**
 * Set up the registry of live calls
 *
 * @return 0, or ENOMEM
 */
int livecalls_init(void);

/**
 * Report every live call as closed and forget it
 */
void livecalls_close(void);

/**
 * Find a live call by its call_sid
 *
 * @param sid call_sid
 *
 * @return Live call, NULL if unknown
 */
struct livecall *livecalls_find(const char *sid);

/**
 * Report each live call, as referd must know them after it was away
 */
void livecalls_report(void);

/**
 * The far end of a call was transferred: we leave the call
 *
 * @param sid call_sid; ignored if the call has ended
 * @param ms  Time to wait for the far end's BYE, 0 for none [ms]
 */
void livecalls_transferred(const char *sid, uint32_t ms);

/**
 * The far end of a call was not transferred: it is on hold no more
 *
 * @param sid call_sid; ignored if the call has ended
 */
void livecalls_stays(const char *sid);

/**
 * The far end of a call has said that it knows no such call
 *
 * @param sid call_sid; ignored if the call has ended
 */
void livecalls_unknown(const char *sid);


/**
 * Tell whether media still comes from the far end of a call
 *
 * @param comesp Whether media came within the last second; unchanged if
 *               unknown
 * @param sid    call_sid
 *
 * @return True if it is known
 */
bool livecalls_media(bool *comesp, const char *sid);


/* livecall: One live call */

/**
 * Check that a call is answered, so that a request may be sent in its dialog
 *
 * @param lc Live call
 *
 * @return True if so
 */
bool livecall_established(const struct livecall *lc);

/**
 * Take the dialog of a call for good, once
 *
 * @param lc  Live call that is answered
 * @param uri Target of the transfer, see dialog_take()
 *
 * @return 0, ENOMEM, ENOTSUP if baresip does not hand it out, or what baresip
 *         refuses to transfer it with
 */
int livecall_take_dialog(struct livecall *lc, const char *uri);

/**
 * Answer a call
 *
 * @param lc Live call
 *
 * @return 0, or what baresip cannot answer it with
 */
int livecall_answer(struct livecall *lc);

/**
 * End a call. The live call is gone afterwards.
 *
 * @param lc     Live call
 * @param scode  Status that an unanswered call is refused with, or 0
 * @param reason Its reason phrase
 * @param hdrs   Header fields for the BYE or the refusal, may be NULL
 */
void livecall_hangup(struct livecall *lc, uint16_t scode, const char *reason,
		     const char *hdrs);


/* originate: A call that the application makes */

/**
 * Make a call
 *
 * @param rq    Request of referd: the `call_sid` and `ref` that the call gets
 * @param json  `to`, `from`, `headers`, `timeout`, `dtmf`
 * @param error Set if it is not valid
 *
 * @return 0, ENOMEM, EBADMSG if a field is wrong, or what baresip cannot make
 *         the call with
 */
int originate(const struct node_request *rq, const struct cJSON *json,
	      struct error *error);


/* hold: A call on hold, and back */

/**
 * Put a call on hold, or take it back. The result is reported when the far end
 * has answered, at once if the call is so already.
 *
 * @param lc    Live call
 * @param ref   Names the request of referd; harmless if it waits already
 * @param hold  True for on hold
 * @param error Set if it fails
 *
 * @return 0, ENOMEM, or EBADMSG if the call is not answered
 */
int hold_ask(struct livecall *lc, const char *ref, bool hold,
	     struct error *error);

/**
 * Put a call on hold for its transfer in progress, whose REFER goes out when
 * the far end has answered, see refer_held()
 *
 * @param lc Live call
 */
void hold_begin(struct livecall *lc);

/**
 * Take back what hold_begin() has done, if the call was not on hold before
 *
 * @param lc Live call
 */
void hold_end(struct livecall *lc);

/**
 * See a response, before libre does
 *
 * @param msg SIP response, any
 */
void hold_response(const struct sip_msg *msg);


/* keys: The keys that the far end of a call presses */

/**
 * Read an INFO, before baresip does
 *
 * @param msg SIP INFO, any
 *
 * @return True if it told of a key, and is answered
 */
bool keys_info(const struct sip_msg *msg);


/* playback: The verb play */

/**
 * Set up the verb play
 *
 * @return 0, or ENOMEM
 */
int playback_init(void);

/**
 * Play the files of a verb to the caller
 *
 * @param lc    Call
 * @param verb  Verb play
 * @param ref   Names the request of referd
 * @param error Why they cannot be played
 *
 * @return 0, ENOMEM, or EBADMSG if they cannot be played
 */
int playback_start(struct livecall *lc, const struct sipverb *verb,
		   const char *ref, struct error *error);

/**
 * Stop a playback to a call; does nothing if there is none
 *
 * @param lc Live call
 */
void playback_stop(struct livecall *lc);


/* siprequest: The verb sip:request */

/**
 * Send a request in the dialog of a call
 *
 * @param lc   Call that is answered
 * @param verb Verb sip:request
 * @param ref  Names the request of referd
 *
 * @return 0, ENOMEM, what livecall_take_dialog() returns, or what libre cannot
 *         send it with
 */
int siprequest_send(struct livecall *lc, const struct sipverb *verb,
		    const char *ref);


/* remote: The far end of a call, from its messages */

/**
 * Find the identity of the far end of a call, and the host for its numbers
 *
 * @param far Far end, to be given to farend_reset()
 * @param lc  Live call
 *
 * @return 0, or ENOMEM
 */
int remote_farend(struct farend *far, const struct livecall *lc);


/* profiles: How far ends are transferred, from a file */

/**
 * Read the file of profiles
 *
 * @param path Path, borrowed; NULL for none
 * @param must Whether it must be there
 *
 * @return 0, or an error, which is logged
 */
int profiles_init(const char *path, bool must);

/**
 * Forget all profiles
 */
void profiles_close(void);

/**
 * Find the profile of a call, in the file as it is now. If something is wrong
 * with that, the profiles before hold.
 *
 * @param lc Live call
 *
 * @return Profile, borrowed; NULL if none is for the call
 */
struct profile *profiles_choose(const struct livecall *lc);

/**
 * Write which profile a verb is run with, and why
 *
 * @param j    Text, an open object; unchanged without a profile
 * @param lc   Live call
 * @param verb Verb sip:refer
 */
void profiles_write(struct json *j, const struct livecall *lc,
		    const struct sipverb *verb);


/* attended: A transfer to the far end of another call of ours */

/**
 * Make the Refer-To of a verb that names another call of ours; harmless for
 * one that does not
 *
 * @param verb  Verb sip:refer
 * @param lc    The call that is to be transferred
 * @param error Set if it fails
 *
 * @return 0, ENOMEM, EBADMSG if the other call will not do, or what
 *         dialog_take() and dialog_print() return
 *
 * Reference: RFC 3891 section 3, RFC 5589 section 7
 */
int attended_prepare(struct sipverb *verb, const struct livecall *lc,
		     struct error *error);


/* dryrun: The REFER that would go out */

/**
 * Report the REFER that a verb would send now. Nothing is sent, and no CSeq
 * used up.
 *
 * @param reportp Pointer to its JSON, to be freed
 * @param lc      Call
 * @param verb    Verb sip:refer
 *
 * @return 0, ENOMEM, or what dialog_take() and dialog_print() return
 */
int dryrun_report(char **reportp, const struct livecall *lc,
		  const struct sipverb *verb);

/**
 * Report the REFERs that a verb with several targets would send
 *
 * @param reportp Pointer to the JSON of the first, with all of them as its
 *                attempts; to be freed
 * @param lc      Call
 * @param far     Its far end
 * @param verbs   Array of verbs sip:refer
 * @param count   How many of them are attempts of that verb
 * @param error   Set if one of them is not valid
 *
 * @return 0, ENOMEM, EBADMSG, or what dryrun_report() returns
 */
int dryruns_report(char **reportp, const struct livecall *lc,
		   const struct farend *far, const struct cJSON *verbs,
		   int count, struct error *error);

/**
 * Log the known doubts about a REFER that is sent nevertheless; nothing if
 * there are none
 *
 * @param lc   Call
 * @param verb Verb sip:refer
 * @param id   transfer_id
 */
void dryrun_log(const struct livecall *lc, const struct sipverb *verb,
		const char *id);

#endif
