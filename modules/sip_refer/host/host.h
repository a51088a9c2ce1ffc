/**
 * @file host.h  baresip and libre: all that reaches into them
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>
#include "heap.h"
#include "compat.h"

struct drequest;
struct shown;

/**
 * Defines the handler of a call that baresip has
 *
 * @param ua   User agent of the call
 * @param call Call
 * @param arg  Handler argument
 *
 * @return True to stop
 */
typedef bool(agents_call_h)(struct ua *ua, struct call *call, const void *arg);

/** The dialog of a call, what a request in it needs, and what its far end has
    shown */
struct dialog {
	struct le le;           /**< Among all that are taken           */
	struct sip_dialog *dlg; /**< Dialog, shared with the call       */
	char *cuser;            /**< Contact user                       */
	char *contact;          /**< Contact that its target was set to */
	char *target;           /**< ... and that target                */
	sip_auth_h *authh;      /**< Gives the account's credentials    */
	void *aarg;             /**< Argument of authh, a reference     */
	bool subscribed;        /**< A REFER in it was accepted         */
	bool names_refers;      /**< NOTIFYs name a later REFER by id   */
	bool says_trying;       /**< A NOTIFY in it has told of a 100   */
	bool shared;            /**< baresip has sent a REFER in it     */
	uint32_t notify_cseq;   /**< Highest CSeq of a NOTIFY           */
};

/** A re-INVITE of ours; libre may send it later, and again */
struct reinvite {
	struct sip_dialog *dlg; /**< A reference                     */
	uint32_t cseq;          /**< Its CSeq is this one or a later */
};

/**
 * Defines the handler of a request's answer, called at most once
 *
 * @param err  0 if answered, otherwise errorcode
 * @param msg  The final response if err is 0
 * @param arg  Handler argument
 */
typedef void(drequest_h)(int err, const struct sip_msg *msg, void *arg);

/**
 * Defines the handler of a deadline
 *
 * @param arg Handler argument
 */
typedef void(deadline_h)(void *arg);

/** A SIP message on its way, all of it borrowed */
struct traced {
	bool sent;            /**< By this baresip                */
	enum sip_transp tp;   /**< What it is really sent over    */
	const struct sa *src; /**< May be NULL                    */
	const struct sa *dst; /**< May be NULL                    */
	const char *pkt;      /**< As it is sent, or was received */
	size_t len;           /**< Its length [bytes]             */
};

/**
 * Defines the handler of a SIP message on its way
 *
 * @param t Message
 */
typedef void(trace_h)(const struct traced *t);

/** A deadline, which is cancelled before its memory goes */
struct deadline {
	struct heap_node node; /**< By a clock of its own [ns] */
	deadline_h *h;
	void *arg;
};

/**
 * Defines the handler of the end of a file
 *
 * @param whole True if the whole file was played; false if baresip has ended
 *              the source, for another codec for example. Then the file may be
 *              played again, but not within the handler.
 * @param arg   Handler argument
 */
typedef void(source_end_h)(bool whole, void *arg);


/* agents: The user agents of baresip, and the calls that they have now */

/**
 * Find a user agent
 *
 * @param aor Address of its account, NULL for any
 *
 * @return User agent, NULL if unknown
 */
struct ua *agents_find(const char *aor);

/**
 * Get the address of the first account, at which this baresip can be called
 *
 * @return AoR, NULL without an account, or if it has more than 2048 bytes
 */
const char *agents_aor(void);

/**
 * Call a handler for each call
 *
 * @param h   Handler
 * @param arg Handler argument
 *
 * @return True if the handler has stopped
 */
bool agents_each_call(agents_call_h *h, const void *arg);

/**
 * Tell whether a call lives
 *
 * @param call Pointer that may not be valid any more
 *
 * @return True if it still is
 */
bool agents_have_call(const struct call *call);

/**
 * Tell whether a call with a Call-ID exists
 *
 * @param id Call-ID
 *
 * @return True if so
 */
bool agents_have_call_id(const struct pl *id);


/* dialog: The SIP dialog and session of a stock baresip call */

/**
 * Replace the functions to which baresip passes its dialogs and sessions
 *
 * @param why  Buffer for the sentence that says why it cannot be done
 * @param size Size of the buffer
 *
 * @return 0, ENOTSUP if this baresip cannot be changed, or what mprotect()
 *         fails with
 */
int dialog_init(char *why, size_t size);

/**
 * Give baresip its own functions back; harmless without dialog_init()
 */
void dialog_close(void);

