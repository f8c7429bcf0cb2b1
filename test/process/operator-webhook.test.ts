import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type * as http from 'node:http';
import * as https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { FakeApiServer } from '../support/fake-api-server.ts';
import { makeCertificate } from '../support/make-certificate.ts';
import { admissionReview, injectionSettings, podWith } from '../support/pod.ts';
import { startOperatorProcess, type OperatorProcess } from '../support/start-operator-process.ts';
import { until } from '../support/until.ts';

const authority = makeCertificate('test authority');
const leaf = makeCertificate('webhook', { hosts: ['127.0.0.1'], issuer: authority });

function startWithWebhook(apiUrl: string, lingerSeconds: number): Promise<OperatorProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'tokenward-webhook-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { version: _, ...settings } = injectionSettings;
  const files = { 'settings.json': JSON.stringify(settings), 'tls.crt': leaf.certificate, 'tls.key': leaf.key };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const webhook = [
    '--settings',
    join(folder, 'settings.json'),
    '--certificate-dir',
    folder,
    '--webhook-port',
    '0',
    '--webhook-host',
    '127.0.0.1',
  ];
  return startOperatorProcess(apiUrl, [...webhook, '--webhook-linger-seconds', String(lingerSeconds)]);
}

async function review({ webhookUrl }: OperatorProcess): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const request = https.request(`${webhookUrl}/inject`, { method: 'POST', headers, ca: authority.certificate, agent: false });
  request.end(JSON.stringify(admissionReview(podWith())));
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return JSON.parse(await text(response));
}

const readiness = async ({ healthUrl }: OperatorProcess): Promise<number> => (await fetch(`${healthUrl}/readyz`)).status;
const allowed = { response: { allowed: true, patchType: 'JSONPatch' } };

test('reviews pods without an API server, so that an outage of that one is not ours', async () => {
  const api = await FakeApiServer.start();
  await api[Symbol.asyncDispose]();
  await using operator = await startWithWebhook(api.url, 0);
  await expect.poll(() => readiness(operator)).toBe(200);
  expect(await review(operator)).toMatchObject(allowed);
  const metrics = await operator.metrics();
  expect(metrics).toContain('tokenward_operator_review_duration_seconds_count{outcome="injected"} 1');
  const endMs = new X509Certificate(leaf.certificate).validToDate.getTime();
  expect(metrics).toContain(`tokenward_operator_certificate_expiry_timestamp_seconds ${endMs / 1000}\n`);
});

test('answers reviews for a while after SIGTERM, though it is not ready any more and leads no more', async () => {
  await using api = await FakeApiServer.start();
  const operator = await startWithWebhook(api.url, 4);
  await operator.logged(({ msg }) => msg === 'This replica leads');
  operator.signal('SIGTERM');
  await operator.logged(({ msg }) => msg === 'This replica does not lead any more');
  await until(() => api.openWatches === 0);
  expect(await readiness(operator)).toBe(503);
  expect(await review(operator)).toMatchObject(allowed);
  expect(await operator.exited).toEqual({ code: 0, signal: null });
  await operator.stop();
});
