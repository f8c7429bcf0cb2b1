import { expect, test } from 'vitest';
import { FakeApiServer, type SeenRequest } from '../../test/support/fake-api-server.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { until, untilWith } from '../../test/support/until.ts';
import { ApiClient } from './api-client.ts';
import type { ApiObject } from './api-object.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';

const resource = '/v1/secrets';
const path = '/api/v1/secrets';
const isWatch = ({ isWatch: is }: SeenRequest): boolean => is;
const isWholeList = ({ isWatch: is, query }: SeenRequest): boolean => !is && query.get('limit') !== '1';
const isList = ({ isWatch: is }: SeenRequest): boolean => !is;

function secret(name: string, value = 'v1', labels: Record<string, string> = {}): ApiObject & { data: { value: string } } {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'hr', labels }, data: { value } };
}

const valueOf = (object: ApiObject): string => (object as ReturnType<typeof secret>).data.value;

class Rig implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly changes: string[] = [];
  readonly logged: object[] = [];
  readonly server: FakeApiServer;
  readonly api: ApiClient;
  readonly reflector: Reflector<string>;

  private constructor(server: FakeApiServer, overrides: Partial<ReflectorOptions<string>>) {
    this.server = server;
    this.api = new ApiClient(server.config, { clock: this.clock, userAgent: 'tokenward-operator/test' });
    this.reflector = new Reflector({
      api: this.api,
      path,
      keep: valueOf,
      onChange: (key) => this.changes.push(key),
      clock: this.clock,
      random: () => 0.5,
      log: { warn: (fields) => this.logged.push(fields), error: (fields) => this.logged.push(fields) },
      ...overrides,
    });
  }

  static async make(overrides: Partial<ReflectorOptions<string>> = {}): Promise<Rig> {
    return new Rig(await FakeApiServer.start(), overrides);
  }

  /** Until the first list is told and its watch is open. */
  async started(): Promise<void> {
    this.reflector.start();
    await this.reflector.synced;
    await until(() => this.server.openWatches === 1);
    this.changes.length = 0;
  }

  set(name: string, value: string, labels?: Record<string, string>): void {
    this.server.cluster.put(resource, secret(name, value, labels));
  }

  async agree(): Promise<void> {
    await untilWith(this.clock, () => this.agrees());
  }

  agrees(): boolean {
    const there = this.server.cluster.list(resource);
    return (
      this.reflector.size === there.length && there.every((object) => this.reflector.get(`hr/${object.metadata.name}`) === valueOf(object))
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reflector.stop();
    if (this.clock.pendingTimers > 0) throw new Error('a timer is left behind');
    this.api.close();
    await this.server[Symbol.asyncDispose]();
  }
}

test('what is there at the start is told before `synced` resolves, and what happens then is told as it happens', async () => {
  await using rig = await Rig.make();
  rig.set('a', '1');
  rig.set('b', '1');
  rig.reflector.start();
  await rig.reflector.synced;
  expect(rig.changes).toEqual(['hr/a', 'hr/b']);
  await until(() => rig.server.openWatches === 1);
  rig.set('c', '1');
  rig.set('a', '2');
  rig.server.cluster.delete(resource, 'hr/b');
  await until(() => rig.changes.length === 5);
  expect(rig.changes.slice(2)).toEqual(['hr/c', 'hr/a', 'hr/b']);
  expect([...rig.reflector.list()]).toEqual(['2', '1']);
  expect(rig.reflector.get('hr/b')).toBeUndefined();
});

test('what loses its label goes away like what is deleted', async () => {
  await using rig = await Rig.make({ labelSelector: 'wanted=true' });
  rig.set('a', '1', { wanted: 'true' });
  rig.set('b', '1');
  await rig.started();
  expect([...rig.reflector.list()]).toEqual(['1']);
  rig.set('a', '2');
  await until(() => rig.changes.length === 1);
  expect(rig.reflector.size).toBe(0);
});

