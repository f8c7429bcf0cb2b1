import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parseCredential } from '../../crds/parse-credential.ts';
import { listReferences } from './list-references.ts';

const examples = join(import.meta.dirname, '../../examples');

it('lists the keys of each object once, with the first field that names it', () => {
  const spec = {
    client: { secretRef: { name: 'one', key: 'client-secret' }, idFrom: { secretKeyRef: { name: 'one', key: 'id' } } },
    upstream: {
      tls: { caBundle: { configMapKeyRef: { name: 'one', key: 'ca.crt' } }, clientCertificate: { secretName: 'two' } },
      proxy: { url: 'http://proxy', credentialsSecretRef: { name: 'three' } },
      headers: [
        { name: 'a', value: 'b' },
        { name: 'c', secretKeyRef: { name: 'three', key: 'k' } },
      ],
    },
  };
  expect(listReferences(spec)).toEqual([
    { kind: 'Secret', name: 'one', keys: ['client-secret', 'id'], path: 'spec.client.secretRef' },
    { kind: 'ConfigMap', name: 'one', keys: ['ca.crt'], path: 'spec.upstream.tls.caBundle.configMapKeyRef' },
    { kind: 'Secret', name: 'two', keys: ['tls.crt', 'tls.key'], path: 'spec.upstream.tls.clientCertificate.secretName' },
    { kind: 'Secret', name: 'three', keys: ['username', 'password', 'k'], path: 'spec.upstream.proxy.credentialsSecretRef' },
  ]);
});

it('finds every reference of every example', async () => {
  let count = 0;
  for await (const file of glob('**/*.yaml', { cwd: examples })) {
    const text = await readFile(join(examples, file), 'utf8');
    for (const document of parseAllDocuments(text).map((one) => one.toJS())) {
      if (document?.kind !== 'OAuth2Credential') continue;
      const parsed = parseCredential(document);
      if (!parsed.ok) throw new Error(file);
      const references = listReferences(parsed.credential.spec);
      const named = [...text.matchAll(/(?:Ref: *\{ *name: *|Ref:\n\s+name: *|secretName: *)([\w.-]+)/g)].map(([, name]) => name);
      expect(new Set(references.map(({ name }) => name))).toEqual(new Set(named));
      count += references.length;
    }
  }
  expect(count).toBeGreaterThan(10);
});
