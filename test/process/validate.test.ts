import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { canarySecret } from '../support/canary.ts';
import { runTokenward } from '../support/tokenward-process.ts';

const examples = join(import.meta.dirname, '../../examples');
const folder = mkdtempSync(join(tmpdir(), 'tokenward-validate-'));
afterAll(() => rmSync(folder, { recursive: true }));

const secret = `apiVersion: v1
kind: Secret
metadata:
  name: acme
  labels:
    tokenward.dev/credential: "true"
stringData:
  client-secret: ${canarySecret('validate')}
`;

const credential = `apiVersion: tokenward.dev/v1alpha1
kind: OAuth2Credential
metadata:
  name: acme
spec:
  upstream:
    url: https://api.acme.example
  tokenEndpoint:
    url: https://login.acme.example/token
    contentType: application/json
  client:
    id: acme
    secretRef:
      name: acme
  grant:
    scope: '{"a":1}'
`;

async function validate(
  manifest: string,
): Promise<{ readonly code: number | null; readonly lines: readonly string[]; readonly stderr: string }> {
  writeFileSync(join(folder, 'x.yaml'), manifest);
  const { code, stdout, stderr } = await runTokenward(['validate', '-f', 'x.yaml'], { cwd: folder });
  return { code, lines: stdout.trimEnd().split('\n'), stderr };
}

describe('tokenward validate', () => {
  it('finds nothing wrong with the examples', async () => {
    expect(await runTokenward(['validate', '-f', examples])).toMatchObject({
      code: 0,
      stdout: '2 credentials checked: no problems\n',
      stderr: '',
    });
  });

  it('finds nothing wrong with what the other tests are made from', async () => {
    expect(await validate(`${secret}---\n${credential}`)).toEqual({ code: 0, lines: ['1 credential checked: no problems'], stderr: '' });
  });

  it.each([
    ['bad YAML', `${secret}---\n${credential.replace('    id:', '      id:')}`, /^x\.yaml:2\d: document 2: not valid YAML: /],
    [
      'an unknown field',
      `${secret}---\n${credential.replace('  grant:', '  grants:')}`,
      /^x\.yaml:24: document 2, spec\.grants: .*did you mean grant\?/,
    ],
    ['a missing Secret', credential, /^x\.yaml:13: document 1, spec\.client\.secretRef\S*: .*acme.*/],
    [
      'a missing key',
      `${secret.replace('client-secret:', 'secret:')}---\n${credential}`,
      /^x\.yaml:\d+: document 2, spec\.client\.secretRef\S*: .*client-secret/,
    ],
    [
      'a Secret without the label',
      `${secret.replace('"true"', '"no"')}---\n${credential}`,
      /^x\.yaml:\d+: document 2, spec\.client\.secretRef\S*: .*kubectl label/,
    ],
    [
      'a duplicate name',
      `${secret}---\n${credential}---\n${credential}`,
      /^x\.yaml:30: document 3, metadata\.name: .*default\/acme is there already, in x\.yaml:13/,
    ],
    [
      'curly quotes in a scope',
      `${secret}---\n${credential.replace('{"a":1}', '{“a”:1}')}`,
      /^x\.yaml:25: document 2, spec\.grant\.scope: .*quot/,
    ],
    [
      'another version of the kind',
      credential.replace('v1alpha1', 'v1'),
      /^x\.yaml:1: document 1, apiVersion: must be tokenward\.dev\/v1alpha1/,
    ],
    [
      'text that is not base64',
      `${secret.replace('stringData', 'data')}---\n${credential}`,
      /^x\.yaml:8: document 1, data\.client-secret: is not valid base64; plain text goes under stringData$/,
    ],
    [
      'an unquoted yes',
      `${secret}---\n${credential.replace('id: acme', 'id: yes')}`,
      /^x\.yaml:2\d: document 2, spec\.client\.id: .*put it in quotes/,
    ],
    ['a Secret alone', secret, /^x\.yaml: there is no OAuth2Credential here$/],
    ['an empty file', '', /^x\.yaml: the file is empty$/],
  ])('says in one line what is wrong, where, and how to mend it: %s', async (_what, manifest, expected) => {
    const { code, lines, stderr } = await validate(manifest);
    expect(lines[0]).toMatch(expected);
    expect(lines.at(-1)).toMatch(/^\d credentials? checked: 1 problem$/);
    expect(lines).toHaveLength(2);
    expect([code, stderr]).toEqual([1, '']);
  });

  it('reports all problems of all files at once', async () => {
    const { code, lines } = await validate(
      `${credential.replace('  grant:', '  grants:')}---\nkind: [\n---\n${credential.replaceAll('acme\n', 'other\n').replace('id: other', 'id: 5')}`,
    );
    expect(lines.slice(0, -1).map((line) => line.split(': ').slice(0, 2).join(': '))).toEqual([
      'x.yaml:19: document 2',
      'x.yaml:15: document 1, spec.grants',
      expect.stringMatching(/^x\.yaml:\d+: document 3, spec\.client\.id/),
    ]);
    expect(code).toBe(1);
  });

  it('warns, and finds no problem, where a value ends in a newline', async () => {
    const { code, lines } = await validate(`${secret.replace(/client-secret: (.*)\n/, 'client-secret: |\n    $1\n')}---\n${credential}`);
    expect(lines[0]).toMatch(/^x\.yaml:\d+: warning: document 2, spec\.client\.secretRef: .*line break/);
    expect(lines[1]).toBe('1 credential checked: no problems, 1 warning');
    expect(code).toBe(0);
  });

  it('lets other kinds pass, and says how many', async () => {
    const { code, lines } = await validate(`${secret}---\n${credential}---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n`);
    expect(lines).toEqual(['1 credential checked: no problems, 1 object of other kinds ignored']);
    expect(code).toBe(0);
  });

  it('reads standard input', async () => {
    const { code, stdout } = await runTokenward(['validate', '-f', '-'], { input: credential });
    expect(stdout).toMatch(/^\(stdin\):13: document 1, spec\.client\.secretRef/);
    expect(code).toBe(1);
  });
});

