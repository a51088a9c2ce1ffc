/**
 * @file uuihdr.c  User-to-User information, as a far end writes it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include <re.h>
#include "json.h"
#include "text.h"
#include "syntax.h"


const char uui_name[] = "User-to-User";

/** One value of the header field; its texts are unquoted */
struct value {
	char *data;
	char *encoding;
	char *purpose;
	char *content;
};


static void value_reset(struct value *v)
{
	v->data = mem_deref(v->data);
	v->encoding = mem_deref(v->encoding);
	v->purpose = mem_deref(v->purpose);
	v->content = mem_deref(v->content);
}


/* Length of the quoted-string at the beginning, 0 if it has no end */
static size_t quoted_len(const struct pl *pl)
{
	size_t i;

	for (i = 1; i < pl->l; i++) {
		if (pl->p[i] == '\\')
			++i;
		else if (pl->p[i] == '"')
			return i + 1;
	}

	return 0;
}


/* Up to a comma that is not within quotes, which is passed over */
static bool piece_next(struct pl *piece, struct pl *left)
{
	size_t len;

	if (!left->l)
		return false;

	*piece = *left;
	while (left->l && *left->p != ',') {
		len = *left->p == '"' ? quoted_len(left) : 1;
		pl_advance(left, len ? (ssize_t)len : (ssize_t)left->l);
	}
	piece->l = left->p - piece->p;
	if (left->l)
		pl_advance(left, 1);

	return true;
}


/* Reads a token, a quoted-string, or the host that RFC 3261 allows as well;
   skips separators */
static int word_take(char **strp, struct pl *left)
{
	struct pl word = *left, inside;
	char *str;
	int err;

	if (left->l && *left->p == '"') {
		word.l = quoted_len(left);
		if (!word.l)
			return EBADMSG;
		inside.p = word.p + 1;
		inside.l = word.l - 2;
		err = pl_strdup(&str, &inside);
		if (!err)
			text_unescape(str);
	}
	else {
		word.l = 0;
		while (word.l < left->l && !strchr(" ;=\"", word.p[word.l]))
			++word.l;
		err = word.l ? pl_strdup(&str, &word) : EBADMSG;
	}
	if (err)
		return err;

	pl_advance(left, word.l);
	text_trim(left);
	*strp = str;

	return 0;
}


static bool take(struct pl *left, char c)
{
	if (!left->l || *left->p != c)
		return false;

	pl_advance(left, 1);
	text_trim(left);

	return true;
}


/* The place of a known parameter; others are dropped */
static char **param_place(struct value *v, const char *name)
{
	if (!str_casecmp(name, "encoding"))
		return &v->encoding;
	if (!str_casecmp(name, "purpose"))
		return &v->purpose;
	if (!str_casecmp(name, "content"))
		return &v->content;

	return NULL;
}


static int param_take(struct value *v, struct pl *left)
{
	char *name = NULL, *val = NULL, **place;
	int err;

	err = word_take(&name, left);
	if (!err && take(left, '='))
		err = word_take(&val, left);
	if (err)
		goto out;

	if (!text_is_token(name)) {
		err = EBADMSG;
		goto out;
	}

	place = param_place(v, name);
	if (place && (*place || !text_is_token(val))) {
		err = EBADMSG;
	}
	else if (place) {
		*place = val;
		val = NULL;
	}

out:
	mem_deref(name);
	mem_deref(val);

	return err;
}


/* RFC 7433 section 4.1, uui-value */
static int value_read(struct value *v, struct pl left)
{
	bool quoted;
	int err;

	text_trim(&left);
	quoted = left.l && *left.p == '"';
	err = word_take(&v->data, &left);

	while (!err && left.l)
		err = take(&left, ';') ? param_take(v, &left) : EBADMSG;

	if (err)
		return err;

	if (!str_isset(v->data) || (!quoted && !text_is_token(v->data)))
		return EBADMSG;

	return !str_casecmp(v->encoding, "hex") && !uui_is_hex(v->data)
		       ? EBADMSG
		       : 0;
}


static void value_write(struct json *j, const struct value *v)
{
	json_open(j, NULL, '{');
	json_str(j, "data", v->data);
	json_str(j, "encoding", v->encoding);
	json_str(j, "purpose", v->purpose);
	json_str(j, "content", v->content);
	json_close(j, '}');
}


static size_t marks(const struct pl *pl)
{
	size_t i, n = 0;

	for (i = 0; i < pl->l; i++)
		n += pl->p[i] == '?';

	return n;
}


/* Folded lines become spaces; a value that is not text is not read, since it
   would have to be changed */
static char *text_make(const struct pl *val)
{
	struct pl pl;
	char *str;

	if (val->l > HDR_VAL_MAX || text_scrub(&str, val))
		return NULL;

	pl_set_str(&pl, str);

	return marks(&pl) == marks(val) ? str : mem_deref(str);
}


static unsigned field_write(struct json *j, const struct pl *val,
			    unsigned count)
{
	struct pl left, piece;
	char *str = text_make(val);

	if (!str)
		return count;

	pl_set_str(&left, str);
	while (count < UUI_MAX && piece_next(&piece, &left)) {

		struct value v = {.data = NULL};

		if (!value_read(&v, piece)) {
			value_write(j, &v);
			++count;
		}
		value_reset(&v);
	}
	mem_deref(str);

	return count;
}


char *uui_json(const struct sip_msg *msg)
{
	unsigned count = 0;
	size_t room = HDR_VAL_MAX;
	struct json j;
	struct le *le;
	char *text;

	json_init(&j);
	json_open(&j, NULL, '[');
	for (le = list_head(&msg->hdrl); le; le = le->next) {

		const struct sip_hdr *hdr = le->data;

		if (pl_strcasecmp(&hdr->name, uui_name) || hdr->val.l > room)
			continue;

		room -= hdr->val.l;
		count = field_write(&j, &hdr->val, count);
	}
	json_close(&j, ']');
	text = count ? json_take(&j) : NULL;
	json_free(&j);

	return text;
}