/**
 * Take the dialog of a call. It is given back with mem_deref(), and may
 * outlive the call.
 *
 * @param dlgp Pointer to the dialog
 * @param call An established call
 * @param uri  Target of the transfer in baresip's log
 *
 * @return 0, EINVAL, ENOMEM, ENOTSUP if baresip does not pass it, or baresip's
 *         error of transferring the call
 */
int dialog_take(struct dialog **dlgp, struct call *call, const char *uri);

/**
 * Take the SIP session of a call, whose owner it stays
 *
 * @param sessp Pointer to the session, borrowed from the call
 * @param call  Call
 *
 * @return 0, EINVAL, ENOTSUP if baresip does not pass it, or baresip's error
 *         of renegotiating the call
 */
int dialog_take_session(struct sipsess **sessp, struct call *call);

/**
 * Renegotiate a call, with what its media now offer
 *
 * @param inv  Set to the state of the re-INVITE; free its `dlg` with
 *             mem_deref()
 * @param call Call
 *
 * @return 0, EINVAL, ENOTSUP if baresip sends none, or baresip's error of
 *         renegotiating the call
 *
 * Reference: RFC 3261 section 14.1
 */
int dialog_reinvite(struct reinvite *inv, struct call *call);

/**
 * Send what follows in the dialog to where the far end is now. Without a
 * Contact that can be sent to, it is where it was.
 *
 * @param dlg Dialog
 * @param msg A request of the far end, or its 2xx to one of ours, of a method
 *            that refreshes the target
 *
 * Reference: RFC 3261 sections 12.2.1.2 and 12.2.2, RFC 5057 section 5.4
 */
void dialog_refresh(struct dialog *dlg, const struct sip_msg *msg);

/**
 * Print a request as it is sent in the dialog
 *
 * @param textp Pointer to the text
 * @param dlg   Dialog
 * @param met   Method
 * @param cseq  CSeq number
 * @param hdrs  Header fields, each ended by CRLF
 * @param via   Whether to make up the Via that the transport adds
 *
 * @return 0, ENOMEM, or EPROTONOSUPPORT without a transport to its next hop
 */
int dialog_print(char **textp, const struct dialog *dlg, const char *met,
		 uint32_t cseq, const char *hdrs, bool via);


/* direction: Which way the media of a call go */

/**
 * Set whether the far end of a call may send media. Our media go on: baresip's
 * own hold would silence them as well. dialog_reinvite() agrees it with the
 * far end.
 *
 * @param call Call
 * @param hold True if it is to send none
 *
 * Reference: RFC 3264 section 8.4
 */
void direction_hold(const struct call *call, bool hold);


/* drequest: One request in a dialog, its 401 and 407 answered */

/**
 * Send a request in a dialog. Releasing it before it was answered leaves the
 * transaction to libre and calls no handler.
 *
 * @param reqp Pointer to the request
 * @param dlg  Dialog, see dialog_take()
 * @param met  Method, a constant
 * @param hdrs Header fields, each ended by CRLF
 * @param h    Handler of the answer
 * @param arg  Handler argument
 *
 * @return 0, EINVAL, ENOMEM, or what libre cannot send it with
 *
 * Reference: RFC 3261 sections 12.2.1 and 22
 */
int drequest_send(struct drequest **reqp, struct dialog *dlg, const char *met,
		  const char *hdrs, drequest_h *h, void *arg);

/**
 * Send a request with a body in a dialog, see drequest_send(). A MESSAGE has
 * no Contact.
 *
 * @param reqp Pointer to the request
 * @param dlg  Dialog, see dialog_take()
 * @param met  Method, a constant
 * @param hdrs Header fields, each ended by CRLF
 * @param body Body, whose Content-Type is among them, or NULL
 * @param h    Handler of the answer
 * @param arg  Handler argument
 *
 * @return 0, EINVAL, ENOMEM, or what libre cannot send it with
 *
 * Reference: RFC 3428 section 4
 */
int drequest_send_body(struct drequest **reqp, struct dialog *dlg,
		       const char *met, const char *hdrs, const char *body,
		       drequest_h *h, void *arg);

/**
 * Make no further attempt: a challenge that comes now is the answer
 *
 * @param req Request, may be NULL
 */
void drequest_give_up(struct drequest *req);

/**
 * Get the CSeq of the latest attempt
 *
 * @param req Request
 *
 * @return CSeq number
 */
uint32_t drequest_cseq(const struct drequest *req);


/* invite: The header fields of the far end in an INVITE or its 2xx */

