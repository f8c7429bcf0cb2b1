import { expect, test } from 'vitest';
import { injectedPod } from '../../test/support/injected-pod.ts';
import { injectionSettings } from '../../test/support/pod.ts';
import { readInjectedPod } from './injected-pod.ts';

test('the pod that the webhook makes is read: aliases, version, ports', () => {
  expect(readInjectedPod(injectedPod({ annotations: { 'tokenward.dev/admin-port': '15081' } }))).toEqual({
    namespace: 'hr',
    name: 'job-x7',
    phase: 'Running',
    aliases: [
      { alias: 'lms', credential: 'lms-admin' },
      { alias: 'iot', credential: 'iot' },
    ],
    sidecarVersion: injectionSettings.version,
    proxyPort: 14_080,
    adminPort: 15_081,
    obstacle: undefined,
  });
});

test.each([
  [{ waiting: { reason: 'ImagePullBackOff' } }, 'its sidecar is not running (ImagePullBackOff)'],
  [{ terminated: { reason: 'Completed' } }, 'its sidecar is not running (Completed)'],
  [undefined, 'its sidecar is not running'],
])('a sidecar that does not run cannot be asked: %j', (state, obstacle) => {
  expect(readInjectedPod(injectedPod({ state }))?.obstacle).toBe(obstacle);
});

test('a pod without the annotation is none of ours, one with it alone has no sidecar', () => {
  const metadata = { name: 'early', namespace: 'hr' };
  expect(readInjectedPod({ metadata })).toBeUndefined();
  const annotations = { 'tokenward.dev/inject': 'lms' };
  const missed = readInjectedPod({ metadata: { ...metadata, annotations }, status: { phase: 'Running' } });
  expect(missed).toMatchObject({ sidecarVersion: undefined, obstacle: expect.stringMatching(/no sidecar.*delete it/) as string });
});

test('a pod that is being deleted says so', () => {
  const pod = injectedPod();
  const leaving = { ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  expect(readInjectedPod(leaving)?.phase).toBe('Terminating');
});
