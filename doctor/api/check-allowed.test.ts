import { expect, it } from 'vitest';
import { parseSidecarConfig } from '../../crds/parse-sidecar-config.ts';
import { Sensitive } from '../../crds/sensitive.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { configOf, credentialManifest, secretManifest } from '../../test/support/manifest.ts';
import { canarySecret } from '../../test/support/canary.ts';
import { testConfig } from '../../test/support/sidecar-config.ts';
import { applyChanges } from '../apply-changes.ts';
import { parseApiCall } from './api-call.ts';
import { checkAllowed } from './check-allowed.ts';

function configWith(allow: NonNullable<SidecarConfig['upstream']['allow']> | undefined): SidecarConfig {
  const upstream = { url: 'https://api.example/v1', ...(allow && { allow }) };
  const parsed = parseSidecarConfig(new Sensitive(JSON.stringify(testConfig({ upstream, tokenEndpoint: 'https://login.example/token' }))));
  if (!parsed.ok || 'invalid' in parsed.config) throw new Error('not a configuration');
  return parsed.config;
}

const users = [{ methods: ['GET'], paths: ['/users/**'] }];

it('lets a call pass that the sidecar would pass on', () => {
  for (const allow of [undefined, users]) {
    expect(checkAllowed({ method: 'GET', path: '/users/1?x=1' }, configWith(allow))).toEqual({
      ok: true,
      value: { method: 'GET', path: '/users/1?x=1' },
    });
  }
});

it.each(['/orders/1', '/a b', '/it\'s/"1"', '/100*', '/x/**', '/a%2Ab/[1]', '/ü'])(
  'proposes a rule that permits %j, and a manifest may have it',
  (text) => {
    const path = text.replaceAll(' ', '%20').replaceAll('ü', '%C3%BC');
    const config = configWith(users);
    const checked = checkAllowed({ method: 'POST', path }, config);
    if (checked.ok || checked.verdict.mend?.kind !== 'manifest') throw new Error('it was not refused');
    expect(checked.verdict).toMatchObject({
      code: 'call_not_allowed',
      failure: 'not_allowed',
      sentence: expect.stringMatching(/^upstream\.allow has no rule for POST on .* the API api\.example\.$/),
    });
    const { changes } = checked.verdict.mend;
    expect(checkAllowed({ method: 'POST', path }, applyChanges(config, changes))).toMatchObject({ ok: true });
    expect(checkAllowed({ method: 'POST', path: `${path}x` }, applyChanges(config, changes)).ok).toBe(false);
    const upstream = { url: 'https://api.example/v1', allow: [...users, changes[0]?.value] };
    const manifest = credentialManifest({ upstream, tokenEndpoint: { url: 'https://login.example/token' } });
    expect(configOf(manifest, secretManifest({ 'client-secret': canarySecret('allow') })).upstream.allow).toHaveLength(2);
  },
);

it('chooses a path that is permitted where none is named', () => {
  expect(checkAllowed({ method: 'GET' }, configWith(undefined))).toEqual({ ok: true, value: { method: 'GET' } });
  expect(checkAllowed({ method: 'GET' }, configWith([{ paths: ['/a/*', '/b', '/c'] }]))).toEqual({
    ok: true,
    value: { method: 'GET', path: '/b' },
  });
  expect(checkAllowed({ method: 'GET' }, configWith([{ methods: ['POST'], paths: ['/b'] }]))).toEqual({ ok: true, value: undefined });
});

it.each([
  ['TRACE', '/users/1', 'not_allowed'],
  ['GET', '/users/../x', 'invalid_path'],
  ['GET', '/users/%2e%2e/x', 'invalid_path'],
])('refuses what the sidecar refuses of any credential: %s %s', (method, path, failure) => {
  expect(checkAllowed({ method, path }, configWith(undefined))).toMatchObject({ ok: false, verdict: { failure } });
});

it.each([
  ['get', '/x', { ok: true, call: { method: 'GET', path: '/x' } }],
  ['GET', 'x?y', { ok: true, call: { method: 'GET', path: '/x?y' } }],
  ['GET', '', { ok: true, call: { method: 'GET' } }],
  ['GET', undefined, { ok: true, call: { method: 'GET' } }],
  ['G T', '/x', { ok: false, message: expect.stringMatching(/^--method/) }],
  ['GET', 'https://api.example/x', { ok: false, message: expect.stringMatching(/^--path is what follows upstream\.url/) }],
  ['GET', '/a b', { ok: false, message: expect.stringMatching(/percent-encoded/) }],
  ['GET', '/a#b', { ok: false, message: expect.stringMatching(/percent-encoded/) }],
])('reads a call from a command line: %s %s', (method, path, expected) => {
  expect(parseApiCall(method, path)).toEqual(expected);
});
