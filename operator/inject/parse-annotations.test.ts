import { expect, test } from 'vitest';
import { injectionSettings } from '../../test/support/pod.ts';
import { parseAnnotations, type InjectionWish } from './parse-annotations.ts';

const parse = (annotations: Readonly<Record<string, string>>) =>
  parseAnnotations({ 'tokenward.dev/inject': 'lms', ...annotations }, injectionSettings);

function wish(annotations: Readonly<Record<string, string>>): InjectionWish {
  const parsed = parse(annotations);
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return parsed.wish;
}

function problems(annotations: Readonly<Record<string, string>>): readonly string[] {
  const parsed = parse(annotations);
  return parsed.ok ? [] : parsed.problems;
}

test('an entry is an alias and its credential, or one name for both; blanks around them do not count', () => {
  expect(wish({ 'tokenward.dev/inject': ' lms = lms-admin,leonardo-iot ' }).credentials).toEqual([
    { alias: 'lms', credential: 'lms-admin' },
    { alias: 'leonardo-iot', credential: 'leonardo-iot' },
  ]);
});

test('two aliases may stand for one credential', () => {
  expect(wish({ 'tokenward.dev/inject': 'a=lms,b=lms' }).credentials).toHaveLength(2);
});

test('what is not annotated is as the settings say', () => {
  expect(wish({})).toEqual({
    credentials: [{ alias: 'lms', credential: 'lms' }],
    resources: injectionSettings.resources,
    proxyPort: 14_080,
    adminPort: 14_081,
    logLevel: 'info',
  });
});

test('annotations go before the settings', () => {
  const annotations = {
    'tokenward.dev/cpu-request': '20m',
    'tokenward.dev/cpu-limit': '1',
    'tokenward.dev/memory-request': '100Mi',
    'tokenward.dev/memory-limit': '200Mi',
    'tokenward.dev/log-level': 'debug',
    'tokenward.dev/proxy-port': '15080',
    'tokenward.dev/admin-port': '15081',
  };
  expect(wish(annotations)).toMatchObject({
    resources: { cpuRequest: '20m', cpuLimit: '1', memoryRequest: '100Mi', memoryLimit: '200Mi' },
    logLevel: 'debug',
    proxyPort: 15_080,
    adminPort: 15_081,
  });
});

test('a request above the default limit takes the limit with it, and a limit below the default request takes that', () => {
  expect(wish({ 'tokenward.dev/memory-request': '1Gi' }).resources).toMatchObject({ memoryRequest: '1Gi', memoryLimit: '1Gi' });
  expect(wish({ 'tokenward.dev/memory-limit': '50Mi' }).resources).toMatchObject({ memoryRequest: '50Mi', memoryLimit: '50Mi' });
  expect(wish({ 'tokenward.dev/cpu-limit': '5m' }).resources).toMatchObject({ cpuRequest: '5m', cpuLimit: '5m' });
});

const aliases = 'lower-case letters, digits and hyphens, at most 63, beginning and ending with a letter or digit';
const example = 'write alias=credential or one name for both, separated by commas, such as "lms=lms-admin, leonardo-iot"';

