/**
 * @file compat.h  One face for the baresip and libre releases we run on
 *
 * No other file knows of versions.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef COMPAT_H
#define COMPAT_H

#include <rem.h>
#ifdef HAVE_BARESIP_H
#include <baresip.h>
#else
#include "baresip_1.h"
#endif

#ifndef RE_ARRAY_SIZE
#define RE_ARRAY_SIZE(a) ARRAY_SIZE(a)
#endif

/* libre exports these, and declares them in its private headers */
int sip_dialog_encode(struct mbuf *mb, struct sip_dialog *dlg, uint32_t cseq,
		      const char *met);
const char *sip_dialog_uri(const struct sip_dialog *dlg);
const struct uri *sip_dialog_route(const struct sip_dialog *dlg);

struct compat_fd;

/**
 * Defines the handler of baresip's events
 *
 * @param ua    User-Agent, NULL if the event has none
 * @param call  Call, NULL if the event has none
 * @param event Name of the event, e.g. "CALL_ESTABLISHED"
 * @param prm   Text of the event
 * @param arg   Handler argument
 */
typedef void(compat_event_h)(struct ua *ua, struct call *call,
			     const char *event, const char *prm, void *arg);

/**
 * Register the one handler of baresip's events
 *
 * @param eh  Event handler
 * @param arg Handler argument
 *
 * @return 0, EINVAL, or ENOMEM
 */
int compat_event_register(compat_event_h *eh, void *arg);

/**
 * Unregister the handler of baresip's events; does nothing without one
 */
void compat_event_unregister(void);

/**
 * Listen for events on a file descriptor; released with mem_deref(). Called
 * again for the same object, it changes the flags.
 *
 * @param cfdp  Pointer to the object, which is allocated if NULL
 * @param fd    File descriptor
 * @param flags FD_READ, FD_WRITE
 * @param fh    Handler
 * @param arg   Handler argument
 *
 * @return 0, EINVAL, ENOMEM, or what libre cannot listen with
 */
int compat_fd_listen(struct compat_fd **cfdp, int fd, int flags, fd_h *fh,
		     void *arg);

/**
 * Defines the handler that allocates a source of audio
 *
 * @param stp Pointer to the source; it begins with a struct compat_source
 * @param prm Parameters that baresip asks for
 * @param rh  Takes the frames
 * @param arg Argument of rh: the audio of the call
 *
 * @return 0, ENOMEM, or ENOTSUP if it cannot be so
 */
typedef int(compat_source_h)(struct ausrc_st **stp,
			     const struct ausrc_prm *prm, ausrc_read_h *rh,
			     void *arg);

/** Begin of a source; baresip 1.0.0 reads it */
struct compat_source {
	const struct ausrc *as;
};

/**
 * Register a source of audio
 *
 * @param asp  Pointer to it; released with mem_deref()
 * @param name Its name in baresip's config
 * @param h    Allocates one
 *
 * @return 0, or ENOMEM
 */
int compat_source_register(struct ausrc **asp, const char *name,
			   compat_source_h *h);

/**
 * Give baresip one frame of audio
 *
 * @param rh    Takes it
 * @param arg   Argument of rh
 * @param sampv Samples
 * @param sampc Their number, over all channels
 * @param prm   Parameters that baresip asks for
 */
void compat_source_frame(ausrc_read_h *rh, void *arg, int16_t *sampv,
			 size_t sampc, const struct ausrc_prm *prm);

/** Contact user of a request; the first member of its send handler's arg */
struct compat_contact {
	const char *cuser;
};

sip_send_h compat_send_handler;

/**
 * Get the list that libre has a timer in
 *
 * @param tmr Timer
 *
 * @return List, in the order of time; NULL if it does not run, or if the list
 *         is not to be touched: from libre 3.0 on it has a lock
 */
struct list *compat_timer_list(const struct tmr *tmr);

/**
 * Hang up
 *
 * @param ua     User agent
 * @param call   Call
 * @param scode  Status that an unanswered call is refused with
 * @param reason Its reason phrase
 * @param hdrs   Header fields for the refusal, may be NULL; 1.x knows none
 */
void compat_hangup(struct ua *ua, struct call *call, uint16_t scode,
		   const char *reason, const char *hdrs);

/**
 * Get the version of the running baresip. 1.x does not report it; its two
 * releases differ in a function that only the later one has.
 *
 * @return Version string
 */
const char *compat_baresip_version(void);

/**
 * Tell whether the module was built for the baresip and libre that run
 *
 * @param text Buffer for the releases of build and run
 * @param size Size of the buffer
 *
 * @return 0, or ENOTSUP if it was not
 */
int compat_check(char *text, size_t size);

#endif
