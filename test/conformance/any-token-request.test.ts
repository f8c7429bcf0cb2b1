import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../crds/clock.ts';
import { parseSidecarConfig } from '../../crds/parse-sidecar-config.ts';
import { renderCredential } from '../../crds/render/render-credential.ts';
import { buildTokenRequest, type TokenRequest } from '../../sidecar/token/build-token-request.ts';
import { gatherMaterial } from '../../sidecar/token/token-material.ts';
import { anyCredential, type AnyCredential } from '../support/any-credential.ts';
import { expectedTokenRequest, type ExpectedField } from '../support/expected-token-request.ts';
import { decodeFormValue, parseBasic, parseTokenRequest, type Field } from '../support/parse-token-request.ts';
import { unsignedJwt } from '../support/unsigned-jwt.ts';

const projected = unsignedJwt({ sub: 'system:serviceaccount:hr:job' });
let file: string;
beforeAll(async () => {
  file = join(await mkdtemp(join(tmpdir(), 'projected-')), 'token');
  await writeFile(file, projected);
});
afterAll(() => rm(join(file, '..'), { recursive: true }));

/** All the way from the credential, as the sidecar would send it. */
async function tokenRequestOf({ credential, sources }: AnyCredential): Promise<TokenRequest> {
  const rendered = renderCredential(credential, sources, Date.now());
  if (!rendered.ok) throw new Error(JSON.stringify(rendered.problems));
  const parsed = parseSidecarConfig(rendered.text);
  if (!parsed.ok || 'invalid' in parsed.config) throw new Error('the sidecar does not read it');
  const projectedToken = { file, hosts: ['login.acme.example'] };
  const gathered = await gatherMaterial(parsed.config, { clock: systemClock, newId: () => 'id', projectedToken })();
  if (!gathered.ok) throw new Error(gathered.failure.detail);
  return buildTokenRequest(parsed.config, { material: gathered.value, because: { refused: false }, userAgent: 'test' });
}

/** Without the URL's own query, which is kept as it was written. */
function addedTo(url: string, request: TokenRequest): TokenRequest {
  const { pathname, search } = new URL(url);
  if (!request.path.startsWith(pathname + search)) throw new Error(`${request.path} does not begin as ${url} goes on`);
  const added = request.path.slice(pathname.length + search.length);
  return { ...request, path: pathname + (search === '' ? added : added.replace(/^&/, '?')) };
}

async function readAs(expected: readonly ExpectedField[], sent: readonly Field[]): Promise<ExpectedField[]> {
  return Promise.all(
    sent.map(async ([name, text], index) => ({ name, value: await (expected[index]?.read?.(text) ?? Promise.resolve(text)) })),
  );
}

const bare = (fields: readonly ExpectedField[]): ExpectedField[] => fields.map(({ name, value }) => ({ name, value }));

test('a strict parser reads out of the token request of any credential what the credential says, in the order that it has', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(anyCredential, async (any) => {
      const { tokenEndpoint, client, grant } = any.credential.spec;
      seen.add(`${client.authentication} client`).add(`${grant.type} grant`);
      const expected = expectedTokenRequest(any, projected);
      const { query, body, headers } = parseTokenRequest(addedTo(tokenEndpoint.url, await tokenRequestOf(any)));

      expect(await readAs(expected.query, query)).toEqual(bare(expected.query));
      expect(await readAs(expected.body, body)).toEqual(bare(expected.body));
      for (const { name, value } of expected.headers) expect(headers.get(name.toLowerCase())).toContain(value);
      const basic = headers.get('authorization')?.map((line) => {
        const { user, password } = parseBasic(line);
        return client.basicEncoding === 'Raw' ? [user, password] : [decodeFormValue(user), decodeFormValue(password)];
      });
      expect(basic).toEqual(expected.basic && [expected.basic]);
    }),
    { numRuns: 500 },
  );
  expect(seen.size).toBe(7 + 7);
});
