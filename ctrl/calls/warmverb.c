/**
 * @file warmverb.c  The members of a verb transfer about the second call
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "warmverb.h"
#include "base/base.h"
#include "calls.h"
#include "json.h"
#include "verb.h"
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FILE_MAX = 2048 }; /* bytes */

/* The file must be below the directory: no client may read other files */
static bool is_wav(const char *name)
{
	const size_t len = strlen(name);

	return len > 4 && !strcasecmp(name + len - 4, ".wav") &&
	       name[0] != '/' && !strstr(name, "..") && !strstr(name, "://");
}


static int file_parse(char **filep, const cJSON *obj, const char *key,
		      const char *name, struct error *f)
{
	const char *file;
	int err;

	err = field_check(&file, obj, key, name, FILE_MAX, f);
	if (err)
		return err;

	if (!file)
		return error_set(f, 400, name, "is required");

	if (!is_wav(file))
		return error_set(f, 400, name,
				 "must be the name of a WAV file below "
				 "baresip's audio_path: this gateway has no "
				 "text-to-speech and fetches no URL");

	return field_keep(filep, file);
}


/* An object, NULL if it is left out */
static int object_get(const cJSON **objp, const cJSON *verb, const char *key,
		      struct error *f)
{
	*objp = field_get(verb, key);
	if (!*objp || cJSON_IsObject(*objp))
		return 0;

	return error_set(f, 400, key, "must be an object");
}


/* jambonz' text may stand beside the file, for where it is spoken */
static int brief_parse(struct warmverb *w, const cJSON *verb, struct error *f)
{
	const cJSON *brief;
	int err;

	err = object_get(&brief, verb, "brief", f);
	if (err || !brief)
		return err;

	if (field_get(brief, "text") && !field_get(brief, "url"))
		return error_set(f, 400, "brief.text",
				 "must be given with brief.url, the name of a "
				 "WAV file below baresip's audio_path: this "
				 "gateway has no text-to-speech");

	return file_parse(&w->brief, brief, "url", "brief.url", f);
}


static int confirm_parse(struct warmverb *w, const cJSON *verb,
			 struct error *f)
{
	const cJSON *confirm;
	const char *digit;
	int err;

	err = object_get(&confirm, verb, "confirm", f);
	if (err || !confirm)
		return err;

	err = file_parse(&w->prompt, confirm, "prompt", "confirm.prompt", f);
	if (!err)
		err = field_check(&digit, confirm, "digit", "confirm.digit",
				  FILE_MAX, f);
	if (err)
		return err;

	if (!digit)
		return error_set(f, 400, "confirm.digit", "is required");

	if (strlen(digit) != 1 || !strchr("0123456789*#ABCD", *digit))
		return error_set(
			f, 400, "confirm.digit",
			"must be one DTMF key: 0 to 9, *, # or A to D");

	strcpy(w->digit, digit);

	return 0;
}


/* Members that jambonz supports, and baresip does not */
static int refuse(const cJSON *verb, struct error *f)
{
	const cJSON *present = field_get(verb, "callerPresent");

	if (present && !cJSON_IsFalse(present))
		return error_set(
			f, 400, "callerPresent",
			"must be false: this gateway has no conference, and "
			"the caller waits on hold while the target hears "
			"brief.url and confirm.prompt");

	if (field_get(verb, "amd"))
		return error_set(f, 400, "amd",
				 "must be left out: this gateway detects no "
				 "answering machines; use confirm, since no "
				 "machine presses its digit");

	return 0;
}


/**
 * Read the members of a verb transfer in mode warm about the second call
 *
 * @param wp  Pointer to the members, to be freed with warmverb_free()
 * @param obj The verb
 * @param f   Set if a member is not valid
 *
 * @return 0, ENOMEM, or EBADMSG with the error set
 */
int warmverb_parse(struct warmverb **wp, const struct cJSON *obj,
		   struct error *f)
{
	struct warmverb *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return ENOMEM;

	err = refuse(obj, f);
	if (!err)
		err = brief_parse(w, obj, f);
	if (!err)
		err = confirm_parse(w, obj, f);
	if (!err)
		err = hook_parse(&w->hold, obj, "onHoldHook", f);
	if (err)
		warmverb_free(w);
	else
		*wp = w;

	return err;
}


/**
 * Free what warmverb_parse() made
 *
 * @param w Members, may be NULL
 */
void warmverb_free(struct warmverb *w)
{
	if (!w)
		return;

	hook_reset(&w->hold);
	free(w->brief);
	free(w->prompt);
	free(w);
}


/**
 * Write the verb that plays the files to the target
 *
 * @param j Text
 * @param w Members of the verb
 */
void warmverb_print_play(struct json *j, const struct warmverb *w)
{
	json_open(j, NULL, '{');
	json_str(j, "verb", "play");
	json_open(j, "url", '[');
	if (w->brief)
		json_str(j, NULL, w->brief);
	if (w->prompt)
		json_str(j, NULL, w->prompt);
	json_close(j, ']');
	json_close(j, '}');
}


static void urls_print(struct json *j, const cJSON *url)
{
	const cJSON *item = cJSON_IsArray(url) ? url->child : NULL;

	if (cJSON_IsString(url))
		json_str(j, NULL, url->valuestring);

	/* the node reports a file that does not exist */
	for (; item; item = item->next)
		json_str(j, NULL, cJSON_GetStringValue(item));
}


/**
 * Make one endless play verb of the answer to an onHoldHook
 *
 * @param textp Pointer to its JSON text, to be freed
 * @param list  Verbs of the answer
 * @param f     Set if the answer is not valid
 *
 * @return 0, ENOMEM, or EBADMSG with the error set
 */
int warmverb_music(char **textp, const struct verb *list, struct error *f)
{
	const struct verb *v = list;
	struct json j;

	while (v && v->kind == VERB_PLAY)
		v = v->next;
	if (v) {
		verb_error(v, f);
		return error_set(f, 400, NULL,
				 "must be play in the answer to an "
				 "onHoldHook: the caller only listens");
	}

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "verb", "play");
	json_open(&j, "url", '[');
	for (v = list; v; v = v->next) {
		cJSON *tree = cJSON_Parse(v->text);

		urls_print(&j, field_get(tree, "url"));
		j.failed |= !tree;
		cJSON_Delete(tree);
	}
	json_close(&j, ']');
	json_int(&j, "loop", 0);
	json_close(&j, '}');
	*textp = json_take(&j);

	return *textp ? 0 : ENOMEM;
}
