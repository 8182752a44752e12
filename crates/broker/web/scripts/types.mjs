// Makes src/lib/api/schema.d.ts from the broker's OpenAPI. `--check` changes nothing and fails when the file is stale.
// LOA_OPENAPI names another document than the committed one.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const source = process.env.LOA_OPENAPI ?? fileURLToPath(new URL('../../../../docs/openapi.json', import.meta.url));
const target = fileURLToPath(new URL('../src/lib/api/schema.d.ts', import.meta.url));
if (!existsSync(source)) {
  process.stderr.write(`${source} is missing: make it with \`loa-broker openapi\`, or name one in LOA_OPENAPI\n`);
  process.exit(1);
}
const head = '// Made by `npm run types` from docs/openapi.json. Do not edit.\n\n';
// Calls are typed by path; names of operations would only double the file.
const document = JSON.parse(readFileSync(source, 'utf8'), (key, value) => (key === 'operationId' ? undefined : value));
const fresh = head + astToString(await openapiTS(document, { defaultNonNullable: false }));
if (!process.argv.includes('--check')) {
  writeFileSync(target, fresh);
} else if (!existsSync(target) || readFileSync(target, 'utf8') !== fresh) {
  process.stderr.write('src/lib/api/schema.d.ts is stale: run `npm run types` and commit it\n');
  process.exit(1);
}
