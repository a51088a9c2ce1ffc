/**
 * @file jwt.js  An operator of NATS, and the JWTs that it gives
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import { randomUUID } from 'node:crypto';
import { makeNkey } from './nkey.js';

const HEADER = { typ: 'JWT', alg: 'ed25519-nkey' };
const ALL = -1;
const NO_LIMITS = { subs: ALL, data: ALL, payload: ALL };
const ACCOUNT_LIMITS = { ...NO_LIMITS, imports: ALL, exports: ALL,
	wildcards: true, conn: ALL, leaf: ALL };
const JETSTREAM = { mem_storage: ALL, disk_storage: ALL, streams: ALL,
	consumer: ALL };


function encode(value)
{
	return Buffer.from(JSON.stringify(value)).toString('base64url');
}


/* Whoever has the key `issuer` says this of the key `subject` */
function makeJwt(issuer, subject, name, nats, claims)
{
	const text = [HEADER, { jti: randomUUID(), iss: issuer.id,
		sub: subject.id, iat: Math.floor(Date.now() / 1000), name,
		nats: { ...nats, version: 2 }, ...claims }]
		.map(encode).join('.');

	return `${text}.${issuer.sign(text).toString('base64url')}`;
}


/** The text of a file of credentials. */
export function credsText({ jwt, seed })
{
	return `-----BEGIN NATS USER JWT-----
${jwt}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${seed}
------END USER NKEY SEED------
`;
}


/** An operator with an account that has JetStream. */
export class Operator {
	constructor()
	{
		this.key = makeNkey('operator');
		this.account = makeNkey('account');
		this.system = makeNkey('account');
	}

	ofAccount(key, name, limits)
	{
		return makeJwt(this.key, key, name, { type: 'account',
			limits: { ...ACCOUNT_LIMITS, ...limits },
			default_permissions: { pub: {}, sub: {} } });
	}

	/** The settings of servers that accept only its users. */
	config()
	{
		return `operator: ${makeJwt(this.key, this.key, 'test',
			{ type: 'operator' })}
system_account: ${this.system.id}
resolver: MEMORY
resolver_preload: {
	${this.account.id}: ${this.ofAccount(this.account, 'fleet', JETSTREAM)}
	${this.system.id}: ${this.ofAccount(this.system, 'system')}
}
`;
	}

	/**
	 * A new user of the account
	 *
	 * @param options `publish`, `subscribe`: subjects, all by default;
	 *                `seconds` until the JWT expires, never by default;
	 *                `account`: key that signs, by default its own
	 *
	 * @return `jwt` and `seed`
	 */
	user({ publish, subscribe, seconds, account = this.account } = {})
	{
		const key = makeNkey();
		const allow = (list) => list ? { allow: list } : {};
		const exp = Math.floor(Date.now() / 1000) + seconds;

		return { seed: key.seed, jwt: makeJwt(account, key, 'member', {
			type: 'user', ...NO_LIMITS, pub: allow(publish),
			sub: allow(subscribe),
		}, seconds === undefined ? {} : { exp }) };
	}
}
