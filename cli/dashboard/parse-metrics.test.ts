import { expect, test } from 'vitest';
import { SidecarMetrics } from '../../sidecar/metrics/sidecar-metrics.ts';
import { parseMetrics } from './parse-metrics.ts';

test('what a sidecar counts for an alias is read, and nothing of another alias', async () => {
  const metrics = new SidecarMetrics();
  const lms = metrics.alias('lms');
  for (const status of [200, 201, 404, 502]) lms.answered(status, 0.1);
  lms.failed('token_rejected');
  lms.refused('not_allowed');
  metrics.alias('iot').answered(200, 0.1);
  const tokens = metrics.tokenObserver('lms');
  tokens.attempted(undefined, 10);
  tokens.attempted({ code: 'token_rejected', detail: 'No.' }, 10);
  tokens.attempted({ code: 'token_unavailable', detail: 'No.' }, 10);
  expect(parseMetrics(await metrics.registry.metrics(), 'lms')).toEqual({
    tokenRequests: { ok: 1, failed: 2 },
    calls: { ok: 3, failed: 2 },
    callsByClass: { '2xx': 2, '4xx': 2, '5xx': 1 },
    errors: { token_rejected: 1, not_allowed: 1 },
  });
});

test('an alias that nobody has called, and a text that holds none, count nothing', () => {
  const nothing = { tokenRequests: { ok: 0, failed: 0 }, calls: { ok: 0, failed: 0 }, callsByClass: {}, errors: {} };
  expect(parseMetrics('', 'lms')).toEqual(nothing);
  expect(parseMetrics('<html>', 'lms')).toEqual(nothing);
  expect(parseMetrics('tokenward_requests_total{alias="lms",code="200"} many', 'lms')).toEqual(nothing);
});
