/**
 * @file baresip.h  A baresip without a network, for the whole of the module
 *
 * Copyright (C) 2026 the sip_refer authors
 */

struct cJSON;
struct call;
struct sip_msg;


/* baresip.c: the user agent and its calls */
void baresip_settings(const char *text);
void baresip_open(bool clean);
void baresip_close(void);
struct call *baresip_call(const char *invite);
void baresip_answered(struct call *call);
void baresip_media(uint32_t packets);
unsigned baresip_offers(const char **dir, uint32_t *cseq);
void baresip_offer_fails(int err);
void baresip_closed(struct call *call, const char *reason);


/* link.c: referd */
typedef void(referd_line_h)(const struct cJSON *json);

const char *referd_listen(bool clean);
void referd_close(void);
void referd_welcome(void);
void referd_read(void);
void referd_say(const void *data, size_t len);
void referd_hang_up(void);
void referd_listener(referd_line_h *h);
size_t referd_longest(unsigned *linksp);


/* sip.c: the sockets and the clock of libre */
void sip_receive(const struct sip_msg *msg);
uint16_t sip_replied(void);
unsigned sip_subscribes(void);
const char *sip_sent(void);
void sip_fail(int err);
void sip_reset(void);
void time_passes(uint64_t ms);
void fds_ready(void);
