import type { Consumer, CredentialOverview, Overview } from '../../cli/dashboard/overview.ts';
import type { Examination, Step } from '../../doctor/examination.ts';

/** The moment at which all of these were taken. */
export const takenAtMs = Date.UTC(2026, 10, 22, 9, 41, 0);

const minuteMs = 60_000;
const dayMs = 86_400_000;

function consumer(name: string, given: Partial<Consumer> = {}): Consumer {
  return {
    name,
    alias: 'lms',
    phase: 'Running',
    sidecarVersion: '0.1.0',
    state: 'ready',
    revision: '5f1c22d0',
    isCurrent: true,
    token: { kind: 'valid', expiresAtMs: takenAtMs + 43 * minuteMs },
    tokenRequests: { ok: 41, failed: 0 },
    calls: { ok: 12_870, failed: 0 },
    ...given,
  };
}

const spec = {
  description: 'Learning: catalogue and assignments',
  upstreamUrl: 'https://acme.plateau.example/learning',
  allow: ['GET /odatav4/public/**', 'GET, POST /odatav4/admin/curricula/*'],
  tokenUrl: 'https://acme.plateau.example/learning/oauth-api/rest/v1/token',
  grant: 'ClientCredentials',
  authentication: 'ClientSecretPost',
  clientId: 'ACME',
  scope: '{"userId":"AIRFLOW","companyId":"ACME","userType":"admin"}',
  sources: [{ kind: 'Secret', name: 'lms-client' }],
  createdAtMs: takenAtMs - 12 * dayMs,
} as const satisfies Partial<CredentialOverview>;

function credential(name: string, given: Partial<CredentialOverview> = {}): CredentialOverview {
  return {
    namespace: 'hr',
    name,
    state: 'ready',
    reason: 'Ready',
    ...spec,
    revision: '5f1c22d0',
    ends: [],
    consumers: [consumer(`${name}-sync-7c9f6d5b8-x2x4q`)],
    conditions: conditions(),
    events: [event(12 * dayMs, 'Normal', 'Ready', 'The rendering is what spec and sources say.')],
    ...given,
  };
}

