/**
 * @file baresip.c  A user agent and its calls
 *
 * As much of baresip 1.x as the module calls. A call is in the dialog of its
 * INVITE, which libre makes of it; it is gone with its last event.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "host/host.h"
#include "host/import.h"
#include "baresip.h"


struct ua {
	struct le le;
	struct list calls;
};

struct call {
	struct le le;
	struct ua *ua;
	struct sip_dialog *dlg;
	enum call_state state;
	char *id;
	char *peer;
	char *name; /* of the peer */
	bool outgoing;
};

/* As numbers of events; uag_event_str() names them */
static const char *const event_names[] = {"CALL_INCOMING", "CALL_ESTABLISHED",
					  "CALL_CLOSED", "CALL_OUTGOING"};

static struct ua ua;
static struct list uas;
static struct conf *conf;
static ua_event_h *eventh;

static const char *settings;

static struct {
	enum sdp_dir dir; /* of our media */
	unsigned offers;
	uint32_t cseq; /* of the last one */
	int err;       /* error of the next one */
} media;

static bool has_media;
static uint32_t packets; /* that have come with it */

static struct {
	uintptr_t drefer; /* of ours, in the place of libre's */
	uintptr_t modify;
} imports;

extern const struct mod_export exports; /* of the module */


int import_replace(const char *symbol, uintptr_t func, uintptr_t repl,
		   char *why, size_t size)
{
	(void)func;
	(void)why;
	(void)size;

	if (!strcmp(symbol, "sipevent_drefer"))
		imports.drefer = repl;
	else if (!strcmp(symbol, "sipsess_modify"))
		imports.modify = repl;

	return 0;
}


void import_restore(void)
{
	imports.drefer = imports.modify = 0;
}


static void emit(struct call *call, const char *name, const char *prm)
{
	size_t i;

	for (i = 0; eventh && i < ARRAY_SIZE(event_names); i++) {
		if (!strcmp(event_names[i], name))
			eventh(&ua, (enum ua_event)i, call, prm, NULL);
	}
}


static void call_destructor(void *arg)
{
	struct call *call = arg;

	list_unlink(&call->le);
	mem_deref(call->dlg);
	mem_deref(call->id);
	mem_deref(call->peer);
	mem_deref(call->name);
}


static struct call *call_alloc(bool outgoing, const char *peer)
{
	struct call *call = mem_zalloc(sizeof(*call), call_destructor);

	call->ua = &ua;
	call->outgoing = outgoing;
	call->state = outgoing ? CALL_STATE_OUTGOING : CALL_STATE_INCOMING;
	(void)str_dup(&call->peer, peer);
	list_append(&ua.calls, &call->le, call);

	return call;
}


const char *account_aor(const struct account *acc)
{
	(void)acc;

	return "sip:gw@10.0.0.2";
}


int audio_set_source(struct audio *au, const char *mod, const char *device)
{
	(void)au;
	(void)mod;
	(void)device;

	return ENODEV;
}


int ausrc_register(struct ausrc **asp, struct list *ausrcl, const char *name,
		   ausrc_alloc_h *alloch)
{
	(void)asp;
	(void)ausrcl;
	(void)name;
	(void)alloch;

	return 0;
}


struct list *baresip_ausrcl(void)
{
	return NULL;
}


struct stream *audio_strm(const struct audio *au)
{
	return has_media ? (struct stream *)(uintptr_t)au : NULL;
}


uint32_t stream_metric_get_rx_n_packets(const struct stream *strm)
{
	(void)strm;

	return packets;
}


struct audio *call_audio(const struct call *call)
{
	return (struct audio *)(void *)call;
}


struct list *call_streaml(const struct call *call)
{
	static struct le le = {.data = &media};
	static struct list streams = {&le, &le};
	(void)call;

	return &streams;
}


struct sdp_media *stream_sdpmedia(const struct stream *strm)
{
	return (struct sdp_media *)(uintptr_t)strm;
}


enum sdp_dir sdp_media_ldir(const struct sdp_media *m)
{
	(void)m;

	return media.dir;
}


void sdp_media_set_ldir(struct sdp_media *m, enum sdp_dir dir)
{
	(void)m;

	media.dir = dir;
}


