import { expect, test } from 'vitest';
import { parseAssertion } from './parse-assertion.ts';

const audience = 'api://AzureADTokenExchange';

function parse(annotations: { readonly audience?: string; readonly hosts?: string }) {
  const problems: string[] = [];
  const named = Object.entries(annotations).map(([name, value]) => [`tokenward.dev/assertion-${name}`, value]);
  const assertion = parseAssertion(Object.fromEntries(named), ['https://kubernetes.default.svc', 'https://api.example'], problems);
  return { assertion, problems };
}

test('the audience is taken as it is, and the hosts as in the annotation of a Secret', () => {
  expect(parse({ audience, hosts: ' Login.Example ,*.acme.example' })).toEqual({
    assertion: { audience, hosts: ['login.example', '*.acme.example'] },
    problems: [],
  });
});

test('whoever asks for no token gets none', () => {
  expect(parse({})).toEqual({ assertion: undefined, problems: [] });
});

test.each([
  'https://id.example/realms/acme',
  '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/a/providers/b',
  'vault',
  'urn:x?y=z&a#b',
  'x'.repeat(512),
])('the audience %j is one', (usable) => {
  expect(parse({ audience: usable, hosts: 'login.example' }).assertion).toMatchObject({ audience: usable });
});

test('one annotation without the other is refused with the mend', () => {
  expect(parse({ audience }).problems).toEqual([
    'the annotation tokenward.dev/assertion-audience comes without tokenward.dev/assertion-hosts: name there the hosts that the token may be sent to, such as login.example, or remove both',
  ]);
  expect(parse({ hosts: 'login.example' }).problems).toEqual([
    'the annotation tokenward.dev/assertion-hosts comes without tokenward.dev/assertion-audience: name there the audience that the token endpoint expects, such as api://AzureADTokenExchange, or remove both',
  ]);
});

test.each(['', ' ', ` ${audience}`, 'a b', 'a, b', 'a,b', 'a\nb', 'ü', 'x'.repeat(513)])('the audience %j is refused', (absurd) => {
  const { assertion, problems } = parse({ audience: absurd, hosts: 'login.example' });
  expect(assertion).toBeUndefined();
  expect(problems).toEqual([expect.stringContaining(': write the one audience that the token endpoint expects')]);
});

test.each(['https://kubernetes.default.svc', 'https://api.example'])("the API server's audience %s is refused", (of) => {
  const { assertion, problems } = parse({ audience: of, hosts: 'login.example' });
  expect(assertion).toBeUndefined();
  expect(problems).toEqual([
    `the annotation tokenward.dev/assertion-audience is "${of}", with which whoever gets the token could call the API server of this cluster: write the audience that the token endpoint expects, such as api://AzureADTokenExchange`,
  ]);
});

const example = 'write names such as login.example, or *.login.example, separated by commas, without scheme, port and path';

test.each([
  ['', 'is "" and names no host: write one such as login.example, or remove it and tokenward.dev/assertion-audience'],
  [' , ', 'is " , " and names no host: write one such as login.example, or remove it and tokenward.dev/assertion-audience'],
  ['*', `holds "*", which is no host: ${example}`],
  ['login.*', `holds "login.*", which is no host: ${example}`],
  ['https://login.example', `holds "https://login.example", which is no host: ${example}`],
  ['login.example:443', `holds "login.example:443", which is no host: ${example}`],
  ['login.example/tenant', `holds "login.example/tenant", which is no host: ${example}`],
  ['a.example b.example', `holds "a.example b.example", which is no host: ${example}`],
  ['login.example --alias', `holds "login.example --alias", which is no host: ${example}`],
  [Array.from({ length: 33 }, (_, index) => `a${index}.example`).join(','), 'has 33 entries: 32 at most are allowed'],
])('the hosts %j are refused with the mend', (hosts, message) => {
  expect(parse({ audience, hosts })).toEqual({
    assertion: undefined,
    problems: [`the annotation tokenward.dev/assertion-hosts ${message}`],
  });
});
