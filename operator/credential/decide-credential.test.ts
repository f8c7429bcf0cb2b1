import { expect, test } from 'vitest';
import { carriedOut, givenSecret, observe, secretText, type Given } from '../../test/support/decision-stage.ts';
import { makeCertificate } from '../../test/support/make-certificate.ts';
import { decideCredential, decideRefused, type Decision } from './decide-credential.ts';

const decide = (given: Given): Decision => decideCredential(observe(given));
const summary = (decision: Decision) => ({
  rendering: decision.rendering.kind,
  conditions: Object.fromEntries(decision.status?.conditions?.map(({ type, status, reason }) => [type, `${status} ${reason}`]) ?? []),
  event: decision.event && `${decision.event.type} ${decision.event.reason}`,
});
const messageOf = (decision: Decision, type: string): string =>
  decision.status?.conditions?.find((condition) => condition.type === type)?.message ?? '';

/** As it is once a valid credential was rendered. */
const rendered = carriedOut(decide({}), {});

const withoutSecret = { secrets: [] };
const brokenSpec = { spec: { grant: { scope: 7 } } };

test('a valid credential is rendered, and says so', () => {
  const decision = decide({});
  expect(summary(decision)).toEqual({
    rendering: 'create',
    conditions: { Accepted: 'True Accepted', SecretsResolved: 'True SecretsResolved', Ready: 'True Ready' },
    event: 'Normal Ready',
  });
  expect(decision.status?.observedGeneration).toBe(1);
  expect(decision.status?.conditions?.every(({ observedGeneration }) => observedGeneration === 1)).toBe(true);
  expect(secretText(decision)).toMatchObject({ version: 1, client: { id: 'acme', secret: 's3cr3t' } });
});

test('nothing of the secret is in status, event, or the decision as it shows itself', () => {
  const { rendering, ...rest } = decide({});
  expect(JSON.stringify(rest)).not.toContain('s3cr3t');
  expect(JSON.stringify(rendering)).not.toContain('s3cr3t');
});

test('what is as it should be is not written again, nor told again', () => {
  const decision = decide(rendered);
  expect(summary(decision)).toEqual({ rendering: 'none', conditions: {}, event: undefined });
  expect(decision.status).toBeUndefined();
});

test('a changed secret is an update of that very Secret, and in the status a change of the revision alone', () => {
  const given = { ...rendered, secrets: [givenSecret({ resourceVersion: '9', data: { 'client-secret': 'n3w' } })] };
  const decision = decide(given);
  expect(decision.rendering).toMatchObject({ kind: 'update', observed: { uid: rendered.occupant?.uid } });
  expect(decision.status).toEqual({ ...rendered.status, revision: expect.stringMatching(/^1-/) as string });
  expect(decision.status?.revision).not.toBe(rendered.status?.revision);
  expect(decision.event).toBeUndefined();
  expect(decide(carriedOut(decision, given))).toMatchObject({ rendering: { kind: 'none' }, status: undefined });
});

test('the revision is in the rendering, on it and in the status', () => {
  const decision = decide({});
  const { revision } = decision.status ?? {};
  expect(revision).toMatch(/^1-[0-9a-f]{8}$/);
  expect(secretText(decision)).toMatchObject({ revision });
  expect(rendered.occupant?.annotations['tokenward.dev/revision']).toBe(revision);
});

test('the revision tells nothing of what a secret holds', () => {
  const revisionWith = (secret: string) => decide({ secrets: [givenSecret({ data: { 'client-secret': secret } })] }).status?.revision;
  expect(revisionWith('one')).toBe(revisionWith('another'));
});

test('a source that was touched, and a spec that was reworded, are no new revision', () => {
  const touched = decide({ ...rendered, secrets: [givenSecret({ resourceVersion: '9' })] });
  expect(touched).toMatchObject({ rendering: { kind: 'none' }, status: undefined });
  const reworded = decide({ ...rendered, spec: { description: 'For HR.' }, generation: 2 });
  expect(reworded).toMatchObject({ rendering: { kind: 'none' }, status: { revision: rendered.status?.revision } });
});