test.each([
  ['tokenward.dev/inject', '', `is "" and names no credential: ${example}; to inject nothing, remove the annotation`],
  ['tokenward.dev/inject', 'true', `is "true" and names no credential: ${example}; to inject nothing, remove the annotation`],
  ['tokenward.dev/inject', 'lms,', `holds the entry "": ${example}`],
  ['tokenward.dev/inject', 'a=b=c', `holds the entry "a=b=c": ${example}`],
  ['tokenward.dev/inject', 'LMS=lms', `holds the alias "LMS", which is no DNS label: use ${aliases}`],
  ['tokenward.dev/inject', '-=lms', `holds the alias "-", which is no DNS label: use ${aliases}`],
  ['tokenward.dev/inject', '=lms', `holds the alias "", which is no DNS label: use ${aliases}`],
  ['tokenward.dev/inject', 'lms=', `holds the credential "", which can be no credential's name: use ${aliases}`],
  ['tokenward.dev/inject', 'lms=a_b', `holds the credential "a_b", which can be no credential's name: use ${aliases}`],
  ['tokenward.dev/inject', 'lms: lms-admin', `holds the entry "lms: lms-admin": ${example}`],
  ['tokenward.dev/inject', 'a=b;c=d', `holds the entry "a=b;c=d": ${example}`],
  ['tokenward.dev/inject', 'a;b', `holds the entry "a;b": ${example}`],
  ['tokenward.dev/inject', 'a b', `holds the entry "a b": ${example}`],
  ['tokenward.dev/inject', '\u201Clms\u201D', `holds the entry "\u201Clms\u201D": ${example}`],
  [
    'tokenward.dev/inject',
    'lms=a/b',
    `holds the entry "lms=a/b": ${example}; a credential is one of the pod's own namespace, which is not written`,
  ],
  ['tokenward.dev/inject', 'lms,lms=b', 'holds the alias lms twice: give one of the two another alias'],
  ['tokenward.dev/cpu-limit', '1 core', 'is "1 core", which is no Kubernetes quantity: write one such as 100m for CPU or 128Mi for memory'],
  [
    'tokenward.dev/memory-limit',
    '128m',
    'is 128m, with which the sidecar cannot start: it needs 48Mi at least (the unit is Mi; m is a thousandth of a byte)',
  ],
  ['tokenward.dev/memory-request', '64m', 'is 64m, less than 1Mi: write one such as 64Mi (m is a thousandth of a byte)'],
  ['tokenward.dev/proxy-port', '80', 'is "80": write a port from 1024 to 65535, for the sidecar does not run as root'],
  ['tokenward.dev/admin-port', '65536', 'is "65536": write a port from 1024 to 65535, for the sidecar does not run as root'],
  ['tokenward.dev/log-level', 'DEBUG', 'is "DEBUG": write one of trace, debug, info, warn, error, fatal, silent'],
])('%s: %j is refused with the mend', (annotation, value, message) => {
  expect(problems({ [annotation]: value })).toEqual([`the annotation ${annotation} ${message}`]);
});

test('a request above the limit is refused', () => {
  expect(problems({ 'tokenward.dev/memory-request': '1Gi', 'tokenward.dev/memory-limit': '512Mi' })).toEqual([
    'the annotation tokenward.dev/memory-request is 1Gi, more than tokenward.dev/memory-limit, which is 512Mi: lower the one or raise the other',
  ]);
});

test('one port for both uses is refused', () => {
  expect(problems({ 'tokenward.dev/proxy-port': '14081' })).toEqual([
    "the sidecar's proxy and its admin port are both 14081: set tokenward.dev/proxy-port and tokenward.dev/admin-port to different ports",
  ]);
});

test('a misspelt annotation is refused with the one that was meant', () => {
  expect(problems({ 'tokenward.dev/memory-limits': '1Gi' })).toEqual([
    'there is no annotation "tokenward.dev/memory-limits": did you mean tokenward.dev/memory-limit?',
  ]);
  expect(problems({ 'tokenward.dev/colour': 'red' })[0]).toMatch(
    /^there is no annotation "tokenward.dev\/colour": remove it \(known after tokenward\.dev\/ are inject, /,
  );
});

test("others' annotations and the injector's own are none of its business", () => {
  expect(problems({ 'example.org/inject': 'x', 'tokenward.dev/status': 'x' })).toEqual([]);
});

test('all that is wrong is told at once', () => {
  expect(problems({ 'tokenward.dev/inject': 'A,B', 'tokenward.dev/proxy-port': 'x' })).toHaveLength(3);
});

test('more aliases than a pod may have are refused', () => {
  const many = Array.from({ length: 33 }, (_, index) => `a${index}`).join(',');
  expect(problems({ 'tokenward.dev/inject': many })).toEqual([
    'the annotation tokenward.dev/inject has 33 entries: a pod may have 32 at most',
  ]);
});

test('what is quoted from an annotation is cut', () => {
  expect(problems({ 'tokenward.dev/log-level': 'x'.repeat(10_000) })[0]?.length).toBeLessThan(300);
});
