/**
 * @file compat.h  One face for the baresip and libre releases we run on
 *
 * No other file knows of versions.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

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

int compat_event_register(compat_event_h *eh, void *arg);
void compat_event_unregister(void);

int compat_fd_listen(struct compat_fd **cfdp, int fd, int flags, fd_h *fh,
		     void *arg);

/**
 * Defines the handler that allocates a source of audio
 *
 * @param stp Pointer to the source; it begins with a struct compat_source
 * @param prm What baresip wants of it
 * @param rh  Takes the frames
 * @param arg Argument of rh: the audio of the call
 *
 * @return 0 if success, otherwise errorcode
 */
typedef int(compat_source_h)(struct ausrc_st **stp,
			     const struct ausrc_prm *prm, ausrc_read_h *rh,
			     void *arg);

/** Begin of a source; baresip 1.0.0 reads it */
struct compat_source {
	const struct ausrc *as;
};

int compat_source_register(struct ausrc **asp, const char *name,
			   compat_source_h *h);
void compat_source_frame(ausrc_read_h *rh, void *arg, int16_t *sampv,
			 size_t sampc, const struct ausrc_prm *prm);

/** Contact user of a request; the first member of its send handler's arg */
struct compat_contact {
	const char *cuser;
};

sip_send_h compat_send_handler;

struct list *compat_timer_list(const struct tmr *tmr);

void compat_hangup(struct ua *ua, struct call *call, uint16_t scode,
		   const char *reason, const char *hdrs);

const char *compat_baresip_version(void);
int compat_check(char *text, size_t size);
