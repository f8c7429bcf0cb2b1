import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { systemClock } from '../crds/clock.ts';
import { parseSidecarConfig } from '../crds/parse-sidecar-config.ts';
import { Sensitive } from '../crds/sensitive.ts';
import { call } from '../test/support/call.ts';
import { canarySecret, findTraces } from '../test/support/canary.ts';
import type { Listening } from '../test/support/listen-on-loopback.ts';
import { serve } from '../test/support/serve.ts';
import { testConfig, type TestConfig } from '../test/support/sidecar-config.ts';
import { startTestSidecar } from '../test/support/start-test-sidecar.ts';
import { startTokenIssuer } from '../test/support/token-issuer.ts';
import type { Examination, Step } from './examination.ts';
import { type ApiCall, parseApiCall } from './api/api-call.ts';
import { examine } from './examine.ts';

async function examineConfig(
  config: TestConfig,
  options: { readonly path?: string; readonly record?: (step: Step) => void } = {},
): Promise<Examination> {
  const parsed = parseSidecarConfig(new Sensitive(JSON.stringify(testConfig(config))));
  if (!parsed.ok || 'invalid' in parsed.config) throw new Error('not a configuration');
  const record = options.record ?? (() => {});
  return examine(
    { alias: 'a', config: parsed.config, call: callOf(options.path), probe: true, version: '0.0.0', environment: {}, record },
    { clock: systemClock },
  );
}

interface Api extends Listening {
  readonly requests: readonly IncomingMessage[];
}

/** It answers everything, and keeps what came. */
async function startApi(): Promise<Api> {
  const requests: IncomingMessage[] = [];
  const listening = await serve((request, response) => {
    requests.push(request);
    response.end();
  });
  return { ...listening, requests };
}

function callOf(path: string | undefined): ApiCall {
  const parsed = parseApiCall('GET', path);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.call;
}

it('goes the way of a call in its order, tells each step as it is done, and shows no secret', async () => {
  await using issuer = await startTokenIssuer();
  await using api = await startApi();
  const told: Step[] = [];
  const examination = await examineConfig({ upstream: api.url, tokenEndpoint: issuer.url }, { record: (step) => told.push(step) });
  expect(examination.verdict.code).toBe('works');
  const way = ['DNS', 'TCP', 'Proxy', 'TLS'];
  expect(told.map(({ name }) => name)).toEqual([...way, 'Token request', 'Token answer', 'Token', ...way, 'API request', 'API answer']);
  expect(examination.steps).toEqual(told);
  expect(findTraces(JSON.stringify(examination))).toEqual([]);
});

it('sends the API what the sidecar would send for a caller with the same headers', async () => {
  await using issuer = await startTokenIssuer();
  await using api = await startApi();
  const upstream = {
    url: `${api.url}/odata/v2/`,
    headers: [
      { name: 'X-Key', value: canarySecret('header') },
      { name: 'User-Agent', value: 'acme' },
    ],
    queryParameters: [{ name: '$format', value: 'json' }],
  };
  const config: TestConfig = { upstream, tokenEndpoint: issuer.url, injection: { header: 'X-Token', scheme: 'Token' } };
  await using sidecar = await startTestSidecar({ configs: { a: testConfig(config) } });
  for (const path of ['', '/', '/Users(1)?$top=2&$format=xml', '/a%20b//c']) {
    const before = api.requests.length;
    await call(`${sidecar.url}/a${path}`, { headers: { accept: '*/*' } });
    const { verdict } = await examineConfig(config, { path });
    expect(verdict.code).toBe('works');
    const [passed, ours] = api.requests.slice(before);
    const shape = (request: typeof ours): unknown => [
      request?.method,
      request?.url,
      // Each token is another one, and the connection is the client's own affair.
      Object.entries(request?.headersDistinct ?? {})
        .map(([name, values = []]) => `${name}: ${values.join(', ').replace(/(Token ).*/, '$1')}`)
        .filter((line) => !line.startsWith('connection'))
        .toSorted(),
    ];
    expect(shape(ours)).toEqual(shape(passed));
    expect(ours?.headers['x-key']).toBe(canarySecret('header'));
  }
});

it('calls nothing where upstream.allow does not permit it, and ends there', async () => {
  await using issuer = await startTokenIssuer();
  await using api = await startApi();
  const config: TestConfig = { upstream: { url: api.url, allow: [{ paths: ['/users/**'] }] }, tokenEndpoint: issuer.url };
  const refused = await examineConfig(config, { path: '/orders' });
  expect(refused.verdict).toMatchObject({ code: 'call_not_allowed', mend: { kind: 'manifest', tried: false } });
  const guessed = await examineConfig(config);
  expect(guessed.verdict.sentence).toMatch(
    /^The token endpoint .* issued a token; the API .* was not called: upstream\.allow permits no path that can be guessed/,
  );
  expect([guessed.verdict.code, guessed.steps.at(-1)?.outcome, api.requests.length]).toEqual(['works', 'skipped', 0]);
});

it('makes up no SOAP envelope', async () => {
  await using issuer = await startTokenIssuer();
  await using api = await startApi();
  const { verdict, steps } = await examineConfig({
    upstream: api.url,
    tokenEndpoint: issuer.url,
    injection: { soapHeader: { element: 'Token' } },
  });
  expect(verdict.sentence).toMatch(/was not called: the token goes into a SOAP envelope/);
  expect([verdict.code, steps.at(-1)?.outcome, api.requests.length]).toEqual(['works', 'skipped', 0]);
});

it('does not send a token that the sidecar would not send', async () => {
  await using endpoint = await serve((_request, response) => void response.end(JSON.stringify({ access_token: 'x', token_type: 'DPoP' })));
  await using api = await startApi();
  const { verdict } = await examineConfig({ upstream: api.url, tokenEndpoint: endpoint.url });
  expect(verdict).toMatchObject({
    code: 'token_malformed',
    failure: 'token_malformed',
    sentence: expect.stringMatching(/its type is DPoP/),
  });
  expect(api.requests).toEqual([]);
});

it('ends at the token endpoint where it says no', async () => {
  await using issuer = await startTokenIssuer();
  issuer.refuse = (_request, response) => void response.writeHead(503).end();
  const { verdict, steps } = await examineConfig({ upstream: 'http://127.0.0.1:1', tokenEndpoint: issuer.url });
  expect(verdict.failure).toBe('token_unavailable');
  expect(steps.some(({ subject }) => subject === 'api')).toBe(false);
});
