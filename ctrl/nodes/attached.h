/**
 * @file attached.h  The link to a module in this process
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ATTACHED_H
#define ATTACHED_H


void attached_unlisten(void);

#endif
