/**
 * @file tls.h  The certificate that clients see
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TLS_H
#define TLS_H

#include <stdbool.h>

struct config;
struct lws_context;
struct lws_context_creation_info;

bool tls_configured(const struct config *config);
int tls_check(const struct config *config);
void tls_configure(struct lws_context_creation_info *info,
		   const struct config *config);
int tls_reload(struct lws_context *ctx, const struct config *config);

#endif
