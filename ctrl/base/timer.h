/**
 * @file timer.h  Timers of the event loop
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TIMER_H
#define TIMER_H

int timers_open(void);
void timers_close(void);
void timers_arm(void);

#endif
