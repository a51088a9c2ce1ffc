/**
 * @file onekey.h  Verbs in the form of one key: {"hangup": {}}
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ONEKEY_H
#define ONEKEY_H


struct cJSON;

int onekey_unfold(struct cJSON *item);

#endif