function conditions(given: Partial<CredentialOverview['conditions'][number]> = {}): CredentialOverview['conditions'] {
  const sinceMs = takenAtMs - 12 * dayMs;
  return [
    { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The spec is valid.', sinceMs },
    { type: 'SecretsResolved', status: 'True', reason: 'SecretsResolved', message: 'Every reference leads to a usable value.', sinceMs },
    { type: 'Ready', status: 'True', reason: 'Ready', message: 'Sidecars have what spec and sources say.', sinceMs, ...given },
  ];
}

function event(agoMs: number, type: 'Normal' | 'Warning', reason: string, message: string): CredentialOverview['events'][number] {
  return { atMs: takenAtMs - agoMs, type, reason, message };
}

const ready = credential('lms-admin', {
  consumers: [consumer('lms-sync-7c9f6d5b8-x2x4q'), consumer('lms-sync-7c9f6d5b8-m8wzt', { calls: { ok: 9_112, failed: 0 } })],
  ends: [{ what: 'client certificate', atMs: takenAtMs + 21 * dayMs }],
});

const invalid = credential('payroll', {
  state: 'invalid',
  reason: 'SecretKeyNotFound',
  message:
    'spec.client.secretRef: the Secret payroll-client has no key "client-secret"; it has "clientSecret". Rename the key, or set spec.client.secretRef.key to clientSecret.',
  upstreamUrl: 'https://payroll.example/api',
  tokenUrl: 'https://login.example/oauth/token',
  authentication: 'ClientSecretBasic',
  consumers: [
    consumer('payroll-export-29384-abcde', {
      state: 'invalid',
      token: { kind: 'none' },
      tokenRequests: { ok: 0, failed: 0 },
      calls: { ok: 0, failed: 17 },
      errors: { credential_invalid: 17 },
    }),
  ],
  conditions: [
    ...conditions().slice(0, 1),
    {
      type: 'SecretsResolved',
      status: 'False',
      reason: 'SecretKeyNotFound',
      message: 'spec.client.secretRef: the Secret payroll-client has no key "client-secret"; it has "clientSecret".',
      sinceMs: takenAtMs - 4 * minuteMs,
    },
    { type: 'Ready', status: 'False', reason: 'Invalid', message: 'There is nothing to fall back on.', sinceMs: takenAtMs - 4 * minuteMs },
  ],
  events: [event(4 * minuteMs, 'Warning', 'Invalid', 'spec.client.secretRef: the Secret payroll-client has no key "client-secret".')],
});

const tokenFailing = credential('iot-telemetry', {
  namespace: 'plant',
  state: 'tokenFailing',
  reason: 'token_rejected',
  message:
    'The token endpoint https://login.iot.example refused with status 401 and error invalid_client. Compare client id and secret with the client at the provider; the Secret may have been rotated in one place only.',
  upstreamUrl: 'https://iot.example/v2',
  tokenUrl: 'https://login.iot.example/realms/plant/protocol/openid-connect/token',
  grant: 'TokenExchange',
  authentication: 'PrivateKeyJWT',
  consumers: [
    consumer('gateway-0', {
      alias: 'iot',
      token: {
        kind: 'failing',
        code: 'token_rejected',
        detail: 'The token endpoint login.iot.example refused with status 401 and error invalid_client.',
        hint: 'Compare client id and secret with the client at the provider.',
        expiresAtMs: takenAtMs + 6 * minuteMs,
        nextTryAtMs: takenAtMs + 45_000,
      },
      tokenRequests: { ok: 318, failed: 12 },
      calls: { ok: 91_022, failed: 12 },
      errors: { token_rejected: 12 },
    }),
    consumer('gateway-1', { alias: 'iot' }),
    consumer('gateway-2', {
      alias: 'iot',
      unread: 'It cannot be asked: you may not create pods/portforward in namespace plant.',
      token: { kind: 'unknown' },
    }),
  ],
  events: [
    event(9 * minuteMs, 'Warning', 'token_rejected', 'gateway-0 gets no token: status 401, invalid_client.'),
    event(30 * dayMs, 'Normal', 'Ready', 'The rendering is what spec and sources say.'),
  ],
});

const lastGoodKept = credential('crm-contacts', {
  namespace: 'sales',
  state: 'lastGoodKept',
  reason: 'InvalidURL',
  message: 'spec.upstream.url: must begin with https://; "http" is for loopback and cluster-local names only.',
  upstreamUrl: 'http://crm.example/api',
  tokenUrl: 'https://login.example/oauth/token',
  consumers: [consumer('crm-sync-0', { alias: 'crm', revision: '0aa91b7e', isCurrent: false }), consumer('crm-sync-1', { alias: 'crm' })],
  conditions: [
    {
      type: 'Accepted',
      status: 'False',
      reason: 'InvalidURL',
      message: 'spec.upstream.url: must begin with https://.',
      sinceMs: takenAtMs - 90 * minuteMs,
    },
    {
      type: 'SecretsResolved',
      status: 'Unknown',
      reason: 'SpecNotAccepted',
      message: 'Not looked at.',
      sinceMs: takenAtMs - 90 * minuteMs,
    },
    { type: 'Ready', status: 'False', reason: 'LastGoodKept', message: 'The last good one stays.', sinceMs: takenAtMs - 90 * minuteMs },
  ],
});

const pending: CredentialOverview = {
  namespace: 'sales',
  name: 'quotes',
  state: 'pending',
  message:
    'The operator has not looked at it yet. If that stays so, look whether it runs: kubectl get pods -A -l app.kubernetes.io/name=tokenward',
  allow: [],
  upstreamUrl: 'https://quotes.example',
  tokenUrl: 'https://login.example/oauth/token',
  grant: 'JWTBearer',
  authentication: 'None',
  sources: [],
  ends: [],
  consumers: [],
  conditions: [],
  events: [],
};

/** Whatever somebody may have written where texts come from. */
export const hostileText = `"><script>document.title='broken'</script><img src=x onerror="document.title='broken'">'&amp;\u202egnp.exe`;

const hostile = credential('hostile', {
  namespace: hostileText,
  name: hostileText,
  description: hostileText,
  state: 'unknown',
  reason: hostileText,
  message: hostileText.repeat(4),
  upstreamUrl: `javascript:alert(1)//${hostileText}`,
  allow: [hostileText],
  tokenUrl: hostileText,
  grant: hostileText,
  authentication: hostileText,
  clientId: hostileText,
  scope: hostileText,
  sources: [{ kind: 'Secret', name: hostileText }],
  revision: hostileText,
  ends: [{ what: hostileText, atMs: takenAtMs + dayMs }],
  consumers: [
    consumer(hostileText, {
      alias: hostileText,
      phase: hostileText,
      stateReason: hostileText,
      token: { kind: 'failing', code: hostileText, detail: hostileText, hint: hostileText },
      callsByClass: { [hostileText]: 1 },
      errors: { [hostileText]: 1 },
      unread: hostileText,
    }),
    consumer('other'),
  ],
  conditions: conditions({ type: hostileText, reason: hostileText, message: hostileText }),
  events: [event(0, 'Warning', hostileText, hostileText)],
});

function overview(credentials: readonly CredentialOverview[], given: Partial<Overview> = {}): Overview {
  return { place: 'context kind-dev, all namespaces', takenAtMs, gaps: [], problems: [], credentials, ...given };
}

const rightsMissing = [
  'The pods of namespace plant: you may not list pods there. Ask for the verb list on pods, or look at another namespace with -n.',
  'The sidecars of namespace sales: you may not create pods/portforward there, so their tokens and counts are not known.',
];

/** Each state that the dashboard can be in, by name. */
export const overviews = {
  ready: overview([ready]),
  invalid: overview([invalid]),
  'token-failing': overview([tokenFailing]),
  'last-good-kept': overview([lastGoodKept]),
  pending: overview([pending]),
  unknown: overview([
    { ...pending, name: 'unread', state: 'unknown', message: 'Its status could not be read.', consumers: undefined as never },
  ]),
  all: overview([ready, invalid, tokenFailing, lastGoodKept, pending]),
  nothing: overview([]),
  'rights-missing': overview([ready, credential('no-pods', { namespace: 'plant' })], { gaps: rightsMissing }),
  'files-broken': overview([ready], {
    place: 'manifests in examples/',
    problems: [
      'examples/b.yaml:3: document 1: not valid YAML: a value ends where a key should',
      'more/: this folder holds no *.yaml, *.yml or *.json file',
    ],
  }),
  many: overview(
    Array.from({ length: 450 }, (_, index) =>
      credential(`service-${String(index).padStart(3, '0')}`, {
        namespace: ['hr', 'plant', 'sales', 'finance'][index % 4] ?? 'hr',
        ...(index % 97 === 5 && {
          state: 'tokenFailing',
          reason: 'token_timeout',
          message: 'The token endpoint did not answer within 10 s.',
        }),
      }),
    ),
  ),
  hostile: overview([hostile], { place: hostileText, gaps: [hostileText], problems: [hostileText] }),
} as const satisfies Record<string, Overview>;

const steps: readonly Step[] = [
  { subject: 'credential', name: 'Manifest', outcome: 'ok', tookMs: 2, summary: 'valid', details: [] },
  { subject: 'tokenEndpoint', name: 'DNS', outcome: 'ok', tookMs: 4, summary: 'login.iot.example is 203.0.113.7', details: [] },
  { subject: 'tokenEndpoint', name: 'TCP', outcome: 'ok', tookMs: 11, summary: 'connected to 203.0.113.7:443', details: [] },
  {
    subject: 'tokenEndpoint',
    name: 'TLS',
    outcome: 'odd',
    tookMs: 24,
    summary: 'TLS 1.3; the certificate ends in 6 days',
    details: ['subject: CN=login.iot.example', 'issuer: CN=Example CA 3, O=Example', 'ends: 2026-11-28 23:59:59 UTC'],
  },
  {
    subject: 'tokenEndpoint',
    name: 'Token answer',
    outcome: 'failed',
    tookMs: 1_840,
    summary: '401, error invalid_client',
    details: ['HTTP/1.1 401 Unauthorized', 'content-type: application/json', '', '{"error":"invalid_client"}'],
  },
  { subject: 'api', name: 'API request', outcome: 'skipped', tookMs: 0, summary: 'there is no token to send', details: [] },
];

/** What a doctor finds. */
export const examinations = {
  refused: {
    version: 1,
    alias: 'iot',
    steps,
    verdict: {
      code: 'secret_invalid',
      sentence:
        'login.iot.example refused the client with status 401 and error invalid_client: it takes the secret in the body, not in a header.',
      mend: {
        kind: 'manifest',
        tried: true,
        changes: [
          { path: 'spec.client.authentication', value: 'ClientSecretPost' },
          { path: 'spec.client.basicEncoding', value: undefined },
        ],
      },
      failure: 'token_rejected',
    },
  },
  works: {
    version: 1,
    alias: 'lms',
    steps: steps.slice(0, 3),
    verdict: { code: 'works', sentence: 'It works: acme.plateau.example answered 200 to GET /odatav4/public/curricula.' },
  },
} as const satisfies Record<string, Examination>;