struct sip_dialog *sipsess_dialog(const struct sipsess *sess)
{
	return ((const struct call *)(const void *)sess)->dlg;
}


/* It goes nowhere, but the dialog counts it */
int sipsess_modify(struct sipsess *sess, struct mbuf *desc)
{
	struct mbuf *mb = mbuf_alloc(1024);
	int err = media.err;
	(void)desc;

	media.cseq = sip_dialog_lseq(sipsess_dialog(sess));
	if (!err)
		err = sip_dialog_encode(mb, sipsess_dialog(sess), 0, "INVITE");
	if (!err)
		++media.offers;
	mem_deref(mb);

	return err;
}


int call_modify(struct call *call)
{
	int (*modify)(struct sipsess *, struct mbuf *) = (int (*)(
		struct sipsess *, struct mbuf *))imports.modify;

	return modify((struct sipsess *)(void *)call, NULL);
}


static int auth_handler(char **username, char **password, const char *realm,
			void *arg)
{
	(void)realm;
	(void)arg;

	return str_dup(username, "gw") | str_dup(password, "secret");
}


typedef int(drefer_h)(struct sipsub **subp, struct sipevent_sock *sock,
		      struct sip_dialog *dlg, const char *cuser,
		      sip_auth_h *authh, void *aarg, bool aref,
		      sipsub_notify_h *notifyh, sipsub_close_h *closeh,
		      void *arg, const char *fmt, ...);


int call_transfer(struct call *call, const char *uri)
{
	drefer_h *drefer = (drefer_h *)imports.drefer;

	if (!call->dlg)
		return EINVAL;

	return drefer(NULL, NULL, call->dlg, "gw", auth_handler, NULL, true,
		      NULL, NULL, NULL, "Refer-To: %s\r\n", uri);
}


enum call_state call_state(const struct call *call)
{
	return call->state;
}


const char *call_id(const struct call *call)
{
	return call->id;
}


const char *call_peeruri(const struct call *call)
{
	return call->peer;
}


const char *call_peername(const struct call *call)
{
	return call->name;
}


const char *call_localuri(const struct call *call)
{
	(void)call;

	return "sip:gw@10.0.0.2";
}


struct ua *call_get_ua(const struct call *call)
{
	return call->ua;
}


bool call_is_outgoing(const struct call *call)
{
	return call->outgoing;
}


struct conf *conf_cur(void)
{
	return conf;
}


void debug(const char *fmt, ...)
{
	(void)fmt;
}


enum log_level log_level_get(void)
{
	return LEVEL_WARN;
}


void log_level_set(enum log_level level)
{
	(void)level;
}


void info(const char *fmt, ...)
{
	(void)fmt;
}


void warning(const char *fmt, ...)
{
	(void)fmt;
}


int ua_connect(struct ua *u, struct call **callp, const char *from_uri,
	       const char *req_uri, enum vidmode vmode)
{
	struct call *call = call_alloc(true, req_uri);
	(void)u;
	(void)from_uri;
	(void)vmode;

	emit(call, "CALL_OUTGOING", "");
	*callp = call;

	return 0;
}


void ua_hangup(struct ua *u, struct call *call, uint16_t scode,
	       const char *reason)
{
	(void)u;
	(void)scode;

	baresip_closed(call, reason ? reason : "");
}


int ua_answer(struct ua *u, struct call *call, enum vidmode vmode)
{
	(void)u;
	(void)vmode;

	if (call->state != CALL_STATE_INCOMING)
		return EINVAL;

	baresip_answered(call);

	return 0;
}


struct account *ua_account(const struct ua *u)
{
	return (struct account *)(void *)u;
}


struct list *ua_calls(const struct ua *u)
{
	return (struct list *)&u->calls;
}


/* baresip writes only valid text into an INVITE */
int ua_set_custom_hdrs(struct ua *u, struct list *custom_hdrs)
{
	struct le *le;
	(void)u;

	for (le = list_head(custom_hdrs); le; le = le->next) {

		const struct sip_hdr *hdr = le->data;

		if (pl_strchr(&hdr->name, '\r') ||
		    pl_strchr(&hdr->val, '\r') ||
		    pl_strchr(&hdr->name, '\n') || pl_strchr(&hdr->val, '\n'))
			abort();
	}

	return 0;
}


