/**
 * @file overrule.h  A transfer that has ended, but not for the others
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef OVERRULE_H
#define OVERRULE_H

void overrule(const char *id, const char *reason);

#endif