test('bookmarks are asked for and used, and the server is told when to end a watch', async () => {
  await using rig = await Rig.make();
  await rig.started();
  const [watch] = rig.server.watchRequests;
  expect(watch?.query.get('allowWatchBookmarks')).toBe('true');
  expect(Number(watch?.query.get('timeoutSeconds'))).toBe(270);
  rig.server.cluster.age(50);
  const version = String(rig.server.cluster.version);
  rig.server.bookmark();
  rig.server.endWatches();
  await untilWith(rig.clock, () => rig.server.watchRequests.length === 2);
  expect(rig.server.watchRequests[1]?.query.get('resourceVersion')).toBe(version);
  expect(rig.server.lists).toBe(1);
});

test('a watch that the server ends in order goes on where it was, at once', async () => {
  await using rig = await Rig.make();
  await rig.started();
  await rig.clock.advance(60_000);
  rig.server.endWatches();
  await until(() => rig.server.watchRequests.length === 2 && rig.server.openWatches === 1);
  expect(rig.logged).toEqual([]);
});

test('watches that end as soon as they begin are not opened in a row without a pause', async () => {
  await using rig = await Rig.make();
  await rig.started();
  const startedMs = rig.clock.monotonicMs();
  for (let watches = 2; watches <= 5; watches += 1) {
    rig.server.endWatches();
    await untilWith(rig.clock, () => rig.server.watchRequests.length === watches && rig.server.openWatches === 1, 250);
  }
  // 0.75 of 1, 2, 4 and 8 s, with steps of 250 ms.
  expect(rig.clock.monotonicMs() - startedMs).toBeGreaterThanOrEqual(11_250);
});

test('connections are used again: no new one per request', async () => {
  await using rig = await Rig.make();
  await rig.started();
  for (let round = 0; round < 5; round += 1) {
    rig.server.plan(isWatch, { status: 500 });
    const before = rig.server.watchRequests.length;
    rig.server.endWatches();
    await untilWith(rig.clock, () => rig.server.watchRequests.length === before + 2 && rig.server.openWatches === 1);
    await Promise.all([rig.api.request({ method: 'GET', path }), rig.api.request({ method: 'GET', path })]);
  }
  expect(rig.server.requests.length).toBeGreaterThan(20);
  // One for the watch, and two requests at the same time.
  expect(rig.server.connections).toBeLessThanOrEqual(3);
});

test('a stop while it waits to try again opens no watch', async () => {
  await using rig = await Rig.make();
  await rig.started();
  rig.server.plan(isWatch, { status: 500 });
  rig.server.cutWatches();
  await untilWith(rig.clock, () => rig.server.watchRequests.length === 2);
  await until(() => rig.logged.length === 2);
  await rig.reflector.stop();
  const requests = rig.server.requests.length;
  await rig.clock.advance(600_000);
  await rig.api.request({ method: 'GET', path });
  expect(rig.server.requests.length).toBe(requests + 1);
  expect(rig.server.openWatches).toBe(0);
});

test('a stop while the list is under way leaves nothing behind, and those who wait for `synced` hear of it', async () => {
  await using rig = await Rig.make();
  rig.server.plan(isList, 'hang');
  rig.reflector.start();
  await until(() => rig.server.lists === 1);
  const { synced } = rig.reflector;
  await rig.reflector.stop();
  await expect(synced).rejects.toThrow('stopped before its first list');
  await rig.clock.advance(600_000);
  expect(rig.server.requests.length).toBe(1);
  expect(() => rig.reflector.start()).toThrow('does not start again');
});

test('two starts leave one watch, and one stop ends it', async () => {
  await using rig = await Rig.make();
  rig.reflector.start();
  rig.reflector.start();
  await rig.started();
  rig.reflector.start();
  rig.set('a', '1');
  await until(() => rig.changes.length === 1);
  expect(rig.server.openWatches).toBe(1);
  expect(rig.server.watchRequests.length).toBe(1);
  await rig.reflector.stop();
  await until(() => rig.server.openWatches === 0);
});

