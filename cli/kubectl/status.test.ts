import { expect, test } from 'vitest';
import type { CredentialOverview, Overview } from '../dashboard/overview.ts';
import { formatJson } from './format-json.ts';
import { formatAge } from './format-table.ts';
import { formatList } from './list.ts';
import { formatStatus } from './status.ts';

const nowMs = Date.parse('2026-01-10T00:00:00Z');
const minute = 60_000;

const credential: CredentialOverview = {
  namespace: 'hr',
  name: 'lms-admin',
  description: 'For the nightly job.',
  state: 'tokenFailing',
  reason: 'token_rejected',
  upstreamUrl: 'https://acme.example/learning',
  allow: ['GET /odatav4/**'],
  tokenUrl: 'https://login.acme.example/token',
  grant: 'ClientCredentials',
  authentication: 'ClientSecretBasic',
  clientId: 'acme',
  sources: [{ kind: 'Secret', name: 'lms-admin' }],
  revision: '4-4567cdef',
  createdAtMs: nowMs - 3 * 24 * 60 * minute,
  ends: [],
  conditions: [
    { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'the spec is valid', sinceMs: nowMs - 30 * minute },
    { type: 'Ready', status: 'True', reason: 'Ready', message: 'one\ntwo', sinceMs: nowMs - 30 * minute },
  ],
  events: [{ atMs: nowMs - 30 * minute, type: 'Normal', reason: 'Ready', message: 'the Secret is written' }],
  consumers: [
    {
      name: 'job-x7',
      alias: 'lms',
      phase: 'Running',
      sidecarVersion: '0.1.0',
      state: 'ready',
      revision: '4-4567cdef',
      isCurrent: true,
      token: { kind: 'valid', expiresAtMs: nowMs + 52 * minute },
      tokenRequests: { ok: 2, failed: 0 },
      callsByClass: { '5xx': 1, '2xx': 40 },
      errors: {},
    },
    {
      name: 'job-y8',
      alias: 'lms',
      phase: 'Running',
      sidecarVersion: '0.1.0',
      state: 'ready',
      revision: '3-0123abcd',
      isCurrent: false,
      token: {
        kind: 'failing',
        code: 'token_rejected',
        detail: 'It said 401.',
        hint: 'Check the secret.',
        expiresAtMs: nowMs + 5 * minute,
        nextTryAtMs: nowMs + 20_000,
      },
      tokenRequests: { ok: 1, failed: 3 },
      callsByClass: {},
      errors: { token_rejected: 3 },
    },
    { name: 'job-z9', alias: 'lms', phase: 'Pending', token: { kind: 'unknown' }, unread: 'its sidecar is not running' },
  ],
};

const overview: Overview = { place: 'here', takenAtMs: nowMs, gaps: [], problems: [], credentials: [credential] };

test('status shows it all', () => {
  expect(formatStatus(overview, credential).join('\n')).toBe(
    `
Credential  lms-admin, namespace hr
For         For the nightly job.
Reaches     https://acme.example/learning
Allows      GET /odatav4/**
Token from  https://login.acme.example/token
Asked with  ClientCredentials, ClientSecretBasic, client acme
Takes from  Secret lms-admin
Revision    4-4567cdef

CONDITION   STATUS   REASON     SINCE
Accepted    True     Accepted   30m
  the spec is valid
Ready       True     Ready      30m
  one
  two

POD      ALIAS   PHASE     SIDECAR   CONFIGURATION       TOKEN                     TOKEN-REQUESTS   CALLS
job-x7   lms     Running   0.1.0     newest              valid, 52m left           2 ok, 0 failed   40 2xx, 1 5xx
job-y8   lms     Running   0.1.0     older: 3-0123abcd   failing: token_rejected   1 ok, 3 failed   none
  It said 401. Check the secret.
  An earlier token is valid for another 5m.
  The next try is 20s away at least.
  Answered by the sidecar itself: 3 token_rejected (docs/errors.md)
job-z9   lms     Pending   <none>    <unknown>           <unknown>                 <unknown>        <unknown>
  its sidecar is not running

EVENT   TYPE     REASON   NOTE
30m     Normal   Ready    the Secret is written`.trim(),
  );
});

test('status of one that nobody uses, and nobody has looked at', () => {
  const fresh = { ...credential, conditions: [], events: [], consumers: [], message: 'Nobody has looked.' };
  const text = formatStatus(overview, fresh).join('\n');
  expect(text).toContain('\nNobody has looked.\n');
  expect(text).toMatch(/No pod uses it/);
});

test('list has a line each, and more with wide', () => {
  expect(formatList(overview, undefined, true)).toEqual([
    'NAMESPACE   NAME        READY   REASON           CONSUMERS   REACHES                         AGE',
    'hr          lms-admin   True    token_rejected   3           https://acme.example/learning   3d',
  ]);
  expect(formatList(overview, 'wide', false)[0]).toMatch(/^NAME .* ALLOW +GRANT +AUTHENTICATION +TOKEN-ENDPOINT +REVISION$/);
});

test('as JSON times are RFC 3339', () => {
  const json = JSON.parse(formatList(overview, 'json', false).join('\n')) as Record<string, unknown>;
  expect(json).toMatchObject({
    takenAt: '2026-01-10T00:00:00.000Z',
    credentials: [
      {
        createdAt: '2026-01-07T00:00:00.000Z',
        conditions: [{ since: '2026-01-09T23:30:00.000Z' }, {}],
        events: [{ at: '2026-01-09T23:30:00.000Z' }],
      },
    ],
  });
  expect(formatJson({ sinceMs: Number.NaN })).toBe('{}');
});

test.each([
  [-5, '0s'],
  [119_000, '119s'],
  [120_000, '2m'],
  [7_199_000, '119m'],
  [48 * 3_600_000, '2d'],
])('%i ms are %s', (ms, text) => {
  expect(formatAge(ms)).toBe(text);
});