test('the revision in the status is that of the configuration which is in force, or none', () => {
  const kept = decide({ ...rendered, ...brokenSpec, generation: 2 });
  expect(kept.status?.revision).toBe(rendered.status?.revision);
  const invalid = decide(withoutSecret);
  expect(invalid.status).not.toHaveProperty('revision');
  const withdrawn = decide({ ...rendered, ...withoutSecret });
  expect(withdrawn.status).not.toHaveProperty('revision');
});

test.each([
  ['label', { labels: {} }],
  ['record', { annotations: {} }],
  ['revision', { annotations: { ...rendered.occupant?.annotations, 'tokenward.dev/revision': 'mine' } }],
  ['text', { text: undefined }],
])('a rendering whose %s someone took is written again', (_, change) => {
  expect(decide({ ...rendered, occupant: rendered.occupant && { ...rendered.occupant, ...change } }).rendering.kind).toBe('update');
});

test('a rendering that someone deleted is written again', () => {
  expect(decide({ ...rendered, occupant: undefined }).rendering.kind).toBe('create');
});

test('a new generation is observed even where nothing else changes, and no transition time changes', () => {
  const decision = decide({ ...rendered, generation: 2, now: '2026-02-02T00:00:00Z' });
  expect(decision.status?.observedGeneration).toBe(2);
  expect(decision.status?.conditions?.map(({ lastTransitionTime }) => lastTransitionTime)).not.toContain('2026-02-02T00:00:00Z');
  expect(decision.event).toBeUndefined();
});

test('a condition that turns carries the time at which it turned, the others theirs', () => {
  const decision = decide({ ...rendered, ...withoutSecret, now: '2026-02-02T00:00:00Z' });
  expect(decision.status?.conditions?.map(({ type, lastTransitionTime }) => `${type} ${lastTransitionTime}`)).toEqual([
    'Accepted 2026-01-01T00:00:00Z',
    'SecretsResolved 2026-02-02T00:00:00Z',
    'Ready 2026-02-02T00:00:00Z',
  ]);
});

test('a credential that was never valid is rendered with the reason, for the callers', () => {
  const decision = decide(withoutSecret);
  expect(summary(decision)).toEqual({
    rendering: 'create',
    conditions: { Accepted: 'True Accepted', SecretsResolved: 'False SecretNotFound', Ready: 'False Invalid' },
    event: 'Warning Invalid',
  });
  expect(messageOf(decision, 'SecretsResolved')).toContain('kubectl -n hr label secret lms-admin tokenward.dev/credential=true');
  expect(secretText(decision)).toEqual({ version: 1, invalid: messageOf(decision, 'SecretsResolved') });
});

test('the references of a spec that is not valid are not followed, and not known', () => {
  expect(summary(decide(brokenSpec)).conditions).toEqual({
    Accepted: 'False InvalidField',
    SecretsResolved: 'Unknown SpecNotAccepted',
    Ready: 'False Invalid',
  });
});

test('a spec that is not valid comes with the command that explains its field, for who describes the credential', () => {
  const decision = decide(brokenSpec);
  expect(messageOf(decision, 'Accepted')).toMatch(
    /^spec\.grant\.scope: .*\nWhat may stand there: kubectl explain oauth2credential\.spec\.grant\.scope$/,
  );
  expect(messageOf(decision, 'Ready')).not.toContain('explain');
  const upstream = { url: 'https://acme.example', headers: [{ name: 'a b', value: 'x', extra: 1 }] };
  const explained = decide({ spec: { upstream } });
  expect(messageOf(explained, 'Accepted')).toMatch(/kubectl explain oauth2credential\.spec\.upstream\.headers(?:\.name)?$/);
});

test('a mistake in the spec keeps the last good rendering, and Ready says so with the mistake', () => {
  const decision = decide({ ...rendered, ...brokenSpec, generation: 2 });
  expect(summary(decision)).toMatchObject({
    rendering: 'none',
    conditions: { Ready: 'False LastGoodKept' },
    event: 'Warning LastGoodKept',
  });
  expect(messageOf(decision, 'Ready')).toMatch(/last good configuration.*spec\.grant\.scope/);
});

