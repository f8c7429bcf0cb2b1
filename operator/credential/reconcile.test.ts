import { expect, test } from 'vitest';
import { credentialObject } from '../../test/support/cluster-objects.ts';
import { systemClock } from '../../crds/clock.ts';
import type { CredentialObject, CredentialStatus } from './credential-object.ts';
import type { ObservedSources, SecretObject } from './observed-sources.ts';
import { Reconciler } from './reconcile.ts';
import { readRendering, type ObservedRendering } from './rendering.ts';
import { SourceIndex } from './source-index.ts';

const noSources: ObservedSources = { labelledOnly: true, secrets: new Map(), configMaps: new Map() };
const context = {
  index: new SourceIndex(),
  clock: systemClock,
  instance: 'test',
  log: { info: () => {}, warn: () => {} },
  lookAgain: () => {},
  wrote: () => {},
};

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
    cluster: { credential: () => watched, rendering: () => undefined, sources: () => noSources },
    ...context,
  });
  await reconciler.reconcile('hr/lms');
  await reconciler.reconcile('hr/lms');
  expect(observed).toEqual([1, 2]);
});

test('while the watch is behind, what is decided on is our own last write', async () => {
  const { metadata, ...rest } = credentialObject('lms');
  const watched: CredentialObject = { ...rest, metadata: { ...metadata, uid: 'u', resourceVersion: '1', generation: 1 } };
  let rendering: ObservedRendering | undefined;
  const writes: string[] = [];
  const reconciler = new Reconciler({
    api: {
      request: ({ method, path, body }) => {
        writes.push(`${method} ${path}`);
        if (path.endsWith('/secrets')) rendering = readRendering(body as SecretObject);
        return Promise.resolve({} as never);
      },
      apply: ({ path, object }) => {
        writes.push(`apply ${path}`);
        return Promise.resolve({ ...watched, ...object, metadata: { ...watched.metadata, resourceVersion: '2' } } as never);
      },
    },
    cluster: { credential: () => watched, rendering: () => rendering, sources: () => noSources },
    ...context,
  });
  await reconciler.reconcile('hr/lms');
  expect(writes).toHaveLength(3);
  await reconciler.reconcile('hr/lms');
  expect(writes).toHaveLength(3);
});
