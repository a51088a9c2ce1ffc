/**
 * @file module_farend.c  Tests of the names of the far end of a call
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "text/text.h"


#define CONTACT "sip:ann@10.0.0.9:5070;transport=tcp"
#define SOURCE  "192.0.2.7:5080"

/* Where a number belongs, and by which rule */
static const struct {
	const char *identity;
	const char *target;
	const char *routes;
	const char *source;
	const char *uri;
	const char *rule;
} hosts[] = {
	/* From says it */
	{"sip:a@10.0.0.1", CONTACT, NULL, SOURCE, "sip:100@10.0.0.1",
	 "identity"},
	{"sip:10.0.0.1:5080;transport=tcp", CONTACT, NULL, SOURCE,
	 "sip:100@10.0.0.1:5080", "identity"},
	{"sip:a@[2001:db8::1]:5080", CONTACT, NULL, SOURCE,
	 "sip:100@[2001:db8::1]:5080", "identity"},
	{"sips:a@example.com", CONTACT, NULL, SOURCE, "sips:100@example.com",
	 "identity"},
	{"SIPS:a@example.com", CONTACT, NULL, SOURCE, "sips:100@example.com",
	 "identity"},
	{"sip:a@example.com.", CONTACT, NULL, SOURCE, "sip:100@example.com.",
	 "identity"},
	{"sip:a@example.com:0", CONTACT, NULL, SOURCE, "sip:100@example.com",
	 "identity"},
	{"sip:a@example.com:99999", CONTACT, NULL, SOURCE,
	 "sip:100@example.com", "identity"},
	{"sip:+49;phone-context=x@example.com;user=phone", CONTACT, NULL,
	 SOURCE, "sip:100@example.com", "identity"},
	{" sip:a@example.com \r\n ", CONTACT, NULL, SOURCE,
	 "sip:100@example.com", "identity"},

	/* From contains no routable address */
	{"tel:+4930123", CONTACT, NULL, SOURCE, "sip:100@10.0.0.9:5070",
	 "remote target"},
	{"sip:anonymous@anonymous.invalid", CONTACT, NULL, SOURCE,
	 "sip:100@10.0.0.9:5070", "remote target"},
	{"sip:anonymous@anonymous.INVALID.", CONTACT, NULL, SOURCE,
	 "sip:100@10.0.0.9:5070", "remote target"},
	{"sip:anonymous@invalid", CONTACT, NULL, SOURCE,
	 "sip:100@10.0.0.9:5070", "remote target"},
	{"sip:+12025550100@VoiceIPG;isup-oli=00", CONTACT, NULL, SOURCE,
	 "sip:100@10.0.0.9:5070", "remote target"},
	{"sip:a@localhost", CONTACT, NULL, SOURCE, "sip:100@10.0.0.9:5070",
	 "remote target"},
	{"sip:a@127.0.0.1", CONTACT, NULL, SOURCE, "sip:100@10.0.0.9:5070",
	 "remote target"},
	{"sip:a@0.0.0.0", CONTACT, NULL, SOURCE, "sip:100@10.0.0.9:5070",
	 "remote target"},
	{"sip:a@10.0.0.256", CONTACT, NULL, SOURCE, "sip:100@10.0.0.9:5070",
	 "remote target"},
	{"sip:a@M\xc3\xbcnchen.example", CONTACT, NULL, SOURCE,
	 "sip:100@10.0.0.9:5070", "remote target"},
	{"sip:a@exa mple.com", CONTACT, NULL, SOURCE, "sip:100@10.0.0.9:5070",
	 "remote target"},
	{"urn:service:sos", CONTACT, NULL, SOURCE, "sip:100@10.0.0.9:5070",
	 "remote target"},
	{"", CONTACT, NULL, SOURCE, "sip:100@10.0.0.9:5070", "remote target"},
	{"tel:100", "sips:a@[2001:db8::9]:5071", NULL, SOURCE,
	 "sips:100@[2001:db8::9]:5071", "remote target"},
	{"sip:a@word", "sip:a@gateway", NULL, SOURCE, "sip:100@gateway",
	 "remote target"},

	/* a word that those on the way know */
	{"sip:a@pbx", CONTACT, "<sip:p1.example;lr>, \"x\" <sip:PBX;lr>",
	 SOURCE, "sip:100@pbx", "identity"},
	{"sip:a@pbx", "sip:x@pbx:5070", NULL, SOURCE, "sip:100@pbx",
	 "identity"},
	{"sip:a@pbx", CONTACT, "<sip:p1.example;lr>", SOURCE,
	 "sip:100@10.0.0.9:5070", "remote target"},

	/* a phone behind a proxy, over WebSocket */
	{"sip:a@example.com", "sip:x@df7jal23ls0d.invalid;transport=ws", NULL,
	 SOURCE, "sip:100@example.com", "identity"},
	{"sip:anonymous@anonymous.invalid", "sip:x@df7jal23ls0d.invalid", NULL,
	 SOURCE, "sip:100@192.0.2.7:5080", "source address"},
	{"sip:a@word", "sip:x@df7jal23ls0d.invalid", NULL, SOURCE,
	 "sip:100@192.0.2.7:5080", "source address"},
	{"sips:a@word", "sip:x@df7jal23ls0d.invalid", NULL, "[2001:db8::7]",
	 "sips:100@[2001:db8::7]", "source address"},
	{"sip:a@word", "garbage", NULL, SOURCE, "sip:100@192.0.2.7:5080",
	 "source address"},

	/* some carriers write the address that they called, which is ours */
	{"sip:+4930@192.0.2.1", CONTACT, NULL, SOURCE, "sip:100@10.0.0.9:5070",
	 "remote target"},
	{"sip:+4930@192.0.2.1:5060", CONTACT, NULL, SOURCE,
	 "sip:100@10.0.0.9:5070", "remote target"},
	{"sips:+4930@192.0.2.1", CONTACT, NULL, SOURCE,
	 "sip:100@10.0.0.9:5070", "remote target"},
	{"sip:+4930@[2001:db8:0::1]", CONTACT, NULL, SOURCE,
	 "sip:100@10.0.0.9:5070", "remote target"},
	{"sip:+4930@192.0.2.1", "sip:x@192.0.2.1", NULL, SOURCE,
	 "sip:100@192.0.2.7:5080", "source address"},
	{"sip:+4930@192.0.2.1", "sip:x@[2001:db8::1]:5061", NULL, NULL,
	 "sip:100@192.0.2.1", "identity"},

	/* but not others of this machine */
	{"sip:+4930@192.0.2.1:5080", CONTACT, NULL, SOURCE,
	 "sip:100@192.0.2.1:5080", "identity"},

	/* no other address is known */
	{"sip:a@word", NULL, NULL, NULL, "sip:100@word", "identity"},
	{"sip:a@b.invalid", NULL, NULL, NULL, "sip:100@b.invalid", "identity"},
};

