import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { secretObject } from '../../test/support/cluster-objects.ts';
import { RecordedSources, readSourceSecret } from './observed-sources.ts';

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

test('of a Secret is kept what counts, and its values do not show themselves', () => {
  const annotations = { [lastApplied]: '{"stringData":{"client-secret":"s3cr3t"}}', 'tokenward.dev/allowed-hosts': 'acme.example' };
  const labels = { 'tokenward.dev/credential': 'true', team: 'hr' };
  const secret = readSourceSecret(secretObject('s', 's3cr3t', { annotations, labels }));
  expect(secret).toMatchObject({
    name: 's',
    labels: { 'tokenward.dev/credential': 'true' },
    annotations: { 'tokenward.dev/allowed-hosts': 'acme.example' },
  });
  expect(secret.data.get('client-secret')?.reveal()).toBe('s3cr3t');
  expect(inspect(secret, { depth: 9 }) + JSON.stringify([secret, ...secret.data])).not.toContain('s3cr3t');
});

test('a Secret without any data is one with none', () => {
  expect(readSourceSecret({ metadata: { name: 's' } })).toMatchObject({ type: 'Opaque', labels: {}, annotations: {}, data: new Map() });
});

test('what is looked for is kept in mind, there or not', () => {
  const secret = readSourceSecret(secretObject('s', 'x'));
  const recorded = new RecordedSources({ secrets: new Map([['s', secret]]), configMaps: new Map() });
  expect(recorded.secrets.get('s')).toBe(secret);
  expect(recorded.secrets.get('t')).toBeUndefined();
  expect(recorded.configMaps.get('ca')).toBeUndefined();
  expect(recorded.names).toEqual({ secrets: new Set(['s', 't']), configMaps: new Set(['ca']) });
});
