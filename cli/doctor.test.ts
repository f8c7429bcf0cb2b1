import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, expect, it } from 'vitest';
import { systemClock } from '../crds/clock.ts';
import type { Examination } from '../doctor/examination.ts';
import { canarySecret, findTraces } from '../test/support/canary.ts';
import { credentialManifest, secretManifest } from '../test/support/manifest.ts';
import { startResourceServer } from '../test/support/resource-server.ts';
import { startTokenIssuer } from '../test/support/token-issuer.ts';
import { tokenward } from './tokenward.ts';

const folder = mkdtempSync(join(tmpdir(), 'tokenward-doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ran {
  readonly code: number;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

async function run(manifests: string, ...args: readonly string[]): Promise<Ran> {
  const file = join(folder, 'x.yaml');
  writeFileSync(file, manifests);
  const [stdout, stderr]: [string[], string[]] = [[], []];
  const code = await tokenward(['doctor', '-f', file, ...args], {
    version: '0.0.0',
    clock: systemClock,
    random: Math.random,
    environment: {},
    print: (line) => stdout.push(line.replaceAll(`${folder}/`, '')),
    printError: (line) => stderr.push(line),
    readStdin: () => Promise.resolve(Buffer.from('')),
    openLog: () => pino({ enabled: false }),
    untilStopped: () => Promise.resolve(),
  });
  expect(findTraces([...stdout, ...stderr].join('\n'))).toEqual([]);
  return { code, stdout, stderr };
}

const secret = secretManifest({ 'client-secret': canarySecret('doctor') });
const unreachable = { upstream: { url: 'https://api.acme.example' }, tokenEndpoint: { url: 'https://login.acme.example/token' } };
const credential = credentialManifest(unreachable);
const together = (...manifests: readonly string[]): string => manifests.join('\n---\n');

const verdictOf = ({ stdout }: Ran): string | undefined => stdout.find((line) => line.startsWith('Verdict: '));

it('goes from the manifest to the answer of the API', async () => {
  await using issuer = await startTokenIssuer();
  await using api = await startResourceServer({
    verifyToken: (token) => (issuer.isValid(token) ? { clientId: 'acme' } : undefined),
    respond: (_request, response) => void response.end(),
  });
  const manifests = together(credentialManifest({ upstream: { url: api.url }, tokenEndpoint: { url: issuer.url } }), secret);
  const { code, stdout, stderr } = await run(manifests, '--alias', 'acme', '--path', '/users');
  expect(stdout.filter((line) => /^\w/.test(line))).toEqual([
    'Credential',
    'Token endpoint',
    'API',
    expect.stringMatching(/^Verdict: The API 127.* took the token/),
  ]);
  expect(stdout[1]).toMatch(/^ {2}ok {7}Manifest +\d+ ms {2}x\.yaml:1, namespace default$/);
  expect(stdout.slice(2, 5)).toEqual([
    expect.stringMatching(/^ {2}ok {7}Secret +\d+ ms {2}acme-secret: there, labelled, key client-secret$/),
    expect.stringMatching(/named by spec\.client\.secretRef$/),
    expect.stringMatching(/client-secret: 20 characters$/),
  ]);
  expect([code, stderr]).toEqual([0, []]);

  const asJson = await run(manifests, '--alias', 'acme', '--path', '/users', '--json');
  const examination = JSON.parse(asJson.stdout.join('\n')) as Examination;
  expect(examination).toMatchObject({ version: 1, alias: 'acme', verdict: { code: 'works' } });
  expect(examination.steps.map(({ name }) => name)).toEqual(expect.arrayContaining(['Manifest', 'Secret', 'TCP', 'Token', 'API answer']));
});

it.each<[what: string, manifests: string, verdict: RegExp, mend: RegExp]>([
  [
    'a credential that is not there',
    together(credential, secret).replace('"name":"acme"', '"name":"other"'),
    /There is no OAuth2Credential acme in these files; there is: other\.$/,
    /^Mend: Name one of these by --alias/,
  ],
  ['files without any', secret, /; there is none\.$/, /^Mend: Name the file that has it/],
  [
    'a file that cannot be read',
    `${secret}\n---\nkind: [`,
    /in what can be read of these files: x\.yaml:\d+: document 2: not valid YAML/,
    /^Mend: Mend the files/,
  ],
  [
    'two of the name',
    together(credential, credential.replace('"name":"acme"', '"name":"acme","namespace":"b"'), secret),
    /There are 2 credentials of that name: in x\.yaml:1 \(namespace default\) and x\.yaml:3 \(namespace b\)/,
    /^Mend: Leave all but one/,
  ],
  [
    'a field that does not exist',
    together(credential.replace('"grant"', '"grants"'), secret),
    /The credential acme cannot be used: spec\.grants: .*\.$/,
    /^Mend: .*did you mean grant\?$/i,
  ],
  [
    'a Secret that is not there',
    credential,
    /spec\.client\.secretRef: there is no Secret acme-secret in the namespace default\.$/,
    /^Mend: .*client-secret/,
  ],
  [
    'a Secret without the label',
    together(credential, secret.replace('"true"', '"no"')),
    /the Secret acme-secret has not opted in to serving credentials\.$/,
    /^ {2}kubectl label secret acme-secret tokenward\.dev\/credential=true$/,
  ],
  [
    'a key that is not there',
    together(credential, secret.replace('client-secret":', 'secret":')),
    /has no key client-secret\.$/,
    /^Mend: Set spec\.client\.secretRef\.key: secret/,
  ],
  ['a value that cannot be sent', together(credential, secretManifest({ 'client-secret': 'a\nb' })), /holds a control character/, /^Mend/],
])('says what is wrong before anything is sent: %s', async (_what, manifests, verdict, mend) => {
  const ran = await run(manifests, '--alias', 'acme');
  expect(verdictOf(ran)).toMatch(verdict);
  expect(ran.stdout.some((line) => mend.test(line))).toBe(true);
  expect([ran.code, ran.stderr]).toEqual([1, []]);
});

it('goes on where another credential is broken', async () => {
  const broken = credential.replace('"name":"acme"', '"name":"broken"').replace('"grant"', '"grants"');
  const { stdout } = await run(
    together(broken, credentialManifest({ ...unreachable, tokenEndpoint: { url: 'http://127.0.0.1:1/token' } }), secret),
    '--alias',
    'acme',
  );
  expect(stdout).toContain('Token endpoint');
});

it('shows what is odd about a Secret', async () => {
  const ran = await run(
    together(
      credentialManifest({ ...unreachable, tokenEndpoint: { url: 'http://127.0.0.1:1/token' } }),
      secretManifest({ 'client-secret': ` ${canarySecret('odd')}\n` }),
    ),
    '--alias',
    'acme',
  );
  expect(ran.stdout.find((line) => line.includes('client-secret: '))).toMatch(
    /client-secret: 19 characters; ends in a line break.*; begins or ends with a space$/,
  );
  expect(ran.stdout.find((line) => line.includes('Secret  '))).toMatch(/^ {2}odd/);
  expect(ran.code).toBe(3);
});

it.each([
  [['--alias', 'acme', '--path', 'https://api.acme.example/x'], /^error: --path is what follows upstream\.url/],
  [['--alias', 'acme', '--method', 'G T'], /^error: --method must be an HTTP method/],
  [['--alias', 'A_B'], /^error: option '--alias <name>' argument 'A_B' is invalid\. It must be a DNS label/],
  [[], /^error: required option '--alias <name>' not specified/],
  [['--alias', 'acme', '--probe'], /^error: unknown option '--probe'/],
])('answers a mistake in the arguments with exit code 2: %j', async (args, expected) => {
  const { code, stdout, stderr } = await run(credential, ...args);
  expect(stderr.join('\n')).toMatch(expected);
  expect([code, stdout]).toEqual([2, []]);
});
