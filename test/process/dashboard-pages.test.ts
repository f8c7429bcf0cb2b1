import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DashboardSource } from '../../cli/dashboard/overview.ts';
import { serveDashboard } from '../../cli/dashboard/serve-dashboard.ts';
import { systemClock } from '../../crds/clock.ts';
import type { Examination } from '../../doctor/examination.ts';
import { examinations, hostileText, overviews, takenAtMs } from '../support/dashboard-overviews.ts';
import { accessibilityProblems, chromium, openBrowser } from '../support/open-browser.ts';

/** Kept to be looked at. */
const screenshots = join(import.meta.dirname, '../../.cache/screenshots');

/** How it is looked at: on two screens, by day and by night, and on the narrowest that counts (WCAG 2.2, 1.4.10). */
const looks = [
  { width: 1280, scheme: 'light', isKept: true },
  { width: 1280, scheme: 'dark', isKept: true },
  { width: 375, scheme: 'light', isKept: true },
  { width: 375, scheme: 'dark', isKept: true },
  { width: 320, scheme: 'light', isKept: false },
] as const;

const clock = { ...systemClock, wallMs: () => takenAtMs };

let browser: Browser;

describe.skipIf(chromium === undefined)('the pages of the dashboard', () => {
  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  it.each(Object.keys(overviews) as (keyof typeof overviews)[])(
    'all credentials can be read on each screen, and axe-core finds nothing wrong: %s',
    async (name) => {
      await lookAt(name, { read: () => Promise.resolve(overviews[name]) }, '');
    },
  );

  it.each([
    ['ready', 'credentials/hr/lms-admin', undefined],
    ['ready', 'credentials/hr/lms-admin', 'works'],
    ['invalid', 'credentials/hr/payroll', undefined],
    ['token-failing', 'credentials/plant/iot-telemetry', undefined],
    ['token-failing', 'credentials/plant/iot-telemetry', 'refused'],
    ['last-good-kept', 'credentials/sales/crm-contacts', undefined],
    ['pending', 'credentials/sales/quotes', undefined],
    ['hostile', `credentials/${encodeURIComponent(hostileText)}/${encodeURIComponent(hostileText)}`, undefined],
    ['ready', 'credentials/hr/gone', undefined],
  ] as const)(
    "a credential's page can be read on each screen, and axe-core finds nothing wrong: %s, with %3$s",
    async (name, path, doctor) => {
      const examination: Examination | undefined = doctor && examinations[doctor];
      const source: DashboardSource = {
        read: () => Promise.resolve(overviews[name]),
        examine: () => (examination === undefined ? Promise.reject(new Error('nobody asks')) : Promise.resolve(examination)),
      };
      const suffix = path.endsWith('gone') ? 'not-found' : [name, 'page', doctor].filter(Boolean).join('-');
      await lookAt(suffix, source, path, async (page) => {
        if (examination === undefined) return;
        await Promise.all([page.waitForNavigation(), page.click('button.main')]);
        await page.waitForSelector('.verdict');
        await page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })");
      });
    },
  );

  it('axe-core finds what is wrong, where something is', async () => {
    const page = await browser.newPage();
    await page.setContent('<title>x</title><main><h1>x</h1><input><p style="color: #bbb; background: #fff">pale</p></main>');
    const problems = await accessibilityProblems(page);
    await page.close();
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(expect.arrayContaining(['color-contrast', 'label']));
  });

  it('says why, where nothing can be read', async () => {
    const message = 'The API server https://10.0.0.1:6443 cannot be reached: it refuses connections.';
    await lookAt('unreadable', { read: () => Promise.reject(new Error(message)) }, '', async (page) => {
      expect(await textOf(page, '#error')).toContain(message);
    });
  });
});

/** Draws a page in each way, and holds it to what every page is held to. */
async function lookAt(name: string, source: DashboardSource, path: string, prepare = async (_: Page): Promise<void> => {}): Promise<void> {
  const dashboard = await serveDashboard(source, { clock, version: '0.1.0' });
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => errors.push(message.text()));
  page.on('requestfailed', (request) => errors.push(`failed: ${request.url()}`));
  try {
    await page.setViewport({ width: 1280, height: 800 });
    const response = await page.goto(dashboard.url + path, { waitUntil: 'load' });
    if (response?.status() === 404) errors.length = 0;
    await prepare(page);
    await page.waitForSelector('#connection[data-state="live"]');
    // Each row is like the other.
    for (const { width, scheme, isKept } of name === 'many' ? looks.slice(0, 1) : looks) {
      await page.setViewport({ width, height: 800 });
      await page.emulateMediaFeatures([
        { name: 'prefers-color-scheme', value: scheme },
        { name: 'prefers-reduced-motion', value: 'reduce' },
      ]);
      const look = `${name} at ${width} px, ${scheme}`;
      expect(await accessibilityProblems(page), look).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'), look).toBe(true);
      if (isKept) await page.screenshot({ path: join(screenshots, `${name}-${width}-${scheme}.png`), fullPage: name !== 'many' });
    }
    expect(await page.title()).not.toBe('broken');
    expect(errors).toEqual([]);
  } finally {
    await page.close();
    await dashboard.close();
  }
}

async function textOf(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (element) => String((element as { textContent: unknown }).textContent));
}