test('an onChange that throws loses nothing: the key is told again, and the watch goes on', async () => {
  let throws = 2;
  const told: string[] = [];
  await using rig = await Rig.make({
    onChange: (key) => {
      if (key === 'hr/a' && throws > 0) {
        throws -= 1;
        throw new Error('out of order');
      }
      told.push(key);
    },
  });
  await rig.started();
  rig.set('a', '1');
  rig.set('b', '1');
  await until(() => told.length === 1);
  expect(told).toEqual(['hr/b']);
  expect(rig.reflector.get('hr/a')).toBe('1');
  await rig.clock.advance(2_000);
  expect(told).toEqual(['hr/b', 'hr/a']);
  expect(rig.server.watchRequests.length).toBe(1);
});

test.each([500, 429, 401, 403, 404, 503, 504, 400, 410])('%i as the answer to a watch does not end it', async (status) => {
  await using rig = await Rig.make();
  rig.set('a', '1');
  await rig.started();
  rig.server.plan(isWatch, { status }, 3);
  rig.server.cutWatches();
  rig.set('a', '2');
  rig.server.cluster.delete(resource, 'hr/a');
  rig.set('b', '1');
  await rig.agree();
  await untilWith(rig.clock, () => rig.server.openWatches === 1);
  rig.set('b', '2');
  await rig.agree();
  expect(rig.changes).toContain('hr/a');
  expect(rig.server.watchRequests.length).toBe(5);
});

test('a Retry-After is waited out', async () => {
  await using rig = await Rig.make();
  await rig.started();
  rig.server.plan(isWatch, { status: 429, retryAfterSeconds: 20 });
  rig.server.cutWatches();
  await untilWith(rig.clock, () => rig.server.watchRequests.length === 2);
  await until(() => rig.logged.length === 2);
  const sinceMs = rig.clock.monotonicMs();
  await untilWith(rig.clock, () => rig.server.watchRequests.length === 3);
  expect(rig.clock.monotonicMs() - sinceMs).toBeGreaterThanOrEqual(20_000);
});

test.each(['drop', { status: 503 }, { status: 401 }, { status: 403 }, 'hang'] as const)(
  '%j as the answer to the first lists is tried again, and `synced` waits for a real one',
  async (fault) => {
    await using rig = await Rig.make();
    rig.set('a', '1');
    rig.server.plan(isList, fault, 3);
    let synced = false;
    void rig.reflector.synced.then(() => (synced = true));
    rig.reflector.start();
    await untilWith(rig.clock, () => rig.server.lists === 3, 1_000);
    expect(synced).toBe(false);
    expect(rig.changes).toEqual([]);
    expect(rig.server.watchRequests.length).toBe(0);
    await untilWith(rig.clock, () => synced, 1_000);
    expect(rig.server.lists).toBe(4);
    expect(rig.changes).toEqual(['hr/a']);
  },
);

test.each([
  ['an internal error', { code: 500, reason: 'InternalError' }, 1],
  ['too many requests', { code: 429, reason: 'TooManyRequests', details: { retryAfterSeconds: 3 } }, 1],
  ['an expired version', { code: 410, reason: 'Expired' }, 2],
  ['a version that is yet to come', { code: 504, reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } }, 2],
  ['something without a code', {}, 1],
])('%s in the middle of a watch is noticed and mended', async (_, status, lists) => {
  await using rig = await Rig.make();
  await rig.started();
  rig.server.muteWatches();
  rig.set('a', '1');
  rig.server.sendToWatches({ type: 'ERROR', object: { kind: 'Status', ...status } });
  await rig.agree();
  await untilWith(rig.clock, () => rig.server.openWatches === 1 && rig.server.watchRequests.length === 2);
  expect(rig.server.lists).toBe(lists);
});

