/**
 * @file tls.h  The certificate that clients see
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef TLS_H
#define TLS_H

#include <stdbool.h>

struct lws_context;
struct lws_context_creation_info;

/* "" for none */
struct tls_files {
	const char *cert;
	const char *key;
};

bool tls_configured(const struct tls_files *files);
int tls_check(const struct tls_files *files);
void tls_configure(struct lws_context_creation_info *info,
		   const struct tls_files *files);
int tls_reload(struct lws_context *ctx, const struct tls_files *files);

#endif
