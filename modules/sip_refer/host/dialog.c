/**
 * @file dialog.c  The SIP dialog and session of a stock baresip call
 *
 * baresip exports no dialog of a call, but passes it to libre's
 * sipevent_drefer() when it transfers a call, and the session to
 * sipsess_modify() when it renegotiates one. The module replaces both
 * functions, asks baresip to call them, keeps their arguments, and sends
 * nothing. Calls that it did not ask for go through to libre unchanged.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdarg.h>
#include <string.h>
#include <re.h>
#include "host.h"
#include "import.h"


/** What the next call of baresip's is asked for */
static struct {
	struct dialog *dlg;    /* takes the dialog */
	struct sipsess **sess; /* takes the session */
	struct reinvite *inv;  /* goes out, and is told of */
	bool taken;
} claim;

static struct list taken;


static void destructor(void *arg)
{
	struct dialog *dlg = arg;

	list_unlink(&dlg->le);
	mem_deref(dlg->dlg);
	mem_deref(dlg->cuser);
	mem_deref(dlg->contact);
	mem_deref(dlg->target);
	mem_deref(dlg->aarg);
}


/* baresip sends a REFER of its own: libre takes its NOTIFYs */
static void set_shared(const struct sip_dialog *sip_dlg)
{
	struct le *le;

	for (le = list_head(&taken); le; le = le->next) {

		struct dialog *dlg = le->data;

		if (dlg->dlg == sip_dlg)
			dlg->shared = true;
	}
}


/* Replaces sipevent_drefer(); same signature since libre 0.6 */
static int drefer_handler(struct sipsub **subp, struct sipevent_sock *sock,
			  struct sip_dialog *dlg, const char *cuser,
			  sip_auth_h *authh, void *aarg, bool aref,
			  sipsub_notify_h *notifyh, sipsub_close_h *closeh,
			  void *arg, const char *fmt, ...)
{
	char *hdrs;
	va_list ap;
	int err;

	if (claim.dlg) {

		/* without a reference, credentials could outlive their
		   owner */
		if (!aref)
			return ENOTSUP;

		claim.dlg->dlg = mem_ref(dlg);
		claim.dlg->authh = authh;
		claim.dlg->aarg = mem_ref(aarg);
		claim.taken = true;

		return str_dup(&claim.dlg->cuser, cuser);
	}

	set_shared(dlg);
	va_start(ap, fmt);
	err = re_vsdprintf(&hdrs, fmt, ap);
	va_end(ap);
	if (err)
		return err;

	err = sipevent_drefer(subp, sock, dlg, cuser, authh, aarg, aref,
			      notifyh, closeh, arg, "%s", hdrs);
	mem_deref(hdrs);

	return err;
}


/* Replaces sipsess_modify() */
static int modify_handler(struct sipsess *sess, struct mbuf *desc)
{
	if (claim.sess) {
		*claim.sess = sess;
		claim.taken = true;
		return 0;
	}

	if (claim.inv) {
		mem_deref(claim.inv->dlg);
		claim.inv->dlg = mem_ref(sipsess_dialog(sess));
		claim.inv->cseq = sip_dialog_lseq(claim.inv->dlg);
		claim.taken = true;
	}

	return sipsess_modify(sess, desc);
}


int dialog_init(char *why, size_t size)
{
	int err;

	err = import_replace("sipevent_drefer", (uintptr_t)sipevent_drefer,
			     (uintptr_t)drefer_handler, why, size);
	if (!err)
		err = import_replace("sipsess_modify",
				     (uintptr_t)sipsess_modify,
				     (uintptr_t)modify_handler, why, size);
	if (err)
		import_restore();

	return err;
}


void dialog_close(void)
{
	import_restore();
}


int dialog_take(struct dialog **dlgp, struct call *call, const char *uri)
{
	const enum log_level level = log_level_get();
	struct dialog *dlg;
	int err;

	if (!dlgp || !call || !uri)
		return EINVAL;

	dlg = mem_zalloc(sizeof(*dlg), destructor);
	if (!dlg)
		return ENOMEM;

	/* baresip would log that it transfers the call, which it does not */
	if (level == LEVEL_INFO)
		log_level_set(LEVEL_WARN);
	list_append(&taken, &dlg->le, dlg);
	claim.dlg = dlg;
	claim.taken = false;
	err = call_transfer(call, uri);
	claim.dlg = NULL;
	log_level_set(level);

	if (!err && !claim.taken)
		err = ENOTSUP;

	if (err)
		mem_deref(dlg);
	else
		*dlgp = dlg;

	return err;
}


/* Sets the expected arguments */
static int claim_modify(struct call *call)
{
	int err;

	claim.taken = false;
	err = call_modify(call);

	return err || claim.taken ? err : ENOTSUP;
}