test('what was deleted while the history was lost is told as deleted', async () => {
  await using rig = await Rig.make();
  rig.set('a', '1');
  rig.set('b', '1');
  rig.set('c', '1');
  await rig.started();
  rig.server.muteWatches();
  rig.server.cluster.delete(resource, 'hr/a');
  rig.set('b', '2');
  rig.server.cluster.compact();
  rig.server.cutWatches();
  await rig.agree();
  expect(rig.changes.sort()).toEqual(['hr/a', 'hr/b']);
});

test('a watch that is accepted and then says nothing is given up, and what it kept back is found', async () => {
  await using rig = await Rig.make();
  await rig.started();
  rig.server.plan(isWatch, 'silent');
  rig.server.cutWatches();
  await untilWith(rig.clock, () => rig.server.openWatches === 1);
  rig.set('a', '1');
  const sinceMs = rig.clock.monotonicMs();
  await untilWith(rig.clock, () => rig.agrees(), 1_000);
  expect(rig.clock.monotonicMs() - sinceMs).toBeLessThan(160_000);
  expect(rig.reflector.silentForMs).toBeLessThan(10_000);
  expect(rig.server.requests.filter(isWholeList)).toHaveLength(1);
});

test('a watch that is never answered is given up', async () => {
  await using rig = await Rig.make();
  await rig.started();
  rig.server.plan(isWatch, 'hang');
  rig.server.cutWatches();
  rig.set('a', '1');
  await untilWith(rig.clock, () => rig.agrees(), 1_000);
  expect(rig.changes).toEqual(['hr/a']);
});

test('the silence of the server can be seen', async () => {
  await using rig = await Rig.make();
  await rig.started();
  await rig.clock.advance(60_000);
  expect(rig.reflector.silentForMs).toBeGreaterThanOrEqual(60_000);
  rig.server.bookmark();
  await until(() => rig.reflector.silentForMs < 60_000);
});

test('a watch with a bookmark each minute is never given up', async () => {
  await using rig = await Rig.make();
  await rig.started();
  for (let minute = 0; minute < 10; minute += 1) {
    await rig.clock.advance(60_000);
    rig.server.cluster.age();
    rig.server.bookmark();
    await until(() => rig.reflector.silentForMs === 0);
  }
  expect(rig.server.watchRequests.length).toBe(1);
});

test('an event that comes twice is told once', async () => {
  await using rig = await Rig.make();
  await rig.started();
  const object = rig.server.cluster.put(resource, secret('a'));
  rig.server.sendToWatches({ type: 'MODIFIED', object });
  rig.server.sendToWatches({ type: 'ADDED', object });
  rig.set('b', '1');
  await until(() => rig.changes.includes('hr/b'));
  expect(rig.changes).toEqual(['hr/a', 'hr/b']);
});

test('an event that comes late overwrites nothing newer', async () => {
  await using rig = await Rig.make();
  const old = rig.server.cluster.put(resource, secret('a', 'old'));
  rig.set('a', 'new');
  await rig.started();
  rig.server.sendToWatches({ type: 'MODIFIED', object: old });
  await untilWith(rig.clock, () => rig.server.lists === 2);
  expect(rig.reflector.get('hr/a')).toBe('new');
  await rig.agree();
});

test('a line that is cut off is not taken for a whole one', async () => {
  await using rig = await Rig.make();
  await rig.started();
  const object = rig.server.cluster.put(resource, secret('a', '1'));
  await until(() => rig.changes.length === 1);
  rig.server.muteWatches();
  rig.set('a', '2');
  rig.server.cutWatches(JSON.stringify({ type: 'DELETED', object }).slice(0, -1));
  await rig.agree();
  expect(rig.reflector.get('hr/a')).toBe('2');
});

test.each([
  'not JSON\n',
  '{}\n',
  '{"type":"ADDED"}\n',
  '{"type":"ADDED","object":{}}\n',
  '{"type":"RENAMED","object":{"metadata":{"resourceVersion":"999"}}}\n',
])('the line %j does not end the watch', async (text) => {
  await using rig = await Rig.make();
  await rig.started();
  rig.server.sendTextToWatches(text);
  rig.set('a', '1');
  await rig.agree();
  await untilWith(rig.clock, () => rig.server.openWatches === 1 && rig.server.watchRequests.length === 2);
  expect(rig.changes).toEqual(['hr/a']);
});

