import { expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import type { Step } from './examination.ts';
import { formatChanges, formatStep, formatVerdict } from './format-examination.ts';
import { formatYaml } from './format-yaml.ts';

const step: Step = { subject: 'tokenEndpoint', name: 'DNS', outcome: 'ok', tookMs: 1.4, summary: 'found', details: ['a', 'b'] };

it('shows a step in one line, with its details below it', () => {
  expect(formatStep(step, undefined)).toEqual([
    'Token endpoint',
    '  ok       DNS               1 ms  found',
    '           a',
    '           b',
  ]);
});

it('lets no server and no pod write to the terminal but letters', () => {
  const hostile = '\u001B[2J\u009B31m\r\u202Ex';
  const lines = [
    ...formatStep({ ...step, summary: hostile, details: [hostile] }, undefined),
    ...formatVerdict({ code: 'works', sentence: hostile, mend: { kind: 'elsewhere', advice: hostile } }),
  ];
  expect(lines.join('')).not.toMatch(/[\p{Cc}\u202E]/u);
  expect(lines.join('')).toContain('x');
});

it('names what is looked at where it is another than before', () => {
  expect(formatStep({ ...step, details: [] }, step)).toHaveLength(1);
  expect(formatStep({ ...step, subject: 'api', details: [] }, step).slice(0, 2)).toEqual(['', 'API']);
});

it('prints the changes of a manifest as YAML that merges into it', () => {
  const changes = [
    { path: 'spec.client.authentication', value: 'ClientSecretPost' },
    { path: 'spec.grant.scope', value: undefined },
    { path: 'spec.grant.resource', value: ['https://api.example/x'] },
    { path: 'spec.upstream.allow[]', value: { methods: ['GET'], paths: ['/a b/**'] } },
  ];
  const lines = formatChanges(changes);
  expect(lines.filter((line) => line.includes('#'))).toEqual([
    '  # without spec.grant.scope',
    '  # added to what is in spec.upstream.allow',
  ]);
  expect(parse(lines.join('\n'))).toEqual({
    spec: {
      client: { authentication: 'ClientSecretPost' },
      grant: { resource: ['https://api.example/x'] },
      upstream: { allow: [{ methods: ['GET'], paths: ['/a b/**'] }] },
    },
  });
});

it('prints a ConfigMap that a change needs as a manifest of its own, which credentials may read', () => {
  const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  const mend = {
    kind: 'manifest',
    changes: [{ path: 'spec.upstream.tls.caBundle.configMapKeyRef', value: { name: 'ca', key: 'ca.crt' } }],
    tried: false,
    configMap: { name: 'ca', data: { 'ca.crt': pem } },
    advice: 'Only if it is yours.',
  } as const;
  const lines = formatVerdict({ code: 'works', sentence: 'It does.', mend });
  expect(lines).toContain('Only if it is yours.');
  const yaml = lines.slice(lines.findIndex((line) => line === '  apiVersion: v1')).join('\n');
  expect(parse(yaml)).toEqual({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'ca', labels: { 'tokenward.dev/credential': 'true' } },
    data: { 'ca.crt': pem },
  });
});

it('ends with the verdict, how callers see it, and the mend', () => {
  expect(formatVerdict({ code: 'api_forbidden', sentence: 'The API says no.', mend: { kind: 'elsewhere', advice: 'Ask.' } })).toEqual([
    '',
    'Verdict: The API says no.',
    "  (api_forbidden; callers get the API's own answer, without Tokenward-Error)",
    '',
    'Mend: Ask.',
  ]);
  expect(formatVerdict({ code: 'call_not_allowed', sentence: 'No.', failure: 'not_allowed' })[2]).toBe(
    '  (call_not_allowed; callers get status 403 with Tokenward-Error: not_allowed)',
  );
});

it('writes YAML that every reader takes for the same value', () => {
  const awkward = [
    'yes',
    'Null',
    '1e3',
    '0x1',
    '',
    ' a',
    'a: b',
    '- a',
    '#a',
    '2026-01-01',
    '1:30',
    '~',
    'a\nb\n',
    "it's",
    '"',
    'ü',
    'a #b',
    '*',
    'https://x/y?z=1',
  ];
  const value = { list: awkward, nested: { 'a b': [{ x: 1, y: [] }, {}], no: true, none: null }, text: 'a\n b\nc\n' };
  const yaml = formatYaml(value).join('\n');
  expect(parse(yaml)).toEqual(value);
  expect(parseAllDocuments(yaml, { version: '1.1', schema: 'yaml-1.1' }).map((document) => document.toJS())).toEqual([value]);
});

it('takes paths that no doctor of ours sends for what they are', () => {
  const changes = [
    { path: '__proto__.shell', value: 'yes' },
    { path: 'constructor.prototype.shell', value: 'yes' },
    { path: 'a', value: 'x' },
    { path: 'a.b', value: 'y' },
    { path: 'a.b[]', value: 'z' },
  ];
  expect(formatChanges(changes).join('\n')).toContain('shell: "yes"');
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect('shell' in {}).toBe(false);
});
