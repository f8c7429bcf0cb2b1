import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { credential, opaque, sources } from '../../test/support/credential.ts';
import { parseSidecarConfig } from '../parse-sidecar-config.ts';
import { sidecarConfigFile } from '../sidecar-config.ts';
import { renderCredential } from './render-credential.ts';

test('what is rendered is what the sidecar reads, for any credential', () => {
  const word = fc.stringMatching(/^[a-z]{1,8}$/);
  const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  // U+FFFD is what bytes that are no UTF-8 become, U+FEFF a byte order mark: both are refused as such.
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((value) => !/\uFFFD|\uFEFF/u.test(value));
  const headers = fc.array(fc.record({ name: fc.stringMatching(/^X-[a-z]{1,8}$/), value: fc.stringMatching(/^[ -~]{1,20}$/) }), {
    maxLength: 3,
  });
  const parts = fc.record({
    upstream: fc.record({
      url: word.map((path) => `https://acme.example/${path}`),
      allow: optional(fc.constant([{ methods: ['GET'], paths: ['/a/**'] }, { paths: ['/'] }])),
      headers: optional(headers),
      queryParameters: optional(fc.array(fc.record({ name: word, value: text }), { maxLength: 3 })),
      connectTimeoutSeconds: fc.integer({ min: 1, max: 300 }),
      responseTimeoutSeconds: fc.constantFrom(0, 60, 61),
    }),
    tokenEndpoint: fc.record({
      url: fc.constant('https://login.acme.example/token'),
      method: fc.constantFrom('GET', 'POST'),
      contentType: fc.constantFrom('application/json', 'application/x-www-form-urlencoded'),
      grantTypeIn: fc.constantFrom('Body', 'Query'),
      parameters: optional(
        fc.array(fc.record({ name: word.map((name) => `p_${name}`), value: text, in: fc.constantFrom('Body', 'Query') }), { maxLength: 3 }),
      ),
      response: optional(fc.record({ accessToken: word, error: word }, { requiredKeys: [] })),
      timeoutSeconds: fc.constantFrom(1, 10, 300),
      defaultLifetimeSeconds: fc.constantFrom(1, 300),
    }),
    grant: fc.record({ scope: optional(word), audience: optional(fc.array(word)), resource: optional(fc.array(word)) }),
    injection: fc.record({ header: fc.constantFrom('Authorization', 'Y'), scheme: optional(fc.constantFrom('', 'Bearer')) }),
    cache: fc.record({ refreshBeforeSeconds: fc.constantFrom(0, 300), refreshOn403: fc.boolean() }),
  });
  fc.assert(
    fc.property(parts, fc.constantFrom('ClientSecretBasic', 'ClientSecretPost'), text, (spec, authentication, value) => {
      const { upstream, tokenEndpoint, grant, injection, cache } = spec;
      const unique = <E>(entries: readonly E[] | undefined) =>
        entries && [...new Map(entries.map((entry) => [JSON.stringify(entry), entry])).values()];
      const document = credential({
        upstream: { ...upstream, headers: unique(upstream.headers), queryParameters: unique(upstream.queryParameters) },
        tokenEndpoint: { ...tokenEndpoint, parameters: unique(tokenEndpoint.parameters) },
        client: { authentication },
        rest: { grant, injection, cache },
      });
      const result = renderCredential(document, sources([opaque('lms-admin', { 'client-secret': value })]), 0);
      const config = result.ok ? parseSidecarConfig(result.text) : undefined;
      // Encoding opens the secrets and leaves the defaults in.
      const read = config?.ok === true ? z.encode(sidecarConfigFile, config.config) : config;
      expect(read).toEqual({
        version: 1,
        upstream: { headers: [], queryParameters: [], tls: {}, ...defined(document.spec.upstream) },
        tokenEndpoint: { parameters: [], response: {}, tls: {}, ...defined(document.spec.tokenEndpoint) },
        client: { id: 'acme', authentication, secret: value, basicEncoding: 'Raw' },
        grant: { audience: [], resource: [], ...defined(document.spec.grant) },
        injection: document.spec.injection,
        cache: document.spec.cache,
      });
    }),
  );
});

const defined = (fields: object): object => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
