import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { canarySecret, findTraces } from '../support/canary.ts';
import { chromium, openBrowser } from '../support/open-browser.ts';
import { newRecording } from '../support/recordings.ts';
import { type ResourceServer, startResourceServer } from '../support/resource-server.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { ServingTokenward } from '../support/tokenward-process.ts';

let cleanup: AsyncDisposableStack;
let folder: string;
let issuer: TokenIssuer;
let api: ResourceServer;
let tokenward: ServingTokenward;
let url: string;

const save = (name: string, manifests: string): void => {
  writeFileSync(join(folder, `${name}.new`), manifests);
  renameSync(join(folder, `${name}.new`), join(folder, name));
};

const credential = (name: string, { secret = 'acme', scope = 'read' } = {}): string => `apiVersion: tokenward.dev/v1alpha1
kind: OAuth2Credential
metadata: {name: ${name}, namespace: hr}
spec:
  description: Learning
  upstream: {url: "${api.url}/learning", allow: [{methods: [GET], paths: ["/courses/**"]}]}
  tokenEndpoint: {url: "${issuer.url}/token"}
  client: {id: acme, secretRef: {name: ${secret}}}
  grant: {scope: ${scope}}
---
`;

const secret = `apiVersion: v1
kind: Secret
metadata: {name: acme, namespace: hr, labels: {tokenward.dev/credential: "true"}}
stringData: {client-secret: ${canarySecret('dashboard')}}
---
`;

beforeEach(async () => {
  cleanup = new AsyncDisposableStack();
  folder = mkdtempSync(join(tmpdir(), 'tokenward-dashboard-'));
  cleanup.defer(() => rmSync(folder, { recursive: true }));
  issuer = cleanup.use(await startTokenIssuer());
  api = await startResourceServer({
    verifyToken: (token) => (issuer.isValid(token) ? { clientId: 'acme' } : undefined),
    respond: (request, response) => void response.end(request.url),
  });
  cleanup.defer(() => api.close());
  save('a.yaml', credential('first') + secret);
  tokenward = cleanup.use(new ServingTokenward(['-f', folder, '--dashboard']));
  [, url = ''] = await tokenward.printed(/^Dashboard, for whoever has this URL: (http:\/\/127\.0\.0\.1:\d+\/[\w-]{22}\/)$/);
});
afterEach(() => cleanup.disposeAsync());

/** The text of a page, which is kept for the search for secrets. */
async function look(path = ''): Promise<string> {
  const page = await (await fetch(url + path)).text();
  newRecording('log', 'dashboard').append(page);
  return textOf(page);
}

function textOf(page: string): string {
  const main = /<main[^]*<\/main>/.exec(page)?.[0] ?? '';
  return main
    .replaceAll('<wbr />', '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll(/\s+/g, ' ');
}

/** Looks until it is so: the page is at most two seconds old, and the files are looked at once a second. */
async function lookFor(pattern: RegExp, path = ''): Promise<string> {
  for (const endMs = performance.now() + 20_000; ;) {
    const text = await look(path);
    if (pattern.test(text)) return text;
    if (performance.now() > endMs) throw new Error(`${pattern} does not come: ${text}`);
    await pause(100);
  }
}

const call = async (path: string): Promise<number> => (await fetch((await tokenward.urlOf('first')) + path)).status;
const examine = (form: string): Promise<Response> =>
  fetch(`${url}credentials/hr/first/examination`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: new URL(url).origin },
    body: form,
  });
const goodForm = 'consumer=tokenward+run+first&method=GET&path=/courses/1';

