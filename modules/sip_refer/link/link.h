/**
 * @file link.h  The link to referd
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef LINK_H
#define LINK_H

#include <stdbool.h>

struct cJSON;
struct report;
struct node_request;

enum {
	WINDOW_TIME = 100, /**< That a REFER keeps others back [ms] */
};

/** What the link is for */
struct link_handlers {
	/** A request of referd. Its verbs, or what is to be dialled, are in
	    body; NULL if there is nothing of that kind. */
	void (*request)(const struct node_request *rq,
			const struct cJSON *body);

	/** referd is there (again): it is to be told of all that is going on,
	    ending with one or more reports of type sync */
	void (*sync)(void);
};


/* link: What is said on the link, whichever way it goes */

/**
 * Start the link to referd. Nobody has to listen yet: it connects when it can.
 *
 * @param path Path of referd's socket
 * @param node Name of this baresip
 * @param h    Handlers
 *
 * @return 0, or ENOMEM
 */
int link_init(const char *path, const char *node,
	      const struct link_handlers *h);

/**
 * Send what is left to say, and close the link
 */
void link_close(void);

/**
 * Report to referd. The report is numbered, and kept until referd
 * acknowledges it.
 *
 * @param r Report, without its number and time; its texts are copied
 */
void link_report(const struct report *r);

/**
 * Report to referd what nobody has to know at once. It goes out with the next
 * report, if that comes within a moment: a far end has often more to say, and
 * each time that referd is woken costs more than what it is told.
 *
 * @param r Report, as for link_report()
 */
void link_report_later(const struct report *r);

/**
 * Report to referd, as link_report_later() does, a step that others follow:
 * if there is not room for all, it is the first to go
 *
 * @param r Report, as for link_report()
 */
void link_report_step(const struct report *r);

/**
 * Have what was reported in this turn of the loop told at once, before more is
 * done in it
 */
void link_flush(void);


/* window: How many REFERs wait for their answers */

/**
 * A REFER goes out
 *
 * @param inp Whether it is in the window
 */
void window_enter(bool *inp);

/**
 * A REFER was answered, or has waited long enough for others
 *
 * @param inp Whether it is in the window
 */
void window_leave(bool *inp);

#endif
