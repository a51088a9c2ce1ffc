/**
 * @file usage.h  A dialog that is used for REFERs of ours
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef USAGE_H
#define USAGE_H

#include <stdbool.h>
#include <re.h>
#include "host/host.h"

struct referral;
struct sip_msg;

/** A dialog in which REFERs of ours were sent (RFC 5057). It is known as long
    as its call lives, and a while longer. */
struct usage {
	struct le he;             /**< By Call-ID                          */
	struct le le;             /**< Among those that are over           */
	struct dialog *dlg;       /**< The dialog                          */
	struct list referrals;    /**< In it, in the order of their REFERs */
	struct deadline deadline; /**< It is forgotten                     */
	bool over;                /**< Its call is                         */
};

/**
 * Defines the handler of a dialog
 *
 * @param usage Dialog
 * @param arg   Handler argument
 *
 * @return True to stop
 */
typedef bool(usage_h)(struct usage *usage, void *arg);

int usages_init(void);
void usages_close(void);
int usage_get(struct usage **usagep, struct dialog *dlg);
struct usage *usages_find(const struct dialog *dlg);
struct usage *usages_find_msg(const struct sip_msg *msg);
void usages_apply(usage_h *h, void *arg);
struct referral *usage_calling(const struct usage *usage);
void usage_close(struct usage *usage);

#endif