/**
 * Keep the header fields of an initial INVITE, or of its 2xx
 *
 * @param msg SIP message, any
 */
void invite_keep(const struct sip_msg *msg);

/**
 * Take the header fields that the far end of a call sent
 *
 * @param call_id Call-ID of the call
 * @param uuip    Pointer to the JSON array of its User-to-User, to be freed,
 *                or to NULL; unchanged without header fields
 * @param sourcep Pointer to the host that they came from, with a port if it
 *                can be reached there; unchanged without header fields
 * @param shown   Features of the far end; unchanged likewise
 *
 * @return JSON object of names and values, to be freed; NULL without header
 *         fields
 */
char *invite_take(const char *call_id, char **uuip, char **sourcep,
		  struct shown *shown);

/**
 * Forget all INVITEs that wait
 */
void invite_flush(void);


/* listener: A listener of ours before all others of libre's */

/**
 * Have a handler called for SIP messages before libre and baresip see them
 *
 * @param lsnrp Pointer to the listener, released with mem_deref()
 * @param req   True for requests, false for responses
 * @param msgh  Handler
 *
 * @return 0, ENOMEM, or ENOTSUP if libre orders its listeners in a way that is
 *         not known
 */
int listener_put_first(struct sip_lsnr **lsnrp, bool req, sip_msg_h *msgh);


/* source: An audio source for baresip that plays WAV files */

/**
 * Drop an argument of source_play(): its handler is not called any more
 *
 * @param arg Handler argument
 */
void source_forget(const void *arg);

/**
 * Register the source with baresip, as `sip_refer`
 *
 * @return 0, or ENOMEM
 */
int source_init(void);

/**
 * Take the source back: calls that use it have none from now on
 */
void source_close(void);

/**
 * Play a WAV file to the far end of a call
 *
 * @param audio Audio of the call; if it has another source, it gets this one
 * @param path  Path of the file
 * @param endh  Called once at the end of the file, not if it is stopped
 * @param arg   Handler argument
 *
 * @return 0, ENOMEM, ENOENT if the file does not exist, ENOTSUP if it is not a
 *         WAV file that can be played to this call, or an error of reading it
 */
int source_play(struct audio *audio, const char *path, source_end_h *endh,
		void *arg);

/**
 * Be silent again, or leave the call to its own source; harmless if nothing
 * plays
 *
 * @param audio Audio of the call
 */
void source_stop(struct audio *audio);


/* deadline: Timers that do not move when the clock is set */

/**
 * Get ready for deadlines
 *
 * @return 0, ENOMEM, or what timerfd_create() fails with
 */
int deadline_init(void);

/**
 * Have no deadline come any more
 */
void deadline_close(void);

/**
 * Start a deadline, or restart it
 *
 * @param d   Deadline, zeroed when it is new
 * @param ms  Until it comes [ms]
 * @param h   Called then
 * @param arg Handler argument
 */
void deadline_start(struct deadline *d, uint64_t ms, deadline_h *h, void *arg);

/**
 * Have a deadline not come
 *
 * @param d Deadline
 */
void deadline_cancel(struct deadline *d);

/**
 * Tell whether a deadline is to come
 *
 * @param d Deadline
 *
 * @return True if it was started and has neither come nor been cancelled
 */
bool deadline_runs(const struct deadline *d);

/**
 * Get a time that only goes forward
 *
 * @return Time [ms]
 */
uint64_t deadline_now(void);


/* timers: libre's timers that are far off, out of the way of the near */

/**
 * Begin to keep libre's list of timers short
 */
void timers_init(void);

/**
 * Give all timers back
 */
void timers_close(void);


/* trace: The SIP messages of this baresip, as sent and as received */

/**
 * Have a handler called for each SIP message, before libre reads what was
 * received
 *
 * @param h    Handler
 * @param why  Buffer for the sentence that says why it cannot be done
 * @param size Size of the buffer
 *
 * @return 0, ENOTSUP if this baresip cannot be changed, or what mprotect()
 *         fails with
 */
int trace_init(trace_h *h, char *why, size_t size);

/**
 * Give baresip its own handler back; harmless without trace_init(), and to be
 * called before dialog_close()
 */
void trace_close(void);


/* walltime: The time of day */

/**
 * Get the time of day, which may be set; deadline_now() gives one that only
 * goes forward
 *
 * @return Time [ms] since 1970
 */
uint64_t walltime_now(void);

/**
 * Get the time of day as exactly as the system has it
 *
 * @return Time [us] since 1970
 */
uint64_t walltime_us(void);

#endif
