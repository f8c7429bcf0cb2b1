import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { call } from '../support/call.ts';
import { canarySecret, canaryToken, findTraces } from '../support/canary.ts';
import { type HttpAnswer, httpAnswer } from '../support/http-answer.ts';
import { listenOnLoopback } from '../support/listen-on-loopback.ts';
import { startRecordingServer } from '../support/recording-server.ts';
import { startSidecarProcess } from '../support/start-sidecar-process.ts';
import { startTokenIssuer } from '../support/token-issuer.ts';

const secret = canarySecret('client');
const noServer = 'http://127.0.0.1:1';

/** What a careless token endpoint answers, to a path of its own each; `sent` is all that the sidecar told it. */
const carelessAnswers: Readonly<Record<string, (sent: string) => HttpAnswer>> = {
  rejected: (sent) => ({ status: 401, body: JSON.stringify({ error: 'invalid_client', error_description: `I got ${sent}` }) }),
  'error-is-secret': () => ({ status: 400, body: JSON.stringify({ error: secret }) }),
  'plain-text': (sent) => ({ status: 403, headers: { 'Content-Type': 'text/plain' }, body: sent }),
  'web-page': (sent) => ({ headers: { 'Content-Type': 'text/html' }, body: `<html><pre>${sent}</pre></html>` }),
  'broken-json': () => ({ body: `{"access_token":"${canaryToken('broken')}"` }),
  'token-with-space': () => ({ body: JSON.stringify({ access_token: `${canaryToken('spaced')} x` }) }),
  'token-elsewhere': () => ({ body: JSON.stringify({ data: { jwt: canaryToken('elsewhere') } }) }),
  'strange-type': () => ({ body: JSON.stringify({ access_token: canaryToken('mac'), token_type: canaryToken('type') }) }),
  moved: (sent) => ({ status: 302, headers: { Location: `http://elsewhere.example/?${encodeURIComponent(sent)}` }, body: '' }),
  down: (sent) => ({ status: 500, body: sent }),
};

const expected: Readonly<Record<string, string>> = {
  rejected: 'token_rejected',
  'error-is-secret': 'token_rejected',
  'plain-text': 'token_rejected',
  'web-page': 'token_malformed',
  'broken-json': 'token_malformed',
  'token-with-space': 'token_malformed',
  'token-elsewhere': 'token_malformed',
  'strange-type': 'token_malformed',
  moved: 'token_malformed',
  down: 'token_unavailable',
  'no-token-server': 'token_unavailable',
  'no-api': 'upstream_unreachable',
  'broken-api': 'upstream_protocol',
  'header-that-cannot-be': 'credential_invalid',
  'token-proxy-refuses': 'token_unavailable',
  'api-proxy-refuses': 'upstream_unreachable',
  'not-json': 'credential_invalid',
  'unknown-field': 'credential_invalid',
  'secret-in-the-wrong-place': 'credential_invalid',
};

test('no secret and no token is in any failure, log line or list of aliases, whatever the other side makes of them', async () => {
  const sentToServer: string[] = [];
  await using tokens = await startRecordingServer(({ target, headers, body }) => {
    const sent = `${target} ${headers.join(' ')} ${body.toString()}`;
    sentToServer.push(sent);
    const [, name = ''] = target.split(/[/?]/);
    const { headers: more, ...answer } = carelessAnswers[name]?.(sent) ?? { status: 404, body: sent };
    return httpAnswer({ ...answer, headers: { 'Content-Type': 'application/json', ...more } });
  });
  await using issuer = await startTokenIssuer();
  await using api = await startRecordingServer(
    ({ raw }) => `HTTP/1.1 200 OK\r\nWhat I got ${raw.toString('latin1').replaceAll('\r\n', ' ')}\r\n\r\n`,
  );
  await using forwardProxy = await listenOnLoopback(
    createServer((request, response) => response.writeHead(407).end(request.headers['proxy-authorization'])).on(
      'connect',
      (request, socket) =>
        socket.end(`HTTP/1.1 407 ${request.headers['proxy-authorization']}\r\n\r\n${request.headers['proxy-authorization']}`),
    ),
  );
  const proxy = { url: forwardProxy.url, username: 'workload', password: canarySecret('proxy') };
  const config = (tokenUrl: string, upstream: object = {}, more: object = {}): object => ({
    version: 1,
    upstream: {
      url: api.url,
      headers: [{ name: 'X-Key', value: canarySecret('header') }],
      queryParameters: [{ name: 'key', value: canarySecret('query') }],
      ...upstream,
    },
    tokenEndpoint: {
      url: tokenUrl,
      parameters: (['Body', 'Query', 'Header'] as const).map((place) => ({
        name: `X-${place}`,
        value: canarySecret(`in-${place}`),
        in: place,
      })),
      ...more,
    },
    client: { id: 'workload', secret },
  });
  await using sidecar = await startSidecarProcess({
    args: ['--log-level', 'trace'],
    configs: {
      ...Object.fromEntries(Object.keys(carelessAnswers).map((alias) => [alias, config(`${tokens.url}/${alias}`)])),
      'no-token-server': config(`${noServer}/token`),
      'no-api': config(issuer.url, { url: noServer }),
      'broken-api': config(issuer.url),
      'header-that-cannot-be': config(issuer.url, { headers: [{ name: 'X-Key', value: `${canarySecret('header')}\u0001` }] }),
      'token-proxy-refuses': config('https://tokens.example/token', {}, { proxy }),
      'api-proxy-refuses': config(issuer.url, { url: 'https://api.example', proxy }),
      'not-json': `{"version": 1, "client": {"secret": "${secret}"`,
      'unknown-field': { ...config(issuer.url), clientSecret: secret },
      'secret-in-the-wrong-place': { ...config(issuer.url), client: { id: 'workload', authentication: secret, basicEncoding: [secret] } },
    },
  });

  const answers = await Promise.all(
    Object.keys(expected).map(async (alias) => {
      const answer = await call(`${sidecar.proxyUrl}/${alias}/orders?key=${canarySecret('caller-query')}`, {
        method: 'PUT',
        headers: { Authorization: `Bearer ${canaryToken('caller')}`, 'X-Own': canarySecret('caller-header') },
        body: canarySecret('caller-body'),
      });
      return [alias, { failure: answer.failure, leaked: findTraces(JSON.stringify(answer)) }] as const;
    }),
  );
  expect(Object.fromEntries(answers)).toEqual(
    Object.fromEntries(Object.entries(expected).map(([alias, failure]) => [alias, { failure, leaked: [] }])),
  );
  const aliases = await call(`${sidecar.proxyUrl}/-/aliases`);
  expect(findTraces(aliases.body)).toEqual([]);
  expect(findTraces(sidecar.log.map((line) => JSON.stringify(line)).join('\n'))).toEqual([]);

  // The other side did get the secrets, and said so.
  for (const name of ['in-Body', 'in-Query']) expect(sentToServer.join('\n')).toContain(canarySecret(name));
  expect(findTraces(sentToServer.join('\n')).length).toBeGreaterThan(20);
});
