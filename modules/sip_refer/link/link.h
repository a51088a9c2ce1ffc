/**
 * @file link.h  The link to referd
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef LINK_H
#define LINK_H

#include <stdbool.h>

struct cJSON;
struct json;

enum {
	LINK_LINE_MAX = 65536, /**< Longest line, without its end [bytes] */
	WINDOW_TIME = 100,     /**< That a REFER keeps others back [ms]   */
};

/** What the link is for */
struct link_handlers {
	/** A request of referd */
	void (*request)(const struct cJSON *json);

	/** referd is there (again): it is to be told of all that is going on,
	    ending with one or more reports of type sync */
	void (*sync)(void);
};


/* connection: The connection to referd */

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
 * Begin a report to referd
 *
 * @param j    Its text, to which its members are added, see json.h
 * @param type Its type
 */
void link_begin(struct json *j, const char *type);

/**
 * Report to referd. The report is numbered, and kept until referd
 * acknowledges it.
 *
 * @param j Report, see link_begin(); freed here
 */
void link_report(struct json *j);

/**
 * Report to referd what nobody has to know at once. It goes out with the next
 * report, if that comes within a moment: a far end has often more to say, and
 * each time that referd is woken costs more than what it is told.
 *
 * @param j Report, see link_begin(); freed here
 */
void link_report_later(struct json *j);

/**
 * Report to referd, as link_report_later() does, a step that others follow:
 * if there is not room for all, it is the first to go
 *
 * @param j Report, see link_begin(); freed here
 */
void link_report_step(struct json *j);

/**
 * Send at once what was reported in this turn of the loop
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