int uag_event_register(ua_event_h *eh, void *arg)
{
	(void)arg;

	eventh = eh;

	return 0;
}


void uag_event_unregister(ua_event_h *eh)
{
	(void)eh;

	eventh = NULL;
}


const char *uag_event_str(enum ua_event ev)
{
	return event_names[ev];
}


struct sip *uag_sip(void)
{
	return NULL;
}


struct list *uag_list(void)
{
	return &uas;
}


/**
 * Set further lines of baresip's config, for the next start on
 *
 * @param text Config lines, borrowed; NULL for none
 */
void baresip_settings(const char *text)
{
	settings = text;
}


/**
 * Start: the module is loaded, and connects to referd
 *
 * @param clean True if referd sends only UTF-8: the module then does so as
 *              well, for any text of the far ends
 */
void baresip_open(bool clean)
{
	char text[1024];
	int n;

	sip_reset();
	has_media = false;
	packets = 0;
	media.dir = SDP_SENDRECV;
	media.offers = 0;
	media.err = 0;
	list_append(&uas, &ua.le, &ua);

	n = re_snprintf(text, sizeof(text),
			"sip_refer_socket %s\nsip_refer_node gw1\n%s\n",
			referd_listen(clean), settings ? settings : "");
	if (conf_alloc_buf(&conf, (uint8_t *)text, n) || exports.init())
		abort();

	time_passes(0);
}


/**
 * Stop, and look whether all that was begun has ended
 */
void baresip_close(void)
{
	(void)exports.close();
	referd_close();

	sip_reset();
	list_flush(&ua.calls);
	list_unlink(&ua.le);
	conf = mem_deref(conf);
}


/**
 * Have a call come in
 *
 * @param invite Its INVITE
 *
 * @return Call, which lives until it is closed
 */
struct call *baresip_call(const char *invite)
{
	struct mbuf *mb = mbuf_alloc(1024);
	struct sip_msg *msg;
	struct call *call;

	if (mbuf_write_str(mb, invite))
		abort();
	mb->pos = 0;
	if (sip_msg_decode(&msg, mb))
		abort();

	/* our own tag is made of it */
	msg->tag = 7;
	sip_receive(msg);

	call = call_alloc(false, "");
	call->peer = mem_deref(call->peer);
	if (sip_dialog_accept(&call->dlg, msg) ||
	    pl_strdup(&call->id, &msg->callid) ||
	    pl_strdup(&call->peer, &msg->from.auri) ||
	    (pl_isset(&msg->from.dname) &&
	     pl_strdup(&call->name, &msg->from.dname)))
		abort();

	mem_deref(msg);
	mem_deref(mb);
	emit(call, "CALL_INCOMING", "");

	return call;
}


/**
 * Have a call answered
 *
 * @param call Call
 */
void baresip_answered(struct call *call)
{
	call->state = CALL_STATE_ESTABLISHED;
	emit(call, "CALL_ESTABLISHED", "");
}


/**
 * Let media arrive; otherwise calls have none
 *
 * @param n Packets
 */
void baresip_media(uint32_t n)
{
	has_media = true;
	packets += n;
}


/**
 * Tell how often a call was renegotiated
 *
 * @param dir  Direction of our last media offer, or of the next
 * @param cseq CSeq of that re-INVITE
 *
 * @return re-INVITEs
 */
unsigned baresip_offers(const char **dir, uint32_t *cseq)
{
	*dir = sdp_dir_name(media.dir);
	*cseq = media.cseq;

	return media.offers;
}


/**
 * Have no re-INVITE go out
 *
 * @param err Why; 0 from now on they do
 */
void baresip_offer_fails(int err)
{
	media.err = err;
}


/**
 * End a call
 *
 * @param call   Call, gone afterwards
 * @param reason Why
 */
void baresip_closed(struct call *call, const char *reason)
{
	call->state = CALL_STATE_TERMINATED;
	emit(call, "CALL_CLOSED", reason);
	mem_deref(call);
}
