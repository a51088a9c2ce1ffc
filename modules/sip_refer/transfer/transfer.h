/**
 * @file transfer.h  Transfers, from their REFER to what becomes of them
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TRANSFER_H
#define TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dialog;
struct error;
struct referral;
struct sip_msg;
struct sipverb;
struct timeouts;
struct traced;

/** The call that is transferred */
struct referral_call {
	struct referral **held; /**< Where it keeps the one in progress, which
				   is NULL afterwards */
	struct dialog *dlg;
	const char *sid; /**< call_sid                              */
	bool outgoing;
	bool minds_unsubscribe; /**< Its far end does */
	const char *other_id;   /**< Call-ID of the call that the target is
				   in, NULL if there is none */
};

/** How a transfer is given up */
struct referral_cancel {
	const char *evidence; /**< NULL: application                     */
	const char *reason;   /**< NULL: that the application gave it up */
	bool unsubscribe;     /**< Unless its verb has it otherwise      */
};

/** What transfers bring about in calls, and ask of them, each named by its
 * call_sid */
struct referral_events {
	/** The far end was transferred: we leave the call, unless it does
	    within so many ms */
	void (*transferred)(const char *call_sid, uint32_t ms);

	/** The call that was put on hold for it goes on */
	void (*stays)(const char *call_sid);

	/** The far end has said that it knows no such call */
	void (*unknown)(const char *call_sid);

	/** Whether media still comes; false if nobody knows */
	bool (*media)(bool *comesp, const char *call_sid);
};


/* capture: The SIP messages of transfers, byte for byte */

/**
 * Begin to keep messages
 *
 * @param on True if they are wanted
 *
 * @return 0, or ENOMEM
 */
int capture_init(bool on);

/**
 * Report what is left to report, and forget all messages
 */
void capture_close(void);

/**
 * Take a message of this baresip
 *
 * @param t Message
 */
void capture_take(const struct traced *t);

/**
 * Keep all messages of a call from now on, until a transfer of it has begun or
 * was missed
 *
 * @param call_id Its Call-ID, may be NULL
 * @param begun   True if messages of it went over the wire already
 */
void capture_watch(const char *call_id, bool begun);

/**
 * Keep the messages of a call that is watched no more, unless a transfer has
 * them
 *
 * @param call_id Its Call-ID, may be NULL
 */
void capture_unwatch(const char *call_id);

/**
 * Report the messages of a transfer whose target does not have the caller,
 * though no REFER was sent
 *
 * @param id       transfer_id that referd chose
 * @param call_sid call_sid of the call that was to be transferred
 * @param call_id  Its Call-ID, may be NULL
 * @param other_id Call-ID of the call to the target, which is closed
 */
void capture_missed(const char *id, const char *call_sid, const char *call_id,
		    const char *other_id);

/**
 * A call is closed. What follows of its transfer is still taken for a while.
 *
 * @param call_id Its Call-ID, may be NULL
 */
void capture_call_closed(const char *call_id);


/* decline: A REFER of the far end's own */

/**
 * Set what becomes of a far end's REFER
 *
 * @param accept True if it is left to baresip
 */
void decline_init(bool accept);

/**
 * Decline a REFER, unless it is for baresip. A REFER in a dialog that is not
 * baresip's is left to libre, which answers 481: then the far end ends its
 * call.
 *
 * @param msg REFER request, within a dialog or not
 *
 * @return True if it was declined
 *
 * Reference: RFC 3515 section 2.4.2, RFC 3261 section 12.2.2
 */
bool decline_refer(const struct sip_msg *msg);


/* referral: One REFER of ours and its result */

/**
 * Get the id of a transfer
 *
 * @param r Referral
 *
 * @return transfer_id
 */
const char *referral_id(const struct referral *r);

/**
 * Give the transfer up, unless its far end has decided already
 *
 * @param r   Referral, may be NULL
 * @param how How
 */
void referral_cancel(struct referral *r, const struct referral_cancel *how);

