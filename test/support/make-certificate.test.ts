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
