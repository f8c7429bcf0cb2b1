import { readFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { SidecarMetrics } from './sidecar-metrics.ts';

let metrics: SidecarMetrics;

beforeEach(() => {
  metrics = new SidecarMetrics();
});

async function series(name: string): Promise<string[]> {
  return (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

describe('the scrape', () => {
  test('counts the answers by alias and status', async () => {
    const alias = metrics.alias('lms');
    alias.answered(200, 0.1);
    alias.answered(200, 0.1);
    alias.answered(404, 0.1);
    metrics.alias('iot').answered(200, 0.1);
    expect(await series('tokenward_requests_total')).toEqual([
      'tokenward_requests_total{alias="lms",code="200"} 2',
      'tokenward_requests_total{alias="lms",code="404"} 1',
      'tokenward_requests_total{alias="iot",code="200"} 1',
    ]);
  });

  test('says the same again when asked again', async () => {
    metrics.alias('lms').answered(200, 0.1);
    metrics.alias('lms').hits++;
    const first = await metrics.registry.metrics();
    expect(await metrics.registry.metrics()).toBe(first);
  });

  test('counts failures by code, those of no alias under the empty one, and the answers that refusals are', async () => {
    metrics.alias('lms').failed('token_rejected');
    metrics.refused({ code: 'credential_pending', detail: '' }, 'lms');
    metrics.refused({ code: 'unknown_alias', detail: '' }, undefined);
    expect(await series('tokenward_requests_total')).toEqual([
      'tokenward_requests_total{alias="lms",code="503"} 1',
      'tokenward_requests_total{alias="",code="404"} 1',
    ]);
    expect(await series('tokenward_errors_total')).toEqual([
      'tokenward_errors_total{alias="lms",code="token_rejected"} 1',
      'tokenward_errors_total{alias="lms",code="credential_pending"} 1',
      'tokenward_errors_total{alias="",code="unknown_alias"} 1',
    ]);
  });

  test('shows what the cache had, replays and dropped Authorizations', async () => {
    const alias = metrics.alias('lms');
    alias.hits = 3;
    alias.misses = 1;
    alias.replays = 2;
    alias.authorizationsDropped = 4;
    expect(await series('tokenward_token_cache_total')).toEqual([
      'tokenward_token_cache_total{alias="lms",result="hit"} 3',
      'tokenward_token_cache_total{alias="lms",result="miss"} 1',
    ]);
    expect(await series('tokenward_replays_total')).toEqual(['tokenward_replays_total{alias="lms"} 2']);
    expect(await series('tokenward_caller_authorization_dropped_total')).toEqual([
      'tokenward_caller_authorization_dropped_total{alias="lms"} 4',
    ]);
  });

  test('has the durations in cumulative buckets, each bound in its own', async () => {
    for (const seconds of [0, 0.005, 0.0051, 0.3, 60, 61]) metrics.alias('lms').answered(200, seconds);
    const name = 'tokenward_request_duration_seconds';
    const buckets = (await series(`${name}_bucket`)).map((line) => line.replace(/.*le="([^"]+)".* (\d+)$/, '$1: $2'));
    expect(buckets).toEqual([
      '0.005: 2',
      '0.01: 3',
      '0.025: 3',
      '0.05: 3',
      '0.1: 3',
      '0.25: 3',
      '0.5: 4',
      '1: 4',
      '2.5: 4',
      '5: 4',
      '10: 4',
      '30: 4',
      '60: 5',
      '+Inf: 6',
    ]);
    expect(await series(`${name}_count`)).toEqual([`${name}_count{alias="lms"} 6`]);
    expect(Number((await series(`${name}_sum`))[0]?.split(' ')[1])).toBeCloseTo(121.3101);
  });

  test('shows token requests by outcome, their duration, and when the token ends', async () => {
    const observer = metrics.tokenObserver('lms');
    observer.attempted(undefined, 120);
    observer.attempted({ code: 'token_timeout', detail: '' }, 10_000);
    observer.obtained(1_767_225_600_500);
    expect(await series('tokenward_token_requests_total')).toEqual([
      'tokenward_token_requests_total{alias="lms",outcome="ok"} 1',
      'tokenward_token_requests_total{alias="lms",outcome="token_timeout"} 1',
    ]);
    expect(await series('tokenward_token_request_duration_seconds_sum')).toEqual([
      'tokenward_token_request_duration_seconds_sum{alias="lms"} 10.12',
    ]);
    expect(await series('tokenward_token_expiry_timestamp_seconds')).toEqual([
      'tokenward_token_expiry_timestamp_seconds{alias="lms"} 1767225600.5',
    ]);
  });

  test('says nothing of an alias that has never been called', async () => {
    metrics.alias('lms');
    expect((await metrics.registry.metrics()).split('\n').filter((line) => line.includes('lms'))).toEqual([]);
  });

  test('forgets an alias that is removed, and counts the change', async () => {
    metrics.alias('lms').answered(200, 0.1);
    metrics.tokenObserver('lms').obtained(0);
    metrics.reloaded('lms', 'applied');
    metrics.reloaded('lms', 'removed');
    expect(await series('tokenward_requests_total')).toEqual([]);
    expect(await series('tokenward_token_expiry_timestamp_seconds')).toEqual([]);
    expect(await series('tokenward_config_reloads_total')).toEqual([
      'tokenward_config_reloads_total{outcome="applied"} 1',
      'tokenward_config_reloads_total{outcome="removed"} 1',
    ]);
  });

  test('says of an alias whether its configuration is broken, until it is mended or gone', async () => {
    const broken = () => series('tokenward_config_broken');
    metrics.reloaded('lms', 'applied');
    expect(await broken()).toEqual(['tokenward_config_broken{alias="lms"} 0']);
    metrics.reloaded('lms', 'broken');
    expect(await broken()).toEqual(['tokenward_config_broken{alias="lms"} 1']);
    metrics.reloaded('lms', 'removed');
    expect(await broken()).toEqual([]);
  });

  test('keeps the numbers of an alias whose credential changes', () => {
    metrics.alias('lms').hits = 7;
    metrics.reloaded('lms', 'applied');
    expect(metrics.alias('lms').hits).toBe(7);
  });

  test('has a row for each metric in docs/metrics.md, and no row too many', async () => {
    const page = await readFile(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `(tokenward_(?!operator_)\w+)/gm)].map(([, name]) => name);
    const exposed = (await metrics.registry.getMetricsAsJSON()).map(({ name }) => name);
    expect(rows).toHaveLength(exposed.length);
    expect(new Set(rows)).toEqual(new Set(exposed));
  });
});
