import { expect, test } from 'vitest';
import { applyJsonPatch } from '../../test/support/apply-json-patch.ts';
import { admissionReview, admitted, injectionSettings, podWith } from '../../test/support/pod.ts';
import { reviewPod } from './review-pod.ts';

const review = (body: unknown) => reviewPod(body, injectionSettings);

test('the answer carries the uid of the request and a patch that makes the pod what the injector decided', () => {
  const pod = podWith();
  const reviewed = review(admissionReview(pod));
  if (!reviewed.ok) throw new Error(reviewed.message);
  const { response, ...envelope } = reviewed.answer;
  expect(envelope).toEqual({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' });
  expect(response).toEqual({ uid: 'a-uid', allowed: true, patchType: 'JSONPatch', patch: expect.any(String) as unknown });
  const patch = JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString()) as unknown[];
  expect(applyJsonPatch(pod, patch)).toEqual(admitted(pod));
  expect(reviewed).toMatchObject({ outcome: 'injected', namespace: 'hr' });
});

test('a pod without any container, which the API server sends as null, is left for it to refuse in its own words', () => {
  const { metadata } = podWith();
  expect(review(admissionReview({ metadata, spec: { containers: null } }))).toMatchObject({ ok: true, outcome: 'injected' });
});

test('what has its sidecar, or asks for none, is allowed without a patch', () => {
  for (const pod of [admitted(podWith()), { spec: { containers: [] } }]) {
    expect(review(admissionReview(pod))).toMatchObject({
      ok: true,
      outcome: 'untouched',
      answer: { response: { uid: 'a-uid', allowed: true } },
    });
  }
});

test('warnings are passed on', () => {
  expect(review(admissionReview(podWith({ shareProcessNamespace: true })))).toMatchObject({
    answer: { response: { allowed: true, warnings: [expect.stringContaining('shareProcessNamespace')] } },
  });
});

test('a denial says why and how to mend it, in one line', () => {
  const reason =
    'no sidecar for this pod, which asks for one by the annotation tokenward.dev/inject: the pod runs on Windows, for which there is no sidecar: remove the annotation tokenward.dev/inject';
  expect(review(admissionReview(podWith({ os: { name: 'windows' } })))).toMatchObject({
    outcome: 'denied',
    reason,
    answer: { response: { uid: 'a-uid', allowed: false, status: { code: 422, reason: 'Invalid', message: reason } } },
  });
});

test('a denial for very many reasons names the first ones', () => {
  const annotations = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`tokenward.dev/x${index}`, '']));
  expect(review(admissionReview(podWith({}, annotations)))).toMatchObject({ reason: expect.stringMatching(/; and 495 more$/) as unknown });
});

test.each([
  ['an update', { operation: 'UPDATE' }],
  ['a connection', { operation: 'CONNECT', subResource: 'exec', object: { kind: 'PodExecOptions' } }],
  ['a binding', { subResource: 'binding', object: { kind: 'Binding' } }],
  ['another kind', { resource: { group: 'apps', version: 'v1', resource: 'deployments' } }],
  ["another group's pods", { resource: { group: 'metrics.k8s.io', version: 'v1', resource: 'pods' } }],
  ['a deletion', { operation: 'DELETE', object: null }],
])('%s is allowed untouched', (_, request) => {
  expect(review(admissionReview(podWith({ hostNetwork: true }), request))).toMatchObject({ ok: true, outcome: 'untouched' });
});

test.each([
  ['nothing', undefined, 'not an AdmissionReview of admission.k8s.io/v1: it: '],
  ['a text', 'x', 'not an AdmissionReview of admission.k8s.io/v1: it: '],
  [
    'an old version',
    { ...admissionReview(podWith()), apiVersion: 'admission.k8s.io/v1beta1' },
    'not an AdmissionReview of admission.k8s.io/v1: apiVersion: ',
  ],
  [
    'no request',
    { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' },
    'not an AdmissionReview of admission.k8s.io/v1: request: ',
  ],
  ['no uid', admissionReview(podWith(), { uid: '' }), 'not an AdmissionReview of admission.k8s.io/v1: request.uid: '],
  ['no pod', admissionReview(podWith(), { object: null }), 'not a pod: it: '],
  ['a pod without containers', admissionReview({ spec: {} }), 'not a pod: spec.containers: '],
  [
    'annotations that are no text',
    admissionReview({ metadata: { annotations: { a: 1 } }, spec: { containers: [] } }),
    'not a pod: metadata.annotations.a: ',
  ],
])('a review with %s is none', (_, body, message) => {
  expect(review(body)).toEqual({ ok: false, message: expect.stringContaining(message) as unknown });
});

test('what a malformed review holds is not repeated: it may be a secret', () => {
  const body = admissionReview({ spec: { containers: [{ name: 'app', env: 'canary-value' }] } });
  expect(JSON.stringify(review(body))).not.toContain('canary-value');
});
