import type { Browser, Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DashboardSource, ExaminationRequest, Overview } from '../../cli/dashboard/overview.ts';
import { type Dashboard, serveDashboard } from '../../cli/dashboard/serve-dashboard.ts';
import { systemClock } from '../../crds/clock.ts';
import type { Examination, RecordStep } from '../../doctor/examination.ts';
import { examinations, overviews, takenAtMs } from '../support/dashboard-overviews.ts';
import { chromium, openBrowser } from '../support/open-browser.ts';

const clock = { ...systemClock, wallMs: () => takenAtMs };

describe.skipIf(chromium === undefined)('the dashboard in a browser', () => {
  let browser: Browser;
  let page: Page;
  let dashboard: Dashboard;
  let overview: Overview;
  let examine: (request: ExaminationRequest, record: RecordStep) => Promise<Examination>;

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    overview = overviews.all;
    examine = () => Promise.resolve(examinations.refused);
    const source: DashboardSource = { read: () => Promise.resolve(overview), examine: (request, record) => examine(request, record) };
    dashboard = await serveDashboard(source, { clock, version: '0.1.0', freshMs: 20 });
    page = await browser.newPage();
    await page.setViewport({ width: 1280, height: 800 });
  });
  afterEach(async () => {
    await page.close();
    await dashboard.close();
  });

  const open = (path = '') => page.goto(dashboard.url + path, { waitUntil: 'load' });
  const isLive = () => page.waitForSelector('#connection[data-state="live"]');
  const evaluate = (script: string): Promise<unknown> => page.evaluate(script);
  const names = () => evaluate(`[...document.querySelectorAll('tbody th a')].map(({ textContent }) => textContent)`);
  const bodyHas = (text: string) => page.waitForFunction(`document.body.innerText.includes(${JSON.stringify(text)})`);
  const press = async (...keys: readonly Parameters<Page['keyboard']['press']>[0][]) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const focused = () => evaluate(`document.activeElement.id || document.activeElement.textContent.trim().replaceAll(/\\s+/g, ' ')`);

  it('shows a change by itself, without loading the page again', async () => {
    overview = overviews.ready;
    await open();
    await isLive();
    await evaluate('window.sameDocument = true');
    overview = overviews.all;
    await bodyHas('SecretKeyNotFound');
    expect(await names()).toEqual(['payroll', 'iot-telemetry', 'crm-contacts', 'quotes', 'lms-admin']);
    overview = overviews.nothing;
    await bodyHas('There is no credential here yet.');
    expect(await evaluate('window.sameDocument')).toBe(true);
  });

  it('keeps focus, what is typed and what is folded out while the page changes under it', async () => {
    overview = overviews['token-failing'];
    await open('credentials/plant/iot-telemetry');
    await Promise.all([page.waitForNavigation(), page.click('button.main')]);
    await page.waitForSelector('.verdict');
    await isLive();
    await page.click('summary');
    await page.type('#path', '/half-way');
    overview = { ...overview, credentials: overview.credentials.map((credential) => ({ ...credential, description: 'another one' })) };
    await bodyHas('another one');
    expect(await focused()).toBe('path');
    expect(await evaluate(`document.querySelector('#path').value`)).toBe('/half-way');
    expect(await evaluate(`document.querySelector('details').open`)).toBe(true);
  });

  it('keeps the focus on a credential that moves because another one fails', async () => {
    overview = overviews.ready;
    await open();
    await isLive();
    await page.focus('tbody th a');
    overview = overviews.all;
    await bodyHas('payroll');
    expect(await focused()).toBe('lms-admin');
  });

  it('leaves text alone that is being copied, and catches up afterwards', async () => {
    await open();
    await isLive();
    await evaluate(`getSelection().selectAllChildren(document.querySelector('.why'))`);
    overview = overviews.ready;
    await page.waitForFunction(`document.getElementById('connection').dataset.state === 'live'`);
    await new Promise((resolve) => clock.after(200, () => resolve(undefined)));
    expect(await names()).toHaveLength(5);
    await evaluate('getSelection().empty()');
    await page.waitForFunction(`document.querySelectorAll('tbody tr').length === 1`);
  });

  it('narrows down while one types, and keeps that in the URL', async () => {
    await open();
    await isLive();
    await page.type('#q', 'login.iot');
    await page.waitForFunction(`document.querySelectorAll('tbody tr').length === 1`);
    expect(await names()).toEqual(['iot-telemetry']);
    expect(new URL(page.url()).search).toBe('?q=login.iot');
    await page.reload();
    expect(await names()).toEqual(['iot-telemetry']);
  });

  it('says so when the command has ended', async () => {
    await open();
    await isLive();
    await dashboard.close();
    await page.waitForSelector('#connection[data-state="lost"]');
    expect(await names()).toHaveLength(5);
    dashboard = await serveDashboard({ read: () => Promise.resolve(overview) }, { clock, version: '0.1.0' });
  });

  it('shows each step of the doctor as it comes, and then the verdict', async () => {
    const { promise, resolve } = Promise.withResolvers<Examination>();
    const asked: ExaminationRequest[] = [];
    examine = (request, record) => {
      asked.push(request);
      for (const step of examinations.refused.steps.slice(0, 2)) record(step);
      return promise;
    };
    await open('credentials/plant/iot-telemetry');
    expect(await evaluate(`document.querySelector('.check').textContent`)).toContain('4 at most');
    await page.select('#consumer', 'gateway-1 iot');
    await page.type('#path', '/things?top=1');
    await Promise.all([page.waitForNavigation(), page.click('button.main')]);
    await bodyHas('Under way');
    expect(await evaluate(`document.querySelectorAll('.steps > li').length`)).toBe(2);
    await isLive();
    resolve(examinations.refused);
    await page.waitForSelector('.verdict');
    await bodyHas('authentication: ClientSecretPost');
    expect(asked).toEqual([
      { namespace: 'plant', name: 'iot-telemetry', consumer: 'gateway-1', alias: 'iot', method: 'GET', path: '/things?top=1', probe: true },
    ]);
    // It asks for the same once more, unless something else is chosen.
    expect(await evaluate(`document.querySelector('#path').value`)).toBe('/things?top=1');
    await page.click('[name="probe"]');
    await Promise.all([page.waitForNavigation(), page.click('button.main')]);
    expect(asked[1]).toMatchObject({ path: '/things?top=1', probe: false });
  });

  it('says why when the doctor comes to no verdict', async () => {
    examine = () => Promise.reject(new Error('you may not create pods/exec in namespace plant'));
    await open('credentials/plant/iot-telemetry');
    await Promise.all([page.waitForNavigation(), page.click('button.main')]);
    await page.waitForSelector('.verdict');
    expect(await evaluate(`document.querySelector('.verdict').textContent`)).toContain('you may not create pods/exec in namespace plant');
  });

  it('can be used with the keyboard alone', async () => {
    await open();
    await press('Tab');
    expect(await focused()).toBe('Skip to the content');
    expect(await evaluate('document.activeElement.getBoundingClientRect().top >= 0')).toBe(true);
    await press('Enter', 'Tab');
    expect(await focused()).toBe('q');
    await page.keyboard.type('telemetry');
    await Promise.all([page.waitForNavigation(), press('Enter')]);
    expect(await names()).toEqual(['iot-telemetry']);
    await page.focus('#q');
    const stops: unknown[] = [];
    while (stops.at(-1) !== 'iot-telemetry' && stops.length < 10) {
      await press('Tab');
      stops.push(await focused());
      // Whoever walks sees where he is.
      expect(await evaluate(`getComputedStyle(document.activeElement).outlineStyle`)).toBe('solid');
    }
    expect(stops).toEqual(['namespace', 'Search', 'All 1', 'No token 1', 'iot-telemetry']);
    await Promise.all([page.waitForNavigation(), press('Enter')]);
    await page.focus('#path');
    await press('Tab', 'Space', 'Tab');
    expect(await focused()).toBe('Examine');
    await Promise.all([page.waitForNavigation(), press('Enter')]);
    await page.waitForSelector('.verdict');
  });

  describe('without JavaScript', () => {
    beforeEach(() => page.setJavaScriptEnabled(false));

    it('shows all there is, and offers to load it again', async () => {
      await open();
      expect(await names()).toHaveLength(5);
      expect(await evaluate(`document.querySelector('#connection').textContent`)).toBe('Not live');
      overview = overviews.ready;
      await Promise.all([page.waitForNavigation(), page.click('noscript a')]);
      expect(await names()).toEqual(['lms-admin']);
    });

    it('searches and filters', async () => {
      await open();
      await page.type('#q', 'login.example');
      await Promise.all([page.waitForNavigation(), page.click('#search button')]);
      expect(await names()).toEqual(['payroll', 'crm-contacts', 'quotes']);
      await Promise.all([page.waitForNavigation(), page.click('.states a[href*="state=pending"]')]);
      expect(await names()).toEqual(['quotes']);
      expect(new URL(page.url()).search).toBe('?q=login.example&state=pending');
    });

    it('asks the doctor, and looks again until there is a verdict', async () => {
      const { promise, resolve } = Promise.withResolvers<Examination>();
      examine = () => promise;
      await open('credentials/plant/iot-telemetry');
      await Promise.all([page.waitForNavigation(), page.click('button.main')]);
      const refreshed = page.waitForNavigation();
      expect(await evaluate(`document.querySelector('#result').textContent`)).toContain('Under way');
      resolve(examinations.refused);
      await refreshed;
      expect(await evaluate(`document.querySelector('.verdict').textContent`)).toContain('login.iot.example refused the client');
    });
  });
});
