import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HeldEndpoint } from '../../test/support/held-endpoint.ts';
import { FakeClock, settled } from '../../test/support/fake-clock.ts';
import { testConfig } from '../../test/support/sidecar-config.ts';
import { Sensitive } from '../../crds/sensitive.ts';
import { AliasMetrics } from '../metrics/alias-metrics.ts';
import { TokenSources } from '../token/token-sources.ts';
import { AliasTable, type Reload } from './alias-table.ts';
import { Route } from './route.ts';

let table: AliasTable;
let routes: Route[];
/** Token requesters that are open: one for each token source. */
let open: number;

beforeEach(() => {
  const clock = new FakeClock();
  routes = [];
  open = 0;
  const sources = new TokenSources({
    clock,
    random: () => 0.5,
    requesterFor: ({ tokenEndpoint }) => {
      if (!URL.canParse(tokenEndpoint.url)) throw new TypeError(`no URL: ${tokenEndpoint.url}`);
      open++;
      return Object.assign(new HeldEndpoint(clock).requestToken, { close: () => open-- });
    },
    observerFor: () => ({ attempted: () => {}, obtained: () => {}, failed: () => {} }),
  });
  table = new AliasTable(['expected'], (name, config) => {
    const route = new Route(name, config, new AliasMetrics(), sources);
    routes.push(route);
    return route;
  });
});

afterEach(() => table.close());

const good = (path = '', more: object = {}): object =>
  testConfig({ upstream: `https://api.example${path}`, tokenEndpoint: 'https://login.example/token', ...more });

function apply(configs: Record<string, object | string>): Reload[] {
  const texts = Object.entries(configs).map(
    ([name, config]) => [name, typeof config === 'string' ? config : JSON.stringify(config)] as const,
  );
  return table.apply(new Map(texts.map(([name, text]) => [name, new Sensitive(text)])));
}

const unusable = (why: string): string => `The configuration cannot be used (${why}); look at its URLs and certificates.`;
const kindOf = (name: string): string | undefined => table.get(name)?.state.kind;

function routeOf(name: string): Route {
  const state = table.get(name)?.state;
  if (state?.kind !== 'ready') throw new Error(`${name} is ${state?.kind}`);
  return state.route;
}

