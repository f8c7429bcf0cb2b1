import { request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { examinations, hostileText, overviews } from '../../test/support/dashboard-overviews.ts';
import { systemClock } from '../../crds/clock.ts';
import type { DashboardSource, ExaminationRequest, Overview } from './overview.ts';
import { type Dashboard, serveDashboard } from './serve-dashboard.ts';

let dashboard: Dashboard;
let overview: Overview;
let read: DashboardSource['read'];
let asked: ExaminationRequest[];

beforeEach(async () => {
  overview = overviews.all;
  asked = [];
  read = () => Promise.resolve(overview);
  const source: DashboardSource = {
    read: () => read(),
    examine: (examination) => {
      asked.push(examination);
      return Promise.resolve(examinations.works);
    },
  };
  dashboard = await serveDashboard(source, { clock: systemClock, version: '0.1.0', freshMs: 0 });
});
afterEach(() => dashboard.close());

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Without fetch, which would not let anybody choose its Host. */
function ask(target: string, headers: OutgoingHttpHeaders = {}, { method = 'GET', body = '' } = {}): Promise<Answer> {
  const { port } = new URL(dashboard.url);
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: target, method, headers, agent: false }, (response) => {
      void text(response).then(
        (answered) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answered }),
        reject,
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const base = () => new URL(dashboard.url).pathname;
const form = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin', origin: 'null' };
const post = (body: string, headers: OutgoingHttpHeaders = form, path = 'credentials/hr/lms-admin/examination') =>
  ask(base() + path, headers, { method: 'POST', body });
const goodForm = 'consumer=lms-sync-7c9f6d5b8-x2x4q+lms&method=GET&path=';

describe('who may look', () => {
  it('listens on IPv4 loopback, under a token of 128 bits that is another one each time', async () => {
    const other = await serveDashboard({ read }, { clock: systemClock, version: '0.1.0' });
    await other.close();
    for (const { url } of [dashboard, other]) expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{22}\/$/);
    expect(new URL(other.url).pathname).not.toBe(base());
  });

  it.each(['/', '/favicon.ico', '/credentials/hr/lms-admin', '/AAAAAAAAAAAAAAAAAAAAAA/', '//', '/%2e/', '/?token=x'])(
    'without the token there is nothing to see: %s',
    async (path) => {
      const { status, body } = await ask(path);
      expect(status).toBe(403);
      expect(body).not.toContain('lms-admin');
      expect(body).toContain('Open the whole URL that the command has printed');
    },
  );

  it('the token must be whole, and in its place', async () => {
    const token = base().slice(1, -1);
    const paths = [`/${token.slice(0, -1)}/`, `/${token}A/`, `/x/${token}/`, `/?${token}`, `/${token.toUpperCase()}x/`];
    expect(await Promise.all(paths.map(async (path) => (await ask(path)).status))).toEqual(paths.map(() => 403));
    expect((await ask(`/${token}`)).status).toBe(200);
  });

  it.each(['attacker.example', 'attacker.example:1', '127.0.0.1', '[::1]', 'localhost.attacker.example'])(
    'a name that leads here is not enough (DNS rebinding): Host %s',
    async (host) => {
      expect((await ask(base(), { host })).status).toBe(403);
    },
  );

  it('localhost is the same place', async () => {
    const { port } = new URL(dashboard.url);
    expect((await ask(base(), { host: `localhost:${port}` })).status).toBe(200);
  });

  it.each([
    [{ origin: 'https://attacker.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'empty' }, 403],
    [{ 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'script' }, 403],
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' }, 403],
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' }, 200],
    [{ 'sec-fetch-site': 'none', 'sec-fetch-dest': 'document' }, 200],
    [{ 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' }, 200],
    [{}, 200],
  ])('of other pages a link may lead here, and nothing else: %j -> %d', async (headers, status) => {
    expect((await ask(base(), headers)).status).toBe(status);
  });

  it('sets no cookie, and lets nothing be loaded, framed, kept or passed on', async () => {
    const { headers } = await ask(base());
    expect(headers['set-cookie']).toBeUndefined();
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'sha256-[^ ']+'; style-src 'sha256-[^ ']+'; /);
    expect(headers['content-security-policy']).not.toMatch(/unsafe|https?:|\*/);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
  });

  it('can be looked at, and nothing else', async () => {
    const statuses = ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'].map(
      async (method) => (await ask(base(), { 'sec-fetch-site': 'same-origin' }, { method })).status,
    );
    expect(await Promise.all(statuses)).toEqual([405, 405, 405, 405, 405]);
    expect(await ask(base(), {}, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
  });
});

describe('what is shown', () => {
  it('links lead to pages that there are', async () => {
    const { body } = await ask(base());
    const links = [...body.matchAll(/href="(\/[^"]*)"/g)].map(([, path = '']) => path.replaceAll('&amp;', '&'));
    expect(links.length).toBeGreaterThan(8);
    expect(await Promise.all(links.map(async (path) => (await ask(path)).status))).toEqual(links.map(() => 200));
  });

  it('nothing of what somebody wrote becomes markup', async () => {
    overview = overviews.hostile;
    const path = `credentials/${encodeURIComponent(hostileText)}/${encodeURIComponent(hostileText)}`;
    for (const { body, status } of [await ask(base()), await ask(base() + path)]) {
      expect(status).toBe(200);
      expect(body.match(/<script/g)).toHaveLength(1);
      expect(body).not.toMatch(/<img|\sonerror="|href="javascript/);
      expect(body).not.toContain('\u202e');
    }
  });

  it('what could not be read stands before all else', async () => {
    overview = overviews['rights-missing'];
    const { body } = await ask(base());
    expect(body.indexOf('you may not list pods')).toBeGreaterThan(0);
    expect(body.indexOf('you may not list pods')).toBeLessThan(body.indexOf('<h1>'));
  });

  it('a credential that is not there is not found', async () => {
    for (const path of ['credentials/hr/gone', 'credentials/hr', 'other', 'credentials/hr/lms-admin/x']) {
      expect((await ask(base() + path)).status).toBe(404);
    }
  });

  it('a page that cannot be drawn, by a mistake of ours, ends neither the command nor the other pages', async () => {
    overview = { ...overviews.ready, credentials: [undefined as never] };
    expect((await ask(base())).status).toBe(500);
    const cut = ask(base(), { accept: 'text/event-stream' });
    await expect(cut).rejects.toThrow('aborted');
    overview = overviews.ready;
    expect((await ask(base())).status).toBe(200);
  });

  it('of very many the first are shown, and it is said so', async () => {
    overview = overviews.many;
    const { body } = await ask(base());
    expect(body.match(/<tr id=/g)).toHaveLength(300);
    expect(body).toContain('The first 300 of 450');
  });

  it('before anything could be read, it says why, on every page', async () => {
    read = () => Promise.reject(new Error('the API server cannot be reached'));
    for (const path of ['', 'credentials/hr/lms-admin']) {
      const { status, body } = await ask(base() + path);
      expect(status).toBe(200);
      expect(body).toContain('the API server cannot be reached');
    }
  });

  it('once nothing can be read any more, the last that was is shown, and why', async () => {
    await ask(base());
    read = () => Promise.reject(new Error('the API server cannot be reached'));
    const { body } = await ask(base());
    expect(body).toContain('the API server cannot be reached');
    expect(body).toContain('lms-admin');
  });
});

describe("the doctor's button", () => {
  it('examines, and leads back to the page', async () => {
    const { status, headers } = await post(goodForm);
    expect([status, headers.location]).toEqual([303, `${base()}credentials/hr/lms-admin#doctor`]);
    expect(asked).toEqual([
      { namespace: 'hr', name: 'lms-admin', consumer: 'lms-sync-7c9f6d5b8-x2x4q', alias: 'lms', method: 'GET', probe: false },
    ]);
    expect((await ask(`${base()}credentials/hr/lms-admin`)).body).toContain('It works: acme.plateau.example answered 200');
  });

  it.each<[OutgoingHttpHeaders, number]>([
    [{ ...form, 'sec-fetch-site': 'cross-site' }, 403],
    [{ ...form, 'sec-fetch-site': 'same-site' }, 403],
    [{ ...form, origin: 'https://attacker.example' }, 403],
    [{ 'content-type': form['content-type'], origin: 'null' }, 403],
    [{ 'content-type': form['content-type'] }, 403],
    [{ ...form, 'content-type': 'text/plain' }, 400],
  ])('only the page itself may ask for it: %j -> %d', async (headers, status) => {
    expect((await post(goodForm, headers)).status).toBe(status);
    expect(asked).toEqual([]);
  });

  it('an older browser says by Origin that it is the page', async () => {
    const { origin } = new URL(dashboard.url);
    expect((await post(goodForm, { 'content-type': form['content-type'], origin })).status).toBe(303);
  });

  it.each([
    'consumer=other+lms&method=GET&path=',
    goodForm.replace('GET', 'DELETE'),
    goodForm.replace('GET', 'POST'),
    `${goodForm}https://evil.example/`,
    `${goodForm}%2Fx%23y`,
    `${goodForm}%2Fa%0D%0AHost:+x`,
    `${goodForm}%2F${'a'.repeat(2048)}`,
    `${goodForm}%2F${'a'.repeat(20_000)}`,
    '',
  ])('takes nothing that the form does not offer: %#', async (body) => {
    expect((await post(body)).status).toBe(400);
    expect(asked).toEqual([]);
  });

  it('says of a path what is wrong with it', async () => {
    for (const path of ['/a b', '/käse']) {
      const { status, body } = await post(goodForm + encodeURIComponent(path));
      expect([status, body]).toEqual([400, expect.stringContaining('The path must be as it is sent: spaces, # and letters outside ASCII')]);
    }
    expect(asked).toEqual([]);
  });

  it('is for credentials that there are', async () => {
    expect((await post(goodForm, form, 'credentials/hr/gone/examination')).status).toBe(404);
    expect((await post(goodForm, form, '')).status).toBe(404);
  });
});