describe('tokenward run --dashboard', () => {
  it('shows what is served, what it reaches, and what has been asked for', async () => {
    const before = await look();
    expect(before).toContain('1 shown, none needs attention');
    expect(before).toMatch(
      /first hr Learning Ready .*\/learning tokens from 127\.0\.0\.1:\d+ ClientCredentials ClientSecretBasic 1 not asked for yet 0 ok/,
    );
    expect(await call('/courses/1')).toBe(200);
    await lookFor(/1 valid ends in \d+ (?:s|min|h) 1 ok/);
    const page = await lookFor(/valid ends in/, 'credentials/hr/first');
    expect(page).toContain('Allowed GET /courses/**');
    expect(page).toContain('Scope read Values from Secret acme');
    expect(page).toMatch(/tokenward run as first Running up to date valid ends in .* 1 ok 1 ok 2xx: 1/);
  });

  it('says who refuses, and why', async () => {
    issuer.refuse = (_, response) => {
      response.writeHead(401, { 'Content-Type': 'application/json' });
      response.end('{"error":"invalid_client"}');
    };
    expect(await call('/courses/1')).toBe(502);
    const text = await lookFor(/1 shown, 1 needs attention/);
    expect(text).toMatch(/No token token_rejected The token endpoint .* status 401, invalid_client/);
    expect(text).toMatch(/failing token_rejected 0 ok 1 failed/);
    expect(await look('credentials/hr/first')).toMatch(/1 failed 5xx: 1 token_rejected: 1/);
  });

  it("shows manifests' problems: what is served as before, what is not served, and what belongs to no credential", async () => {
    save('a.yaml', credential('first', { scope: '[' }) + secret);
    await lookFor(/Last good kept/);
    save('b.yaml', credential('second', { secret: 'gone' }));
    save('c.yaml', 'kind: [');
    const text = await lookFor(/Wrong, and of no credential .*c\.yaml/);
    expect(text).toMatch(/first hr Learning Last good kept/);
    save('a.yaml', credential('first') + secret);
    rmSync(join(folder, 'c.yaml'));
    const mended = await lookFor(/Invalid SecretNotFound \S*b\.yaml:\d+: document 1, spec\.client\.secretRef/);
    expect(mended).toMatch(/first hr Learning Ready/);
    const page = await look('credentials/hr/first');
    expect(page).toMatch(/History .* Normal Ready What is served is what the manifests say\. .* Warning .* Normal Ready/);
  });

  it('the doctor goes the whole way, in this process, and shows neither secret nor token', async () => {
    expect((await examine(goodForm)).status).toBe(303);
    const works = await lookFor(/GET \/courses\/1, from tokenward run \(first\).*works/, 'credentials/hr/first');
    expect(works).toMatch(/Token endpoint: Token request .*API: API answer/);
    issuer.refuse = (_, response) => {
      response.writeHead(401, { 'Content-Type': 'application/json' });
      response.end('{"error":"invalid_client"}');
    };
    await examine(goodForm);
    const refused = await lookFor(/callers get token_rejected/, 'credentials/hr/first');
    expect(refused).toMatch(/127\.0\.0\.1.*401.*invalid_client/);
    expect(findTraces(works + refused)).toEqual([]);
  });

  it('ends while somebody looks', async () => {
    const stream = await fetch(url, { headers: { accept: 'text/event-stream' } });
    const reading = stream.text().catch(() => 'cut');
    tokenward.signal('SIGTERM');
    expect(await tokenward.exited).toEqual({ code: 0, signal: null });
    expect(await reading).toBe('cut');
  });
});

describe.skipIf(chromium === undefined)('tokenward run --dashboard in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  it('follows a credential from its first token to a mistake in its manifest', async () => {
    const page = await browser.newPage();
    await page.goto(url, { waitUntil: 'load' });
    const shows = (text: string) => page.waitForFunction(`document.body.innerText.includes(${JSON.stringify(text)})`);
    await shows('not asked for yet');
    await call('/courses/1');
    await shows('valid');
    save('a.yaml', credential('first', { secret: 'gone' }) + secret);
    await shows('SecretNotFound');
    await page.click('tbody th a');
    await shows('Last good kept');
    await Promise.all([page.waitForNavigation(), page.click('button.main')]);
    await page.waitForSelector('.verdict');
    expect(await page.title()).toBe('hr/first · Tokenward');
    await page.close();
  });
});
