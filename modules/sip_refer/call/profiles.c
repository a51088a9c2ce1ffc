/**
 * @file profiles.c  How far ends are transferred, from a file
 *
 * The file is checked at each verb, so that a change needs no command. An
 * error in it is logged once, and changes nothing.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <re.h>
#include "json.h"
#include "host/host.h"
#include "text/text.h"
#include "call.h"


static struct {
	const char *path; /* NULL if there is none */
	struct list list;
	struct stat seen; /* zeroed if it was not there */
	char *trouble;    /* what is wrong with it, or NULL */
} profiles;


static int complain(const char *fmt, ...)
{
	va_list ap;

	profiles.trouble = mem_deref(profiles.trouble);
	va_start(ap, fmt);
	(void)re_vsdprintf(&profiles.trouble, fmt, ap);
	va_end(ap);

	return EINVAL;
}


static int read_text(char **textp, FILE *f)
{
	char *text = mem_zalloc(PROFILES_MAX + 2, NULL);
	size_t len;
	int err = 0;

	if (!text)
		return ENOMEM;

	len = fread(text, 1, PROFILES_MAX + 1, f);
	if (ferror(f))
		err = EIO;
	else if (len > PROFILES_MAX)
		err = complain("%s must have at most %d bytes", profiles.path,
			       PROFILES_MAX);
	else if (strlen(text) != len)
		err = complain("%s must be text", profiles.path);

	if (err)
		mem_deref(text);
	else
		*textp = text;

	return err;
}


static int decode(FILE *f)
{
	struct list list = LIST_INIT;
	char *text, why[512];
	struct le *le;
	int err;

	err = read_text(&text, f);
	if (err)
		return err;

	err = profiles_decode(&list, text, why, sizeof(why));
	mem_deref(text);
	if (err == EBADMSG)
		return complain("%s: %s", profiles.path, why);
	if (err)
		return err;

	/* transfers in progress keep theirs */
	list_flush(&profiles.list);
	while ((le = list_head(&list)) != NULL) {
		list_unlink(le);
		list_append(&profiles.list, le, le->data);
	}

	return 0;
}


/* A FIFO or a device would block */
static int open_file(FILE **fp, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return complain("%s must be a file", profiles.path);

	*fp = fopen(profiles.path, "re");

	return *fp ? 0 : errno;
}


static int read_file(const struct stat *st)
{
	FILE *f = NULL;
	int err;

	profiles.trouble = mem_deref(profiles.trouble);
	err = open_file(&f, st);
	if (!err)
		err = decode(f);
	if (f)
		(void)fclose(f);

	if (err && !profiles.trouble)
		(void)complain("%s: %m", profiles.path, err);

	return err;
}


static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}


static void look(void)
{
	struct stat st;
	int err = 0;

	if (!profiles.path)
		return;

	if (stat(profiles.path, &st)) {
		err = errno;
		memset(&st, 0, sizeof(st));
	}

	if (is_same(&st, &profiles.seen))
		return;

	profiles.seen = st;
	if (err)
		err = complain("%s: %m", profiles.path, err);
	else
		err = read_file(&st);

	if (err)
		warning("sip_refer: %s; the profiles read before stay in "
			"use\n",
			profiles.trouble);
	else
		info("sip_refer: %s: %u profiles\n", profiles.path,
		     list_count(&profiles.list));
}


int profiles_init(const char *path, bool must)
{
	int err;

	list_init(&profiles.list);
	profiles.path = path;
	if (!path)
		return 0;

	err = stat(path, &profiles.seen) ? errno : 0;
	if (err) {
		memset(&profiles.seen, 0, sizeof(profiles.seen));
		if (!must)
			return 0;
		(void)complain("%s: %m", path, err);
	}
	else {
		err = read_file(&profiles.seen);
	}

	if (err) {
		warning("sip_refer: sip_refer_profiles: %s\n",
			profiles.trouble);
		profiles_close();
	}

	return err;
}


void profiles_close(void)
{
	list_flush(&profiles.list);
	profiles.trouble = mem_deref(profiles.trouble);
	profiles.path = NULL;
}


static struct profile_call call_names(const struct livecall *lc)
{
	return (struct profile_call){
		.account = lc->account,
		.peer = lc->peer,
		.source = lc->source,
		.agent = lc->shown.agent,
	};
}


struct profile *profiles_choose(const struct livecall *lc)
{
	const struct profile_call call = call_names(lc);

	look();

	return profiles_find(&profiles.list, &call);
}


void profiles_write(struct json *j, const struct livecall *lc,
		    const struct sipverb *verb)
{
	const struct profile_call call = call_names(lc);

	if (!verb->profile && !profiles.trouble)
		return;

	json_open(j, "profile", '{');
	if (profiles.trouble)
		json_cut(j, "error", profiles.trouble, 1024);
	if (verb->profile) {
		json_str(j, "name", verb->profile->name);
		json_open(j, "match", '[');
		profile_write_matches(j, verb->profile, &call);
		json_close(j, ']');
		json_open(j, "rules", '{');
		profile_write_rules(j, verb);
		json_close(j, '}');
	}
	json_close(j, '}');
}
