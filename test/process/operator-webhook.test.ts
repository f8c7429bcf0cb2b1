import * as https from 'node:https';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultInjectionSettings } from '../../operator/inject/injection-settings.ts';
import { FakeApiServer } from '../support/fake-api-server.ts';
import { makeCertificate } from '../support/make-certificate.ts';
import { admissionReview, podWith } from '../support/pod.ts';
import { startOperatorProcess } from '../support/start-operator-process.ts';

let folder = '';
const { certificate, key } = makeCertificate('webhook', { hosts: ['127.0.0.1'] });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokenward-webhook-'));
  await writeFile(join(folder, 'settings.json'), JSON.stringify({ ...defaultInjectionSettings, image: 'registry.example/sidecar:1' }));
});
afterAll(() => rm(folder, { recursive: true }));

const start = (apiUrl: string, settings: string) => {
  const own = ['--settings', join(folder, settings), '--certificate-dir', folder];
  return startOperatorProcess(apiUrl, [...own, '--webhook-port', '0', '--webhook-host', '127.0.0.1']);
};

test('is ready when its webhook has a certificate, and then gives a pod its sidecar', { timeout: 60_000 }, async () => {
  await using api = await FakeApiServer.start();
  await using operator = await start(api.url, 'settings.json');
  const readiness = async (): Promise<number> => (await fetch(`${operator.healthUrl}/readyz`)).status;
  expect(await readiness()).toBe(503);
  await writeFile(join(folder, 'tls.key'), key);
  await writeFile(join(folder, 'tls.crt'), certificate);
  await expect.poll(readiness, { timeout: 30_000 }).toBe(200);

  const { webhook } = await operator.logged(({ msg }) => msg === 'Listening');
  const answer = await post(Number(webhook), JSON.stringify(admissionReview(podWith())));
  const { response } = JSON.parse(answer) as { response: { allowed: boolean; patch: string } };
  expect(response.allowed).toBe(true);
  expect(Buffer.from(response.patch, 'base64').toString()).toContain('registry.example/sidecar:1');
  expect(await operator.metrics()).toContain('tokenward_operator_review_duration_seconds_count{outcome="injected"} 1');
});

test('says what is wrong with its settings, and ends', async () => {
  await using api = await FakeApiServer.start();
  await writeFile(join(folder, 'spoilt.json'), JSON.stringify({ ...defaultInjectionSettings, image: '' }));
  await expect(start(api.url, 'spoilt.json')).rejects.toThrow(/spoilt\.json: .*image: /);
});

function post(port: number, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json' };
    const request = https.request({ host: '127.0.0.1', port, path: '/inject', method: 'POST', ca: certificate, headers }, (response) => {
      text(response).then(resolve, reject);
    });
    request.once('error', reject).end(body);
  });
}
