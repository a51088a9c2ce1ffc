/**
 * @file baresip_1.h  What the module calls in baresip 1.0.0 and 1.1.0
 *
 * Debian and Ubuntu ship baresip 1.x without its header. These are the
 * functions that the module calls, and no others. All of them hold for 1.0.0
 * (with libre 1.1.0) and for 1.1.0 (with libre 2.0.1).
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef BARESIP_1_H
#define BARESIP_1_H

enum vidmode {
	VIDMODE_OFF = 0,
	VIDMODE_ON,
};

/* The numbers of events differ between 1.0.0 and 1.1.0: only the names that
   uag_event_str() gives are to be compared */
enum ua_event {
	UA_EVENT_ANY = 0,
};

enum call_state {
	CALL_STATE_IDLE = 0,
	CALL_STATE_INCOMING,
	CALL_STATE_OUTGOING,
	CALL_STATE_RINGING,
	CALL_STATE_EARLY,
	CALL_STATE_ESTABLISHED,
	CALL_STATE_TERMINATED,
	CALL_STATE_UNKNOWN
};

struct account;
struct audio;
struct ausrc;
struct ausrc_st;
struct call;
struct conf;
struct media_ctx;
struct stream;
struct ua;

#ifndef AUDIO_TIMEBASE
/** Audio frame; with libre 2.0.1, librem declares another one */
struct auframe {
	int fmt;
	void *sampv;
	size_t sampc;
	uint64_t timestamp;
};
#endif

/** Audio source parameters */
struct ausrc_prm {
	uint32_t srate;
	uint8_t ch;
	uint32_t ptime;
	int fmt;
};

typedef void(ausrc_read_h)(struct auframe *af, void *arg);
typedef void(ausrc_error_h)(int err, const char *str, void *arg);
typedef int(ausrc_alloc_h)(struct ausrc_st **stp, const struct ausrc *ausrc,
			   struct media_ctx **ctx, struct ausrc_prm *prm,
			   const char *device, ausrc_read_h *rh,
			   ausrc_error_h *errh, void *arg);

typedef void(ua_event_h)(struct ua *ua, enum ua_event ev, struct call *call,
			 const char *prm, void *arg);


/* account */
const char *account_aor(const struct account *acc);

/* audio */
struct stream *audio_strm(const struct audio *au);
int audio_set_source(struct audio *au, const char *mod, const char *device);
int ausrc_register(struct ausrc **asp, struct list *ausrcl, const char *name,
		   ausrc_alloc_h *alloch);
struct list *baresip_ausrcl(void);

/* call */
struct audio *call_audio(const struct call *call);
struct list *call_streaml(const struct call *call);
int call_modify(struct call *call);
int call_transfer(struct call *call, const char *uri);
enum call_state call_state(const struct call *call);
const char *call_id(const struct call *call);
const char *call_peeruri(const struct call *call);
const char *call_peername(const struct call *call);
const char *call_localuri(const struct call *call);
struct ua *call_get_ua(const struct call *call);
bool call_is_outgoing(const struct call *call);

/* cmd */
struct commands;

/** Command */
struct cmd {
	const char *name;
	char key;
	int flags;
	const char *desc;
	re_printf_h *h;
};

int cmd_register(struct commands *commands, const struct cmd *cmdv,
		 size_t cmdc);
void cmd_unregister(struct commands *commands, const struct cmd *cmdv);
struct commands *baresip_commands(void);

/* conf */
struct conf *conf_cur(void);
int conf_path_get(char *path, size_t sz);

/* log */
void debug(const char *fmt, ...);
enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR };

void log_level_set(enum log_level level);
enum log_level log_level_get(void);
void info(const char *fmt, ...);
void warning(const char *fmt, ...);

/* stream */
struct sdp_media *stream_sdpmedia(const struct stream *s);
uint32_t stream_metric_get_rx_n_packets(const struct stream *strm);

/* ua */
int ua_connect(struct ua *ua, struct call **callp, const char *from_uri,
	       const char *req_uri, enum vidmode vmode);
void ua_hangup(struct ua *ua, struct call *call, uint16_t scode,
	       const char *reason);
int ua_answer(struct ua *ua, struct call *call, enum vidmode vmode);
struct account *ua_account(const struct ua *ua);
struct list *ua_calls(const struct ua *ua);
int ua_set_custom_hdrs(struct ua *ua, struct list *custom_hdrs);

/* uag */
int uag_event_register(ua_event_h *eh, void *arg);
void uag_event_unregister(ua_event_h *eh);
const char *uag_event_str(enum ua_event ev);
struct sip *uag_sip(void);
struct list *uag_list(void);

/* module */
#define DECL_EXPORTS(name) exports

#endif
