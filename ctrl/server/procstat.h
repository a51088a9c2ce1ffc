/**
 * @file procstat.h  Metrics of this process, from the kernel
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef PROCSTAT_H
#define PROCSTAT_H

#include <stdio.h>

void procstat_print(FILE *f);

#endif