int dialog_take_session(struct sipsess **sessp, struct call *call)
{
	int err;

	if (!sessp || !call)
		return EINVAL;

	claim.sess = sessp;
	err = claim_modify(call);
	claim.sess = NULL;

	return err;
}


int dialog_reinvite(struct reinvite *inv, struct call *call)
{
	int err;

	if (!inv || !call)
		return EINVAL;

	claim.inv = inv;
	err = claim_modify(call);
	claim.inv = NULL;

	return err;
}


/* Whether a request can be sent to the URI */
static bool is_target(const struct pl *contact)
{
	struct sip_addr addr;

	if (sip_addr_decode(&addr, contact))
		return false;

	return pl_isset(&addr.uri.host) &&
	       (!pl_strcasecmp(&addr.uri.scheme, "sip") ||
		!pl_strcasecmp(&addr.uri.scheme, "sips"));
}


/* The Contact did not change, and no other target has been set since */
static bool is_refreshed(const struct dialog *dlg, const struct pl *contact)
{
	return dlg->contact && !pl_strcmp(contact, dlg->contact) &&
	       !str_cmp(dlg->target, sip_dialog_uri(dlg->dlg));
}


void dialog_refresh(struct dialog *dlg, const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_CONTACT);
	int err;

	if (!hdr || is_refreshed(dlg, &hdr->val) || !is_target(&hdr->val))
		return;

	err = sip_dialog_update(dlg->dlg, msg);
	if (err) {
		warning("sip_refer: the target of a dialog stays %s (%m)\n",
			sip_dialog_uri(dlg->dlg), err);
		return;
	}

	dlg->contact = mem_deref(dlg->contact);
	dlg->target = mem_deref(dlg->target);
	if (!str_dup(&dlg->target, sip_dialog_uri(dlg->dlg)))
		(void)pl_strdup(&dlg->contact, &hdr->val);
}


/* The local address of a request in the dialog, as far as it is known before
   its next hop is looked up */
static int find_source(const struct dialog *dlg, struct sa *src,
		       enum sip_transp *tpp)
{
	const struct uri *route = sip_dialog_route(dlg->dlg);
	enum sip_transp tp = SIP_TRANSP_UDP;
	struct pl transport;
	struct sa dst;

	if (!msg_param_decode(&route->params, "transport", &transport)) {
		if (!pl_strcasecmp(&transport, "tcp"))
			tp = SIP_TRANSP_TCP;
		else if (!pl_strcasecmp(&transport, "tls"))
			tp = SIP_TRANSP_TLS;
	}

	if (sa_set(&dst, &route->host, SIP_PORT))
		sa_init(&dst, AF_INET);

	*tpp = tp;

	return sip_transp_laddr(uag_sip(), src, tp, &dst);
}


static int print_via(struct mbuf *mb, enum sip_transp tp, const struct sa *src)
{
	return mbuf_printf(mb,
			   "Via: SIP/2.0/%s %J;branch=z9hG4bK%016llx"
			   ";rport\r\n",
			   sip_transp_name(tp), src, rand_u64());
}


/* An ACK takes the CSeq that it is given, anything else uses one up */
static int print_dialog(struct mbuf *mb, const struct dialog *dlg,
			const char *met, uint32_t cseq)
{
	static const char ack[] = " ACK\r\n";
	int err;

	err = sip_dialog_encode(mb, dlg->dlg, cseq, "ACK");
	if (err)
		return err;

	mb->pos = mb->end -= strlen(ack);

	return mbuf_printf(mb, " %s\r\n", met);
}


int dialog_print(char **textp, const struct dialog *dlg, const char *met,
		 uint32_t cseq, const char *hdrs, bool via)
{
	struct sip_contact contact;
	enum sip_transp tp;
	struct mbuf *mb;
	struct sa src;
	int err;

	mb = mbuf_alloc(1024);
	if (!mb)
		return ENOMEM;

	err = find_source(dlg, &src, &tp);
	if (err)
		goto out;

	sip_contact_set(&contact, dlg->cuser, &src, tp);
	err = mbuf_printf(mb, "%s %s SIP/2.0\r\n", met,
			  sip_dialog_uri(dlg->dlg));
	if (via)
		err |= print_via(mb, tp, &src);
	err |= mbuf_printf(mb, "%HMax-Forwards: 70\r\n", sip_contact_print,
			   &contact);
	err |= print_dialog(mb, dlg, met, cseq);
	err |= mbuf_printf(mb, "User-Agent: baresip v%s (%s/%s)\r\n",
			   compat_baresip_version(), sys_arch_get(),
			   sys_os_get());
	err |= mbuf_printf(mb, "%sContent-Length: 0\r\n\r\n", hdrs);
	if (err)
		goto out;

	mb->pos = 0;
	err = mbuf_strdup(mb, textp, mbuf_get_left(mb));

out:
	mem_deref(mb);

	return err;
}
