import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { listenOnLoopback } from './listen-on-loopback.ts';
import { makeCertificate } from './make-certificate.ts';

test('a server with a certificate of a made authority is trusted by a client that knows the authority', async () => {
  const authority = makeCertificate('Test authority');
  const leaf = makeCertificate('server', { hosts: ['server.example', '127.0.0.1'], issuer: authority });
  expect(new X509Certificate(leaf.certificate).checkHost('server.example')).toBe('server.example');
  await using server = await listenOnLoopback(createServer({ cert: leaf.certificate, key: leaf.key }));
  const client = connect({
    host: '127.0.0.1',
    port: Number(new URL(server.url).port),
    servername: 'server.example',
    ca: authority.certificate,
  });
  await once(client, 'secureConnect');
  expect(client.authorized).toBe(true);
  client.destroy();
});

test('a certificate of an authority between is trusted for the time that was asked for', () => {
  const authority = makeCertificate('Test authority');
  const between = makeCertificate('Between', { issuer: authority, isAuthority: true });
  const validTo = new Date('2021-02-03T04:05:06Z');
  const leaf = new X509Certificate(makeCertificate('server', { issuer: between, validFrom: new Date('2021-01-01'), validTo }).certificate);
  expect(leaf.checkIssued(new X509Certificate(between.certificate))).toBe(true);
  expect(new X509Certificate(between.certificate).ca).toBe(true);
  expect(leaf.ca).toBe(false);
  expect(leaf.validToDate).toEqual(validTo);
});
