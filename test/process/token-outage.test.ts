import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { setStage } from './stage.ts';
import { SteadyLoad } from './steady-load.ts';

const lifetimeSeconds = 12;
const callers = 8;

test('the token endpoint is down from soft expiry to just before the end of the token: under load, not one call fails', async () => {
  await using stage = await setStage({ lifetimeSeconds });
  const { issuer } = stage;
  await using load = new SteadyLoad(callers, (number) => ({ url: `${stage.url}/${number}` }));
  await expect.poll(() => load.calls).toBeGreaterThan(100);
  const before = load.calls;
  const endsAtMs = issuer.lastEndsAtMs;
  let refused = 0;
  issuer.refuse = (_request, response) => {
    refused += 1;
    response.writeHead(503).end();
  };
  // Soft expiry is at half the lifetime, and the sidecar has tried in vain.
  await expect.poll(() => refused).toBeGreaterThan(0);
  await wait(endsAtMs - performance.now() - 1500);
  expect(refused).toBeGreaterThan(1);
  expect(load.calls).toBeGreaterThan(before + 100);
  issuer.refuse = undefined;
  await wait(endsAtMs - performance.now() + 2000);
  await load.stop();
  expect(load.failed).toEqual([]);
  // No expired token was sent; one that expires under way may have been, and its call was repeated.
  expect(stage.api.refused).toBeLessThanOrEqual(callers);
});
