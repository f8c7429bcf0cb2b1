import { expect, test } from 'vitest';
import { givenCredential } from '../../test/support/decision-stage.ts';
import { transitionEvent } from './transition-event.ts';

const at = { instance: 'operator-0', wallMs: Date.UTC(2026, 0, 1) };

test('an event names the credential, by its UID too, and the moment to the microsecond', () => {
  expect(transitionEvent(givenCredential({}), { type: 'Warning', reason: 'Invalid', note: 'mend it' }, at)).toMatchObject({
    apiVersion: 'events.k8s.io/v1',
    metadata: { namespace: 'hr' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    regarding: { kind: 'OAuth2Credential', name: 'lms-admin', namespace: 'hr', uid: 'first-life' },
    type: 'Warning',
    reason: 'Invalid',
    note: 'mend it',
  });
});

test.each(['x'.repeat(2000), 'ü'.repeat(1000), `${'x'.repeat(1020)}😀😀`])(
  'a note is cut to what the API server takes, between characters',
  (note) => {
    const cut = String(transitionEvent(givenCredential({}), { type: 'Normal', reason: 'Ready', note }, at)['note']);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(1024);
    expect(Buffer.byteLength(cut)).toBeGreaterThan(1010);
    expect(cut).toMatch(/…$/);
    expect(cut).not.toContain('\uFFFD');
  },
);
