import { expect, test } from 'vitest';
import { FakeApiServer, type Fault, type SeenRequest } from '../../test/support/fake-api-server.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { untilWith } from '../../test/support/until.ts';
import { ApiClient } from './api-client.ts';
import { LeaderElection } from './leader-election.ts';
import type { Lease } from './lease.ts';

const resource = 'coordination.k8s.io/v1/leases';
const key = 'tokenward-system/tokenward-operator';

/** One process; all share the server, and each has a clock of its own, as machines do. */
class Candidate {
  readonly clock: FakeClock;
  readonly api: ApiClient;
  readonly election: LeaderElection;
  readonly changes: boolean[] = [];

  constructor(server: FakeApiServer, identity: string, clock = new FakeClock()) {
    this.clock = clock;
    this.api = new ApiClient(server.config, { clock, userAgent: identity });
    this.election = new LeaderElection({
      api: this.api,
      namespace: 'tokenward-system',
      name: 'tokenward-operator',
      identity,
      clock,
      random: () => 0.5,
      onChange: (leading) => this.changes.push(leading),
      log: { warn: () => {} },
    });
  }

  async leads(): Promise<void> {
    await untilWith(this.clock, () => this.election.leading, 500);
  }

  async end(): Promise<void> {
    let stopped = false;
    void this.election.stop().then(() => (stopped = true));
    await untilWith(this.clock, () => stopped);
    this.api.close();
  }
}

class Rig implements AsyncDisposable {
  readonly server: FakeApiServer;
  readonly #candidates: Candidate[] = [];

  private constructor(server: FakeApiServer) {
    this.server = server;
  }

  static async make(): Promise<Rig> {
    return new Rig(await FakeApiServer.start());
  }

  candidate(identity: string, clock?: FakeClock): Candidate {
    const candidate = new Candidate(this.server, identity, clock);
    this.#candidates.push(candidate);
    candidate.election.start();
    return candidate;
  }

  get lease(): Lease | undefined {
    return this.server.cluster.get(resource, key);
  }

  /** Whatever this process asks for meets the fault. */
  isolate(identity: string, fault: Fault, times = Number.POSITIVE_INFINITY): void {
    this.server.plan(from(identity), fault, times);
  }

  requestsOf(identity: string): number {
    return this.server.requests.filter(from(identity)).length;
  }