test('a large list comes in pages', async () => {
  await using rig = await Rig.make();
  for (let index = 0; index < 12; index += 1) rig.set(`s${index}`, '1');
  rig.server.pageSize = 5;
  await rig.started();
  expect(rig.server.lists).toBe(3);
  expect(rig.agrees()).toBe(true);
  expect(rig.server.requests[0]?.query.get('limit')).toBe('250');
});

test('when the pages expire midway everything is listed anew, and nothing of the old pages stays', async () => {
  await using rig = await Rig.make();
  for (let index = 0; index < 12; index += 1) rig.set(`s${index}`, '1');
  rig.server.pageSize = 5;
  rig.server.plan(({ query }) => query.has('continue') && rig.server.cluster.delete(resource, 'hr/s0') !== undefined, { status: 410 });
  await rig.started();
  expect(rig.server.lists).toBe(3);
  expect(rig.server.requests[2]?.query.has('limit')).toBe(false);
  expect(rig.reflector.size).toBe(11);
  expect(rig.agrees()).toBe(true);
});

test('a server that was restored from a backup is believed, and every key is told', async () => {
  await using rig = await Rig.make();
  rig.set('a', '1');
  const restore = rig.server.cluster.backup();
  rig.set('a', '2');
  rig.set('b', '1');
  await rig.started();
  restore();
  const sinceMs = rig.clock.monotonicMs();
  rig.server.cutWatches();
  await untilWith(rig.clock, () => rig.agrees(), 1_000);
  expect(rig.clock.monotonicMs() - sinceMs).toBeLessThan(160_000);
  expect(rig.changes.sort()).toEqual(['hr/a', 'hr/b']);
});

test('a version from which the server cannot watch, whatever it says to that, is given up for a new list', async () => {
  await using rig = await Rig.make();
  await rig.started();
  const version = String(rig.server.cluster.version);
  rig.server.plan(({ isWatch: is, query }) => is && query.get('resourceVersion') === version, { status: 500 }, Number.POSITIVE_INFINITY);
  rig.server.muteWatches();
  rig.set('a', '1');
  rig.server.cutWatches();
  await rig.agree();
  await untilWith(rig.clock, () => rig.server.openWatches === 1);
  expect(rig.server.lists).toBe(2);
});

test('where nothing ever happens the silence costs one small request now and then, and no list', async () => {
  await using rig = await Rig.make();
  rig.set('a', '1');
  rig.set('b', '1');
  await rig.started();
  const endMs = rig.clock.monotonicMs() + 1_800_000;
  await untilWith(rig.clock, () => rig.clock.monotonicMs() > endMs, 5_000);
  expect(rig.server.requests.filter(isWholeList)).toHaveLength(1);
  expect(rig.server.requests.length).toBeLessThan(30);
  expect(rig.changes).toEqual([]);
  expect(rig.logged).toEqual([]);
});

test('once an hour everything is listed anew and every key told', async () => {
  await using rig = await Rig.make();
  rig.set('a', '1');
  await rig.started();
  await untilWith(rig.clock, () => rig.server.lists > 1 && rig.changes.length > 0, 30_000);
  const toldAtMs = rig.clock.monotonicMs();
  // The hour went by in larger steps than sockets take: a watch may have ended meanwhile, and its successor waits for a timer.
  await untilWith(rig.clock, () => rig.server.openWatches === 1);
  expect(toldAtMs).toBeGreaterThanOrEqual(3_600_000);
  expect(toldAtMs).toBeLessThan(3_600_000 + 600_000);
  expect(rig.changes).toEqual(['hr/a']);
});

test('of an object only what is kept stays in memory', async () => {
  await using rig = await Rig.make();
  rig.set('a', '1');
  await rig.started();
  expect([...rig.reflector.list()]).toEqual(['1']);
});
