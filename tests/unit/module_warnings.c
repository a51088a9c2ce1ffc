/**
 * @file module_warnings.c  Tests of the doubts about a REFER
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "json.h"
#include "text/text.h"
#include "shownby.h"


/* The doubts about a REFER to a URI, to a far end that sent a header field */
static char *doubts(const char *uri, const char *name, const char *value)
{
	char *copy, *text, hdrs[256] = "";
	struct sipverb verb = {.type = SIPVERB_REFER};
	struct shown shown = {.stack = STACK_OTHER};
	const struct prospect p = {.verb = &verb, .shown = &shown};
	struct json j;

	assert_int_equal(str_dup(&copy, uri), 0);
	verb.refer_to.uri = copy;
	verb.replaces = !strcmp(name, "Supported") ? copy : NULL;
	if (value)
		(void)re_snprintf(hdrs, sizeof(hdrs), "%s: %s\r\n", name,
				  value);
	invite(&shown, hdrs);

	json_init(&j);
	json_open(&j, NULL, '[');
	warnings_write(&j, &p, "REFER");
	json_close(&j, ']');
	text = json_take(&j);
	json_free(&j);
	mem_deref(copy);
	assert_non_null(text);

	return text;
}


/* A method or an option is one word of a list, not a part of one */
static void test_lists(void **state)
{
	static const struct {
		const char *name;
		const char *value;
		bool doubtful;
	} lists[] = {
		{"Allow", NULL, false},
		{"Allow", "INVITE, REFER", false},
		{"Allow", "REFER", false},
		{"Allow", "INVITE,REFER,\tBYE", false},
		{"Allow", "", true},
		{"Allow", "INVITE, BYE", true},
		{"Allow", "INVITE, XREFER", true},
		{"Allow", "REFERRED, BYE", true},
		{"Allow", "INVITE, PRE-REFER", true},
		{"Supported", "timer, replaces", false},
		{"Supported", "Replaces", false},
		{"Supported", NULL, true},
		{"Supported", "timer, x-replaces", true},
		{"Supported", "replaces2", true},
	};
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {

		char *text = doubts("sip:a@example.com", lists[i].name,
				    lists[i].value);

		if (!strcmp(text, "[]") == lists[i].doubtful)
			fail_msg("%s: %s: %s", lists[i].name,
				 lists[i].value ? lists[i].value : "none",
				 text);
		free(text);
	}
}


static void test_target(void **state)
{
	static const struct {
		const char *uri;
		const char *doubt; /* a word of it */
	} targets[] = {
		{"sip:a@example.com", NULL},
		{"sip:a@x.local-bank.com", NULL},
		{"sip:a@local.example.com", NULL},
		{"sip:a@my.invalid.example", NULL},
		{"sip:a@192.0.2.1", NULL},
		{"sip:a@[2001:db8::1]", NULL},
		{"sip:a@pbx", "host name"},
		{"sip:a@pbx.", "host name"},
		{"sip:a@pbx.local", "host name"},
		{"sips:a@pbx.LOCAL.:5061", "host name"},
		{"sips:a@example.com", "sips:"},
		{"sip:a@pbx.internal", "host name"},
		{"sip:a@pbx.localhost", "host name"},
		{"sip:anonymous@anonymous.invalid", "host name"},
		{"sip:a@10.0.0.1", "private address"},
		{"sip:a@[fd00::1]", "private address"},
		{"tel:+4930123", "tel:"},
	};
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {

		char *text = doubts(targets[i].uri, "X", NULL);

		if (targets[i].doubt ? !strstr(text, targets[i].doubt)
				     : strcmp(text, "[]"))
			fail_msg("%s: %s", targets[i].uri, text);
		free(text);
	}
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
