/**
 * @file intake.h  What a node reports, handed to whom it concerns
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef INTAKE_H
#define INTAKE_H

struct report;

void intake(const struct report *r, const char *boot, const char *node);
void intake_begin(const char *boot);
void intake_gone(const char *boot);

#endif
