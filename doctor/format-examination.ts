import { failures } from '../sidecar/failure.ts';
import type { Change, Mend, NewConfigMap, Step, Subject, Verdict } from './examination.ts';
import { formatYaml } from './format-yaml.ts';
import { verdicts } from './verdicts.ts';

const titles: Readonly<Record<Subject, string>> = { credential: 'Credential', tokenEndpoint: 'Token endpoint', api: 'API' };

const outcomeWidth = 'skipped'.length;
const nameWidth = 'Token request'.length;

/** A step as lines for people: one for itself, its details indented, and a title where the one before looked at something else. */
export function formatStep({ subject, name, outcome, tookMs, summary, details }: Step, before: Step | undefined): readonly string[] {
  const title = subject === before?.subject ? [] : [...(before === undefined ? [] : ['']), titles[subject]];
  const took = `${Math.round(tookMs)} ms`.padStart(8);
  const indent = ' '.repeat(4);
  return [
    ...title,
    `  ${outcome.padEnd(outcomeWidth)}  ${name.padEnd(nameWidth)} ${took}  ${summary}`,
    ...details.map((detail) => indent + ' '.repeat(outcomeWidth) + detail),
  ].map(printable);
}

/** The verdict, how a caller of the sidecar sees it, and the mend: what is to be changed as YAML to paste. */
export function formatVerdict({ code, sentence, mend, failure }: Verdict): readonly string[] {
  return [
    '',
    `Verdict: ${sentence}`,
    `  (${[code, seenBy(code, failure)].filter(Boolean).join('; ')})`,
    ...(mend === undefined ? [] : ['', ...formatMend(mend)]),
  ].map(printable);
}

/** Without what a terminal would obey or be misled by, whoever wrote it: a server, or another pod's doctor. */
function printable(line: string): string {
  return line.replaceAll(/[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu, ' ');
}

function seenBy(code: Verdict['code'], failure: Verdict['failure']): string | undefined {
  if (failure !== undefined) return `callers get status ${failures[failure].status} with Tokenward-Error: ${failure}`;
  return verdicts[code].blame === 'api' ? "callers get the API's own answer, without Tokenward-Error" : undefined;
}

function formatMend(mend: Mend): readonly string[] {
  if (mend.kind === 'manifest') return formatManifestMend(mend);
  const of = mend.kind === 'secret' ? `, for the value of ${mend.field}${mend.source === undefined ? '' : ` (${mend.source})`}` : '';
  return [`Mend${of}: ${mend.advice}`, ...(mend.kind === 'command' ? ['', `  ${mend.command}`] : [])];
}

function formatManifestMend({ changes, tried, configMap, advice }: Extract<Mend, { kind: 'manifest' }>): readonly string[] {
  const object = configMap === undefined ? [] : ['', ...formatYaml(objectOf(configMap)).map((line) => `  ${line}`)];
  const first = `Mend, ${tried ? 'tried, and it works' : 'which was not tried'}: change the manifest${configMap === undefined ? '' : ', and add the ConfigMap'}:`;
  return [first, ...(advice === undefined ? [] : [advice]), ...formatChanges(changes), ...object];
}

/** In the credential's namespace, wherever that is. */
function objectOf({ name, data }: NewConfigMap): unknown {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { 'tokenward.dev/credential': 'true' } }, data };
}

const addition = /\[\]$/;

/** Changes of a manifest as YAML to paste. */
export function formatChanges(changes: readonly Change[]): readonly string[] {
  const kept = changes.filter(({ value }) => value !== undefined);
  const notes = changes.flatMap(({ path, value }) => {
    if (value === undefined) return [`  # without ${path}`];
    return addition.test(path) ? [`  # added to what is in ${path.replace(addition, '')}`] : [];
  });
  return ['', ...notes, ...(kept.length === 0 ? [] : formatYaml(nested(kept)).map((line) => `  ${line}`))];
}

type Tree = { [key: string]: unknown };

/** `spec.grant.scope` as a tree, together with the other changes; what is added to a list as a list of its own. A pod may have sent any path. */
function nested(changes: readonly Change[]): Tree {
  const root = emptyTree();
  for (const { path, value } of changes) {
    const keys = path.replace(addition, '').split('.');
    let at = root;
    for (const key of keys.slice(0, -1)) {
      const inner = at[key];
      at = isTree(inner) ? inner : (at[key] = emptyTree());
    }
    const last = keys.at(-1) ?? '';
    const before: unknown = at[last];
    at[last] = addition.test(path) ? [...(Array.isArray(before) ? (before as readonly unknown[]) : []), value] : value;
  }
  return root;
}

/** Without a prototype, so that `__proto__` is a key like any other. */
function emptyTree(): Tree {
  return Object.create(null) as Tree;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null;
}
