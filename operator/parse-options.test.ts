import { expect, test } from 'vitest';
import { parseOptions, usage } from './parse-options.ts';

const least = ['--namespace', 'tokenward', '--instance', 'operator-0'];
const parse = (...args: readonly string[]) => {
  const parsed = parseOptions([...least, ...args]);
  return parsed.ok ? parsed.options : parsed.message;
};

test('the least that works watches all namespaces and has no webhook', () => {
  expect(parse()).toMatchObject({
    namespace: 'tokenward',
    instance: 'operator-0',
    leaseName: 'tokenward-operator',
    watchNamespaces: [],
    healthPort: 8081,
    healthHost: undefined,
    logLevel: 'info',
    webhook: undefined,
    webhookLingerMs: 5000,
  });
});

test('namespaces are listed with commas, each once', () => {
  expect(parse('--watch-namespaces', 'hr, iot,hr,')).toMatchObject({ watchNamespaces: ['hr', 'iot'] });
});

test("certificates are someone else's, or the operator's own", () => {
  expect(parse('--settings', 's.json', '--certificate-dir', '/certs')).toMatchObject({
    webhook: { settingsFile: 's.json', port: 8443, certificates: { kind: 'directory', directory: '/certs' } },
  });
  const own = ['--certificate-secret', 'c', '--webhook-configuration', 'w', '--webhook-service', 's'];
  expect(parse('--settings', 's.json', ...own)).toMatchObject({
    webhook: { certificates: { kind: 'built-in', secretName: 'c', webhookConfiguration: 'w', service: 's' } },
  });
});

test.each([
  [['--namespace', 'a/b'], '--namespace must be the name of an object, not "a/b"'],
  [['--watch-namespaces', 'hr,../x'], '--watch-namespaces must be the name of an object, not "../x"'],
  [['--health-port', '70000'], '--health-port must be a whole number from 0 to 65535, not 70000'],
  [['--log-level', 'loud'], '--log-level must be one of trace, debug, info, warn, error, fatal, silent'],
  [['--settings', 's.json'], '--certificate-secret is missing'],
])('refused with the reason: %j', (args, message) => {
  expect(parse(...args)).toBe(message);
});

test('what is missing is named, and so is what does not exist', () => {
  expect(parseOptions([])).toEqual({ ok: false, message: '--namespace is missing' });
  expect(parse('--nonsense')).toContain("'--nonsense'");
});

test('the usage names every option', () => {
  for (const option of ['settings', 'webhook-port', 'webhook-linger-seconds', 'certificate-dir', 'lease-name'])
    expect(usage).toContain(`--${option} `);
});
