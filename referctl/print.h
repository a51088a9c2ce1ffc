/**
 * @file print.h  Output for people
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef PRINT_H
#define PRINT_H

#include <cjson/cJSON.h>

const char *json_text(const cJSON *tree, const char *key);
double json_number(const cJSON *tree, const char *key);

void print_clean(char *text);
void print_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void print_json(const cJSON *tree);
void print_calls(const cJSON *calls);
void print_transfers(const cJSON *transfers);
void print_dry_run(const cJSON *dry_run);
void print_step(const cJSON *data);
void print_event(const cJSON *data);
void print_state(const cJSON *data);
void print_message(const cJSON *message);

#endif
