/**
 * @file certificate.js  A certificate that nobody has signed but itself
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';


/**
 * Make a certificate
 *
 * @param dir   Where its files go
 * @param names Whom it is for, as X.509 has it
 *
 * @return Path of one file with the certificate and its key
 */
export function certificate(dir, names = 'DNS:localhost,IP:127.0.0.1')
{
	const file = join(dir, 'certificate.pem');
	const key = join(dir, 'key.pem');

	execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048',
		'-nodes', '-days', '2', '-subj', '/CN=test',
		'-addext', `subjectAltName=${names}`, '-keyout', key,
		'-out', file], { stdio: 'pipe' });
	writeFileSync(file, readFileSync(file, 'utf8') +
		readFileSync(key, 'utf8'));

	return file;
}
