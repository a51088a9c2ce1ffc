/**
 * @file metrics.h  Metrics for Prometheus
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef METRICS_H
#define METRICS_H

#include "store/store.h"


char *metrics_text(enum scope scope);

#endif
