import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { makeCertificate } from '../../test/support/make-certificate.ts';
import { certificateSources, sapSources, secretMark, type SapSource } from '../../test/support/sap-sources.ts';
import { systemClock } from '../../crds/clock.ts';
import { checkManifests } from '../check-manifests.ts';
import { tokenward } from '../tokenward.ts';

const folder = mkdtempSync(join(tmpdir(), 'tokenward-convert-'));
afterAll(() => rmSync(folder, { recursive: true }));

const places = { login: 'https://login.acme.example', api: 'https://api.acme.example' };
const all = [...sapSources, ...certificateSources(makeCertificate('client'))];

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: readonly string[];
}

async function run(args: readonly string[], stdin = ''): Promise<Result> {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  const code = await tokenward(['convert', ...args], {
    version: '0.0.0',
    clock: systemClock,
    random: Math.random,
    environment: {},
    print: (line) => stdout.push(line),
    printError: (line) => stderr.push(line.replaceAll(`${folder}/`, '')),
    readStdin: () => Promise.resolve(Buffer.from(stdin)),
    openLog: () => pino({ level: 'silent' }),
    untilStopped: () => Promise.resolve(),
  });
  return { code, stdout: stdout.join('\n'), stderr };
}

function save(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const convertText = (name: string, text: string, ...args: readonly string[]): Promise<Result> => run(['-f', save(name, text), ...args]);

function convertSource({ file, text, fromFile = {}, args = [] }: SapSource): Promise<Result> {
  const given = Object.entries(fromFile).flatMap(([key, content]) => ['--from-file', `${key}=${save(`${file}.${key}`, content)}`]);
  return convertText(file, text(places), ...given, ...(typeof args === 'function' ? args(places) : args));
}

const check = (text: string) => checkManifests({ texts: [{ file: 'x.yaml', text }], problems: [] }, Date.now());
const documents = (text: string): Record<string, unknown>[] => parseAllDocuments(text, { version: '1.1' }).map((each) => each.toJS());

describe('tokenward convert', () => {
  test.each(all.map((source) => [source.title, source] as const))('prints manifests that are valid: %s', async (_title, source) => {
    const { code, stdout } = await convertSource(source);
    expect(code).toBe(0);
    const { rendered, problems, warnings } = check(stdout);
    expect({ problems, warnings, names: rendered.map(({ manifest }) => manifest.name) }).toEqual({
      problems: [],
      warnings: [],
      names: [source.alias],
    });
  });

  test.each(all.map((source) => [source.title, source] as const))('puts secrets into Secrets alone: %s', async (_title, source) => {
    const { stdout, stderr } = await convertSource(source);
    const [secrets, others] = [true, false].map((isSecret) => documents(stdout).filter(({ kind }) => (kind === 'Secret') === isSecret));
    expect(JSON.stringify(others)).not.toMatch(new RegExp(`${secretMark}|PRIVATE KEY`));
    expect(stderr.join('\n')).not.toMatch(new RegExp(`${secretMark}|PRIVATE KEY`));
    expect(JSON.stringify(secrets)).toMatch(new RegExp(`${secretMark}|PRIVATE KEY`));
    for (const secret of secrets ?? []) {
      expect(secret['metadata']).toMatchObject({
        labels: { 'tokenward.dev/credential': 'true' },
        annotations: { 'tokenward.dev/allowed-hosts': 'login.acme.example,api.acme.example' },
      });
    }
    expect(stderr.at(-1)).toBe('note: the output holds secrets: keep it out of repositories');
  });

  test('says in one line for each property what could not be carried over, and why', async () => {
    const text = [
      'Name=odd',
      'Authentication=OAuth2ClientCredentials',
      'URL=https://api.acme.example',
      'tokenserviceurl=https://login.acme.example/token',
      'clientId=a',
      `clientSecret=${secretMark}s`,
      'SystemUser=someone',
      'TrustAll=true',
      'HTML5.Timeout=1000',
      'WebIDEEnabled=true',
      'clientSecert=typo',
      'apptoapp=true',
      'URL.headers.Authorization=Basic',
      'URL.headers.Host=x',
      'tokenService.body.grant_type=other',
      'tokenServiceURL.headers.Content-Type=text/plain',
    ].join('\n');
    const { code, stderr } = await convertText('odd.properties', text);
    expect(stderr).toEqual(
      [
        'odd.properties: odd: TrustAll: not carried over: certificates are always verified: name your own authority in tls.caBundle',
        'odd.properties: odd: clientSecert: not carried over: an unknown property; did you mean clientSecret?',
        'odd.properties: odd: apptoapp: not carried over: an unknown property',
        'odd.properties: odd: URL.headers.Host: not carried over: is a header that Tokenward or the HTTP connection sets by itself: remove it',
        'odd.properties: odd: URL.headers.Authorization: not carried over: it is the header that carries the token',
        'odd.properties: odd: tokenService.body.grant_type: not carried over: the token request says that by itself, from other properties',
        'odd.properties: odd: tokenServiceURL.headers.Content-Type: not carried over: is a header that Tokenward or the HTTP connection sets by itself: remove it',
        'odd.properties: odd: SystemUser: not needed: of use to OAuth2SAMLBearerAssertion alone',
        "odd.properties: odd: HTML5.Timeout, WebIDEEnabled: not needed: read by SAP's application router, SAP Business Application Studio and the like alone",
        'note: the output holds secrets: keep it out of repositories',
      ].toSorted((a, b) => stderr.indexOf(a) - stderr.indexOf(b)),
    );
    expect(code).toBe(0);
  });

  test.each<[string, string, readonly string[], readonly RegExp[]]>([
    [
      'x.json',
      '{"clientid":"a","clientsecret":"b","url":"https://login.acme.example"}',
      [],
      [/the API is missing: give it with --upstream-url URL$/],
    ],
    [
      'x.json',
      '{"uaa":{"clientid":"a","clientsecret":"b","url":"https://l.example"},"endpoints":{"a":"https://a.example","b":"https://b.example"}}',
      [],
      [/several endpoints: endpoints\.a, endpoints\.b$/],
    ],
    [
      'x.json',
      '{"clientid":"a","credential-type":"x509","certificate":"x","url":"https://l.example"}',
      ['--upstream-url', 'https://a.example'],
      [/certurl is missing/, /key is missing: .*--from-file tls\.key=FILE$/],
    ],
    ['x.json', '{"uaa":{}}', [], [/clientid is missing/, /URL of the API is missing/, /url is missing/, /clientsecret is missing/]],
    [
      'x',
      'Authentication=OAuth2ClientCredentials',
      [],
      [
        /clientSecret is missing .*--from-file client-secret=FILE$/,
        /clientId is missing/,
        /URL is missing, .*--upstream-url URL$/,
        /tokenServiceURL is missing/,
      ],
    ],
    [
      'x',
      'Authentication=OAuth2Password\nclientId=a\nclientSecret=b\nURL=https://a.example\ntokenServiceURL=https://l.example',
      [],
      [/User is missing/, /Password is missing .*--from-file password=FILE$/],
    ],
    [
      'x',
      'Authentication=OAuth2JWTBearer\nclientId=a\nclientSecret=b\nURL=https://a.example\ntokenServiceURL=https://l.example',
      [],
      [/the assertion is missing: .* calling user.*--from-file assertion=FILE$/],
    ],
    [
      'x',
      'Authentication=OAuth2TokenExchange\nclientId=a\nURL=https://a.example\ntokenServiceURL=https://l.example',
      [],
      [/the subject token is missing: .* calling user.*--from-file subject-token=FILE$/],
    ],
    [
      'x',
      'Authentication=OAuth2RefreshToken\nclientId=a\nclientSecret=b\nURL=https://a.example\ntokenServiceURL=https://l.example',
      [],
      [/the refresh token is missing.*--from-file refresh-token=FILE$/],
    ],
    [
      'x',
      'Authentication=OAuth2SAMLBearerAssertion\nclientKey=a\nURL=https://a.example\ntokenServiceURL=https://l.example',
      [],
      [
        /the certificate is missing.*--from-file signing\.crt=FILE$/,
        /the private key is missing.*--from-file signing\.key=FILE$/,
        /SystemUser is missing/,
        /assertionIssuer is missing/,
        /audience is missing/,
      ],
    ],
    [
      'x',
      'Authentication=OAuth2ClientCredentials\nclientId=a\nclientSecret=b\nURL=https://a.example\ntokenServiceURL=https://l.example\ntokenServiceURLType=Common',
      [],
      [/many tenants/],
    ],
    [
      'x',
      'Authentication=OAuth2ClientCredentials\nclientId=a\nclientSecret=b\nURL=http://a.example\ntokenServiceURL=https://l.example',
      [],
      [/spec\.upstream\.url: must begin with https/],
    ],
    [
      'x',
      'Authentication=OAuth2ClientCredentials\nclientId=a\nclientSecret=b\nURL=https://a.example\ntokenServiceURL=https://l.example',
      ['--from-file', `password=${save('password', 'x')}`],
      [/--from-file password=… is of no use here/],
    ],
  ])('prints nothing half, and says what is missing and how to give it: %s %s', async (name, text, args, expected) => {
    const { code, stdout, stderr } = await convertText(name, text, ...args);
    const errors = stderr.filter((line) => line.startsWith('error: '));
    expect(errors).toEqual([
      ...expected.map((pattern) => expect.stringMatching(pattern)),
      expect.stringMatching(/^error: nothing is printed/),
    ]);
    expect([code, stdout]).toEqual([1, '']);
  });

  test.each([
    [
      'x.json',
      '{"clientid": "a",\n "clientsecret": "b}',
      /^error: x\.json:2: not valid JSON: a value expected at column 18, found " \(U\+0022\)$/,
    ],
    ['x.json', '[]', /^error: x\.json: the list is empty; expected a destination/],
    ['x.json', '["a"]', /^error: x\.json: \[0\]: holds no JSON object; expected/],
    ['x.json', '[{"Authentication":"OAuth2Password","User":{}}]', /^error: x\.json: \[0\]: the property User must be a text$/],
    ['x.json', '{"a":1}', /^error: x\.json: holds neither Authentication nor clientid nor uaa; expected a destination/],
    ['x.txt', `${secretMark}s\n`, /^error: x\.txt:1: holds neither JSON nor a manifest nor the property Authentication; expected/],
    [
      'x.properties',
      'Name=a\nURL=\\u12\n',
      /^error: x\.properties:2: not valid as \.properties: a backslash and a "u" must be followed by four/,
    ],
    [
      'x.yaml',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n',
      /^error: x\.yaml: there is no Secret in these manifests; expected/,
    ],
    [
      'x.yaml',
      'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {clientid: "?"}\n',
      /^error: x\.yaml:4: document 1, data\.clientid: is not valid base64/,
    ],
    [
      'x.yaml',
      'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  uaa: "{"\n',
      /^error: x\.yaml:\d+: document 1, data: the key uaa holds no valid JSON/,
    ],
    ['x.yaml', 'apiVersion: v1\nkind: Secret\nmetadata: [\n', /^error: x\.yaml:\d: document 1: not valid YAML/],
    ['empty', ' \n', /^error: empty: the file is empty; expected/],
  ])('says where and what was expected of a file that it cannot read: %s %j', async (name, text, expected) => {
    const { code, stdout, stderr } = await convertText(name, text);
    expect(stderr).toEqual([expect.stringMatching(expected)]);
    expect(stderr.join()).not.toContain(secretMark);
    expect([code, stdout]).toEqual([1, '']);
  });

  test.each([
    ['BasicAuthentication', 'Internet', 'Authentication BasicAuthentication is not supported: it sends a user and a password'],
    ['NoAuthentication', 'Internet', 'Authentication NoAuthentication is not supported'],
    ['PrincipalPropagation', 'OnPremise', 'Authentication PrincipalPropagation is not supported: it acts for the calling user'],
    ['ClientCertificateAuthentication', 'Internet', 'Authentication ClientCertificateAuthentication is not supported'],
    ['OAuth2UserTokenExchange', 'Internet', 'Authentication OAuth2UserTokenExchange is not supported: it acts for the calling user'],
    [
      'OAuth2TechnicalUserPropagation',
      'OnPremise',
      'Authentication OAuth2TechnicalUserPropagation is not supported: it goes through the Cloud',
    ],
    ['OAuth2ClientCredentials', 'OnPremise', 'ProxyType OnPremise is not supported'],
    ['SomethingNew', 'Internet', 'its Authentication is unknown; those that can be converted are OAuth2ClientCredentials, '],
  ])('leaves out what no credential can be made of, and says why: %s, %s', async (authentication, proxyType, expected) => {
    const { code, stdout, stderr } = await convertText('x', `Name=a\nType=HTTP\nAuthentication=${authentication}\nProxyType=${proxyType}`);
    expect(stderr).toEqual([
      expect.stringContaining(`x: a: left out: ${expected}`),
      'error: there is nothing here that a credential can be made of',
    ]);
    expect([code, stdout]).toEqual([1, '']);
  });

  test('converts what can be converted of a list, each under a name of its own', async () => {
    const destination = (name: string, type = 'OAuth2ClientCredentials') => ({
      Name: name,
      Authentication: type,
      URL: 'https://api.acme.example',
      tokenServiceURL: 'https://login.acme.example/token',
      clientId: 'a',
      clientSecret: `${secretMark}s`,
    });
    const list = [
      destination('My API'),
      destination('my_api'),
      destination('plain', 'NoAuthentication'),
      destination('my-api'),
      destination('…'),
    ];
    const { code, stdout, stderr } = await run(['-f', '-'], JSON.stringify(list));
    expect(check(stdout).rendered.map(({ manifest }) => manifest.name)).toEqual(['my-api', 'my-api-2', 'my-api-3', 'credential']);
    expect(stderr.filter((line) => line.includes('left out'))).toEqual([expect.stringMatching(/^\(stdin\): plain: left out: /)]);
    expect(code).toBe(0);
    const named = await run(['-f', '-', '--name', 'one'], JSON.stringify(list));
    expect(named).toEqual({ code: 2, stdout: '', stderr: [expect.stringMatching(/are for one credential, and there are 4 here/)] });
  });

  test('says which endpoints of a service key are not called', async () => {
    const uaa = { clientid: 'a', clientsecret: `${secretMark}s`, url: 'https://login.acme.example', xsappname: 'x' };
    const key = { uaa, url: 'https://api.acme.example', endpoints: { api: 'https://api.acme.example', ui: 'https://ui.acme.example' } };
    const { code, stderr } = await run(['-f', '-'], JSON.stringify(key));
    expect(stderr.filter((line) => line.includes('endpoints'))).toEqual([
      '(stdin): endpoints.ui: not carried over: another URL is called; --upstream-url chooses one',
    ]);
    expect(code).toBe(0);
  });

  test('says that a client whose secret is absent is taken for a public one', async () => {
    const { code, stderr } = await convertText(
      'x',
      'Authentication=OAuth2TokenExchange\nclientId=a\nURL=https://a.example\ntokenServiceURL=https://l.example',
      '--from-file',
      `subject-token=${save('subject-token', 'token')}`,
    );
    expect(stderr[0]).toBe(
      'x: clientSecret: not carried over: it is absent, so none is sent; if the cockpit removed it, use --from-file client-secret=FILE',
    );
    expect(code).toBe(0);
  });

  test("does not touch the binding's own Secret, and stays in its namespace", async () => {
    const binding = sapSources.find(({ file }) => file === 'binding.yaml');
    const { stdout } = binding === undefined ? { stdout: '' } : await convertSource(binding);
    expect(documents(stdout).map(({ kind, metadata }) => ({ kind, metadata }))).toEqual([
      { kind: 'OAuth2Credential', metadata: { name: 'iot-binding', namespace: 'iot' } },
      { kind: 'Secret', metadata: expect.objectContaining({ name: 'iot-binding-tokenward', namespace: 'iot' }) },
    ]);
  });

  test('writes YAML that says the same to a reader of version 1.1', async () => {
    const awkward = ['yes', '012', '1_000', '1:30', '~', '- a', "it's", '"', '# x', 'a: b', '2026-01-01', '=', '<<', '0x1F', '\\n', 'ä'];
    for (const value of awkward) {
      // No colon in a user name: RFC 7617 section 2.
      const id = value.replaceAll(':', '_');
      const text = JSON.stringify({ clientid: id, clientsecret: value, url: 'https://login.acme.example', uaadomain: 'x' });
      const { stdout } = await run(['-f', '-', '--upstream-url', 'https://api.acme.example'], text);
      const [credential, secret] = documents(stdout);
      expect([credential?.['spec'], secret?.['stringData']]).toMatchObject([{ client: { id } }, { 'client-secret': value }]);
      expect(check(stdout).problems).toEqual([]);
    }
  });
});