test('a reference to a Secret that does not exist is such a mistake, as long as the one before consents', () => {
  const spec = { client: { id: 'acme', secretRef: { name: 'typo' } } };
  expect(summary(decide({ ...rendered, spec, generation: 2 }))).toMatchObject({
    rendering: 'none',
    conditions: { SecretsResolved: 'False SecretNotFound', Ready: 'False LastGoodKept' },
  });
});

test('a key that was taken from a Secret, or emptied, keeps the last good rendering', () => {
  for (const data of [{}, { 'client-secret': '' }]) {
    expect(summary(decide({ ...rendered, secrets: [givenSecret({ data })] }))).toMatchObject({
      rendering: 'none',
      conditions: { Ready: 'False LastGoodKept' },
    });
  }
});

const withdrawals: readonly (readonly [string, Given])[] = [
  ['the Secret is gone, or its label', withoutSecret],
  ['the Secret was replaced by another one that is of no use', { secrets: [givenSecret({ uid: 'other', data: {} })] }],
  ['its allowed hosts were narrowed', { secrets: [givenSecret({ annotations: { 'tokenward.dev/allowed-hosts': 'other.example' } })] }],
  ['its allowed hosts cannot be read', { secrets: [givenSecret({ annotations: { 'tokenward.dev/allowed-hosts': 'https://x/' } })] }],
];

test.each(withdrawals)('withdrawn consent takes the rendering away at once: %s', (_, change) => {
  const decision = decide({ ...rendered, ...change });
  expect(decision.rendering).toMatchObject({ kind: 'delete', observed: { uid: rendered.occupant?.uid } });
  expect(summary(decision)).toMatchObject({ conditions: { Ready: 'False ConsentWithdrawn' }, event: 'Warning ConsentWithdrawn' });
});

test.each(withdrawals)('withdrawn consent counts also while the last good rendering is kept for a mistake in the spec: %s', (_, change) => {
  const broken = { ...rendered, ...brokenSpec };
  const kept = carriedOut(decide(broken), broken);
  const decision = decide({ ...kept, ...change });
  expect(decision.rendering.kind).toBe('delete');
});

test('a ConfigMap of authorities consents as a Secret does', () => {
  const { certificate } = makeCertificate('authority');
  const labels = { 'tokenward.dev/credential': 'true' };
  const configMap = { name: 'ca', uid: 'ca', resourceVersion: '1', labels, data: new Map([['ca.crt', certificate]]) };
  const url = 'https://acme.example/learning';
  const spec = { upstream: { url, tls: { caBundle: { configMapKeyRef: { name: 'ca', key: 'ca.crt' } } } } };
  const given: Given = { spec, configMaps: [configMap] };
  const before = carriedOut(decide(given), given);
  expect(decide(before).rendering.kind).toBe('none');
  expect([...decide(before).sources.configMaps]).toEqual(['ca']);
  expect(decide({ ...before, configMaps: [{ ...configMap, data: new Map() }] }).rendering.kind).toBe('none');
  for (const configMaps of [[], [{ ...configMap, labels: {} }], [{ ...configMap, uid: 'other', data: new Map() }]]) {
    expect(decide({ ...before, configMaps }).rendering.kind).toBe('delete');
  }
});

test('after consent was withdrawn the rendering stays away until the credential is valid again', () => {
  const withdrawn = carriedOut(decide({ ...rendered, ...withoutSecret }), withoutSecret);
  expect(withdrawn.occupant).toBeUndefined();
  expect(summary(decide(withdrawn))).toEqual({ rendering: 'none', conditions: {}, event: undefined });
  expect(summary(decide({ ...withdrawn, secrets: [givenSecret()] }))).toMatchObject({
    rendering: 'create',
    conditions: { Ready: 'True Ready' },
    event: 'Normal Ready',
  });
});

