/**
 * @file handover.h  The link to a referd in this process
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef HANDOVER_H
#define HANDOVER_H

#include <stdbool.h>

int handover_open(void);
bool handover_is_up(void);
bool handover_flush(void);
void handover_resume(void);
void handover_close(void);

#endif
