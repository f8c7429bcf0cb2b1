import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import * as z from 'zod';
import { checkManifests } from '../../cli/check-manifests.ts';
import { destinationProperties, grantTypes } from '../../cli/convert/destination-properties.ts';
import { findManifestFiles, readManifestFiles } from '../../cli/manifests/read-manifest-files.ts';
import { crdVersionAnnotation } from '../../crds/build-crd.ts';
import { credentialSpec } from '../../crds/oauth2-credential.ts';
import { parseCredential } from '../../crds/parse-credential.ts';
import * as naming from '../../operator/naming.ts';
import { exposedMetrics } from '../support/exposed-metrics.ts';

const root = new URL('../../', import.meta.url).pathname;
const pages = await readPages();
const sources = await collect(['{crds,sidecar,doctor,cli,operator,demo,test,images}/**/*.ts']);

test('the documentation is found', () => {
  expect(pages.map(({ path }) => path)).toEqual(expect.arrayContaining(['README.md', 'docs/sap.md', 'docs/guides/laptop.md']));
});

test('the examples are valid as they stand', async () => {
  const { credentials, problems, warnings } = checkManifests(
    await readManifestFiles(await findManifestFiles([join(root, 'examples')])),
    Date.now(),
  );
  expect({ credentials, problems, warnings }).toEqual({ credentials: 2, problems: [], warnings: [] });
});

test('every manifest in the documentation is valid', () => {
  const blocks = pages.flatMap(({ path, text }) => [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => ({ path, yaml })));
  const documents = blocks.flatMap(({ path, yaml }) =>
    parseAllDocuments(yaml).map((document) => ({ path, errors: document.errors, value: document.toJS() })),
  );
  expect(documents.filter(({ errors }) => errors.length > 0)).toEqual([]);
  const credentials = documents.filter(({ value }) => value?.kind === 'OAuth2Credential');
  expect(credentials.length).toBeGreaterThan(2);
  expect(credentials.map(({ path, value }) => ({ path, result: parseCredential(value) })).filter(({ result }) => !result.ok)).toEqual([]);

  const complete = blocks.filter(({ yaml }) => yaml.includes('kind: OAuth2Credential') && yaml.includes('kind: Secret'));
  expect(complete.length).toBeGreaterThan(0);
  expect(
    complete.flatMap(({ path, yaml }) => checkManifests({ texts: [{ file: path, text: yaml }], problems: [] }, Date.now()).problems),
  ).toEqual([]);
});

/** As SAP Help names them: Deploying an OAuth2 Client Credentials Artifact, Deploying an OAuth2 SAML Bearer Assertion. */
const artifacts = {
  'OAuth2 Client Credentials':
    'Name, Grant Type, Description, Token Service URL, Client ID, Client Secret, Client Authentication, Include Scope, Scope, Content Type' +
    ', Resource, Audience, Custom Parameters',
  'OAuth2 SAML Bearer Assertion':
    'Name, Grant Type, Description, Audience, Client Key, Token Service URL, Target System Type, Company ID, User ID, Additional Properties' +
    ', Key Pair Alias, Token Service User, Token Service Password',
};