test('a rendering whose record is gone is not kept: nobody knows what is in it', () => {
  for (const annotations of [{}, { 'tokenward.dev/sources': '{"valid":' }, { 'tokenward.dev/sources': '{}' }]) {
    expect(
      decide({ ...rendered, ...brokenSpec, occupant: rendered.occupant && { ...rendered.occupant, annotations } }).rendering.kind,
    ).toBe('delete');
  }
});

test('a Secret replaced by one that is as good goes over without a gap', () => {
  const decision = decide({ ...rendered, secrets: [givenSecret({ uid: 'other' })] });
  expect(decision.rendering.kind).toBe('update');
});

test.each([
  ['without an owner', { controller: undefined }],
  ['of another type', { type: 'Opaque' }],
  ["of another kind's owner", { controller: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x', uid: 'y', controller: true } }],
])('a Secret of the name %s is neither written nor deleted, whatever becomes of the credential', (_, change) => {
  const occupant = rendered.occupant && { ...rendered.occupant, ...change };
  for (const given of [{}, withoutSecret, brokenSpec]) {
    const decision = decide({ ...given, occupant });
    expect(summary(decision)).toMatchObject({ rendering: 'none', conditions: { Ready: 'False RenderingNameTaken' } });
    expect(decision.lookAgainAfterMs).toBe(60_000);
  }
});

test('the rendering of a deleted credential of the same name is waited for, not taken over', () => {
  const decision = decide({ ...rendered, status: undefined, uid: 'second-life' });
  expect(summary(decision)).toMatchObject({ rendering: 'none', conditions: { Ready: 'False AwaitingGarbageCollection' } });
  expect(decision.lookAgainAfterMs).toBe(5_000);
});

test('a line break at the end of a secret is told, and no obstacle', () => {
  const decision = decide({ secrets: [givenSecret({ data: { 'client-secret': 's3cr3t\n' } })] });
  expect(summary(decision).conditions).toMatchObject({ SecretsResolved: 'True TrailingNewlineTrimmed', Ready: 'True Ready' });
  expect(messageOf(decision, 'SecretsResolved')).toContain('ends in a line break');
});

test('a credential wants to know of what it looked for, there or not, and of what its rendering was made from', () => {
  expect([...decide(withoutSecret).sources.secrets]).toEqual(['lms-admin']);
  const spec = { client: { id: 'acme', secretRef: { name: 'typo' } } };
  expect([...decide({ ...rendered, spec }).sources.secrets].toSorted()).toEqual(['lms-admin', 'typo']);
  expect([...decide({ ...rendered, ...brokenSpec }).sources.secrets]).toEqual(['lms-admin']);
});

test('a rendering is no source', () => {
  const secrets = [givenSecret({ labels: { 'tokenward.dev/credential': 'true', 'tokenward.dev/rendering': 'true' } })];
  expect(summary(decide({ secrets })).conditions).toMatchObject({ SecretsResolved: 'False SecretIsRendering' });
});

test('what the API server refuses to write is a condition, told once', () => {
  const given = {};
  const refused = decideRefused(observe(given), decide(given), '403 Forbidden');
  expect(refused.status?.conditions?.map(({ reason }) => reason)).toEqual(['Accepted', 'SecretsResolved', 'WriteRefused']);
  expect(refused.event).toMatchObject({ type: 'Warning', reason: 'WriteRefused' });
  const again: Given = { status: refused.status };
  expect(decideRefused(observe(again), decide(again), '403 Forbidden')).toEqual({ status: undefined, event: undefined });
});

test('many problems are told in a message that is not longer than a status may be', () => {
  const parameters = Array.from({ length: 20 }, (_, index) => ({
    name: `p${index}`,
    secretKeyRef: { name: `${'n'.repeat(240)}${index}`, key: 'k' },
  }));
  const decision = decide({ spec: { tokenEndpoint: { url: 'https://login.acme.example/token', parameters } } });
  expect(messageOf(decision, 'SecretsResolved').length).toBe(4096);
  expect(messageOf(decision, 'Ready').length).toBe(4096);
});
