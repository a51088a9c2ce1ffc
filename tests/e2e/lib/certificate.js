/**
 * @file certificate.js  Self-signed certificates, and those of an authority
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';


/**
 * Make a certificate
 *
 * @param dir   Directory for its files
 * @param names Its subjectAltName, as in X.509
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


/**
 * Make an authority, and certificates that it has signed
 *
 * @param dir  Directory for their files
 * @param whom For each certificate: its name, and its subjectAltName
 *
 * @return Path of the authority's certificate; beside it are NAME.pem and
 *         NAME-key.pem
 */
export function authority(dir, whom)
{
	const run = (...args) => execFileSync('openssl', args,
		{ cwd: dir, stdio: 'pipe' });

	run('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
		'-subj', '/CN=authority', '-keyout', 'ca-key.pem',
		'-out', 'ca.pem');
	for (const [name, names] of Object.entries(whom)) {
		writeFileSync(join(dir, `${name}.ext`),
			`subjectAltName=${names}\n`);
		run('req', '-newkey', 'rsa:2048', '-nodes', '-subj',
			`/CN=${name}`, '-keyout', `${name}-key.pem`, '-out',
			`${name}.csr`);
		run('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem',
			'-CAkey', 'ca-key.pem', '-CAcreateserial', '-days', '2',
			'-extfile', `${name}.ext`, '-out', `${name}.pem`);
	}

	return join(dir, 'ca.pem');
}
