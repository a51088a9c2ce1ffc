/**
 * @file command.h  What a client wants, and who does it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stddef.h>

struct fault;
struct message;
struct sender;

void command(const struct sender *sender, char *text, size_t len);
void command_binary(const struct sender *sender);
void command_dial(const struct sender *sender, char *text, size_t len);
void command_verbs(const struct sender *sender, const char *call_sid,
		   char *text, size_t len);

void command_answer(const struct sender *sender, const char *call_sid,
		    struct message *m, struct fault *f);

int command_app(const struct sender *app, const char *body, size_t len);

#endif
