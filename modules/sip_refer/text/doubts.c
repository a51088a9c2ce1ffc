/**
 * @file doubts.c  Known behaviour of far ends with a REFER
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <ctype.h>
#include <string.h>
#include <re.h>
#include "text.h"


#define BIT(stack) (1 << STACK_##stack)

enum {
	SENTENCE_MAX = 256, /* bytes */
};

/* Stacks that do the same */
enum {
	ANY = ~0,
	ASTERISKS = BIT(ASTERISK) | BIT(CHAN_SIP),
	WEBRTC = BIT(JSSIP) | BIT(SIPJS),
};

/** What is told of a stack */
struct sentence {
	const char *stack;
	const char *text;
};


static const char *stack_name(enum stack stack)
{
	switch (stack) {

	case STACK_ASTERISK: return "Asterisk";
	case STACK_CHAN_SIP: return "Asterisk with chan_sip";
	case STACK_BARESIP_1: return "baresip 1.x";
	case STACK_BARESIP_4: return "baresip 4.x";
	case STACK_JANUS: return "Janus";
	case STACK_JSSIP: return "JsSIP";
	case STACK_LINPHONE: return "linphone";
	case STACK_SIPJS: return "SIP.js";
	case STACK_SOFIA: return "sofia-sip";
	case STACK_TWINKLE: return "Twinkle";
	default: return NULL;
	}
}


static bool has_target_headers(const struct prospect *p)
{
	return p->verb->target_hdrs;
}


static bool has_headers(const struct prospect *p)
{
	return p->verb->hdrs;
}


static bool has_scheme(const struct prospect *p, const char *scheme)
{
	return !strncasecmp(p->verb->refer_to.uri, scheme, strlen(scheme));
}


static bool is_tel(const struct prospect *p)
{
	return has_scheme(p, "tel:");
}


static bool is_sips(const struct prospect *p)
{
	return has_scheme(p, "sips:");
}


static bool is_attended(const struct prospect *p)
{
	return p->verb->replaces;
}


static bool is_blind(const struct prospect *p)
{
	return !is_attended(p);
}


static bool lacks_replaces(const struct prospect *p)
{
	return is_attended(p) && !p->shown->replaces;
}


/* RFC 4488 section 4 */
static bool wants_no_result(const struct prospect *p)
{
	static const char name[] = "Refer-Sub:";
	const char *line = p->verb->hdrs;
	struct pl value;

	for (; line && *line; line = strstr(line, "\r\n") + 2) {

		if (strncasecmp(line, name, strlen(name)))
			continue;

		line += strlen(name);
		if (!re_regex(line, strcspn(line, "\r"), "[a-zA-Z]+",
			      &value) &&
		    !pl_strcasecmp(&value, "false"))
			return true;
	}

	return false;
}


static bool is_second(const struct prospect *p)
{
	return p->referred;
}


static bool is_second_call(const struct prospect *p)
{
	return p->calling;
}


/*
 * The rules. In front of a sentence about known stacks the far end is named.
 * Behind each: versions measured, when, and what holds the rule: a unit test,
 * and where the stack is to be had as a package a test in tests/far-ends.
 * docs/far-ends.md has what was measured. FreePBX, which says FPBX-, counts as
 * Asterisk, and was not.
 */