  /** Waits for one more request of that process to be answered. */
  async asksAgain(candidate: Candidate, identity: string): Promise<void> {
    const before = this.requestsOf(identity);
    await untilWith(candidate.clock, () => this.requestsOf(identity) > before, 500);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#candidates.map((candidate) => candidate.end()));
    if (this.#candidates.some(({ clock }) => clock.pendingTimers > 0)) throw new Error('a timer is left behind');
    await this.server[Symbol.asyncDispose]();
  }
}

const from =
  (identity: string) =>
  ({ headers }: SeenRequest): boolean =>
    headers['user-agent'] === identity;

test('whoever comes first leads, and renews every two seconds', async () => {
  await using rig = await Rig.make();
  const a = rig.candidate('a');
  await a.leads();
  expect(rig.lease?.spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 });
  expect(rig.lease?.spec?.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  const version = rig.lease?.metadata.resourceVersion;
  await untilWith(a.clock, () => rig.lease?.metadata.resourceVersion !== version);
  expect(a.changes).toEqual([true]);
  expect(rig.lease?.spec?.acquireTime).not.toBe(rig.lease?.spec?.renewTime);
});

test('while one leads and renews, no other does', async () => {
  await using rig = await Rig.make();
  const a = rig.candidate('a');
  await a.leads();
  const b = rig.candidate('b', a.clock);
  const endMs = a.clock.monotonicMs() + 60_000;
  await untilWith(a.clock, () => a.clock.monotonicMs() > endMs, 500);
  expect([a.election.leading, b.election.leading]).toEqual([true, false]);
  expect(b.changes).toEqual([]);
});

test('of two that begin together one leads', async () => {
  await using rig = await Rig.make();
  const a = rig.candidate('a');
  const b = rig.candidate('b', a.clock);
  const endMs = a.clock.monotonicMs() + 10_000;
  await untilWith(a.clock, () => a.clock.monotonicMs() > endMs && (a.election.leading || b.election.leading), 500);
  expect([a.election.leading, b.election.leading].filter(Boolean)).toEqual([true]);
  expect([...a.changes, ...b.changes]).toEqual([true]);
});

test.each(['hang', 'drop', { status: 500 }, { status: 403 }] as const)(
  'a leader that meets %j gives up before another one can take over, and comes back behind it',
  async (fault) => {
    await using rig = await Rig.make();
    const a = rig.candidate('a');
    await a.leads();
    const b = rig.candidate('b', a.clock);
    await rig.asksAgain(b, 'b');
    rig.isolate('a', fault, 12);
    const overlaps: number[] = [];
    const startMs = a.clock.monotonicMs();
    let lostAtMs = 0;
    await untilWith(
      a.clock,
      () => {
        if (a.election.leading && b.election.leading) overlaps.push(a.clock.monotonicMs());
        if (!a.election.leading && lostAtMs === 0) lostAtMs = a.clock.monotonicMs();
        return b.election.leading;
      },
      500,
    );
    expect(overlaps).toEqual([]);
    expect(lostAtMs - startMs).toBeLessThanOrEqual(10_500);
    expect(a.clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(15_000 - 2_500);
    expect(a.changes).toEqual([true, false]);
    expect(rig.lease?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
    await rig.asksAgain(a, 'a');
    expect(a.election.leading).toBe(false);
  },
);

test('one failed renewal is no reason to give up', async () => {
  await using rig = await Rig.make();
  const a = rig.candidate('a');
  await a.leads();
  rig.isolate('a', { status: 500 }, 2);
  const endMs = a.clock.monotonicMs() + 20_000;
  await untilWith(a.clock, () => a.clock.monotonicMs() > endMs, 500);
  expect(a.changes).toEqual([true]);
});

test('a renewal whose answer is lost is not mistaken for that of another one', async () => {
  await using rig = await Rig.make();
  const a = rig.candidate('a');
  await a.leads();
  rig.isolate('a', 'drop-after', 1);
  const endMs = a.clock.monotonicMs() + 15_000;
  await untilWith(a.clock, () => a.clock.monotonicMs() > endMs, 500);
  expect(a.changes).toEqual([true]);
  expect(rig.lease?.spec?.holderIdentity).toBe('a');
});

test('a leader whose machine slept does not lead when it wakes, though no timer has run', async () => {
  await using rig = await Rig.make();
  const a = rig.candidate('a');
  await a.leads();
  a.clock.jumpWall(10_000);
  expect(a.election.leading).toBe(false);
});

test('a wall clock that is set back keeps nobody in the lead', async () => {
  await using rig = await Rig.make();
  const a = rig.candidate('a');
  await a.leads();
  rig.isolate('a', 'hang');
  a.clock.jumpWall(-3_600_000);
  await a.clock.advance(10_000);
  expect(a.election.leading).toBe(false);
});

test("another machine's clock does not matter", async () => {
  await using rig = await Rig.make();
  const a = rig.candidate('a');
  await a.leads();
  const clock = new FakeClock();
  clock.jumpWall(86_400_000);
  const b = rig.candidate('b', clock);
  await rig.asksAgain(b, 'b');
  await rig.asksAgain(b, 'b');
  expect(b.election.leading).toBe(false);
});

test('a stop releases the lease, and the next one need not wait for it to expire', async () => {
  await using rig = await Rig.make();
  const a = rig.candidate('a');
  await a.leads();
  const b = rig.candidate('b');
  await rig.asksAgain(b, 'b');
  await a.end();
  expect(a.changes).toEqual([true, false]);
  expect(rig.lease?.spec?.holderIdentity).toBe('');
  const startMs = b.clock.monotonicMs();
  await b.leads();
  expect(b.clock.monotonicMs() - startMs).toBeLessThan(5_000);
});

test('a stop of one that does not lead writes nothing', async () => {
  await using rig = await Rig.make();
  const a = rig.candidate('a');
  await a.leads();
  const b = rig.candidate('b');
  await rig.asksAgain(b, 'b');
  const version = rig.lease?.metadata.resourceVersion;
  await b.end();
  expect(rig.lease?.metadata.resourceVersion).toBe(version);
});

test('a lease that is deleted is taken again', async () => {
  await using rig = await Rig.make();
  const a = rig.candidate('a');
  await a.leads();
  rig.server.cluster.delete(resource, key);
  await untilWith(a.clock, () => rig.lease !== undefined, 500);
  expect(a.changes).toEqual([true]);
});
