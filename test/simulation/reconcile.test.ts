import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { credentialObject, resources } from '../support/cluster-objects.ts';
import { credentialNames, ReconcileWorld, secretNames, type Step } from './reconcile-world.ts';
import type { Fault } from './memory-api.ts';

const name = fc.constantFrom(...credentialNames);
const secret = fc.constantFrom(...secretNames);
const value = fc.nat(2);
const mostly = fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) });
const rarely = mostly.map((often) => !often);
const fault = fc.constantFrom<Fault>(409, 500, 503, 403, 'lost', 'cut');

const of = <F extends object>(weight: number, kind: Step['kind'], fields: { [P in keyof F]: fc.Arbitrary<F[P]> }) => ({
  weight,
  arbitrary: fc.record({ kind: fc.constant(kind), ...fields }) as unknown as fc.Arbitrary<Step>,
});

const step: fc.Arbitrary<Step> = fc.oneof(
  of(6, 'putCredential', {
    name,
    secret: fc.oneof({ weight: 9, arbitrary: secret }, { weight: 1, arbitrary: fc.constant('tokenward-a') }),
    broken: rarely,
  }),
  of(2, 'deleteCredential', { name }),
  of(6, 'putSecret', {
    name: secret,
    value,
    labelled: mostly,
    hosts: fc.constantFrom(undefined, undefined, '*.acme.example', 'other.example'),
  }),
  of(2, 'deleteSecret', { name: secret }),
  of(2, 'replaceSecret', { name: secret, value, labelled: mostly }),
  of(1, 'deleteRendering', { name }),
  of(1, 'spoilRendering', { name, how: fc.constantFrom('label', 'record', 'data') }),
  of(1, 'putForeign', { name, labelled: rarely }),
  of(1, 'deleteForeign', { name }),
  of(3, 'fault', { faults: fc.array(fault, { minLength: 1, maxLength: 3 }) }),
  of(1, 'refuseSecrets', { refused: fc.boolean() }),
  of(3, 'lag', { of: fc.constantFrom('answers', 'answers', 'credentials', 'secrets'), byMs: fc.constantFrom(0, 1_000, 5_000) }),
  of(2, 'dropWatches', { how: fc.constantFrom('ended', 'cut', 'expired') }),
  of(1, 'collectGarbage', {}),
  of(1, 'kill', {}),
  of(1, 'handOver', { overlapMs: fc.integer({ min: 0, max: 3000 }) }),
  of(8, 'pass', {
    byMs: fc.oneof(
      fc.integer({ min: 0, max: 300 }),
      fc.integer({ min: 0, max: 3_000 }),
      fc.integer({ min: 0, max: 20_000 }),
      fc.constant(400_000),
    ),
  }),
);

const randoms = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 7 });

function cycling(values: readonly number[]): () => number {
  let next = 0;
  return () => values[next++ % values.length] ?? 0;
}

test('whatever happens to credentials, Secrets, API server and operator: when it is quiet the cluster is as decided, and every secret where it may be', async () => {
  const reasons = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), randoms, async (steps, values) => {
      const world = new ReconcileWorld(cycling(values));
      for (const next of steps) await world.take(next);
      await world.quiet();
      expect(world.violations()).toEqual([]);
      const { length } = world.server.writes;
      world.server.endWatches('expired');
      await world.clock.advance(4_000_000);
      expect(world.server.writes.slice(length), 'what is as it should be is left alone').toEqual([]);
      await world.end();
      expect(world.clock.pendingTimers).toBe(0);
      for (const reason of world.reasons()) reasons.add(reason);
    }),
    { numRuns: 300 },
  );
  // Else not all was tried.
  expect([...reasons].toSorted()).toEqual([
    'AwaitingGarbageCollection',
    'ConsentWithdrawn',
    'Invalid',
    'LastGoodKept',
    'Ready',
    'RenderingNameTaken',
    'WriteRefused',
  ]);
});

