/**
 * @file tls.c  The certificate that clients see
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <libwebsockets.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include "base/base.h"
#include "net.h"


bool tls_configured(const struct tls_files *files)
{
	return *files->cert || *files->key;
}


static const char *try_files(SSL_CTX *ssl, const struct tls_files *files)
{
	if (SSL_CTX_use_certificate_chain_file(ssl, files->cert) != 1)
		return files->cert;

	if (SSL_CTX_use_PrivateKey_file(ssl, files->key, SSL_FILETYPE_PEM) !=
	    1)
		return files->key;

	return NULL;
}


int tls_check(const struct tls_files *files)
{
	const char *file;
	SSL_CTX *ssl;

	if (!tls_configured(files))
		return 0;

	if (!*files->cert || !*files->key) {
		log_error("tls: tls-cert and tls-key must be given together");
		return EINVAL;
	}

	ssl = SSL_CTX_new(TLS_server_method());
	if (!ssl)
		return ENOMEM;

	file = try_files(ssl, files);
	if (file)
		log_error("tls: cannot use %s: %s", file,
			  ERR_reason_error_string(ERR_peek_last_error()));
	ERR_clear_error();
	SSL_CTX_free(ssl);

	return file ? EINVAL : 0;
}


void tls_configure(struct lws_context_creation_info *info,
		   const struct tls_files *files)
{
	if (!tls_configured(files))
		return;

	info->ssl_cert_filepath = files->cert;
	info->ssl_private_key_filepath = files->key;
	info->alpn = "http/1.1";
}


int tls_reload(struct lws_context *ctx, const struct tls_files *files)
{
	int err;

	if (!tls_configured(files))
		return 0;

	err = tls_check(files);
	if (err)
		return err;

	return lws_tls_cert_updated(ctx, files->cert, files->key, NULL, 0,
				    NULL, 0)
		       ? EIO
		       : 0;
}
