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


/* link: The link, over a socket or within the process */

/**
 * Start the link to referd. It connects when referd is there.
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
 * Send the last reports, and close the link
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
 * Send a report to referd that is not urgent. It goes out with the next
 * report, if that comes within a moment: a far end often sends several
 * messages, and waking referd costs more than the report.
 *
 * @param r Report, as for link_report()
 */
void link_report_later(const struct report *r);

/**
 * Send a report to referd like link_report_later(), about a step that others
 * follow: if not all fit, it is dropped first
 *
 * @param r Report, as for link_report()
 */
void link_report_step(const struct report *r);

/**
 * Send the reports of this turn of the loop at once, before the turn goes on
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
