/**
 * @file referd.h  A referd without a network: one baresip, one client
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FUZZ_REFERD_H
#define FUZZ_REFERD_H

#include <stdbool.h>
#include <stddef.h>

void referd_open(const char *app);
void referd_of_fleet(bool on);
void referd_restart(void);
void referd_close(void);
void referd_turns(void);
void referd_time_passes(void);
void referd_disk(bool slow);
const char *referd_socket(void);

void bot_connect(bool jambonz);
void bot_leave(void);
void bot_say(const void *frame, size_t len, bool last, bool binary);
void bot_say_text(const char *frame);
bool hook_answer(long status, const char *body, size_t len);

void apps_turn(void);
void apps_leave(void);
void app_say(const void *frame, size_t len, bool last, bool binary);
void app_leave(int code);

void gateway_connect(void);
void gateway_disconnect(void);
void gateway_reset(void);
void gateway_say(const void *data, size_t len);
void gateway_report(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));
void gateway_hello(void);
void gateway_call(const char *event, const char *sid, const char *state);
const char *gateway_request(char *text, size_t size);
const char *gateway_accept(void);
void gateway_answer(bool silent);

#endif