test('a restart writes nothing and takes nothing away, in whatever order it comes to see things', async () => {
  await fc.assert(
    fc.asyncProperty(randoms, fc.constantFrom('kill' as const, 'handOver' as const), async (values, kind) => {
      const world = new ReconcileWorld(cycling(values));
      await world.take({ kind: 'putSecret', name: 's', value: 1, labelled: true, hosts: undefined });
      await world.take({ kind: 'putCredential', name: 'a', secret: 's', broken: false });
      await world.take({ kind: 'putCredential', name: 'b', secret: 's', broken: true });
      await world.quiet();
      const { length } = world.server.writes;
      expect(length).toBeGreaterThan(0);
      await world.take(kind === 'kill' ? { kind } : { kind, overlapMs: 1000 });
      await world.quiet();
      expect(world.server.writes.slice(length)).toEqual([]);
      await world.end();
    }),
    { numRuns: 50 },
  );
});

test.each([false, true])(
  'an edit that the watch brought before the answer to a status write was forgotten; created again: %s',
  async (again) => {
    const world = new ReconcileWorld(() => 0.5);
    await world.take({ kind: 'putSecret', name: 's', value: 1, labelled: true, hosts: undefined });
    await world.take({ kind: 'putCredential', name: 'a', secret: 't', broken: false });
    await world.quiet();
    await world.take({ kind: 'lag', of: 'answers', byMs: 5_000 });
    await world.take({ kind: 'putSecret', name: 't', value: 1, labelled: true, hosts: undefined });
    // The rendering is written, and its answer was there after 5 s; then the status.
    await world.take({ kind: 'pass', byMs: 6_000 });
    expect(world.ready('a')).toBe('Ready');
    if (again) await world.take({ kind: 'deleteCredential', name: 'a' });
    await world.take({ kind: 'putCredential', name: 'a', secret: 's', broken: false });
    await world.quiet();
    expect(world.violations()).toEqual([]);
    await world.end();
  },
);

test('a credential that a finalizer held kept its rendering when consent was withdrawn', async () => {
  const world = new ReconcileWorld(() => 0.5);
  const putSecret = { kind: 'putSecret', name: 's', value: 1, hosts: undefined } as const;
  await world.take({ ...putSecret, labelled: true });
  await world.take({ kind: 'putCredential', name: 'a', secret: 's', broken: false });
  await world.quiet();
  const credential = world.cluster.get(resources.credentials, 'hr/a') ?? credentialObject('a');
  const deletionTimestamp = '2026-01-01T00:00:00Z';
  world.cluster.put(resources.credentials, { ...credential, metadata: { ...credential.metadata, deletionTimestamp } });
  // It is on its way out: nothing is done for it.
  await world.take({ ...putSecret, value: 2, labelled: true });
  const { length } = world.server.writes;
  await world.take({ kind: 'pass', byMs: 10_000 });
  expect(world.server.writes).toHaveLength(length);
  await world.take({ ...putSecret, labelled: false });
  await world.take({ kind: 'pass', byMs: 10_000 });
  expect(world.cluster.get(resources.secrets, 'hr/tokenward-a')).toBeUndefined();
  expect(world.server.writes).toHaveLength(length + 1);
  await world.end();
});

test('a name that a foreign Secret gives up is noticed, though nobody watches that Secret', async () => {
  const world = new ReconcileWorld(() => 0.5);
  await world.take({ kind: 'putForeign', name: 'a', labelled: false });
  await world.take({ kind: 'putSecret', name: 's', value: 1, labelled: true, hosts: undefined });
  await world.take({ kind: 'putCredential', name: 'a', secret: 's', broken: false });
  await world.take({ kind: 'pass', byMs: 10_000 });
  expect(world.reasons()).toEqual(['RenderingNameTaken']);
  await world.take({ kind: 'deleteForeign', name: 'a' });
  await world.take({ kind: 'pass', byMs: 61_000 });
  expect(world.reasons()).toEqual(['RenderingNameTaken', 'Ready']);
  expect(world.violations()).toEqual([]);
  await world.end();
});