/* Identity of the far end */
static const struct {
	const char *identity;
	const char *uri;
} identities[] = {
	{"sip:a@10.0.0.1", "sip:a@10.0.0.1"},
	{"SIPS:a@example.com", "sips:a@example.com"},
	{"sip:a@[2001:db8::1]:5080;x=1", "sip:a@[2001:db8::1]:5080;x=1"},
	{"sip:example.com", "sip:example.com"},
	{"sip:a:secret@example.com", "sip:a:secret@example.com"},
	{"sip:anonymous@anonymous.invalid", "sip:anonymous@anonymous.invalid"},
	{"sip:+1202@VoiceIPG;isup-oli=00", "sip:+1202@VoiceIPG;isup-oli=00"},
	{"sip:+49;phone-context=x@example.com;user=phone",
	 "sip:+49;phone-context=x@example.com;user=phone"},

	/* special characters are escaped, existing escapes stay */
	{"sip:*21#@example.com", "sip:*21%23@example.com"},
	{"sip:ann b@example.com", "sip:ann%20b@example.com"},
	{"sip:J\xc3\xbcrgen@example.com", "sip:J%C3%BCrgen@example.com"},
	{"sip:J\xfcrgen@example.com", "sip:J%FCrgen@example.com"},
	{"sip:a^b%20c%@example.com", "sip:a%5Eb%20c%25@example.com"},
	{"sip:a%0D%0AX:1@example.com", "sip:aX:1@example.com"},
	{"sip:a\r\n\tb@example.com", "sip:ab@example.com"},
	{"sip:a@b@example.com", "sip:a%40b@example.com"},
	{"sip:00:0b:82@example.com", "sip:00:0b%3A82@example.com"},
	{"sip:@example.com", "sip:example.com"},

	/* invalid parts are left out */
	{"sip:a@example.com:0", "sip:a@example.com"},
	{"sip:a@example.com:port", "sip:a@example.com"},
	{"sip:a@example.com;x=\"1\";y=2;z=%00;q=a^b", "sip:a@example.com;y=2"},
	{"sip:a@example.com;x=a@b", "sip:a@example.com"},
	{"sip:a@example.com?Replaces=x", "sip:a@example.com"},
	{"sip:a@exa^mple.com", "sip:a@10.0.0.9:5070"},
	{"sip:a@", "sip:a@10.0.0.9:5070"},
	{"sip:a@[::g]", "sip:a@10.0.0.9:5070"},
	{"sip:", "sip:10.0.0.9:5070"},

	{"tel:+4930-123;cpc=ordinary", "tel:+4930123;cpc=ordinary"},
	{"TEL:*21#;x=\"1\"", "tel:*21%23"},
	{"tel:7A;phone-context=x", "tel:7A;phone-context=x"},
	{"tel:%2BB49;phone-context=x", "sip:%2BB49@10.0.0.9:5070"},
	{"tel:Ann B;x=1", "sip:Ann%20B@10.0.0.9:5070"},
	{"urn:service:sos", "sip:10.0.0.9:5070"},
	{"Ann", "sip:10.0.0.9:5070"},
	{"", "sip:10.0.0.9:5070"},
};


