import { type Condition, reasons } from '../../crds/reasons.ts';
import { parseSidecarConfig } from '../../crds/parse-sidecar-config.ts';
import type { Alias, AliasState } from '../../sidecar/proxy/alias-table.ts';
import { overviewCredential } from './overview-credential.ts';
import { parseMetrics } from './parse-metrics.ts';
import type { RenderedCredential } from '../check-manifests.ts';
import type { Servable } from '../manifest-source.ts';
import type { CredentialManifest } from '../manifests/collect-manifests.ts';
import { formatProblem, type ManifestProblem } from '../manifests/manifest-problem.ts';
import { endsOfConfig } from './ends-of-config.ts';
import type { ConditionOverview, Consumer, CredentialOverview, TokenOutcome } from './overview.ts';

/** How the sidecar of this process stands. */
export interface ServedHere {
  readonly aliases: readonly Alias[];
  /** In Prometheus' text format. */
  readonly metrics: string;
}

/** The only consumer on a laptop. */
export const consumerName = 'tokenward run';

/** What manifests, and the sidecar that serves them, tell of each credential; without what was before. */
export function manifestOverview(servable: Servable, served: ServedHere): CredentialOverview[] {
  const manifests = new Map<string, CredentialManifest>();
  for (const { manifest } of servable.aliases.values()) manifests.set(keyOf(manifest), manifest);
  // As it is now, even if it is served as it was before.
  for (const manifest of servable.refused) manifests.set(keyOf(manifest), manifest);
  return [...manifests.values()].map((manifest) => describe(manifest, servable, served));
}

function keyOf({ namespace, name }: CredentialManifest): string {
  return `${namespace}/${name}`;
}

function describe(manifest: CredentialManifest, servable: Servable, served: ServedHere): CredentialOverview {
  const { name, namespace, object } = manifest;
  const isServed = servable.aliases.get(name)?.manifest.namespace === namespace;
  const isKept = isServed && servable.kept.includes(name);
  const alias = isServed ? served.aliases.find((each) => each.name === name) : undefined;
  const problems = isServed && !isKept ? [] : servable.problems.filter(({ credential }) => credential === name);
  const warnings = servable.warnings.filter(({ credential }) => credential === name);
  const consumer = alias && describeConsumer(alias, served.metrics, !isKept);
  const {
    grant = 'ClientCredentials',
    authentication = 'ClientSecretBasic',
    // Those of an operator, which there is not.
    reason: _reason,
    message: _message,
    ...spec
  } = overviewCredential({
    metadata: { name, namespace },
    spec: object.value['spec'],
  });
  return {
    ...spec,
    grant,
    authentication,
    ...judge(alias, isKept, isServed, problems, consumer?.token),
    consumers: consumer === undefined ? [] : [consumer],
    ends: endsOf(isServed ? servable.aliases.get(name) : undefined),
    conditions: conditionsOf(problems, { isServed, isKept }),
    events: [],
    ...(warnings.length > 0 && { warnings: warnings.map((warning) => formatProblem(warning, 'warning')) }),
  };
}

function endsOf(rendered: RenderedCredential | undefined): CredentialOverview['ends'] {
  const parsed = rendered && parseSidecarConfig(rendered.config);
  return parsed !== undefined && parsed.ok && !('invalid' in parsed.config) ? endsOfConfig(parsed.config) : [];
}

type Judgement = Pick<CredentialOverview, 'state' | 'reason' | 'message'>;

function judge(
  alias: Alias | undefined,
  isKept: boolean,
  isServed: boolean,
  problems: readonly ManifestProblem[],
  token: TokenOutcome | undefined,
): Judgement {
  const told = problems.length === 0 ? {} : { message: problems.map((problem) => formatProblem(problem)).join('\n') };
  const reason = problems.find((problem) => problem.reason !== undefined)?.reason;
  const why = { ...told, ...(reason !== undefined && { reason }) };
  if (isKept)
    return { state: 'lastGoodKept', reason: 'LastGoodKept', message: 'It can no longer be found in the files; served as before.', ...why };
  if (!isServed) return { state: 'invalid', reason: 'Invalid', message: 'What it refers to may be in what could not be read.', ...why };
  if (alias === undefined) return { state: 'pending', message: 'It is about to be served.' };
  if (alias.broken !== undefined) return { state: 'lastGoodKept', reason: 'LastGoodKept', message: alias.broken };
  return {
    ...stateOf(alias.state),
    ...(token?.kind === 'failing' && { state: 'tokenFailing', reason: token.code, message: messageOf(token) }),
  };
}

function stateOf(state: AliasState): Judgement {
  if (state.kind === 'invalid') return { state: 'invalid', reason: 'Invalid', message: state.reason };
  return state.kind === 'ready' ? { state: 'ready', reason: 'Ready' } : { state: 'pending' };
}

function messageOf({ detail, hint }: TokenOutcome & { readonly kind: 'failing' }): string {
  return hint === undefined ? detail : `${detail} ${hint}`;
}

function describeConsumer({ name, state, broken }: Alias, metrics: string, isCurrent: boolean): Consumer {
  return {
    name: consumerName,
    alias: name,
    phase: 'Running',
    state: state.kind,
    ...(broken !== undefined && { stateReason: broken }),
    isCurrent: isCurrent && broken === undefined,
    token: state.kind === 'ready' ? tokenOf(state) : { kind: 'none' },
    ...parseMetrics(metrics, name),
  };
}

function tokenOf({ route }: AliasState & { readonly kind: 'ready' }): TokenOutcome {
  const { status, expiresAtWallMs, failure, nextTryAtWallMs } = route.source.state;
  const until = expiresAtWallMs === undefined ? {} : { expiresAtMs: expiresAtWallMs };
  if (failure === undefined) return status === 'valid' ? { kind: 'valid', ...until } : { kind: 'none' };
  return { kind: 'failing', ...failure, ...until, ...(nextTryAtWallMs !== undefined && { nextTryAtMs: nextTryAtWallMs }) };
}

interface Serving {
  readonly isServed: boolean;
  readonly isKept: boolean;
}

/** As an operator would write them. */
function conditionsOf(problems: readonly ManifestProblem[], { isServed, isKept }: Serving): readonly ConditionOverview[] {
  const failed = (condition: Condition): ManifestProblem | undefined =>
    problems.find(({ reason }) => reason !== undefined && reasons[reason].condition === condition);
  const accepted = failed('Accepted');
  const resolved = failed('SecretsResolved');
  const bad = (type: Condition, { reason = 'Invalid', message }: ManifestProblem): ConditionOverview => ({
    type,
    status: 'False',
    reason,
    message,
  });
  return [
    accepted === undefined ? good('Accepted') : bad('Accepted', accepted),
    accepted !== undefined
      ? { type: 'SecretsResolved', status: 'Unknown', reason: 'SpecNotAccepted', message: reasons.SpecNotAccepted.meaning }
      : resolved === undefined
        ? good('SecretsResolved')
        : bad('SecretsResolved', resolved),
    isKept
      ? { type: 'Ready', status: 'False', reason: 'LastGoodKept', message: 'What is served is what the manifests said before.' }
      : !isServed
        ? { type: 'Ready', status: 'False', reason: 'Invalid', message: 'It is not served.' }
        : { type: 'Ready', status: 'True', reason: 'Ready', message: 'What is served is what the manifests say.' },
  ];
}

function good(reason: 'Accepted' | 'SecretsResolved'): ConditionOverview {
  return { type: reason, status: 'True', reason, message: reasons[reason].meaning };
}