describe('AliasTable', () => {
  test('a new revision of the same configuration keeps the route, and with it connections and token', () => {
    apply({ lms: good('/v1', { revision: '1-0123abcd' }) });
    const route = routeOf('lms');
    const made = routes.length;
    expect(apply({ lms: good('/v1', { revision: '2-4567cdef' }) })).toEqual([{ alias: 'lms', outcome: 'applied' }]);
    expect(table.get('lms')?.state).toMatchObject({ kind: 'ready', revision: '2-4567cdef' });
    expect(routeOf('lms')).toBe(route);
    expect(routes).toHaveLength(made);
    expect(open).toBe(1);
  });

  test('a new revision with another configuration makes a new route, also after one that was broken', () => {
    apply({ lms: good('/v1', { revision: '1-0123abcd' }) });
    apply({ lms: '{"revision":"2-4567cdef"}' });
    expect(table.get('lms')).toMatchObject({ broken: expect.any(String) as string, state: { revision: '1-0123abcd' } });
    apply({ lms: '{"revision":"3-4567cdef"}' });
    expect(table.get('lms')).toMatchObject({ broken: expect.any(String) as string, state: { revision: '1-0123abcd' } });
    apply({ lms: good('/v2', { revision: '4-4567cdef' }) });
    expect(table.get('lms')?.state).toMatchObject({ revision: '4-4567cdef' });
    expect(table.get('lms')?.broken).toBeUndefined();
    expect(routeOf('lms').basePath).toBe('/v2');
  });

  test('an expected alias is pending until it has a configuration, and again when that is gone', () => {
    expect(kindOf('expected')).toBe('pending');
    expect(apply({ expected: good() })).toEqual([{ alias: 'expected', outcome: 'applied' }]);
    expect(kindOf('expected')).toBe('ready');
    routeOf('expected');
    expect(open).toBe(1);
    expect(apply({})).toEqual([{ alias: 'expected', outcome: 'removed' }]);
    expect(kindOf('expected')).toBe('pending');
    expect(open).toBe(0);
  });

  test('any other alias is there as long as its file is', () => {
    apply({ other: good() });
    expect(table.list().map(({ name }) => name)).toEqual(['expected', 'other']);
    apply({});
    expect(table.get('other')).toBeUndefined();
  });

  test('an unchanged text changes nothing: the route stays the same', () => {
    apply({ a: good() });
    const route = routeOf('a');
    expect(apply({ a: good() })).toEqual([]);
    expect(routeOf('a')).toBe(route);
  });

  test('an alias that sets a header which no request may carry is broken at once, not at every request', () => {
    const [reload] = apply({ a: good('', { injection: { header: 'X Token' } }) });
    expect(reload).toEqual({ alias: 'a', outcome: 'broken', reason: unusable('REQUEST_INVALID') });
  });

  test.each([
    ['not JSON', '{"version":1,', 'the file is not JSON'],
    ['of another version', JSON.stringify({ ...good(), version: 2 }), 'version: not one of 1'],
    [
      'with an upstream that is no URL',
      testConfig({ upstream: 'not a url with s3cr3t', tokenEndpoint: 'https://x' }),
      unusable('ERR_INVALID_URL'),
    ],
    ['with a token endpoint that is no URL', testConfig({ upstream: 'https://x', tokenEndpoint: 's3cr3t' }), unusable('TypeError')],
  ])('a text that is %s leaves the last good one in force, and the others alone', (_what, broken, reason) => {
    apply({ a: good(), b: good('/b') });
    const [a, b] = [routeOf('a'), routeOf('b')];
    expect(apply({ a: broken, b: good('/b2') })).toEqual([
      { alias: 'a', outcome: 'broken', reason },
      { alias: 'b', outcome: 'applied' },
    ]);
    expect(table.get('a')).toMatchObject({ broken: reason });
    expect(routeOf('a')).toBe(a);
    expect(routeOf('b')).not.toBe(b);

    expect(apply({ a: good('/mended'), b: good('/b2') })).toEqual([{ alias: 'a', outcome: 'applied' }]);
    expect(table.get('a')?.broken).toBeUndefined();
    expect(routeOf('a').basePath).toBe('/mended');
  });

  test('a text that never was good is invalid, with its reason', () => {
    expect(apply({ a: '[]' })).toMatchObject([{ outcome: 'broken' }]);
    expect(table.get('a')?.state).toMatchObject({ kind: 'invalid' });
    apply({ a: good() });
    expect(kindOf('a')).toBe('ready');
  });

  test('a credential that says it is invalid is not served any more, whatever it was before', () => {
    apply({ a: good() });
    routeOf('a');
    expect(apply({ a: { version: 1, invalid: 'withdrawn' } })).toEqual([{ alias: 'a', outcome: 'applied', reason: 'withdrawn' }]);
    expect(table.get('a')?.state).toEqual({ kind: 'invalid', reason: 'withdrawn' });
    expect(open).toBe(0);
  });

  test('aliases that ask for the same token share its source; a changed upstream keeps it, a changed client does not', () => {
    apply({ a: good('/a'), b: good('/b') });
    const { source } = routeOf('a');
    expect(routeOf('b').source).toBe(source);
    apply({ a: good('/other'), b: good('/b') });
    expect(routeOf('a').source).toBe(source);
    apply({ a: good('/other', { client: { secret: 'rotated' } }), b: good('/b') });
    expect(routeOf('a').source).not.toBe(source);
    expect(open).toBe(2);
  });

  test('a replaced route keeps its source until its last request has ended', () => {
    apply({ a: good() });
    const route = routeOf('a');
    route.enter();
    apply({ a: good('', { client: { secret: 'rotated' } }) });
    expect(route.source.closed).toBe(false);
    route.leave();
    expect(route.source.closed).toBe(true);
    expect(open).toBe(1);
  });

  test('the source of a removed alias is closed at once, also with requests in flight: whoever waits for a token is told', async () => {
    apply({ a: good() });
    const route = routeOf('a');
    route.enter();
    const waiting = route.source.obtain(0);
    apply({});
    expect(await waiting).toMatchObject({ ok: false, failure: { code: 'token_unavailable' } });
    route.leave();
    await settled();
    expect(open).toBe(0);
  });

  test('nothing is held for an alias before its first call, but what can be seen of it is there', () => {
    apply({ a: good('/a'), b: good('/b', { grant: { scope: 'b' } }) });
    const state = table.get('a')?.state;
    if (state?.kind !== 'ready') throw new Error(`a is ${state?.kind}`);
    expect(open).toBe(0);
    expect(state.show(({ baseUrl, source }) => [baseUrl.href, source.state.status])).toEqual(['https://api.example/a', 'none']);
    expect(open).toBe(0);
    const { route } = state;
    expect(open).toBe(1);
    expect(state.route).toBe(route);
    expect(state.show((shown) => shown)).toBe(route);
    expect(route.source.closed).toBe(false);
  });

  test('an alias that is changed before its first call is called as it is then', () => {
    apply({ a: good('/old') });
    apply({ a: good('/new') });
    expect(open).toBe(0);
    expect(routeOf('a').basePath).toBe('/new');
    expect(open).toBe(1);
  });

  test('an alias that is broken before its first call is called as it last was good', () => {
    apply({ a: good('/good') });
    apply({ a: '{' });
    expect(routeOf('a').basePath).toBe('/good');
  });

  test('no route is left with a source once the table is closed', () => {
    apply({
      a: good(),
      b: good('/b', { grant: { scope: 'b' } }),
      c: testConfig({ upstream: 'x', tokenEndpoint: 'https://login.example' }),
    });
    routeOf('a');
    expect(open).toBe(1);
    table.close();
    expect(routes).toHaveLength(3);
    expect(open).toBe(0);
    expect(table.list()).toEqual([]);
  });
});
