import { credentialLabel } from '../../crds/render/source-messages.ts';
import type { Sources } from '../../crds/sources.ts';
import type { Step } from '../../doctor/examination.ts';
import { describeValue } from './describe-value.ts';
import type { Reference } from './list-references.ts';

const mostKeys = 20;

/** The step that looks at one Secret or ConfigMap: is it there, has it opted in, what is under the keys that the credential reads. */
export function describeSource({ kind, name, keys, path }: Reference, sources: Sources): Omit<Step, 'tookMs'> {
  const step = { subject: 'credential', name: 'Secret' } as const;
  const what = kind === 'Secret' ? name : `ConfigMap ${name}`;
  const source = kind === 'Secret' ? sources.secrets.get(name) : sources.configMaps.get(name);
  if (source === undefined) return { ...step, outcome: 'failed', summary: `${what}: not there`, details: [`named by ${path}`] };

  const isLabelled = source.labels[credentialLabel] === 'true';
  const all = [...source.data.keys()].toSorted();
  const found = all.length === 0 ? 'no keys' : `${all.length === 1 ? 'key' : 'keys'} ${all.slice(0, mostKeys).join(', ')}`;
  const read = keys.map((key) => ({ key, value: source.data.get(key) }));
  const values = read.map(({ key, value }) => {
    if (value === undefined) return { line: `${key}: not there`, isOdd: true };
    const { description, oddities } = describeValue(typeof value === 'string' ? value : value.reveal());
    return { line: [`${key}: ${description}`, ...oddities].join('; '), isOdd: oddities.length > 0 };
  });
  const isComplete = isLabelled && read.every(({ value }) => value !== undefined);
  return {
    ...step,
    outcome: !isComplete ? 'failed' : values.some(({ isOdd }) => isOdd) ? 'odd' : 'ok',
    summary: `${what}: there, ${isLabelled ? 'labelled' : `without the label ${credentialLabel}: "true"`}, ${found}`,
    details: [`named by ${path}`, ...values.map(({ line }) => line)],
  };
}