static const struct {
	int stacks;
	bool (*applies)(const struct prospect *p);
	const char *sentence;
} rules[] = {

	/* baresip 1.0.0 | 2026-11-29 | module_doubts: target headers */
	{BIT(BARESIP_1), has_target_headers,
	 "it writes targetHeaders and uui into its Request-URI, which the "
	 "target may refuse. If a value has a space or a quote, it calls "
	 "nobody."},

	/* Asterisk 22.10.1, 16.28.0 (chan_pjsip), 16.28.0 (chan_sip) |
	   2026-11-29 | module_doubts: target headers */
	{ASTERISKS, has_target_headers,
	 "it drops targetHeaders and uui. It keeps the user of referTo, and "
	 "its dialplan may read headers (GET_TRANSFERRER_DATA)."},

	/* Twinkle 1.10.2, JsSIP 3.13.8, SIP.js 0.21.2, baresip 4.9.0 |
	   2026-11-29 | module_doubts: target headers */
	{BIT(TWINKLE) | WEBRTC | BIT(BARESIP_4), has_target_headers,
	 "it drops targetHeaders and uui."},

	/* The above and sofia-sip 1.12.11, not linphone 5.1.65, Janus 1.1.2 |
	   2026-11-29 | module_doubts: target headers */
	{BIT(OTHER) | BIT(SOFIA), has_target_headers,
	 "Most far ends drop targetHeaders and uui (Asterisk, Twinkle, JsSIP, "
	 "SIP.js, baresip): the target may not get them."},

	/* All that were measured | 2026-11-29 | module_doubts: headers */
	{ANY, has_headers,
	 "The headers reach the far end only: no known far end passes them "
	 "on to the target."},

	/* JsSIP 3.13.8, SIP.js 0.21.2 | 2026-11-29 | module_doubts: tel */
	{WEBRTC, is_tel,
	 "it does not answer a REFER with a tel: URI, and the transfer fails "
	 "after 32 s. Write the number alone, or sip:NUMBER@HOST;user=phone."},

	/* All others | 2026-11-29 | module_doubts: tel */
	{~WEBRTC, is_tel,
	 "Refer-To is a tel: URI: no known far end dials it, and WebRTC "
	 "clients do not answer the REFER. Write the number alone, or "
	 "sip:NUMBER@HOST;user=phone."},

	/* Asterisk 22.10.1, 16.28.0, linphone 5.1.65 | 2026-11-29 |
	   module_doubts: sips */
	{ASTERISKS | BIT(LINPHONE), is_sips,
	 "it calls a sips: URI as if it were a sip: URI."},

	/* Twinkle 1.10.2, JsSIP 3.13.8 | 2026-11-29 | module_doubts: sips */
	{BIT(TWINKLE) | BIT(JSSIP), is_sips,
	 "it refuses a sips: URI with 416."},

	/* SIP.js 0.21.2, Janus 1.1.2 | 2026-11-29 | module_doubts: sips */
	{BIT(SIPJS) | BIT(JANUS), is_sips,
	 "it accepts a REFER to a sips: URI, but calls nobody."},

	/* sofia-sip 1.12.11: 503, baresip 1.0.0, 4.9.0: 500 | 2026-11-29 |
	   module_doubts: sips */
	{BIT(SOFIA) | BIT(BARESIP_1) | BIT(BARESIP_4), is_sips,
	 "it fails to call a sips: URI unless it is set up for TLS."},

	/* All of the above | 2026-11-29 | module_doubts: sips */
	{BIT(OTHER), is_sips,
	 "Refer-To is a sips: URI: some far ends refuse it, some call "
	 "nobody, and some call it as if it were a sip: URI."},

	/* baresip 1.0.0 | 2026-11-29 | module_doubts: attended */
	{BIT(BARESIP_1), is_attended,
	 "it does not support Replaces: it makes a new call to the target, "
	 "or calls nobody."},

	/* Asterisk 22.10.1, 16.28.0 (both channels) | 2026-11-29 |
	   module_doubts: attended; far-ends/asterisk */
	{ASTERISKS, is_attended,
	 "it looks up the other call among its own, and refuses the transfer "
	 "(404, 481) if it has no such call."},

	/* Not SIP.js 0.21.2, whose Supported lacks it | 2026-11-29 |
	   module_doubts: attended, lists */
	{~(BIT(BARESIP_1) | BIT(SIPJS)), lacks_replaces,
	 "The far end's Supported lacks replaces: it may make a new call to "
	 "the target instead of joining the two calls."},

	/* Asterisk 22.10.1, 16.28.0 (chan_pjsip) | 2026-11-29 |
	   module_doubts: blind; far-ends/asterisk */
	{BIT(ASTERISK), is_blind,
	 "if the transfer fails, it hangs up the caller, and its call to "
	 "this gateway stays up, silent, for 60 s. Use replaces where that "
	 "matters."},

	/* Asterisk 16.28.0 (chan_sip) | 2026-11-29 | module_doubts: blind,
	   module_sure */
	{BIT(CHAN_SIP), is_blind,
	 "it reports success before it has called the target, even if the "
	 "target is busy. The caller is then gone."},

	/* Asterisk 22.10.1, 16.28.0 (chan_pjsip), Twinkle 1.10.2 |
	   2026-11-29 | module_doubts: refer-sub */
	{BIT(ASTERISK) | BIT(TWINKLE), wants_no_result,
	 "it honours Refer-Sub: false, and reports no result."},

	/* Any that is not known to ignore it | 2026-11-29 |
	   module_doubts: refer-sub */
	{BIT(OTHER), wants_no_result,
	 "If the far end honours Refer-Sub: false, it reports no result."},

	/* Asterisk 22.10.1, 16.28.0: 404, 603 with chan_sip | 2026-11-29 |
	   module_doubts: second */
	{ASTERISKS, is_second,
	 "it refuses a second REFER in the same call (404, 603)."},

	/* Janus 1.1.2 | 2026-11-29 | module_doubts: second */
	{BIT(JANUS), is_second,
	 "it reports no result of a second REFER in the same call."},

	/* Twinkle 1.10.2 | 2026-11-29 | module_doubts: calling */
	{BIT(TWINKLE), is_second_call,
	 "it declines a REFER while another one is in progress (603)."},

	/* SIP.js 0.21.2 | 2026-11-29 | module_doubts: calling */
	{BIT(SIPJS), is_second_call,
	 "its NOTIFYs do not say which REFER they are about."},

	/* JsSIP 3.13.8, SIP.js 0.21.2, sofia-sip 1.12.11, Janus 1.1.2,
	   baresip 1.0.0, 4.9.0 | 2026-11-29 | module_doubts: calling */
	{~(ASTERISKS | BIT(TWINKLE)), is_second_call,
	 "The far end may still be calling the target of the previous "
	 "transfer: two targets may ring at once."},
};


/* "it" means the far end, of one stack or of a few */
static int sentence_print(struct re_printf *pf, const struct sentence *s)
{
	if (islower((uint8_t)*s->text))
		return re_hprintf(pf, "The far end is %s: %s", s->stack,
				  s->text);

	return re_hprintf(pf, "%s", s->text);
}


void doubts_each(const struct prospect *p, doubts_h *h, void *arg)
{
	const enum stack stack = p->shown->stack;
	char text[SENTENCE_MAX];
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {

		const struct sentence s = {stack_name(stack),
					   rules[i].sentence};

		if (!(rules[i].stacks & 1 << stack) || !rules[i].applies(p))
			continue;

		(void)re_snprintf(text, sizeof(text), "%H", sentence_print,
				  &s);
		h(text, arg);
	}
}


static void append_handler(const char *sentence, void *arg)
{
	struct mbuf *mb = arg;

	(void)mbuf_printf(mb, "%s%s", mb->end ? " " : "", sentence);
}


int doubts_line(char **linep, const struct prospect *p)
{
	struct mbuf *mb = mbuf_alloc(SENTENCE_MAX);
	int err = 0;

	if (!mb)
		return ENOMEM;

	doubts_each(p, append_handler, mb);
	mb->pos = 0;
	if (mb->end)
		err = mbuf_strdup(mb, linep, mb->end);
	mem_deref(mb);

	return err;
}
