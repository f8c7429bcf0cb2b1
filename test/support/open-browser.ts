import process from 'node:process';
import axe from 'axe-core';
import { type Browser, launch, type Page } from 'puppeteer-core';
import { requireTool } from './require-tool.ts';

/** Debian's Chromium, or undefined where the machine has none. */
export const chromium = requireTool('chromium', "for the dashboard's tests in a real browser (Debian: apt-get install chromium)");

/** Without a network: whatever it looks up but loopback is not found. */
export function openBrowser(): Promise<Browser> {
  return launch({
    executablePath: chromium ?? '',
    pipe: true,
    // Of a machine that has much else to do.
    timeout: 120_000,
    args: [
      '--disable-dev-shm-usage',
      '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
      // Its sandbox needs a user that is not root. What is shown here are pages of ours.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  });
}

/** What axe-core finds wrong, one line each: the rule, and the element. */
export async function accessibilityProblems(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(`axe.run({ resultTypes: ['violations', 'incomplete'] }).then(({ violations, incomplete }) =>
    [...violations, ...incomplete].flatMap(({ id, help, nodes }) => nodes.map(({ html }) => id + ': ' + help + ': ' + html)))`);
  return found as readonly string[];
}
