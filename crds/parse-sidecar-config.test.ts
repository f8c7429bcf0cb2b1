import { expect, test } from 'vitest';
import { parseSidecarConfig } from './parse-sidecar-config.ts';
import { renderInvalid } from './render/render-credential.ts';
import { Sensitive } from './sensitive.ts';

const reasonOf = (json: unknown) => {
  const parsed = parseSidecarConfig(new Sensitive(typeof json === 'string' ? json : JSON.stringify(json)));
  return parsed.ok ? undefined : parsed.reason;
};

const least = {
  version: 1,
  upstream: { url: 'https://a.example' },
  tokenEndpoint: { url: 'https://b.example/token' },
  client: { id: 'acme', secret: 's3cr3t' },
};

test('the least that works gets the defaults, and its secret is sealed', () => {
  const parsed = parseSidecarConfig(new Sensitive(JSON.stringify(least)));
  expect(parsed).toMatchObject({
    ok: true,
    config: { tokenEndpoint: { method: 'POST', timeoutSeconds: 10 }, client: { authentication: 'ClientSecretBasic' } },
  });
  expect(JSON.stringify(parsed)).not.toContain('s3cr3t');
});

test('a credential that was never valid brings its reason', () => {
  expect(parseSidecarConfig(renderInvalid('spec.client.id: is required'))).toEqual({
    ok: true,
    config: { version: 1, invalid: 'spec.client.id: is required' },
  });
});

test('an unknown field is refused by name, wherever it is', () => {
  expect(reasonOf({ ...least, client: { ...least.client, kid: 'k' } })).toBe('client: unknown field kid (written for a newer sidecar?)');
  expect(reasonOf({ version: 1, invalid: 'x', hint: 'y' })).toBe('unknown field hint (written for a newer sidecar?)');
});

test('another version, a wrong type and a missing part are refused by path', () => {
  expect(reasonOf({ ...least, version: 2 })).toBe('version: not one of 1');
  expect(reasonOf({ ...least, client: { id: 7 } })).toBe('client.id: not of type string, or missing');
  expect(reasonOf({ ...least, upstream: undefined })).toBe('upstream: not of type object, or missing');
  expect(reasonOf({ ...least, upstream: { url: 'https://a.example', connectTimeoutSeconds: -1 } })).toBe(
    'upstream.connectTimeoutSeconds: not valid (too_small)',
  );
});

test('a file that is none is not called broken JSON', () => {
  expect(reasonOf('')).toBe('the file is empty, too large, or cannot be read');
  expect(reasonOf('{')).toBe('the file is not JSON');
});

test.each(['', '{"client":{"secret":"s3cr3t', 's3cr3t', 'null', '"s3cr3t"', '[]'])(
  'what is wrong with %s is said without quoting it',
  (text) => {
    const reason = reasonOf(text);
    expect(reason).toBeDefined();
    expect(reason).not.toContain('s3cr3t');
  },
);
