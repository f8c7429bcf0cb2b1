import { describe, expect, it } from 'vitest';
import { collectManifests } from './collect-manifests.ts';
import { formatProblem } from './manifest-problem.ts';
import { parseManifests } from './parse-manifests.ts';

const collect = (text: string) => collectManifests(parseManifests('x.yaml', text).objects);
const lines = (text: string) => collect(text).problems.map((problem) => formatProblem(problem));
const secret = (rest: string) => `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n${rest}\n`;

describe('collectManifests', () => {
  it('keeps credentials and what they may refer to, by namespace, and counts the rest', () => {
    const found = collect(`
apiVersion: tokenward.dev/v1alpha1
kind: OAuth2Credential
metadata: {name: a, namespace: hr}
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: hr, labels: {l: m}, annotations: {m: o}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {ca.crt: pem}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}}
---
{apiVersion: example.com/v1, kind: Secret, metadata: {name: other}}
`);
    expect(found.problems).toEqual([]);
    expect(found.ignored).toBe(2);
    expect(found.credentials).toEqual([expect.objectContaining({ name: 'a', namespace: 'hr' })]);
    expect(found.sources.get('hr')?.secrets.get('s')).toEqual({
      name: 's',
      type: 'Opaque',
      labels: { l: 'm' },
      annotations: { m: 'o' },
      data: new Map(),
    });
    expect(found.sources.get('default')?.configMaps.get('c')?.data.get('ca.crt')).toBe('pem');
  });

  it('decodes data, and lets stringData win over it', () => {
    const found = collect(secret('data: {a: aGVsbG8=, b: aGVsbG8=}\nstringData: {b: plain}'));
    const data = found.sources.get('default')?.secrets.get('s')?.data;
    expect(data?.get('a')?.reveal()).toBe('hello');
    expect(data?.get('b')?.reveal()).toBe('plain');
  });

  it('decodes base64 that is wrapped over several lines', () => {
    const found = collect(secret('data:\n  a: |\n    aGVs\n    bG8=\n'));
    expect(found.sources.get('default')?.secrets.get('s')?.data.get('a')?.reveal()).toBe('hello');
  });

  it.each(['hunter2!', 'aGVsbG8', 'aGVs_G8=', 'a=GVsbG8'])('refuses data that is not base64, without quoting it: %s', (value) => {
    expect(lines(secret(`data:\n  client-secret: ${value}`))).toEqual([
      'x.yaml:5: document 1, data.client-secret: is not valid base64; plain text goes under stringData',
    ]);
  });

  it('says where a value is no string, and that the namespace is not whole', () => {
    const text =
      'apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  labels:\n    tokenward.dev/credential: true\nstringData:\n  pin: 1234\n';
    expect(lines(text)).toEqual([
      'x.yaml:6: document 1, metadata.labels[tokenward.dev/credential]: must be a string; put the value in quotes',
      'x.yaml:8: document 1, stringData.pin: must be a string; put the value in quotes',
    ]);
    expect(collect(text).sources.get('default')?.broken).toBe(true);
  });

  it('refuses an object without an apiVersion instead of ignoring the Secret that it is', () => {
    const found = collect('kind: Secret\nmetadata: {name: s}\nstringData: {a: b}\n');
    expect(found.problems).toMatchObject([{ line: 1, message: 'the object needs an apiVersion; that of Secrets and ConfigMaps is v1' }]);
    expect(found.sources.get('default')?.broken).toBe(true);
  });

  it('refuses a field that the kind does not have, as kubectl does, and says which one is meant', () => {
    expect(lines(secret('stringdata: {a: b}'))).toEqual(['x.yaml:4: document 1, stringdata: is not a field: did you mean stringData?']);
    expect(lines('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\nimmutable: true\ndata: {}\nbinaryData: {a: aGk=}\n')).toEqual([]);
  });

  it('refuses the same kind, namespace and name twice, and names the first place', () => {
    const text = `${secret('')}---\n${secret('')}---\n${secret('').replace('name: s', 'name: s, namespace: hr')}`;
    expect(lines(text)).toEqual([
      'x.yaml:8: document 2, metadata.name: Secret default/s is there already, in x.yaml:3; rename or remove one of the two',
    ]);
  });

  it.each([
    'apiVersion: tokenward.dev/v1\nkind: OAuth2Credential',
    'apiVersion: v1\nkind: OAuth2Credential',
    'apiVersion: tokenward.dev/v1alpha1\nkind: Oauth2Credential',
  ])('takes what is nearly an OAuth2Credential for one, so that it is not silently ignored: %s', (text) => {
    expect(collect(text)).toEqual(expect.objectContaining({ ignored: 0, credentials: [expect.objectContaining({ name: '' })] }));
  });
});
