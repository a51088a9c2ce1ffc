/**
 * @file referral.h  One REFER of ours and its result
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef REFERRAL_H
#define REFERRAL_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>
#include "host/host.h"
#include "text/text.h"
#include "late.h"
#include "transfer.h"

struct subscription;
struct usage;

enum {
	REPLACE =
		5000, /**< For the target's BYE, whose call is replaced [ms] */
	GRACE = 2000, /**< For a message that another has overtaken [ms] */
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
 *   HOLDING ──answer to the re-INVITE or time──▶ SENT
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
	HOLDING, /* until the call is on hold: then it is SENT */
};

/** One REFER of ours and what becomes of it: our part of a transfer, that of
    the transferor (RFC 5589 section 3) */
struct referral {
	struct le le;           /**< In its usage                       */
	struct usage *usage;    /**< Borrowed: it owns us               */
	struct referral **held; /**< See struct referral_call, NULL once it
				   is over, or the call is closed */
	const struct referral_events *events;
	struct dialog *dlg;
	struct drequest *refer;
	struct subscription *sub;
	struct deadline deadline;
	struct deadline answer; /**< Until the target has answered */
	bool in_window;         /**< It keeps others back               */
	enum referral_state state;
	struct timeouts timeouts;
	struct profile *profile; /**< Of its far end, or NULL */
	struct late late;
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
	bool minds_unsubscribe;    /**< Its far end does                   */
	bool first;                /**< No REFER in the dialog before it   */
	bool holds;                /**< The call is on hold for it         */
	bool retried;              /**< The REFER was sent again for a 491 */
	bool refused;              /**< Its last attempt was, by a 491     */
	bool provisional;          /**< A NOTIFY has told of a 1xx         */
	bool bye;                  /**< The far end has ended its call     */
	bool left;                 /**< We have                            */
	bool mute;                 /**< The last NOTIFY had no status      */
	bool named;                /**< A NOTIFY has named it by its id    */
	uint32_t refer_first;      /**< CSeq of the REFER's first attempt  */
	uint32_t refer_last;       /**< The same of its last one, at the end */
	uint32_t notify_first;     /**< Least CSeq of a NOTIFY without id  */
	uint32_t cseqv[CSEQ_SEEN]; /**< Of the latest NOTIFYs              */
	uint32_t cseqc;
	uint32_t cseq_max;
	uint64_t accepted;     /**< See deadline_now(), 0 if it is not */
	uint16_t refer_status; /**< Answer to the REFER, 0 if none     */
	uint16_t call_status;  /**< Of the last sipfrag, 0 if none     */
};

int referral_alloc(struct referral **rp, const struct referral_call *call,
		   const struct sipverb *verb, const struct timeouts *timeouts,
		   const struct referral_events *events, const char *ref);
void referral_notified(struct referral *r, const struct notify *notify);
void referral_stop(struct referral *r);
void referral_call_closed(struct referral *r, bool stopping);
void referral_set_state(struct referral *r, enum referral_state state,
			uint64_t ms);
void referral_accept(struct referral *r);
void referral_await_answer(struct referral *r);
void referral_linger(struct referral *r);
void referral_end(struct referral *r, const char *outcome,
		  const char *evidence);
void referral_end_leave(struct referral *r, const char *outcome,
			const char *evidence);
void referral_end_final(struct referral *r);

void refer_again(struct referral *r);

#endif
