import { expect, test } from 'vitest';
import { type SidecarConfig, sidecarConfigFile } from '../../crds/sidecar-config.ts';
import { FakeClock, settled } from '../../test/support/fake-clock.ts';
import { HeldEndpoint } from '../../test/support/held-endpoint.ts';
import { TokenSources } from './token-sources.ts';

function config(scope: string, upstream = 'https://api.example', refreshBeforeSeconds = 300): SidecarConfig {
  const decoded = sidecarConfigFile.parse({
    version: 1,
    upstream: { url: upstream },
    tokenEndpoint: { url: 'https://idp.example/token' },
    client: { id: 'acme', secret: 's3cr3t' },
    grant: { scope },
    cache: { refreshBeforeSeconds },
  });
  if ('invalid' in decoded) throw new Error(decoded.invalid);
  return decoded;
}

function open(): { sources: TokenSources; endpoint: HeldEndpoint; opened: string[]; closed: string[] } {
  const clock = new FakeClock();
  const endpoint = new HeldEndpoint(clock);
  const opened: string[] = [];
  const closed: string[] = [];
  const sources = new TokenSources({
    clock,
    random: () => 0,
    requesterFor: ({ grant }) => {
      opened.push(String(grant.scope));
      return Object.assign((signal: AbortSignal) => endpoint.requestToken(signal), { close: () => void closed.push(String(grant.scope)) });
    },
    observerFor: () => ({ attempted: () => {}, obtained: () => {}, failed: () => {} }),
  });
  return { sources, endpoint, opened, closed };
}

test('aliases that ask for the same token share it, whatever their upstreams and refresh times', async () => {
  const { sources, endpoint, opened } = open();
  const one = sources.acquire(config('admin'), 'admin');
  const other = sources.acquire(config('admin', 'https://other.example', 60), 'other');
  expect(other).toBe(one);
  const outcomes = [one.obtain(300_000), other.obtain(60_000)];
  await settled();
  endpoint.issue(60_000);
  expect(await Promise.all(outcomes)).toEqual([
    { ok: true, token: one.token },
    { ok: true, token: one.token },
  ]);
  expect(endpoint.requests).toBe(1);
  expect(opened).toEqual(['admin']);
});

test('one client with two scopes has two sources', () => {
  const { sources, opened } = open();
  expect(sources.acquire(config('admin'), 'admin')).not.toBe(sources.acquire(config('user'), 'user'));
  expect(opened).toEqual(['admin', 'user']);
});

test('the last release closes the source and its connections', () => {
  const { sources, closed } = open();
  const source = sources.acquire(config('admin'), 'admin');
  sources.acquire(config('admin'), 'admin');
  sources.release(source);
  expect(source.closed).toBe(false);
  expect(closed).toEqual([]);
  sources.release(source);
  expect(source.closed).toBe(true);
  expect(closed).toEqual(['admin']);
});

test('a credential that comes back after its end starts without a token', async () => {
  const { sources, endpoint } = open();
  const first = sources.acquire(config('admin'), 'admin');
  void first.obtain(300_000);
  await settled();
  endpoint.issue(60_000);
  await settled();
  sources.release(first);
  const second = sources.acquire(config('admin'), 'admin');
  expect(second).not.toBe(first);
  expect(first.token).toBeUndefined();
  expect(second.token).toBeUndefined();
});

test('releasing a source once too often hurts nobody', () => {
  const { sources, closed } = open();
  const first = sources.acquire(config('admin'), 'admin');
  sources.release(first);
  const second = sources.acquire(config('admin'), 'admin');
  sources.release(first);
  expect(second.closed).toBe(false);
  expect(closed).toEqual(['admin']);
});
