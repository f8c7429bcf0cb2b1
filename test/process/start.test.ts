import { expect, test } from 'vitest';
import { call } from '../support/call.ts';
import { setStage } from './stage.ts';
import { startSidecarProcess } from '../support/start-sidecar-process.ts';

test('answers its first call as soon as it says that it listens', async () => {
  await using stage = await setStage();
  expect(await call(`${stage.url}/orders`)).toMatchObject({ status: 200, body: 'ok' });
  expect(stage.issuer.requests).toBe(1);
});

test('is up and ready without any credential, and asks no one for a token on its own account', async () => {
  await using sidecar = await startSidecarProcess({ args: ['--alias', 'a'] });
  expect(await call(`${sidecar.adminUrl}/healthz`)).toMatchObject({ status: 200 });
  expect(await call(`${sidecar.adminUrl}/readyz`)).toMatchObject({ status: 200 });
  expect(await call(`${sidecar.proxyUrl}/a/orders`)).toMatchObject({ status: 503, failure: 'credential_pending' });
});

test('idles at no more than 75 MiB of resident memory', async () => {
  await using stage = await setStage();
  await call(stage.url);
  expect((await stage.sidecar.memoryKilobytes()).resident).toBeLessThan(75 * 1024);
});

test('shows its metrics in the text format of Prometheus', async () => {
  await using stage = await setStage();
  await call(`${stage.url}/orders`);
  const { status, headers, body } = await call(`${stage.sidecar.adminUrl}/metrics`);
  expect(status).toBe(200);
  expect(headers['content-type']).toContain('text/plain; version=0.0.4');
  expect(body).toContain('tokenward_requests_total{alias="a",code="200"} 1\n');
  expect(body).toContain('tokenward_token_requests_total{alias="a",outcome="ok"} 1\n');
});

test('the admin port has no way to the proxy, and the proxy none to the admin port', async () => {
  await using stage = await setStage();
  for (const path of ['/a/orders', '/-/aliases', '//a/orders']) {
    expect(await call(stage.sidecar.adminUrl + path)).toMatchObject({ status: 404, failure: undefined });
  }
  for (const path of ['/metrics', '/healthz', '/readyz']) {
    expect(await call(stage.sidecar.proxyUrl + path)).toMatchObject({ status: 404, failure: 'unknown_alias' });
  }
  expect(stage.api.served).toBe(0);
});
