import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { canaryToken } from '../support/canary.ts';
import { listenOnLoopback } from '../support/listen-on-loopback.ts';
import { makeCertificate } from '../support/make-certificate.ts';
import { requireTool } from '../support/require-tool.ts';
import { type ResourceServer, startResourceServer, type VerifyToken } from '../support/resource-server.ts';
import { AssertionVerifier } from '../support/saml/assertion-verifier.ts';
import { startBtpTokenServer } from '../support/saml/btp-token-server.ts';
import { startSuccessFactorsTokenServer } from '../support/saml/successfactors-token-server.ts';
import type { SamlTokenServer } from '../support/saml/token-server.ts';
import { certificateSources, type ExpectedRequest, sapSources, type SapSource, secretMark, signingPair } from '../support/sap-sources.ts';
import { runTokenward, ServingTokenward } from '../support/tokenward-process.ts';

const java = requireTool('java', 'to verify SAML assertions with javax.xml.crypto.dsig before a token is issued');

const folder = mkdtempSync(join(tmpdir(), 'tokenward-convert-'));
const authority = makeCertificate('authority');
const server = makeCertificate('server', { hosts: ['127.0.0.1'], issuer: authority });
const client = makeCertificate('client', { issuer: authority });
const token = canaryToken('convert');

let cleanup: AsyncDisposableStack;
let api: ResourceServer;
let verifyToken: VerifyToken;
/** What the token endpoints here are to get; they issue nothing for anything else. */
let expected: ExpectedRequest | undefined;
let login: string;
let tlsLogin: string;

beforeAll(async () => {
  cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rmSync(folder, { recursive: true }));
  api = await startResourceServer({
    verifyToken: (given) => verifyToken(given),
    respond: echo,
  });
  cleanup.defer(() => api.close());
  login = cleanup.use(await listenOnLoopback(createServer((request, response) => void issue(request, response)))).url;
  const tls = { key: server.key, cert: server.certificate, ca: authority.certificate, requestCert: true };
  const secure = cleanup.use(await listenOnLoopback(createTlsServer(tls, (request, response) => void issue(request, response))));
  tlsLogin = secure.url.replace('http:', 'https:');
});
afterAll(() => cleanup.disposeAsync());
beforeEach(() => {
  verifyToken = (given) => (given === token ? { clientId: 'converted' } : undefined);
});

/** Answers with what a destination may add to a call. */
function echo({ url, headers }: IncomingMessage, response: ServerResponse): void {
  response.end(JSON.stringify({ url, apiKey: headers['x-api-key'], sapClient: headers['sap-client'] }));
}

async function issue(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const form = [...new URLSearchParams(await text(request))];
  const { target, authorization, form: wanted, headers = {} } = expected ?? { target: '', form: [] };
  const isRight =
    request.method === 'POST' &&
    request.url === target &&
    request.headers.authorization === authorization &&
    request.headers['content-type'] === 'application/x-www-form-urlencoded' &&
    JSON.stringify(form) === JSON.stringify(wanted) &&
    Object.entries(headers).every(([name, value]) => request.headers[name] === value) &&
    (!(request.socket instanceof TLSSocket) || request.socket.authorized);
  response.writeHead(isRight ? 200 : 400, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(isRight ? { access_token: token, token_type: 'bearer', expires_in: 3600 } : { error: 'invalid_request' }));
}

