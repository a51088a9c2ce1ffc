/**
 * @file onecall.h  A client and a gateway with one live call
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ONECALL_H
#define ONECALL_H

#include "../fuzz/referd.h"
#include "told.h"
#include <stdbool.h>


/* The call is c1; referd runs already */
static inline void onecall_begin(bool jambonz)
{
	told_begin();
	bot_connect(jambonz);
	gateway_connect();
	gateway_hello();
	gateway_call("new", "c1", "in-progress");
}


static inline int setup(void **state)
{
	(void)state;
	referd_open("");
	onecall_begin(false);

	return 0;
}


static inline int setup_jambonz(void **state)
{
	(void)state;
	referd_open("");
	onecall_begin(true);

	return 0;
}


static inline int teardown(void **state)
{
	(void)state;
	referd_close();

	return 0;
}

#endif
