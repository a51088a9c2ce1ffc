/**
 * @file late.h  Messages of a far end about a transfer that has ended
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef LATE_H
#define LATE_H

#include <stdbool.h>
#include <stdint.h>

struct notify;
struct referral;
struct usage;

/** What may come of a transfer that is over */
struct late {
	bool open;       /**< A final NOTIFY would be told             */
	bool calling;    /**< The far end may be calling the target    */
	bool granted;    /**< It has said how long it will tell of it  */
	bool mixed;      /**< A NOTIFY may be of another transfer      */
	uint64_t expiry; /**< Of that, see deadline_now()              */
};

void late_heard(struct referral *r, uint32_t expires);
void late_begin(struct referral *r, const char *outcome, const char *evidence);
void late_notified(struct referral *r, const struct notify *notify);
void late_refused(struct referral *r);
bool late_is_calling(const struct referral *r);

#endif
