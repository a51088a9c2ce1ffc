/**
 * @file schema.js  The JSON Schemas of jambonz' messages to an application
 *
 * Copyright (C) 2026 the sip_refer authors
 */

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020.js';
import { settings } from './settings.js';

const SCHEMAS = join(settings.source,
	'tests/e2e/node_modules/@jambonz/schema');


function loadSchemas()
{
	const ajv = new Ajv({ strict: false, allErrors: true });
	const dir = join(SCHEMAS, 'callbacks');

	for (const name of readdirSync(dir))
		ajv.addSchema(JSON.parse(readFileSync(join(dir, name))));

	return (name, data) => {
		const validate = ajv.getSchema(
			`https://jambonz.org/schema/callbacks/${name}`);

		assert.ok(validate(data), `${name}: ` +
			`${ajv.errorsText(validate.errors)}: ` +
			JSON.stringify(data));
	};
}


/** Checks that data follow the schema of a name. */
export const validate = loadSchemas();
