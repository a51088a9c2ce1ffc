/**
 * @file compat.c  Differences between releases of baresip and libre
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <dlfcn.h>
#include <stdio.h>
#include <re.h>
#include "compat.h"


struct compat_fd {
#ifdef HAVE_BARESIP_H
	struct re_fhs *fhs;
#endif
	int fd;
	int flags;
	fd_h *fh;
	void *arg;
};

/** The releases of baresip and of libre, as far as they tell what fits */
struct releases {
	unsigned baresip_major, baresip_minor;
	unsigned libre_major, libre_minor;
};

static const char built_for[] = BUILT_FOR;

static struct {
	compat_event_h *eh;
	void *arg;
} events;


#ifdef HAVE_BARESIP_H
/* baresip 4.x: events are objects */
static void event_handler(enum bevent_ev ev, struct bevent *event, void *arg)
{
	struct call *call = bevent_get_call(event);
	struct ua *ua = bevent_get_ua(event);
	(void)arg;

	events.eh(ua, call, bevent_str(ev), bevent_get_text(event),
		  events.arg);
}
#else
static void event_handler(struct ua *ua, enum ua_event ev, struct call *call,
			  const char *prm, void *arg)
{
	(void)arg;

	events.eh(ua, call, uag_event_str(ev), prm, events.arg);
}
#endif


int compat_event_register(compat_event_h *eh, void *arg)
{
	if (!eh)
		return EINVAL;

	events.eh = eh;
	events.arg = arg;

#ifdef HAVE_BARESIP_H
	return bevent_register(event_handler, NULL);
#else
	return uag_event_register(event_handler, NULL);
#endif
}


void compat_event_unregister(void)
{
	if (!events.eh)
		return;

#ifdef HAVE_BARESIP_H
	bevent_unregister(event_handler);
#else
	uag_event_unregister(event_handler);
#endif
	events.eh = NULL;
}


static void fd_unlisten(struct compat_fd *cfd)
{
#ifdef HAVE_BARESIP_H
	cfd->fhs = fd_close(cfd->fhs);
#else
	fd_close(cfd->fd);
#endif
}


static void fd_destructor(void *arg)
{
	fd_unlisten(arg);
}


int compat_fd_listen(struct compat_fd **cfdp, int fd, int flags, fd_h *fh,
		     void *arg)
{
	struct compat_fd *cfd;
	int err;

	if (!cfdp || fd < 0 || !fh)
		return EINVAL;

	cfd = *cfdp;
	if (cfd && cfd->flags == flags)
		return 0;

	if (!cfd) {
		cfd = mem_zalloc(sizeof(*cfd), fd_destructor);
		if (!cfd)
			return ENOMEM;
	}

	cfd->fd = fd;
	cfd->flags = flags;

#ifdef HAVE_BARESIP_H
	err = fd_listen(&cfd->fhs, fd, flags, fh, arg);
#else
	err = fd_listen(fd, flags, fh, arg);
#endif
	if (err)
		cfd = mem_deref(cfd);

	*cfdp = cfd;

	return err;
}


/**
 * Send handler of a request in a dialog: writes the Contact, which depends on
 * the local address and so is known only when the request is sent
 *
 * @param tp  Transport
 * @param src Local address
 * @param dst Remote address
 * @param mb  Buffer that takes the header
 * @param arg Handler argument, begins with a struct compat_contact
 *
 * @return 0, or ENOMEM
 */
#ifdef HAVE_BARESIP_H
int compat_send_handler(enum sip_transp tp, struct sa *src,
			const struct sa *dst, struct mbuf *mb,
			struct mbuf **contp, void *arg)
#else
int compat_send_handler(enum sip_transp tp, const struct sa *src,
			const struct sa *dst, struct mbuf *mb, void *arg)
#endif
{
	const struct compat_contact *cc = arg;
	struct sip_contact contact;
	(void)dst;
#ifdef HAVE_BARESIP_H
	(void)contp;
#endif

	sip_contact_set(&contact, cc->cuser, src, tp);

	return mbuf_printf(mb, "%H", sip_contact_print, &contact);
}


static compat_source_h *source_handler;


#ifdef HAVE_BARESIP_H
static int source_alloc(struct ausrc_st **stp, const struct ausrc *as,
			struct ausrc_prm *prm, const char *device,
			ausrc_read_h *rh, ausrc_error_h *errh, void *arg)
#else
static int source_alloc(struct ausrc_st **stp, const struct ausrc *as,
			struct media_ctx **ctx, struct ausrc_prm *prm,
			const char *device, ausrc_read_h *rh,
			ausrc_error_h *errh, void *arg)
#endif
{
	int err;
#ifndef HAVE_BARESIP_H
	(void)ctx;
#endif
	(void)device;
	(void)errh;

	if (!stp || !as || !prm || !rh)
		return EINVAL;

	err = source_handler(stp, prm, rh, arg);
	if (!err)
		((struct compat_source *)(void *)*stp)->as = as;

	return err;
}


int compat_source_register(struct ausrc **asp, const char *name,
			   compat_source_h *h)
{
	source_handler = h;

	return ausrc_register(asp, baresip_ausrcl(), name, source_alloc);
}


void compat_source_frame(ausrc_read_h *rh, void *arg, int16_t *sampv,
			 size_t sampc, const struct ausrc_prm *prm)
{
	struct auframe af = {
		.fmt = AUFMT_S16LE,
		.sampv = sampv,
		.sampc = sampc,
		.timestamp = tmr_jiffies() * 1000,
	};

	/* libre and librem 2 and later */
#ifdef AUDIO_TIMEBASE
	af.srate = prm->srate;
	af.ch = prm->ch;
#else
	(void)prm;
#endif

	rh(&af, arg);
}


void compat_hangup(struct ua *ua, struct call *call, uint16_t scode,
		   const char *reason, const char *hdrs)
{
#ifdef HAVE_BARESIP_H
	if (hdrs) {
		ua_hangupf(ua, call, scode, reason,
			   "%sContent-Length: 0\r\n\r\n", hdrs);
		return;
	}
#else
	(void)hdrs;
#endif
	ua_hangup(ua, call, scode, reason);
}


const char *compat_baresip_version(void)
{
#ifdef HAVE_BARESIP_H
	return baresip_version();
#else
	static const char *version;

	if (!version)
		version = dlsym(RTLD_DEFAULT, "uag_call_find") ? "1.1.0"
							       : "1.0.0";

	return version;
#endif
}


static bool releases_read(struct releases *r, const char *text)
{
	return 4 == sscanf(text, "baresip %u.%u.%*u, libre %u.%u",
			   &r->baresip_major, &r->baresip_minor,
			   &r->libre_major, &r->libre_minor);
}


int compat_check(char *text, size_t size)
{
	struct releases built, here;
	char runs[128];

	(void)re_snprintf(runs, sizeof(runs), "baresip %s, libre %s",
			  compat_baresip_version(), sys_libre_version_get());
	(void)re_snprintf(text, size, "built for %s, runs on %s", built_for,
			  runs);

	if (!releases_read(&built, built_for) || !releases_read(&here, runs))
		return ENOTSUP;

	if (built.baresip_major != here.baresip_major ||
	    built.baresip_minor != here.baresip_minor ||
	    built.libre_major != here.libre_major ||
	    built.libre_minor != here.libre_minor)
		return ENOTSUP;

	return 0;
}


struct list *compat_timer_list(const struct tmr *tmr)
{
#ifdef HAVE_BARESIP_H
	(void)tmr;

	return NULL;
#else
	return tmr->le.list;
#endif
}