/**
 * Tell whether a transfer waits for the call to be on hold, so that nothing
 * was reported of it yet
 *
 * @param r   Referral, may be NULL
 * @param ref Names the request of referd that asked for it
 *
 * @return True if so
 */
bool referral_waits(const struct referral *r, const char *ref);

/**
 * Print the header fields of a REFER that come from its verb
 *
 * @param hdrsp Pointer to the text, each field with CRLF
 * @param verb  Verb sip:refer
 *
 * @return 0, or ENOMEM
 */
int referral_print_hdrs(char **hdrsp, const struct sipverb *verb);


/* referrals: All of them, found by their NOTIFYs */

/**
 * Set up the transfers
 *
 * @param timeouts How long a transfer waits unless its verb says otherwise
 * @param events   Handlers of the effects of transfers on calls, borrowed
 *
 * @return 0, or ENOMEM
 */
int referrals_init(const struct timeouts *timeouts,
		   const struct referral_events *events);

/**
 * End all transfers and release them
 */
void referrals_close(void);

/**
 * Start a transfer: allocated, known to its NOTIFYs, but nothing is sent yet
 *
 * @param rp    Pointer to the transfer
 * @param call  Call
 * @param verb  Verb sip:refer
 * @param ref   Names the request of referd
 * @param error Why there can be no transfer
 *
 * @return 0, ENOMEM, or EBADMSG if the call has a transfer in progress, or the
 *         far end may be at one that was given up
 */
int referrals_add(struct referral **rp, const struct referral_call *call,
		  const struct sipverb *verb, const char *ref,
		  struct error *error);

/**
 * Tell whether the far end may still be calling the target of a transfer that
 * was given up, or of which nothing was told in time: then another one is
 * refused, unless its verb has `force`
 *
 * @param dlg Dialog, NULL if none was taken
 *
 * @return True if so
 */
bool referrals_calling(const struct dialog *dlg);

/**
 * Handle a NOTIFY of event refer in a dialog in which a REFER of ours was
 * sent, whichever REFER it is about: far ends end the call if they are
 * answered that we know no such subscription. It is answered without a
 * transaction (RFC 3261 section 8.2.7): libre keeps one for 32 s, with a timer
 * in a list that all others are put into one by one, and a hundred transfers a
 * second would leave baresip no time for anything else. One that comes again
 * is known by its CSeq.
 *
 * @param msg NOTIFY request
 *
 * @return True if it was ours, and was answered
 *
 * Reference: RFC 3515 section 2.4, RFC 6665 section 4.1.3
 */
bool referrals_notify(const struct sip_msg *msg);

/**
 * Note the BYE that the far end sends during a transfer: its effect is
 * reported when the call is closed
 *
 * @param msg BYE request
 */
void referrals_bye(const struct sip_msg *msg);

/**
 * The call of a dialog is closed. The transfers in it may go on.
 *
 * @param dlg      Dialog, NULL if none was taken
 * @param stopping True if baresip or the module stops
 */
void referrals_call_closed(const struct dialog *dlg, bool stopping);

/**
 * List transfers in progress
 *
 * @param ids   Takes their ids, which are borrowed from them
 * @param pos   How many are passed over
 * @param count How many are listed at most
 * @param morep Whether more of them follow
 *
 * @return How many are listed
 */
size_t referrals_list(const char **ids, size_t pos, size_t count, bool *morep);


/* refer: The REFER, and its answer */

/**
 * Send the REFER, and report it: first the result of the request, then the
 * transfer. The caller need not wait for either.
 *
 * @param r Referral
 */
void refer_start(struct referral *r);

/**
 * Send the REFER when the call is on hold, or after the time limit of the far
 * end's answer. Nothing is reported before.
 *
 * @param r Referral
 */
void refer_hold(struct referral *r);

/**
 * The far end has answered whether the call is on hold
 *
 * @param r Referral, may be NULL
 */
void refer_held(struct referral *r);

#endif
