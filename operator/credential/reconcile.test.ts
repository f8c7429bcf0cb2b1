import { expect, test } from 'vitest';
import { credentialObject } from '../../test/support/cluster-objects.ts';
import { systemClock } from '../../crds/clock.ts';
import type { CredentialObject, CredentialStatus } from './credential-object.ts';
import { Reconciler } from './reconcile.ts';
import { SourceIndex } from './source-index.ts';

test('an edit that the watch brought before the answer to our status write was forgotten', async () => {
  const version = (resourceVersion: string, generation: number): CredentialObject => {
    const { metadata, ...rest } = credentialObject('lms');
    return { ...rest, metadata: { ...metadata, uid: 'u', resourceVersion, generation } };
  };
  let watched = version('1', 1);
  const observed: (number | undefined)[] = [];
  const reconciler = new Reconciler({
    api: {
      request: () => Promise.resolve({} as never),
      apply: (call) => {
        const { status } = call.object as { status?: CredentialStatus };
        observed.push(status?.observedGeneration);
        // Version 2 is what this writes; 3 is an edit.
        watched = version('3', 2);
        return Promise.resolve({ ...version('2', 1), status } as never);
      },
    },
    cluster: { credential: () => watched, rendering: () => undefined, sources: () => ({ secrets: new Map(), configMaps: new Map() }) },
    index: new SourceIndex(),
    clock: systemClock,
    instance: 'test',
    log: { info: () => {}, warn: () => {} },
    lookAgain: () => {},
    wrote: () => {},
  });
  await reconciler.reconcile('hr/lms');
  await reconciler.reconcile('hr/lms');
  expect(observed).toEqual([1, 2]);
});
