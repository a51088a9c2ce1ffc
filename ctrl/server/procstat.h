/**
 * @file procstat.h  What the kernel says of this process, for Prometheus
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef PROCSTAT_H
#define PROCSTAT_H

#include <stdio.h>

void procstat_print(FILE *f);

#endif