describe('the command line', () => {
  it.each([
    [['validate', '-f', 'x', '--strict'], /^error: unknown option '--strict'\n$/],
    [['validate'], /^error: required option '-f, --filename <path>' not specified\n$/],
    [['vaildate', '-f', 'x'], /^error: unknown command 'vaildate'\n\(Did you mean validate\?\)\n$/],
    [
      ['run', '-f', 'x', '--proxy-port', '70000'],
      /^error: option '--proxy-port <port>' argument '70000' is invalid\. It must be a port, 0 to 65535\.\n$/,
    ],
    [['run', '-f', 'x', '--proxy-port', '8080', '--admin-port', '8080'], /^error: --proxy-port and --admin-port must differ\n$/],
    [['convert', '-f', 'x', '--name', 'A_B'], /^error: option '--name <name>' argument 'A_B' is invalid\. It must be a DNS label/],
    [
      ['convert', '-f', 'x', '--from-file', 'x'],
      /^error: option '--from-file <key=file>' argument 'x' is invalid\. It must be a key and a file/,
    ],
    [['run', '-f', '-'], /^error: run reads its files again when they change, and - can be read only once\n$/],
  ])('answers a mistake in the arguments with exit code 2 and what is wrong: %j', async (args, expected) => {
    const { code, stdout, stderr } = await runTokenward(args);
    expect(stderr).toMatch(expected);
    expect([code, stdout]).toEqual([2, '']);
  });

  it.each([['--help'], ['run', '--help'], ['validate', '--help'], ['doctor', '--help'], ['convert', '--help'], ['help', 'run']])(
    'explains itself: %s %s',
    async (...args) => {
      const { code, stdout, stderr } = await runTokenward(args.filter((arg) => typeof arg === 'string'));
      expect(stdout).toMatch(/^Usage: tokenward/);
      expect([code, stderr]).toEqual([0, '']);
    },
  );

  it.each([['--version'], ['run', '--version'], ['validate', '--version'], ['doctor', '--version'], ['convert', '--version']])(
    'tells its version: %s %s',
    async (...args) => {
      const { code, stdout } = await runTokenward(args.filter((arg) => typeof arg === 'string'));
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
    },
  );

  it('shows a mistake of ours as one line, and its stack only where one asks for it', async () => {
    const nodeArgs = ['--import', 'data:text/javascript,process.stdout.write=()=>{throw new Error("a bug")}'];
    const { code, stderr } = await runTokenward(['validate', '-f', examples], { nodeArgs });
    expect([code, stderr]).toEqual([70, 'tokenward: unexpected error: Error: a bug; TOKENWARD_DEBUG=1 prints where it comes from\n']);
    const debugged = await runTokenward(['validate', '-f', examples], { nodeArgs, env: { TOKENWARD_DEBUG: '1' } });
    expect(debugged.stderr).toMatch(/^Error: a bug\n {4}at /);
  });
});
