import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { reviewPod } from '../../operator/inject/review-pod.ts';
import { containerName } from '../../operator/naming.ts';
import { readStore, writeStore } from '../../operator/webhook/certificate-store.ts';
import { decideCertificates, renewCertificates } from '../../operator/webhook/decide-certificates.ts';
import type { ServingCertificate } from '../../operator/webhook/webhook-server.ts';
import { JumpingClock } from '../support/jumping-clock.ts';
import { injectionSettings, podWith } from '../support/pod.ts';
import { AdmissionStage } from './admission-stage.ts';
import { requireCluster } from './require-cluster.ts';

const provider = requireCluster({ nodes: false, purpose: 'to have an API server verify the webhook certificates' });
const dayMs = 24 * 60 * 60_000;
const names = ['localhost'];
const review = (body: unknown) => reviewPod(body, injectionSettings);

/** An authority and a certificate of which each has two thirds of its life behind it. */
function agedStore(nowMs: number) {
  const nothing = readStore(undefined);
  const then = nowMs - 250 * dayMs;
  const first = renewCertificates(nothing, decideCertificates(nothing, names, { nowMs: then, announcedForMs: 0 }), names, then);
  const { authorities } = first;
  return renewCertificates(first, { authorities, newAuthority: false, newCertificate: true }, names, nowMs - 65 * dayMs);
}

describe.skipIf(provider === undefined)('the webhook certificates, verified by a real API server', () => {
  const clock = new JumpingClock();
  const aged = agedStore(clock.wallMs());
  let stage: AdmissionStage;
  let served: readonly ServingCertificate[] = [];

  beforeAll(async () => {
    if (provider === undefined) return;
    stage = new AdmissionStage(await provider.start());
    await stage.makeSecret(writeStore(aged));
    served = await stage.startWebhook({ name: 'tokenward', review, clock });
  });

  afterAll(() => stage?.[Symbol.asyncDispose]());

  const bundle = async (): Promise<string> => {
    const path = 'jsonpath={.webhooks[0].clientConfig.caBundle}';
    const encoded = await stage.cluster.kubectl(['get', 'mutatingwebhookconfiguration/tokenward', '--output', path]);
    return Buffer.from(encoded, 'base64').toString();
  };

  test('the old one serves while a new authority is only trusted', async () => {
    expect((await bundle()).match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(served.map(({ certificate }) => certificate)).toEqual([aged.serving.certificate]);
  });

  test('no pod is refused while they are replaced, and the API server accepts what the new authority signed', async () => {
    const over = new AbortController();
    const answers: string[] = [];
    const load = (async () => {
      while (!over.signal.aborted)
        answers.push(await stage.create(podWith()).then(({ spec }) => spec.initContainers?.[0]?.name ?? 'bare', String));
    })();
    clock.pass(10 * 60_000);
    await vi.waitUntil(() => served.length === 2, { timeout: 20_000 });
    const before = answers.length;
    await vi.waitUntil(() => answers.length > before + 20, { timeout: 20_000 });
    over.abort();
    await load;
    expect(new Set(answers)).toEqual(new Set([containerName]));
    // Its connections are those from before. To this one it makes new ones.
    await stage.startWebhook({ name: 'tokenward-replica', review });
    expect(await bundle()).toContain(aged.authorities[0]);
  });

  test("of the webhook configuration only the caBundle is the operator's: what the chart says stays the chart's", async () => {
    const shown = await stage.cluster.kubectl([
      'get',
      'mutatingwebhookconfiguration/tokenward',
      '--show-managed-fields',
      '--output',
      'json',
    ]);
    const { metadata, webhooks } = JSON.parse(shown);
    const owner = metadata.managedFields.find(({ manager }: { manager: string }) => manager === 'tokenward-operator');
    const entry = 'k:{"name":"tokenward.example.org"}';
    expect(owner.fieldsV1).toEqual({ 'f:webhooks': { [entry]: { '.': {}, 'f:name': {}, 'f:clientConfig': { 'f:caBundle': {} } } } });
    expect(webhooks[0]).toMatchObject({ failurePolicy: 'Fail', timeoutSeconds: 5 });
  });
});
