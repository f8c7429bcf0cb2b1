import { mkdirSync, rmSync } from 'node:fs';
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

/** How it is looked at: on two screens, by day and by night; on the narrowest that counts (WCAG 2.2, 1.4.10), and between. */
const looks = [
  { width: 1280, scheme: 'light', isKept: true },
  { width: 1280, scheme: 'dark', isKept: true },
  { width: 375, scheme: 'light', isKept: true },
  { width: 375, scheme: 'dark', isKept: true },
  { width: 320, scheme: 'light', isKept: false },
  { width: 760, scheme: 'light', isKept: false },
  // Where a table is at its narrowest.
  { width: 1231, scheme: 'light', isKept: false },
] as const;

const clock = { ...systemClock, wallMs: () => takenAtMs };

let browser: Browser;

describe.skipIf(chromium === undefined)('the pages of the dashboard', () => {
  beforeAll(async () => {
    rmSync(screenshots, { recursive: true, force: true });
    mkdirSync(screenshots, { recursive: true });
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  it.each(Object.keys(overviews) as (keyof typeof overviews)[])(
    'all credentials can be read on each screen, and axe-core finds nothing wrong: %s',
    async (name) => {
      expect(await lookAt(name, { read: () => Promise.resolve(overviews[name]) }, '')).toEqual([]);
    },
  );

  it.each<{ shows: string; name: keyof typeof overviews; path: string; doctor?: keyof typeof examinations }>([
    { shows: 'ready-page', name: 'ready', path: 'credentials/hr/lms-admin' },
    { shows: 'ready-page-works', name: 'ready', path: 'credentials/hr/lms-admin', doctor: 'works' },
    { shows: 'not-found', name: 'ready', path: 'credentials/hr/gone' },
    { shows: 'invalid-page', name: 'invalid', path: 'credentials/hr/payroll' },
    { shows: 'token-failing-page', name: 'token-failing', path: 'credentials/plant/iot-telemetry' },
    { shows: 'token-failing-page-refused', name: 'token-failing', path: 'credentials/plant/iot-telemetry', doctor: 'refused' },
    { shows: 'last-good-kept-page', name: 'last-good-kept', path: 'credentials/sales/crm-contacts' },
    { shows: 'pending-page', name: 'pending', path: 'credentials/sales/quotes' },
    { shows: 'hostile-page', name: 'hostile', path: `credentials/${encodeURIComponent(hostileText)}/${encodeURIComponent(hostileText)}` },
  ])("a credential's page is so too: $shows", async ({ shows, name, path, doctor }) => {
    const examination: Examination | undefined = doctor && examinations[doctor];
    const source: DashboardSource = {
      read: () => Promise.resolve(overviews[name]),
      examine: () => (examination === undefined ? Promise.reject(new Error('nobody asks')) : Promise.resolve(examination)),
    };
    const looked = await lookAt(shows, source, path, async (page) => {
      if (examination === undefined) return;
      await Promise.all([page.waitForNavigation(), page.click('button.main')]);
      await page.waitForSelector('.verdict');
      await page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })");
    });
    expect(looked).toEqual([]);
  });

  it('axe-core finds what is wrong, where something is', async () => {
    const page = await browser.newPage();
    await page.setContent('<title>x</title><main><h1>x</h1><input><p style="color: #bbb; background: #fff">pale</p></main>');
    const problems = await accessibilityProblems(page);
    await page.close();
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(expect.arrayContaining(['color-contrast', 'label']));
  });

  it('says why, where nothing can be read', async () => {
    const message = 'The API server https://10.0.0.1:6443 cannot be reached: it refuses connections.';
    const looked = await lookAt('unreadable', { read: () => Promise.reject(new Error(message)) }, '', async (page) => {
      await page.waitForFunction(`document.querySelector('#error').textContent.includes(${JSON.stringify(message)})`);
    });
    expect(looked).toEqual([]);
  });
});

/** Draws a page in each way; resolves to what is wrong with it. */
async function lookAt(
  name: string,
  source: DashboardSource,
  path: string,
  prepare?: (page: Page) => Promise<void>,
): Promise<readonly string[]> {
  const dashboard = await serveDashboard(source, { clock, version: '0.1.0' });
  const page = await browser.newPage();
  const wrong: string[] = [];
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('console', (message) => wrong.push(message.text()));
  page.on('requestfailed', (request) => wrong.push(`failed: ${request.url()}`));
  try {
    await page.setViewport({ width: 1280, height: 800 });
    const response = await page.goto(dashboard.url + path, { waitUntil: 'load' });
    // The browser itself tells the console of it.
    if (response?.status() === 404) wrong.length = 0;
    await prepare?.(page);
    await page.waitForSelector('#connection[data-state="live"]');
    // Each row is like the other.
    for (const { width, scheme, isKept } of name === 'many' ? looks.slice(0, 1) : looks) {
      await page.setViewport({ width, height: 800 });
      await page.emulateMediaFeatures([
        { name: 'prefers-color-scheme', value: scheme },
        { name: 'prefers-reduced-motion', value: 'reduce' },
      ]);
      const problems = await accessibilityProblems(page);
      const isWider = await page.evaluate(
        `[document.documentElement, ...document.querySelectorAll('.frame')].some(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)`,
      );
      wrong.push(
        ...[...problems, ...(isWider === true ? ['wider than the screen'] : [])].map((problem) => `${width} px, ${scheme}: ${problem}`),
      );
      if (isKept) await page.screenshot({ path: join(screenshots, `${name}-${width}-${scheme}.png`), fullPage: name !== 'many' });
    }
    return (await page.title()) === 'broken' ? [...wrong, 'a script of somebody else has run'] : wrong;
  } finally {
    await page.close();
    await dashboard.close();
  }
}
