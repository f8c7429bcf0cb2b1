import { expect, test } from 'vitest';
import { RawClient } from '../support/raw-client.ts';
import { call } from '../support/call.ts';
import { setStage } from './stage.ts';

const maxInFlight = 4096;
const perConnection = 64;

test('more than 4,096 requests in flight are refused as overloaded, and those in flight are all served', async () => {
  const released = Promise.withResolvers<void>();
  await using stage = await setStage();
  // All wait for the first token. Pipelined, for so they need few connections.
  stage.issuer.hold = released.promise;
  using _ = { [Symbol.dispose]: released.resolve };
  const clients = Array.from({ length: maxInFlight / perConnection }, () => new RawClient(stage.sidecar.proxyPort));
  for (const client of clients) client.send('GET /a/orders HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(perConnection));
  await expect.poll(() => missesOf(stage.sidecar.adminUrl)).toBe(maxInFlight);

  expect(await call(stage.url)).toMatchObject({ status: 503, failure: 'overloaded' });
  expect(await call(`${stage.sidecar.adminUrl}/healthz`)).toMatchObject({ status: 200 });

  released.resolve();
  const served = (): number => clients.reduce((sum, { received }) => sum + (received.match(/HTTP\/1\.1 200 /g)?.length ?? 0), 0);
  await expect.poll(served).toBe(maxInFlight);
  expect(stage.issuer.requests).toBe(1);
  expect(await call(stage.url)).toMatchObject({ status: 200 });
  for (const client of clients) await client[Symbol.asyncDispose]();
});

async function missesOf(adminUrl: string): Promise<number> {
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  return Number(/^tokenward_token_cache_total\{alias="a",result="miss"\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
}
