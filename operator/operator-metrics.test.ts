import { expect, test } from 'vitest';
import { OperatorMetrics } from './operator-metrics.ts';

test("the end of the webhook's certificate is shown while there is one", async () => {
  const state = { leading: false, queueDepth: 0, silentForMs: 0, credentials: new Map() };
  let certificateEndMs: number | undefined;
  const { registry } = new OperatorMetrics(() => ({ ...state, certificateEndMs }));
  const samples = async (): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith('tokenward_operator_certificate_expiry'));
  expect(await samples()).toEqual([]);
  certificateEndMs = 1_767_225_600_000;
  expect(await samples()).toEqual(['tokenward_operator_certificate_expiry_timestamp_seconds 1767225600']);
  certificateEndMs = undefined;
  expect(await samples()).toEqual([]);
});
