import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseCredential } from '../../crds/parse-credential.ts';
import { buildGoProgram } from '../support/build-go-program.ts';
import { requireTool } from '../support/require-tool.ts';
import { credentialCorpus, type CorpusEntry } from './credential-corpus.ts';
import { grantCorpus } from './grant-corpus.ts';

/** What `crd-check` prints of an error. */
interface ServerError {
  readonly path: string;
  readonly type: string;
  readonly message: string;
}

const corpus = [...credentialCorpus, ...grantCorpus];
const go = requireTool('go', "to judge the CRD and a corpus of manifests with the API server's own code");
const crdFile = fileURLToPath(new URL('../../crds/tokenward.dev_oauth2credentials.yaml', import.meta.url));

describe.skipIf(go === undefined)("the API server's own code", () => {
  let ofDefinition: readonly ServerError[] = [];
  const ofDocument = new Map<CorpusEntry, readonly ServerError[] | undefined>();

  beforeAll(async () => {
    const program = await buildGoProgram(go ?? '', fileURLToPath(new URL('crd-check', import.meta.url)));
    const [first = [], ...others] = await judge(program);
    ofDefinition = first;
    for (const [index, entry] of corpus.entries()) ofDocument.set(entry, others[index]);
  });

  test('accepts the CRD: it is structural and every rule compiles within its cost', () => {
    expect(ofDefinition).toEqual([]);
  });

  test.each(entries('accepted'))('accepts $title, and so do we', (entry) => {
    expect(ofDocument.get(entry)).toEqual([]);
    expect(problemsOf(entry)).toEqual([]);
  });

  test.each(entries('rule'))('refuses $title by a rule, and we do so in the same words', (entry) => {
    const ours = problemsOf(entry).map(line).sort();
    expect(ours).not.toEqual([]);
    expect(ofDocument.get(entry)?.map(line).sort()).toEqual(ours);
  });

  test.each(entries('schema'))('refuses $title by the schema, and we refuse the same fields', (entry) => {
    const ours = problemsOf(entry).map(({ path }) => path);
    expect(ours).not.toEqual([]);
    expect(ofDocument.get(entry)?.map(({ path }) => path)).toEqual(expect.arrayContaining(ours));
  });

  test.each(entries('us'))('cannot refuse $title, and we do', (entry) => {
    expect(ofDocument.get(entry)).toEqual([]);
    expect(problemsOf(entry)).not.toEqual([]);
  });
});

test('the corpus breaks every rule of the CRD', async () => {
  const rules = rulesIn(parse(await readFile(crdFile, 'utf8')));
  const said = new Set(corpus.flatMap((entry) => problemsOf(entry).map(({ message }) => message)));
  const computed = rules.filter((rule) => rule.messageExpression !== undefined);
  expect(rules.filter((rule) => !computed.includes(rule) && !said.has(rule.message))).toEqual([]);
  // Their texts are put together at admission, so each has a pattern here.
  expect(computed).toHaveLength(2);
  expect([...said].some((message) => message.startsWith('holds the curly quote U+201C at offset 1:'))).toBe(true);
  expect([...said].some((message) => message.startsWith('the name grant_type is reserved: set spec.grant.type and'))).toBe(true);
});

const entries = (verdict: CorpusEntry['verdict']): CorpusEntry[] => corpus.filter((entry) => entry.verdict === verdict);

async function judge(program: string): Promise<ServerError[][]> {
  const check = spawn(program, [crdFile], { stdio: ['pipe', 'pipe', 'inherit'] });
  check.stdin.end(corpus.map(({ document }) => `${JSON.stringify(document)}\n`).join(''));
  const lines = (await text(check.stdout)).trimEnd().split('\n');
  return lines.map((found) => JSON.parse(found));
}

function problemsOf({ document }: CorpusEntry) {
  const parsed = parseCredential(structuredClone(document));
  return parsed.ok ? [] : parsed.problems;
}

const line = ({ path, message }: { readonly path: string; readonly message: string }): string => `${path}: ${message}`;

interface CrdRule {
  readonly rule: string;
  readonly message: string;
  readonly messageExpression?: string;
}

function rulesIn(node: unknown): CrdRule[] {
  if (Array.isArray(node)) return node.flatMap(rulesIn);
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => (key === 'x-kubernetes-validations' ? (value as CrdRule[]) : rulesIn(value)));
}