static void encode(struct target *target, const char *input,
		   const struct farend *far)
{
	struct error error = {.index = -1};

	if (target_encode(target, "referTo", input, NULL, NULL, far, &error))
		fail_msg("'%s': %s", input, error.text);
}


static bool is_own_handler(const struct sa *sa)
{
	static const char *const own[] = {"192.0.2.1", "2001:db8::1"};
	struct sa addr;
	uint16_t port;
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		for (port = 5060; port <= 5061; port++) {
			assert_int_equal(sa_set_str(&addr, own[i], port), 0);
			if (sa_cmp(&addr, sa, SA_ALL))
				return true;
		}
	}

	return false;
}


static void test_host(void **state)
{
	struct target target = {.rule = NULL};
	struct farend far;
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {

		const struct farend_names names = {
			.identity = hosts[i].identity,
			.target = hosts[i].target,
			.routes = hosts[i].routes,
			.source = hosts[i].source,
			.ownh = is_own_handler,
		};

		assert_int_equal(farend_init(&far, &names), 0);
		encode(&target, "100", &far);
		assert_string_equal(target.uri, hosts[i].uri);
		assert_string_equal(target.rule, hosts[i].rule);
		assert_int_equal(
			farend_is_clear(&names),
			i < 10 ||
				!strcmp(hosts[i].uri, "sip:100@example.com") ||
				!strcmp(hosts[i].uri,
					"sip:100@192.0.2.1:5080"));
		target_reset(&target);
		farend_reset(&far);
	}
}


/* An identity is never a reason to refuse */
static void test_identity(void **state)
{
	struct farend_names names = {.target = CONTACT};
	struct target target = {.rule = NULL};
	struct farend far;
	char *uri;
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(identities) / sizeof(identities[0]); i++) {

		names.identity = identities[i].identity;
		assert_int_equal(farend_init(&far, &names), 0);
		assert_string_equal(far.identity, identities[i].uri);
		encode(&target, far.identity, &far);
		assert_string_equal(target.uri, identities[i].uri);
		target_reset(&target);
		farend_reset(&far);
	}

	names.identity = "tel:+49";
	assert_int_equal(farend_init(&far, &names), 0);
	assert_int_equal(farend_target(&uri, &far, "sip:a b#@10.0.0.5:5071"),
			 0);
	assert_string_equal(uri, "sip:a%20b%23@10.0.0.5:5071");
	mem_deref(uri);
	farend_reset(&far);
}


static void test_nobody(void **state)
{
	static const char *const ids[] = {"", "sip:a@^", "tel:x", "x:y"};
	struct farend far;
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {

		const struct farend_names names = {.identity = ids[i]};

		assert_int_equal(farend_init(&far, &names), 0);
		assert_null(far.hostport);
		assert_string_equal(far.identity,
				    "sip:anonymous@anonymous.invalid");
		farend_reset(&far);
	}
}


/* However long a From is, the address that is made of it is not */
static void test_length(void **state)
{
	struct farend_names names = {.target = CONTACT};
	struct target target = {.rule = NULL};
	struct farend far;
	char *text = malloc(40000);
	(void)state;

	memset(text, '#', 39999);
	text[39999] = '\0';
	memcpy(text, "sip:", 4);
	memcpy(text + 39999 - 12, "@example.com", 12);
	names.identity = text;
	assert_int_equal(farend_init(&far, &names), 0);
	assert_string_equal(far.identity, "sip:example.com");
	encode(&target, far.identity, &far);
	target_reset(&target);
	farend_reset(&far);

	memset(text, 'a', 39999);
	memcpy(text, "sip:a@", 6);
	assert_int_equal(farend_init(&far, &names), 0);
	assert_string_equal(far.identity, "sip:a@10.0.0.9:5070");
	farend_reset(&far);

	free(text);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
