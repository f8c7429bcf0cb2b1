import * as fc from 'fast-check';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { systemClock } from '../../crds/clock.ts';
import { tokenward } from '../tokenward.ts';
import { destinationProperties, grantTypes } from './destination-properties.ts';
import { parseProperties } from './parse-properties.ts';
import { serviceKeyProperties } from './service-key-properties.ts';

async function convert(source: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  const code = await tokenward(['convert', '-f', '-'], {
    version: '0.0.0',
    clock: systemClock,
    random: Math.random,
    environment: {},
    print: (line) => stdout.push(line),
    printError: (line) => stderr.push(line),
    readStdin: () => Promise.resolve(Buffer.from(source)),
    openLog: () => pino({ level: 'silent' }),
    untilStopped: () => Promise.resolve(),
  });
  return { code, stdout: stdout.join('\n'), stderr: stderr.join('\n') };
}

const mark = 'v4lue';
const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => mark + text),
  fc.constantFrom(`https://${mark}.example`, `https://${mark}.example/a?b=c`, 'true', 'false', ''),
);
const nameIn = (table: object) =>
  fc.oneof(
    fc.constantFrom(...Object.keys(table).map((name) => name.replace(/\*$/, 'x'))),
    fc.constantFrom('constructor', '__proto__', 'toString', 'unknown', 'tokenserviceurl'),
    fc.string({ maxLength: 5 }),
  );

const destination = fc
  .tuple(fc.dictionary(nameIn(destinationProperties), value, { maxKeys: 20 }), fc.constantFrom(...Object.keys(grantTypes)), fc.boolean())
  .map(([properties, type, isWhole]) => ({
    Authentication: type,
    ...properties,
    // A name is there to be shown.
    Name: 'source',
    ...(isWhole && {
      Authentication: 'OAuth2ClientCredentials',
      Type: 'HTTP',
      ProxyType: 'Internet',
      URL: 'https://api.example',
      tokenServiceURL: 'https://login.example',
      clientId: 'a',
      clientSecret: `${mark}s`,
      tokenServiceURLType: 'Dedicated',
    }),
  }));
const serviceKey = fc
  .dictionary(nameIn(serviceKeyProperties), fc.oneof(value, fc.jsonValue({ maxDepth: 2 })), { maxKeys: 12 })
  .map((key) => ({ clientid: 'a', ...key }));

test('whatever a source holds, manifests or messages come out, and never a value in a message', async () => {
  let converted = 0;
  await fc.assert(
    fc.asyncProperty(fc.oneof(destination, serviceKey, fc.jsonValue()), async (source) => {
      const { code, stdout, stderr } = await convert(JSON.stringify(source));
      expect([0, 1]).toContain(code);
      expect(stdout === '').toBe(code !== 0);
      expect(stderr).not.toContain(mark);
      converted += code === 0 ? 1 : 0;
    }),
    { numRuns: 500 },
  );
  expect(converted).toBeGreaterThan(10);
});

/** As java.util.Properties writes them. */
const store = (properties: Readonly<Record<string, string>>): string =>
  Object.entries(properties)
    .map(([name, text]) => `${escape(name).replaceAll(' ', '\\ ')}=${escape(text).replace(/^ /, '\\ ')}\n`)
    .join('');
const escape = (text: string): string =>
  text.replaceAll(/[\\=:#!]/g, '\\$&').replaceAll(/[^ -~]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

test('what java.util.Properties stores is read back', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), (properties) => {
      const parsed = parseProperties(store(properties));
      expect(parsed.ok && [...parsed.properties]).toEqual(Object.entries(properties));
    }),
  );
});
