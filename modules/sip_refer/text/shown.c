/**
 * @file shown.c  Features that a far end has shown
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include <re.h>
#include "text.h"


/* How User-Agent or Server begins. The SIP of Asterisk's two channels has the
   same; FreePBX is one, too (not measured). */
static const struct {
	const char *begin;
	enum stack stack;
} agents[] = {
	{"Asterisk PBX", STACK_ASTERISK}, {"FPBX-", STACK_ASTERISK},
	{"baresip v1.", STACK_BARESIP_1}, {"baresip 1.", STACK_BARESIP_1},
	{"baresip v4.", STACK_BARESIP_4}, {"Janus ", STACK_JANUS},
	{"JsSIP ", STACK_JSSIP},          {"Linphone", STACK_LINPHONE},
	{"SIP.js/", STACK_SIPJS},         {"sofia-sip/", STACK_SOFIA},
	{"Twinkle/", STACK_TWINKLE},
};


static enum stack agent_stack(const struct sip_hdr *hdr)
{
	struct pl begin;
	size_t i;

	for (i = 0; hdr && i < sizeof(agents) / sizeof(agents[0]); i++) {

		begin.p = hdr->val.p;
		begin.l = min(hdr->val.l, str_len(agents[i].begin));
		if (!pl_strcasecmp(&begin, agents[i].begin))
			return agents[i].stack;
	}

	return STACK_OTHER;
}


static void agent_copy(char *agent, const struct sip_hdr *hdr)
{
	const size_t len = hdr ? min(hdr->val.l, AGENT_SIZE - 1) : 0;

	if (len)
		memcpy(agent, hdr->val.p, len);
	agent[len] = '\0';
}


/* chan_sip has neither, chan_pjsip both */
static bool is_chan_sip(const struct sip_msg *msg)
{
	return sip_msg_hdr(msg, SIP_HDR_ALLOW) &&
	       !sip_msg_hdr_has_value(msg, SIP_HDR_ALLOW, "PRACK") &&
	       !sip_msg_hdr_has_value(msg, SIP_HDR_ALLOW, "UPDATE");
}


void shown_by(struct shown *shown, const struct sip_msg *msg)
{
	const struct sip_hdr *agent = sip_msg_hdr(msg, SIP_HDR_USER_AGENT);
	const struct sip_hdr *server = sip_msg_hdr(msg, SIP_HDR_SERVER);

	agent_copy(shown->agent, agent ? agent : server);
	shown->stack = agent_stack(agent);
	if (shown->stack == STACK_OTHER)
		shown->stack = agent_stack(server);
	if (shown->stack == STACK_ASTERISK && is_chan_sip(msg))
		shown->stack = STACK_CHAN_SIP;

	shown->refuses_refer = sip_msg_hdr(msg, SIP_HDR_ALLOW) &&
			       !sip_msg_hdr_has_value(msg, SIP_HDR_ALLOW,
						      "REFER");
	shown->replaces = sip_msg_hdr_has_value(msg, SIP_HDR_SUPPORTED,
						"replaces");
}


/* Measured: baresip 1.0.0 answers 200 and ends the call in the same ms;
   linphone 5.1.65 answers 501, and never sends its final NOTIFY */
bool shown_minds_unsubscribe(const struct shown *shown)
{
	return shown->stack == STACK_BARESIP_1 ||
	       shown->stack == STACK_LINPHONE;
}
