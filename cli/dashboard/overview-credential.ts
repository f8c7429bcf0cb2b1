import type { ConditionOverview, CredentialOverview, CredentialState } from './overview.ts';

type Source = CredentialOverview['sources'][number];

/** An OAuth2Credential of a cluster or a file. Its spec may be anything that an older schema let in. */
export interface CredentialManifest {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
  };
  readonly spec?: unknown;
  readonly status?: CredentialStatus;
}

interface CredentialStatus {
  readonly observedGeneration?: number;
  readonly revision?: string;
  readonly conditions?: readonly (Omit<ConditionOverview, 'sinceMs'> & { readonly lastTransitionTime: string })[];
}

/** A credential without what pods and Events tell of it. */
export function overviewCredential({ metadata, spec, status = {} }: CredentialManifest): CredentialOverview {
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  const upstreamUrl = textAt(spec, 'upstream', 'url');
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    ...optional('description', textAt(spec, 'description')),
    state: stateOf(status, metadata.generation),
    ...optional('reason', reasonIn(status)),
    ...optional('message', ready?.message ?? 'No operator has looked at it yet: kubectl get pods -A -l app.kubernetes.io/name=tokenward'),
    ...optional('upstreamUrl', upstreamUrl),
    allow: allowRules(spec),
    ...optional('tokenUrl', textAt(spec, 'tokenEndpoint', 'url')),
    ...optional('grant', textAt(spec, 'grant', 'type')),
    ...optional('authentication', textAt(spec, 'client', 'authentication')),
    ...optional('clientId', textAt(spec, 'client', 'id')),
    ...optional('scope', textAt(spec, 'grant', 'scope')),
    sources: sourcesIn(spec),
    ...optional('revision', status.revision),
    ...(metadata.creationTimestamp !== undefined && { createdAtMs: Date.parse(metadata.creationTimestamp) }),
    ends: [],
    conditions: (status.conditions ?? []).map(({ type, status: holds, reason, message, lastTransitionTime }) => ({
      type,
      status: holds,
      reason,
      message,
      sinceMs: Date.parse(lastTransitionTime),
    })),
    events: [],
  };
}

function stateOf({ conditions, revision, observedGeneration }: CredentialStatus, generation: number | undefined): CredentialState {
  const ready = conditions?.find(({ type }) => type === 'Ready');
  if (ready === undefined || ready.status === 'Unknown') return 'pending';
  if (ready.status === 'True') return observedGeneration === generation ? 'ready' : 'pending';
  // There is a revision as long as there is something that sidecars read.
  return revision === undefined ? 'invalid' : 'lastGoodKept';
}

/** The first that does not hold tells the cause, for Ready comes last; as `kubectl get` has it. */
function reasonIn({ conditions = [] }: CredentialStatus): string | undefined {
  const cause = conditions.find(({ status }) => status === 'False') ?? conditions.find(({ type }) => type === 'Ready');
  return cause?.reason;
}

/** `GET, POST /odatav4/**`, a line for each rule. */
function allowRules(spec: unknown): readonly string[] {
  const rules = at(spec, 'upstream', 'allow');
  if (!Array.isArray(rules)) return [];
  return rules.map((rule: unknown) => {
    const methods = texts(at(rule, 'methods'));
    const paths = texts(at(rule, 'paths'));
    return [methods.length === 0 ? 'any method' : methods.join(', '), ...(paths.length === 0 ? ['any path'] : paths)].join(' ');
  });
}

/** Wherever in the spec they are named. */
function sourcesIn(spec: unknown): readonly Source[] {
  const found = new Map<string, Source>();
  const add = (kind: Source['kind'], name: unknown): void => {
    if (typeof name === 'string') found.set(`${kind}/${name}`, { kind, name });
  };
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'configMapKeyRef') add('ConfigMap', at(inner, 'name'));
      else if (key.endsWith('Ref')) add('Secret', at(inner, 'name'));
      else if (key === 'secretName') add('Secret', inner);
      look(inner);
    }
  };
  look(spec);
  return [...found.values()];
}

function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const name of path) found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[name] : undefined;
  return found;
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []);

function optional<K extends string, T>(name: K, value: T | undefined): { [key in K]?: T } {
  return value === undefined ? {} : ({ [name]: value } as { [key in K]?: T });
}
