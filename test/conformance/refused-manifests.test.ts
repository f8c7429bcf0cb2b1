import { describe, expect, it } from 'vitest';
import { parseCredential } from '../../crds/parse-credential.ts';
import { askForToken } from '../support/ask-for-token.ts';
import { check, configOf, credentialManifest, secretManifest } from '../support/manifest.ts';
import { headerValue } from '../support/read-requests.ts';

const url = 'https://acme.example/token';
const secret = secretManifest({ 'client-secret': 's3cr3t' });

/** What `validate` says of a credential whose Secret is in order. */
function problemsOf(tokenEndpoint: Readonly<Record<string, unknown>>, grant: Readonly<Record<string, unknown>> = {}) {
  const { problems, rendered } = check(credentialManifest({ tokenEndpoint: { url, ...tokenEndpoint }, grant }), secret);
  // Nothing is rendered, so nothing can be sent.
  expect(rendered).toEqual([]);
  return problems;
}

describe('part A: what is refused before anything is sent', () => {
  it.each([
    ['\u201cuserId\u201d', 'U+201C', 1],
    ['"userId\u201d', 'U+201D', 8],
    ['\u2018userId"', 'U+2018', 1],
    ['"\u{1f600}": "\u2019"', 'U+2019', 7],
  ])('A5 a scope {%s… under JSON names %s and its offset %i', (name, codePoint, offset) => {
    const [problem, ...others] = problemsOf({ contentType: 'application/json' }, { scope: `{${name}:"u1"}` });
    expect(others).toEqual([]);
    expect(problem?.path).toBe('spec.grant.scope');
    expect(problem?.message).toContain(`${codePoint} at offset ${offset}`);
  });

  it.each(['{"userId":"u1"', '{userId:"u1"}', '[1,', '{"a":1} x'])('A5 the broken JSON %s is refused under JSON', (scope) => {
    const [problem, ...others] = problemsOf({ contentType: 'application/json' }, { scope });
    expect(others).toEqual([]);
    expect(problem?.path).toBe('spec.grant.scope');
    expect(problem?.message).toMatch(/begins like JSON and is not: .* at offset \d+/);
  });

  it('A5 both are conditions Accepted=False of the credential', () => {
    const parse = (scope: string) =>
      parseCredential(JSON.parse(credentialManifest({ tokenEndpoint: { url, contentType: 'application/json' }, grant: { scope } })));
    for (const scope of ['{\u201ca\u201d:1}', '{"a":']) {
      expect(parse(scope)).toMatchObject({ ok: false, problems: [{ condition: 'Accepted', reason: 'InvalidScope' }] });
    }
  });

  it('A5 a form may carry both: no server will parse it', () => {
    const parts = { tokenEndpoint: { url }, grant: { scope: '{\u201ca\u201d' } };
    expect(configOf(credentialManifest(parts), secret).grant.scope).toBe('{\u201ca\u201d');
  });

  const parameters = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `p${index}`, value: 'v' }));

  it.each([
    ['21 parameters', parameters(21), /^spec\.tokenEndpoint\.parameters$/],
    ['an empty name', [{ name: '', value: 'v' }], /parameters\[0\]\.name$/],
    ['a blank name', [{ name: ' ', value: 'v' }], /parameters\[0\]\.name$/],
    ['a name of 1025 characters', [{ name: 'n'.repeat(1025), value: 'v' }], /parameters\[0\]\.name$/],
    ['a value of 1025 characters', [{ name: 'n', value: 'v'.repeat(1025) }], /parameters\[0\]\.value$/],
    ['an exact duplicate', [...parameters(2), ...parameters(1)], /parameters/],
    ['the name client_secret', [{ name: 'client_secret', value: 'v' }], /parameters$/],
    ['the name grant_type', [{ name: 'grant_type', value: 'v', in: 'Query' }], /parameters$/],
  ])('A14 %s: refused', (_name, list, path) => {
    const problems = problemsOf({ parameters: list });
    expect(problems.map((problem) => problem.path)).toEqual([expect.stringMatching(path)]);
  });

  it('A14 as many and as long as is allowed: sent', async () => {
    const longest = { name: 'n'.repeat(1024), value: 'v'.repeat(1024) };
    const { request } = await askForToken({ tokenEndpoint: { parameters: [longest, { ...longest, value: 'w' }, ...parameters(18)] } });
    expect([...new URLSearchParams(request.body.toString('utf8')).keys()]).toHaveLength(21);
  });

  it.each([
    ['a newline', 's3cr3t\n'],
    ['a carriage return and a newline', 's3cr3t\r\n'],
  ])('A18 a secret that ends in %s: a warning, and it is sent without', async (_name, stored) => {
    const { problems, warnings } = check(credentialManifest({ tokenEndpoint: { url } }), secretManifest({ 'client-secret': stored }));
    expect(problems).toEqual([]);
    expect(warnings.map(({ path, message }) => `${path} ${message}`)).toEqual([expect.stringMatching(/client\.secretRef .*line break/)]);

    const basic = await askForToken({ secret: stored });
    expect(headerValue(basic.request, 'authorization')).toBe('Basic YWNtZTpzM2NyM3Q=');
    const post = await askForToken({ secret: stored, client: { authentication: 'ClientSecretPost' } });
    expect(post.request.body.toString('utf8')).toBe('grant_type=client_credentials&client_id=acme&client_secret=s3cr3t');
  });

  it.each([
    ['a NUL', 's3c\0r3t'],
    ['a newline inside', 's3c\nr3t'],
    ['two newlines at its end', 's3cr3t\n\n'],
    ['an escape', '\u001bs3cr3t'],
  ])('A18 a secret with %s: refused, without quoting it', (_name, stored) => {
    const { problems, rendered } = check(credentialManifest({ tokenEndpoint: { url } }), secretManifest({ 'client-secret': stored }));
    expect(rendered).toEqual([]);
    expect(problems.map(({ path }) => path)).toEqual(['spec.client.secretRef']);
    expect(JSON.stringify(problems)).not.toMatch(/s3c|r3t/);
  });

  it('A18 a header parameter that a header cannot carry: refused', () => {
    const list = [{ name: 'X-Key', in: 'Header', secretKeyRef: { name: 'acme-secret', key: 'extra' } }];
    const manifest = credentialManifest({ tokenEndpoint: { url, parameters: list } });
    const { problems } = check(manifest, secretManifest({ 'client-secret': 's3cr3t', extra: 'a\nb' }));
    expect(problems.map(({ path }) => path)).toEqual(['spec.tokenEndpoint.parameters[0].secretKeyRef']);
  });
});
