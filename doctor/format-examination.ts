import { failures } from '../sidecar/failure.ts';
import type { Change, Mend, Step, Subject, Verdict } from './examination.ts';
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
  ];
}

/** The verdict, how a caller of the sidecar sees it, and the mend: what is to be changed as YAML to paste. */
export function formatVerdict({ code, sentence, mend, failure }: Verdict): readonly string[] {
  return [
    '',
    `Verdict: ${sentence}`,
    `  (${[code, seenBy(code, failure)].filter(Boolean).join('; ')})`,
    ...(mend === undefined ? [] : ['', ...formatMend(mend)]),
  ];
}

function seenBy(code: Verdict['code'], failure: Verdict['failure']): string | undefined {
  if (failure !== undefined) return `callers get status ${failures[failure].status} with Tokenward-Error: ${failure}`;
  return verdicts[code].blame === 'api' ? "callers get the API's own answer, without Tokenward-Error" : undefined;
}

function formatMend(mend: Mend): readonly string[] {
  switch (mend.kind) {
    case 'manifest':
      return [`Mend, ${mend.tried ? 'tried and it works' : 'not tried'}; in the manifest:`, ...formatChanges(mend.changes)];
    case 'secret':
      return [`Mend, for the value of ${mend.field}: ${mend.advice}`];
    case 'command':
      return [`Mend: ${mend.advice}`, '', `  ${mend.command}`];
    case 'elsewhere':
      return [`Mend: ${mend.advice}`];
  }
}

/** Changes of a manifest as YAML to paste. */
export function formatChanges(changes: readonly Change[]): readonly string[] {
  const kept = changes.filter(({ value }) => value !== undefined);
  const removed = changes.filter(({ value }) => value === undefined).map(({ path }) => `  # without ${path}`);
  return ['', ...removed, ...formatYaml(nested(kept)).map((line) => `  ${line}`)];
}

type Tree = { [key: string]: unknown };

/** `spec.grant.scope` as a tree, together with the other changes. */
function nested(changes: readonly Change[]): Tree {
  const root: Tree = {};
  for (const { path, value } of changes) {
    const keys = path.split('.');
    let at = root;
    for (const key of keys.slice(0, -1)) at = (at[key] ??= {}) as Tree;
    at[keys.at(-1) ?? ''] = value;
  }
  return root;
}
