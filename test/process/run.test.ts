import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canarySecret } from '../support/canary.ts';
import { listenOnLoopback } from '../support/listen-on-loopback.ts';
import { type ResourceServer, startResourceServer } from '../support/resource-server.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { unsignedJwt } from '../support/unsigned-jwt.ts';
import { runTokenward, ServingTokenward } from '../support/tokenward-process.ts';

let cleanup: AsyncDisposableStack;
let folder: string;
let issuer: TokenIssuer;
let api: ResourceServer;
let respond: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  cleanup = new AsyncDisposableStack();
  folder = mkdtempSync(join(tmpdir(), 'tokenward-run-'));
  cleanup.defer(() => rmSync(folder, { recursive: true }));
  issuer = cleanup.use(await startTokenIssuer());
  respond = (request, response) => response.end(`${request.url}`);
  const verifyToken = (token: string): { clientId: string } | undefined => (issuer.isValid(token) ? { clientId: 'acme' } : undefined);
  api = await startResourceServer({ verifyToken, respond: (request, response) => respond(request, response) });
  cleanup.defer(() => api.close());
});

afterEach(() => cleanup.disposeAsync());

/** At one blow, as an editor saves. */
function save(name: string, manifests: string): void {
  writeFileSync(join(folder, `${name}.new`), manifests);
  renameSync(join(folder, `${name}.new`), join(folder, name));
}

function credential(name: string, { path = '', namespace = 'default' } = {}): string {
  return `apiVersion: tokenward.dev/v1alpha1
kind: OAuth2Credential
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  upstream: {url: "${api.url}${path}"}
  tokenEndpoint: {url: "${issuer.url}/token"}
  client: {id: acme, secretRef: {name: acme}}
---
`;
}

function secret(namespace = 'default'): string {
  return `apiVersion: v1
kind: Secret
metadata: {name: acme, namespace: ${namespace}, labels: {tokenward.dev/credential: "true"}}
stringData: {client-secret: ${canarySecret('run')}}
---
`;
}

function serve(...args: readonly string[]): ServingTokenward {
  return cleanup.use(new ServingTokenward(['-f', folder, ...args]));
}

async function get(url: string): Promise<string> {
  const answer = await fetch(url);
  return `${answer.status} ${await answer.text()}`;
}