test.each(Object.entries(artifacts))("docs/sap.md has a row for each field of SAP's %s", (title, list) => {
  const rows = rowsBelow('docs/sap.md', title);
  expect(list.split(', ').filter((field) => !rows.some(([first = '']) => first.split(/:| \(/)[0] === field))).toEqual([]);
});

test('docs/sap.md says of each property of a destination what it becomes, or that it is not supported', () => {
  const rows = rowsBelow('docs/sap.md', 'Destinations');
  const said = new Map(rows.flatMap(([names = '', ours = '']) => [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => [name, ours])));
  const wrong = Object.entries(destinationProperties).filter(([name, rule]) => {
    const ours = said.get(name);
    return ours === undefined || 'to' in rule === /^not (?:supported|needed): /.test(ours);
  });
  // Every assertion says the one value that can be said.
  expect(wrong.map(([name]) => name)).toEqual(['authnContextClassRef']);
  expect(Object.keys(grantTypes).filter((type) => !said.has(type))).toEqual([]);
});

test('docs/guides/grants.md has a row for each grant and each authentication, and a manifest that a test serves', async () => {
  const cells = (title: string) => new Set(rowsBelow('docs/guides/grants.md', title).map(([first = '']) => first.replaceAll('`', '')));
  const { client, grant } = credentialSpec.shape;
  expect(cells('Grants')).toEqual(new Set(['grant.type', ...enumOf(grant, 'type')]));
  expect(cells('Authentications')).toEqual(new Set(['client.authentication', ...enumOf(client, 'authentication')]));
  const named = [...textOf('docs/guides/grants.md').matchAll(/examples\/([\w/-]+\.yaml)/g)].map(([, file]) => file);
  expect(new Set(named)).toEqual(new Set(await Array.fromAsync(glob('**/*.yaml', { cwd: join(root, 'examples') }))));
});

test('every field of a client, a grant and the injection is in an example, which a test serves', async () => {
  const used = new Set<string>();
  for await (const file of glob('examples/**/*.yaml', { cwd: root })) {
    const documents = parseAllDocuments(await readFile(join(root, file), 'utf8')).map((document) => document.toJS());
    for (const { kind, spec } of documents) if (kind === 'OAuth2Credential') addPaths(spec, '', used);
  }
  const { client, grant, injection } = credentialSpec.shape;
  const fields = Object.entries({ client, grant, injection }).flatMap(([name, schema]) =>
    pathsOf(z.toJSONSchema(schema, { io: 'input' }), name),
  );
  expect(fields.length).toBeGreaterThan(50);
  // It is read as the subject's is, which has one.
  expect(fields.filter((field) => !used.has(field))).toEqual(['grant.tokenExchange.actorTokenRef']);
});

test('every link within the documentation leads somewhere', () => {
  const links = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ path, target })).filter(({ target }) => !/^[a-z]+:/.test(target)),
  );
  expect(links.length).toBeGreaterThan(20);
  expect(links.filter(({ path, target }) => !existsSync(join(root, dirname(path), target.replace(/#.*/, ''))))).toEqual([]);
});

test('every source file that the documentation names exists', () => {
  const named = pages.flatMap(({ path, text }) => [...text.matchAll(/`([\w./-]+\.ts)`/g)].map(([, file = '']) => ({ path, file })));
  const names = new Set(sources.map((source) => basename(source)));
  expect(named.filter(({ file }) => (file.includes('/') ? !sources.includes(file) : !names.has(file)))).toEqual([]);
});

test('every make target and npm script that is named exists', async () => {
  const makefile = await readFile(join(root, 'Makefile'), 'utf8');
  const scripts = Object.keys(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')).scripts);
  const targets = new Set([...makefile.matchAll(/^([a-z-]+):/gm)].map(([, target]) => target));
  const texts = [...pages.map(({ text }) => text), makefile];
  const named = (command: RegExp) => new Set(texts.flatMap((text) => [...text.matchAll(command)].map(([, name]) => name)));
  expect([...named(/(?:`|\$ )make ([a-z-]+)/g)].filter((target) => !targets.has(target))).toEqual([]);
  expect([...named(/npm run ([a-z:]+)/g)].filter((script) => !scripts.includes(script ?? ''))).toEqual([]);
});

test('every value of the chart that the documentation names or sets exists', async () => {
  const values: unknown = parse(await readFile(join(root, 'charts/tokenward/values.yaml'), 'utf8'));
  const table = /## Values that matter\n(.*?)\n## /s.exec(textOf('docs/guides/platform.md'))?.[1] ?? '';
  const firstCells = [...table.matchAll(/^\| (`[^|]+`) \|/gm)].map(([, cell = '']) => cell);
  const named = firstCells.flatMap((cell) => [...cell.matchAll(/`([\w.]+)`/g)].map(([, name = '']) => name));
  const set = pages.flatMap(({ text }) => [...text.matchAll(/--set '?([\w.]+)=/g)].map(([, name = '']) => name));
  expect(named.length).toBeGreaterThan(5);
  expect(set.length).toBeGreaterThan(2);
  expect([...named, ...set].filter((name) => !hasValue(values, name.split('.')))).toEqual([]);
});

test('every label and annotation of ours that the documentation names exists', () => {
  const { podAnnotations, ...others } = naming;
  const ours = [...Object.values(others), ...Object.values(podAnnotations), crdVersionAnnotation];
  const known = new Set(ours.filter((name) => typeof name === 'string'));
  const named = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\btokenward\\?\.dev\/([a-z\d]+(?:-[a-z\d]+)*)/g)].map(([, name = '']) => ({
      path,
      name: `${naming.group}/${name}`,
    })),
  );
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter(({ name }) => !known.has(name))).toEqual([]);
});

test('the errors in the guide for workload teams have rows in docs/errors.md', () => {
  const all = new Set([...textOf('docs/errors.md').matchAll(/^\| (\d+) \| (`\w+`)/gm)].map(([, status, code]) => `${status} ${code}`));
  const named = [...textOf('docs/guides/workload.md').matchAll(/\b[45]\d\d `\w+`/g)].map(([name]) => name);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !all.has(name))).toEqual([]);
});

test('every line of the threat model says what holds it', () => {
  const table = /## Threat model\n(.*?)\n## /s.exec(textOf('SECURITY.md'))?.[1] ?? '';
  const rows = table.split('\n').filter((line) => line.startsWith('| '));
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.slice(1).filter((row) => !/ \| (?:[^|]*\]\([^|]*|nothing; [^|]*) \|$/.test(row))).toEqual([]);
});

test('docs/metrics.md has one row for each metric that is exposed, with its type and its labels', async () => {
  const rows = [...textOf('docs/metrics.md').matchAll(/^\| `(tokenward_\w+)` \| (\w+) \| ([^|]*)\|/gm)];
  const documented = rows.map(([, name, type, labels = '']) => ({
    name,
    type,
    labels: new Set([...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label)),
  }));
  const exposed = await exposedMetrics();
  expect(exposed.filter(({ samples }) => samples === 0)).toEqual([]);
  const byName = <T extends { name?: string | undefined }>(list: readonly T[]): T[] =>
    list.toSorted((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1));
  expect(byName(documented)).toEqual(byName(exposed.map(({ name, type, labels }) => ({ name, type, labels: new Set(labels) }))));
});

/** The cells of all tables between a heading and the next. */
function rowsBelow(page: string, title: string): string[][] {
  const section =
    textOf(page)
      .split(/^## /m)
      .find((text) => text.startsWith(`${title}\n`)) ?? '';
  return [...section.matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) => row.split(' | '));
}

/** Of all fields within a value, those of a list's items once. */
function addPaths(value: unknown, path: string, found: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) addPaths(item, path, found);
  else if (typeof value !== 'object' || value === null) return;
  else {
    for (const [name, inner] of Object.entries(value)) {
      const field = path === '' ? name : `${path}.${name}`;
      found.add(field);
      addPaths(inner, field, found);
    }
  }
}

/** The same of a schema. What a reference consists of is always the same. */
function pathsOf({ properties = {}, items }: z.core.JSONSchema.BaseSchema, path: string): string[] {
  if (typeof items === 'object' && !Array.isArray(items)) return pathsOf(items, path);
  return Object.entries(properties).flatMap(([name, inner]) => {
    const field = `${path}.${name}`;
    return typeof inner === 'object' && !name.endsWith('Ref') ? [field, ...pathsOf(inner, field)] : [field];
  });
}

/** The values that a field may have, by the schema of the API. */
function enumOf(schema: z.ZodType, field: string): string[] {
  const { properties } = z.toJSONSchema(schema, { io: 'input' });
  const property = properties?.[field];
  return typeof property === 'object' ? (property.enum ?? []).map(String) : [];
}

/** Of a page that is there. */
function textOf(page: string): string {
  return pages.find(({ path }) => path === page)?.text ?? '';
}

function hasValue(values: unknown, [first, ...rest]: readonly string[]): boolean {
  if (first === undefined) return true;
  return typeof values === 'object' && values !== null && first in values && hasValue(Reflect.get(values, first), rest);
}

async function readPages(): Promise<{ path: string; text: string }[]> {
  const paths = await collect(['*.md', 'docs/**/*.md', 'examples/README.md', 'test/**/README.md']);
  return Promise.all(paths.map(async (path) => ({ path, text: await readFile(join(root, path), 'utf8') })));
}

async function collect(patterns: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const path of glob(patterns, { cwd: root })) if (!path.includes('node_modules')) found.push(path);
  return found.sort();
}
