/**
 * @file dtmf.c  DTMF keys in SIP and RTP
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <ctype.h>
#include <string.h>
#include <re.h>
#include "text.h"
#include "syntax.h"


enum {
	SAME_TIME = 5000, /* within which a key comes both ways [ms] */
};

/* By its number, RFC 4733 section 3.2 */
static const char keys[] = "0123456789*#ABCD";


/* A key, or its number where that has two digits; 0 for none of them, as the
   16 of a hook flash */
static char key_of(const struct pl *val)
{
	const char *key;
	uint32_t n;

	if (val->l == 1) {
		key = strchr(keys, toupper((unsigned char)val->p[0]));
		return key ? *key : '\0';
	}

	n = pl_u32(val);

	return n >= 10 && n < sizeof(keys) - 1 ? keys[n] : '\0';
}


/* The value of a line "Signal=5", in what letters and with what blanks
   soever */
static bool find_signal(struct pl *val, const struct pl *body)
{
	struct pl name, value, rest = *body;

	while (!re_regex(rest.p, rest.l, "[^\r\n=]+=[^\r\n]*", &name,
			 &value)) {
		pl_advance(&rest, value.p + value.l - rest.p);
		text_trim(&name);
		text_trim(&value);
		if (pl_strcasecmp(&name, "Signal"))
			continue;

		*val = value;
		return true;
	}

	return false;
}


int dtmf_decode(char *keyp, const struct sip_msg *msg)
{
	const struct msg_ctype *type = &msg->ctyp;
	const bool relay = msg_ctype_cmp(type, "application", "dtmf-relay");
	struct pl body, val;

	if (!relay && !msg_ctype_cmp(type, "application", "dtmf"))
		return ENOENT;

	pl_set_mbuf(&body, msg->mb);
	if (!find_signal(&val, &body)) {
		if (relay)
			return EBADMSG;

		val = body;
		text_trim(&val);
	}

	if (!val.l || val.l > 2 || (val.l == 2 && !isdigit(val.p[0])))
		return EBADMSG;

	*keyp = key_of(&val);

	return 0;
}


char dtmf_event(const char *prm)
{
	struct pl val;

	pl_set_str(&val, prm ? prm : "");

	return val.l == 1 ? key_of(&val) : '\0';
}


/* Keys that came one way and may come the other way, the oldest first */
static bool is_awaited(struct dtmf_way *way, char key, uint64_t now)
{
	size_t i;

	for (i = 0; i < way->count; i++) {

		if (way->keys[i] != key || now - way->times[i] > SAME_TIME)
			continue;

		/* the keys before it came one way only */
		way->count -= ++i;
		memmove(way->keys, way->keys + i, way->count);
		memmove(way->times, way->times + i,
			way->count * sizeof(*way->times));
		return true;
	}

	return false;
}


bool dtmf_is_new(struct dtmf *dtmf, char key, bool info, uint64_t now)
{
	struct dtmf_way *way = &dtmf->ways[info];

	if (is_awaited(&dtmf->ways[!info], key, now))
		return false;

	if (way->count == DTMF_KEYS) {
		--way->count;
		memmove(way->keys, way->keys + 1, way->count);
		memmove(way->times, way->times + 1,
			way->count * sizeof(*way->times));
	}
	way->keys[way->count] = key;
	way->times[way->count++] = now;

	return true;
}