describe('tokenward run', () => {
  it('prints where each credential is served, and serves it there', async () => {
    save('a.yaml', credential('first', { path: '/base' }) + credential('second'));
    save('secrets.yaml', secret());
    const tokenward = serve();
    expect(await get(`${await tokenward.urlOf('first')}/x?y=1`)).toBe('200 /base/x?y=1');
    expect(await get(`${await tokenward.urlOf('second')}/z`)).toBe('200 /z');
    await tokenward.printed(new RegExp(`^  first   http://127.0.0.1:\\d+/first/ -> ${api.url}/base$`));
    const [, adminUrl] = await tokenward.printed(/^Serving 2 credentials; .*(http:\/\/127\.0\.0\.1:\d+)$/);
    expect(await get(`${adminUrl}/readyz`)).toBe('200 ok\n');
  });

  it('serves what the files say now: a credential that is new, changed, or gone', async () => {
    save('a.yaml', credential('first') + credential('second') + secret());
    const tokenward = serve();
    const base = await tokenward.urlOf('first');
    const before = tokenward.stdout.length;
    save('a.yaml', credential('first', { path: '/changed' }) + credential('third') + secret());
    await tokenward.printed(/^The manifests have changed; now serving$/, before);
    expect(await get(`${await tokenward.urlOf('third')}/x`)).toBe('200 /x');
    expect(await get(`${base}/x`)).toBe('200 /changed/x');
    expect(await get(`${base.replace('first', 'second')}/x`)).toMatch(/^404 .*unknown_alias/);
  });

  it('keeps serving as before what breaks while it is served, and says in one line what broke', async () => {
    save('a.yaml', credential('first') + secret());
    save('b.yaml', credential('second'));
    const tokenward = serve();
    const [first, second] = [await tokenward.urlOf('first'), await tokenward.urlOf('second')];
    const beforeBreaking = tokenward.stdout.length;
    save('b.yaml', credential('second').replace('spec:', 'spec: ['));
    await tokenward.printed(/^\S*b\.yaml:\d+: document 1: not valid YAML/, beforeBreaking);
    await tokenward.printed(/^The manifests have problems: second served as before$/, beforeBreaking);
    expect([await get(`${first}/x`), await get(`${second}/x`)]).toEqual(['200 /x', '200 /x']);
    const beforeMending = tokenward.stdout.length;
    save('b.yaml', credential('second', { path: '/mended' }));
    await tokenward.printed(/^The manifests have changed; now serving$/, beforeMending);
    expect(await get(`${second}/x`)).toBe('200 /mended/x');
  });

  it('keeps the credential whose Secret is missing now, and drops the one that is gone', async () => {
    save('a.yaml', credential('first') + credential('second') + credential('third', { namespace: 'hr' }) + secret() + secret('hr'));
    const tokenward = serve();
    const [first, second, third] = [await tokenward.urlOf('first'), await tokenward.urlOf('second'), await tokenward.urlOf('third')];
    save('a.yaml', credential('first') + credential('third', { namespace: 'hr' }) + secret('hr'));
    await tokenward.printed(/^\S*a\.yaml:\d+: document 1, spec\.client\.secretRef: there is no Secret acme/);
    await tokenward.printed(/^The manifests have problems: first served as before$/);
    expect([await get(`${first}/x`), await get(`${third}/x`)]).toEqual(['200 /x', '200 /x']);
    expect(await get(`${second}/x`)).toMatch(/^404 /);
  });

  it('does not call manifests merely changed that have a new credential with a problem', async () => {
    save('a.yaml', credential('first') + secret());
    const tokenward = serve();
    const base = await tokenward.urlOf('first');
    save('a.yaml', credential('first') + credential('second', { namespace: 'hr' }) + secret());
    await tokenward.printed(/^The manifests have problems; now serving$/);
    expect(await get(`${base}/x`)).toBe('200 /x');
  });

  it('sends the token of --assertion-file to the hosts of --assertion-host, and to no other', async () => {
    const manifest = credential('workload').replace(
      'secretRef: {name: acme}',
      'authentication: ClientAssertion, clientAssertion: {assertionFrom: ProjectedToken}',
    );
    save('a.yaml', manifest);
    const token = join(folder, 'token');
    writeFileSync(token, unsignedJwt({ sub: canarySecret('projected') }));
    const allowed = serve('--assertion-file', token, '--assertion-host', '127.0.0.1');
    expect(await get(`${await allowed.urlOf('workload')}/x`)).toBe('200 /x');
    const other = serve('--assertion-file', token, '--assertion-host', 'login.example,*.login.example');
    expect(await get(`${await other.urlOf('workload')}/x`)).toMatch(/^502 .*token_not_requested.*--assertion-host/s);
    expect(issuer.requests).toBe(1);
    const mistaken = await runTokenward(['run', '-f', folder, '--assertion-host', 'https://login.example']);
    expect(mistaken).toMatchObject({ code: 2, stderr: expect.stringContaining('It must be a host such as login.example') });
  });

  it('does not begin with manifests that have problems', async () => {
    save('a.yaml', credential('first') + credential('second', { namespace: 'hr' }) + secret());
    const { code, stdout, stderr } = await runTokenward(['run', '-f', folder, '--proxy-port', '0', '--admin-port', '0']);
    expect(stdout).toMatch(/^\S*a\.yaml:\d+: document 2, spec\.client\.secretRef: there is no Secret acme in the namespace hr[^\n]*\n$/);
    expect([code, stderr]).toEqual([1, 'error: nothing is served until the manifests are right\n']);
  });

  it('refuses two credentials that would be served under one name', async () => {
    save('a.yaml', credential('first') + credential('first', { namespace: 'hr' }) + secret() + secret('hr'));
    const { code, stdout } = await runTokenward(['run', '-f', folder, '--proxy-port', '0', '--admin-port', '0']);
    expect(stdout).toMatch(
      /^\S*a\.yaml:\d+: document 2, metadata\.name: would be served as first, as is the one in \S*a\.yaml:3, namespace default; /,
    );
    expect(code).toBe(1);
  });

  it.each(['--proxy-port', '--admin-port'])('says which port is taken, and how to choose another: %s', async (flag) => {
    const taken = await listenOnLoopback(createServer());
    cleanup.defer(() => taken.close());
    save('a.yaml', credential('first') + secret());
    const { port } = new URL(taken.url);
    const { code, stdout, stderr } = await runTokenward(['run', '-f', folder, '--proxy-port', '0', '--admin-port', '0', flag, port]);
    expect([code, stdout, stderr]).toEqual([
      1,
      '',
      `error: port ${port} is taken by another program; choose another with ${flag}, or 0 for any free one\n`,
    ]);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('finishes what is in flight on %s, and ends with 0', async (signal) => {
    const arrived = Promise.withResolvers<ServerResponse>();
    respond = (_request, response) => arrived.resolve(response);
    save('a.yaml', credential('first') + secret());
    const tokenward = serve();
    const answer = get(`${await tokenward.urlOf('first')}/slow`);
    const response = await arrived.promise;
    tokenward.signal(signal);
    await tokenward.printed(/^Finishing what is in flight$/);
    response.end('done');
    expect(await answer).toBe('200 done');
    expect(await tokenward.exited).toEqual({ code: 0, signal: null });
    expect(tokenward.stdout.at(-1)).toBe('Stopped');
  });

  it('ends at once on a second signal', async () => {
    const arrived = Promise.withResolvers<ServerResponse>();
    respond = (_request, response) => arrived.resolve(response);
    save('a.yaml', credential('first') + secret());
    const tokenward = serve();
    const answer = get(`${await tokenward.urlOf('first')}/slow`).catch(() => 'broken off');
    const closed = once(await arrived.promise, 'close');
    tokenward.signal('SIGINT');
    await tokenward.printed(/^Finishing what is in flight$/);
    tokenward.signal('SIGINT');
    expect(await tokenward.exited).toEqual({ code: null, signal: 'SIGINT' });
    expect(await answer).toBe('broken off');
    await closed;
  });
});
