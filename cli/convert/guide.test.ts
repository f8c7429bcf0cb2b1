import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { certificateSources, sapSources } from '../../test/support/sap-sources.ts';
import { destinationProperties, grantTypes, unsupportedTypes } from './destination-properties.ts';
import { normalised } from './destination.ts';
import { type PropertyRule, type PropertyTable, ruleFor } from './property-table.ts';
import { readSources } from './read-sources.ts';
import { serviceKeyProperties } from './service-key-properties.ts';

const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/convert.md'), 'utf8');

function cell(rule: PropertyRule): string {
  if ('to' in rule) return `${rule.to}${rule.of === undefined ? '' : ` (\`${rule.of}\`)`}`;
  return 'unneeded' in rule ? `not needed: ${rule.unneeded}` : `not carried over: ${rule.unsupported}`;
}

const rows = (table: PropertyTable): string =>
  Object.entries(table)
    .map(([name, rule]) => `| \`${name}\` | ${cell(rule)} |\n`)
    .join('');

describe('docs/guides/convert.md', () => {
  test.each([
    ['destination', rows(destinationProperties)],
    ['service key', rows(serviceKeyProperties)],
    [
      'types that are converted',
      Object.entries(grantTypes)
        .map(([type, grant]) => `| \`${type}\` | \`type: ${grant}\` |\n`)
        .join(''),
    ],
    [
      'types that are left out',
      Object.entries(unsupportedTypes)
        .map(([type, why]) => `| \`${type}\` | left out: it ${why} |\n`)
        .join(''),
    ],
  ])('has exactly the rows of the table that decides: %s', (_what, expected) => {
    const tables = guide.match(/(?:^\|.*\|\n)+/gm) ?? [];
    expect(tables.map((table) => table.replace(/^.*\n.*\n/, ''))).toContainEqual(expect.stringContaining(expected));
  });
});

/** SAP Help Portal, SAP BTP Connectivity, HTTP destinations: the pages of the types with OAuth 2.0. */
const documented = `
  Name Type URL ProxyType Authentication Description clientId clientSecret tokenServiceURL tokenServiceURLType tokenServiceUser
  tokenServicePassword scope User Password clientKey audience tokenServiceURL.headers.X-A tokenServiceURL.queries.a
  tokenService.body.a URL.headers.X-A URL.queries.a tokenServiceURL.ConnectionTimeoutInSeconds
  tokenServiceURL.SocketReadTimeoutInSeconds tokenService.KeyStoreLocation tokenService.KeyStorePassword
  tokenService.addClientCredentialsInBody clientAssertion.type clientAssertion.destinationName KeyStoreLocation KeyStorePassword
  SystemUser authnContextClassRef nameQualifier companyId assertionIssuer assertionRecipient nameIdFormat userIdSource apiKey
  x_user_token.jwks x_user_token.jwks_uri skipUserAttributesPrefixInSAMLAttributes TrustStoreLocation TrustStorePassword TrustAll
  HostnameVerifier CloudConnectorLocationId HTML5.DynamicDestination HTML5.ForwardAuthToken WebIDEEnabled WebIDEUsage sap-client
`
  .trim()
  .split(/\s+/);

describe('the table of properties', () => {
  test.each(documented)('knows what SAP documents for OAuth 2.0 destinations: %s', (name) => {
    expect(ruleFor(name, destinationProperties)).toBeDefined();
  });

  test('carries over every property of the corpus, or says why not', () => {
    const places = { login: 'https://login.acme.example', api: 'https://api.acme.example' };
    const sources = [...sapSources, ...certificateSources({ certificate: '', key: '' })];
    const read = sources.flatMap(({ file, text }) => readSources({ file, text: text(places) }).sources);
    const destinations = read.flatMap((source) => (source.kind === 'destination' ? [source.destination] : []));
    expect(destinations.length).toBeGreaterThan(10);
    const names = destinations.flatMap(({ properties }) => [...normalised(properties).keys()]);
    expect(names.filter((name) => ruleFor(name, destinationProperties) === undefined)).toEqual([]);
  });
});
