/**
 * @file pace.h  How fast what waits is published
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef PACE_H
#define PACE_H

void pace_start(void);
double pace_wait(void);
void pace_take(unsigned count);

#endif
