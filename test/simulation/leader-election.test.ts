import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Clock } from '../../crds/clock.ts';
import type { ApiRequest } from '../../operator/kube/api-client.ts';
import { ApiError, ConnectionError } from '../../operator/kube/api-error.ts';
import { CallLimit } from '../../operator/kube/call-limit.ts';
import { LeaderElection } from '../../operator/kube/leader-election.ts';
import type { Lease } from '../../operator/kube/lease.ts';
import { FakeCluster } from '../support/fake-cluster.ts';
import { FakeClock, settled } from '../support/fake-clock.ts';

/** What becomes of a request; the write of one that is `lost` has its effect all the same. */
type Fate = 'answered' | 'refused' | 'lost' | 'late';

type Step =
  | { readonly kind: 'pass'; readonly byMs: number }
  | { readonly kind: 'fates'; readonly who: number; readonly fates: readonly Fate[] }
  | { readonly kind: 'jump-wall'; readonly who: number; readonly byMs: number }
  /** In order, or as a process that is killed; another one with another identity takes its place. */
  | { readonly kind: 'stop' | 'kill'; readonly who: number };

const resource = 'coordination.k8s.io/v1/leases';
const key = 'system/operator';
const stepMs = 250;

class Machine {
  readonly fates: Fate[] = [];
  readonly election: LeaderElection;
  told = false;
  wallOffsetMs = 0;
  dead = false;

  constructor(identity: string, clock: FakeClock, cluster: FakeCluster) {
    const own: Clock = {
      monotonicMs: () => clock.monotonicMs(),
      wallMs: () => clock.wallMs() + this.wallOffsetMs,
      after: (delayMs, callback) => clock.after(delayMs, callback),
    };
    this.election = new LeaderElection({
      api: { request: async <T>(call: ApiRequest) => (await this.#ask(call, own, cluster)) as T },
      namespace: 'system',
      name: 'operator',
      identity,
      clock: own,
      random: () => 0.5,
      onChange: (leading) => (this.told = leading),
      log: { warn: () => {} },
    });
    this.election.start();
  }

  get leads(): boolean {
    return !this.dead && this.election.leading;
  }

  async #ask(call: ApiRequest, clock: Clock, cluster: FakeCluster): Promise<unknown> {
    const limit = new CallLimit(clock, undefined);
    limit.allow(call.timeoutMs ?? 30_000, 'timeout', 'no answer');
    const fate = this.dead ? 'refused' : (this.fates.shift() ?? 'answered');
    try {
      // A late one reaches the server when its sender may have given up.
      if (fate === 'late') await limit.within(after(clock, 3_000));
      else await limit.within(after(clock, 20));
      if (fate === 'refused') throw new ConnectionError('ECONNREFUSED', 'refused');
      const answer = answerOf(call, cluster);
      if (fate === 'lost') await limit.within(new Promise(() => {}));
      if (fate === 'late') await limit.within(after(clock, 3_000));
      return answer;
    } finally {
      limit.end();
    }
  }
}

function after(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

function answerOf({ method, body }: ApiRequest, cluster: FakeCluster): Lease {
  const before = cluster.get(resource, key);
  if (method === 'POST') {
    if (before !== undefined) throw new ApiError(409, { reason: 'AlreadyExists' });
    return cluster.put(resource, body as Lease);
  }
  if (before === undefined) throw new ApiError(404, { reason: 'NotFound' });
  if (method === 'GET') return before;
  if ((body as Lease).metadata.resourceVersion !== before.metadata.resourceVersion) throw new ApiError(409, { reason: 'Conflict' });
  return cluster.put(resource, body as Lease);
}

const who = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('pass' as const), byMs: fc.integer({ min: 0, max: 30_000 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('fates' as const),
      who,
      fates: fc.array(fc.constantFrom<Fate>('answered', 'refused', 'lost', 'late'), { minLength: 1, maxLength: 12 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('jump-wall' as const), who, byMs: fc.constantFrom(-3_600_000, -5_000, 5_000, 3_600_000) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('stop' as const, 'kill' as const), who }) },
);

test('whatever becomes of their requests and clocks, never do two lead, and when all is well again one does', async () => {
  const seen = { leaders: 0, changes: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const [clock, cluster] = [new FakeClock(), new FakeCluster()];
      let identities = 0;
      const begin = (): Machine => new Machine(`process-${(identities += 1)}`, clock, cluster);
      const machines = [begin(), begin(), begin()];
      const gone: Promise<void>[] = [];
      let last = -1;
      const look = (): void => {
        const leaders = machines.flatMap(({ leads }, index) => (leads ? [index] : []));
        expect(leaders.length).toBeLessThan(2);
        expect(machines.filter(({ told, leads }) => leads && !told)).toEqual([]);
        const [leader = last] = leaders;
        if (leader !== last) seen.changes += 1;
        last = leader;
      };
      const pass = async (byMs: number): Promise<void> => {
        for (let leftMs = byMs; leftMs > 0; leftMs -= stepMs) {
          await clock.advance(Math.min(leftMs, stepMs));
          look();
        }
      };
      for (const next of steps) {
        if (next.kind === 'pass') await pass(next.byMs);
        else {
          const machine = machines[next.who];
          if (machine === undefined) throw new Error('there are three');
          if (next.kind === 'fates') machine.fates.push(...next.fates);
          else if (next.kind === 'jump-wall') machine.wallOffsetMs += next.byMs;
          else {
            machine.dead = next.kind === 'kill';
            gone.push(machine.election.stop());
            machines[next.who] = begin();
          }
        }
        await settled();
        look();
      }
      for (const machine of machines) machine.fates.length = 0;
      await pass(60_000);
      const leaders = machines.filter(({ leads }) => leads);
      expect(leaders).toHaveLength(1);
      expect(machines.map(({ told }) => told)).toEqual(machines.map(({ leads }) => leads));
      seen.leaders += 1;
      gone.push(...machines.map(({ election }) => election.stop()));
      await clock.advance(30_000);
      await Promise.all(gone);
      expect(clock.pendingTimers).toBe(0);
    }),
    { numRuns: 300 },
  );
  expect(seen.leaders).toBe(300);
  expect(seen.changes).toBeGreaterThan(300);
});