function save(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

/** Converts, serves what comes out, and calls the API through it. */
async function callConverted(
  { file, text: write, fromFile = {}, args = [], alias }: SapSource,
  { at = login, extra = {} }: { readonly at?: string; readonly extra?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly status: number; readonly body: string }> {
  const places = { login: at, api: api.url };
  const given = Object.entries({ ...fromFile, ...extra }).flatMap(([key, content]) => [
    '--from-file',
    `${key}=${save(`${file}.${key}`, content)}`,
  ]);
  const more = typeof args === 'function' ? args(places) : args;
  const converted = await runTokenward(['convert', '-f', save(file, write(places)), ...given, ...more]);
  expect([converted.code, converted.stderr]).toEqual([0, expect.not.stringContaining(secretMark)]);
  const env = 'ca.crt' in extra ? {} : { NODE_EXTRA_CA_CERTS: save('authority.crt', authority.certificate) };
  await using serving = new ServingTokenward(['-f', save(`${file}.yaml`, converted.stdout)], { env });
  const response = await fetch(`${await serving.urlOf(alias)}/things/1`);
  return { status: response.status, body: await response.text() };
}

const called = { status: 200, body: expect.stringMatching(/\/things\/1/) };
const withRequest = (sources: readonly SapSource[]) =>
  sources.flatMap((source) => (source.request === undefined ? [] : [[source.title, source, source.request] as const]));

describe('tokenward convert, and what it prints served by tokenward run', () => {
  test.each(withRequest(sapSources))('gets a token of a strict server: %s', async (_title, source, request) => {
    expected = request;
    expect(await callConverted(source)).toEqual(called);
  });

  test.each(withRequest(certificateSources(client)))(
    'gets a token of a strict server by mutual TLS: %s',
    async (_title, source, request) => {
      expected = request;
      expect(await callConverted(source, { at: tlsLogin })).toEqual(called);
    },
  );

  test('trusts the authorities that the destination trusts', async () => {
    const [source] = certificateSources(client);
    if (source === undefined) throw new Error('there is no such source');
    expected = source.request;
    expect(await callConverted(source, { at: tlsLogin, extra: { 'ca.crt': authority.certificate } })).toEqual(called);
  });

  test('sends with each call what the destination adds to it', async () => {
    const source = sapSources.find(({ file }) => file === 'orders.json');
    if (source === undefined) throw new Error('there is no such source');
    expected = source.request;
    const { body } = await callConverted(source);
    expect(JSON.parse(body)).toEqual({ url: '/things/1?format=json', apiKey: `${secretMark}key`, sapClient: '100' });
  });

  test('is answered by a strict server with nothing for anything else', async () => {
    const [source] = sapSources;
    if (source?.request === undefined) throw new Error('there is no such source');
    expected = { ...source.request, target: '/elsewhere' };
    expect(await callConverted(source)).toMatchObject({ status: 502 });
  });
});

describe.skipIf(java === undefined)('SAML bearer assertions from a converted destination', () => {
  const sourceIn = (file: string): SapSource => {
    const source = sapSources.find((each) => each.file === file);
    if (source === undefined) throw new Error(`there is no ${file}`);
    return source;
  };
  let verifier: AssertionVerifier;
  beforeAll(() => {
    verifier = new AssertionVerifier(java ?? '');
  });
  afterAll(() => verifier[Symbol.asyncDispose]());

  const acceptTokensOf = (tokenServer: SamlTokenServer): void => {
    verifyToken = (given) => (tokenServer.userOf(given) === undefined ? undefined : { clientId: 'converted' });
  };
  const certificate = signingPair['signing.crt'];

  test('are accepted by a server like that of SuccessFactors', async () => {
    const users = [{ userId: 'sfadmin' }];
    const options = { verifier, certificate, clientId: 'NTg4MDZkYmE', companyId: 'acme', users };
    await using tokenServer = await startSuccessFactorsTokenServer(options);
    acceptTokensOf(tokenServer);
    expect(await callConverted(sourceIn('SFSF.json'), { at: new URL(tokenServer.url).origin })).toEqual(called);
    expect(tokenServer.assertions).toMatchObject([{ nameID: 'sfadmin', issuer: 'www.successfactors.com' }]);
  });

  test('are accepted by a server like that of SAP BTP, signed with the key in the answer of the Destination service', async () => {
    const names = { issuer: 'idp.acme.example', audience: 'acme.aws-live-eu10' };
    const options = { verifier, certificate, clientId: 'sb-acme!t1', clientSecret: `${secretMark}b`, ...names };
    await using tokenServer = await startBtpTokenServer(options);
    acceptTokensOf(tokenServer);
    expect(await callConverted(sourceIn('btp.json'), { at: new URL(tokenServer.url).origin })).toEqual(called);
    expect(tokenServer.assertions).toMatchObject([{ nameID: 'jobs@acme.example' }]);
    expect(tokenServer.forms.map((form) => form.get('client_id'))).toEqual(['sb-acme!t1']);
  });
});
