import type { OAuth2Credential } from '../../crds/oauth2-credential.ts';
import { parseCredential } from '../../crds/parse-credential.ts';
import type { Problem } from '../../crds/problem.ts';
import type { Reason } from '../../crds/reasons.ts';
import { hostsOf } from '../../crds/render/allowed-hosts.ts';
import { renderCredential, renderInvalid } from '../../crds/render/render-credential.ts';
import { nameRevision, splitRevision, withRevision, type Origin } from '../../crds/render/revision.ts';
import type { Sensitive } from '../../crds/sensitive.ts';
import { version } from '../../crds/version.ts';
import { renderingName, sourcesAnnotation } from '../naming.ts';
import { conditionOf, cut, explanation, fails, holds, nextStatus, tellProblems, unknown, type Verdict } from './conditions.ts';
import type { CredentialObject, CredentialStatus } from './credential-object.ts';
import { RecordedSources, type ObservedSources, type SourceNames } from './observed-sources.ts';
import { isAsDesired, ownerOf, type DesiredRendering, type ObservedRendering } from './rendering.ts';
import { parseRecord, stillConsents, type ValidRecord } from './rendering-record.ts';

/** A foreign Secret is not watched: from time to time it is looked whether it has gone. */
const lookForNameAfterMs = 60_000;
const lookForGarbageAfterMs = 5_000;
/** Of what is wrong, so much reaches the callers. */
const longestInvalidReason = 2048;

export interface Observation {
  readonly credential: CredentialObject;
  /** The Secret that bears the rendering's name, whoever's it is. */
  readonly occupant: ObservedRendering | undefined;
  readonly sources: ObservedSources;
  /** RFC 3339. */
  readonly now: string;
}

export interface Decision {
  readonly rendering: RenderingChange;
  /** Undefined: it is so already. */
  readonly status: CredentialStatus | undefined;
  readonly event: Transition | undefined;
  /** What was looked for: when one of these changes, there is something to decide anew. */
  readonly sources: SourceNames;
  /** Only where what is waited for cannot be watched. */
  readonly lookAgainAfterMs: number | undefined;
}

export type RenderingChange =
  | { readonly kind: 'none' }
  | { readonly kind: 'create'; readonly desired: DesiredRendering }
  | { readonly kind: 'update'; readonly desired: DesiredRendering; readonly observed: ObservedRendering }
  | { readonly kind: 'delete'; readonly observed: ObservedRendering };

/** Ready has changed. */
export interface Transition {
  readonly type: 'Normal' | 'Warning';
  readonly reason: Reason;
  readonly note: string;
}

/** What is to be done about a credential, from all that is known of it. The same observation leads to the same decision; carried out, it leads to none. */
export function decideCredential({ credential, occupant, sources, now }: Observation): Decision {
  const recorded = new RecordedSources(sources);
  const judgement = judge(credential, recorded, now);
  const { change, ready, revision, lookAgainAfterMs } = decideRendering(credential, occupant, judgement, recorded);
  if (credential.metadata.deletionTimestamp !== undefined) {
    // It is the cluster that clears up after it, but a finalizer may hold it for long: consent can still be withdrawn.
    const rendering = change.kind === 'delete' ? change : none;
    return { rendering, status: undefined, event: undefined, sources: recorded.names, lookAgainAfterMs: undefined };
  }
  return {
    rendering: change,
    ...decideStatus(credential, [...judgement.verdicts, ready], revision, now),
    sources: recorded.names,
    lookAgainAfterMs,
  };
}

/** The decision's status, if the API server refuses what it would write. `refusal` tells the status code; nothing that was written. */
export function decideRefused({ credential, now }: Observation, decision: Decision, refusal: string): Pick<Decision, 'status' | 'event'> {
  const status = decision.status ?? credential.status;
  const others = (['Accepted', 'SecretsResolved'] as const).flatMap((type) => conditionOf(status, type) ?? []);
  const name = renderingName(credential.metadata.name);
  const message = `the API server refuses to write the Secret ${name} (${refusal}): look at the namespace's quota with: kubectl -n ${credential.metadata.namespace} describe resourcequota; at admission policies; and at the rights of the operator`;
  return decideStatus(credential, [...others, fails('WriteRefused', message)], credential.status?.revision, now);
}

/** A configuration before it is known whether it is a new one. */
interface Made {
  readonly text: Sensitive;
  readonly record: ValidRecord;
  readonly from: readonly Origin[];
}

interface Judgement {
  readonly verdicts: readonly Verdict[];
  readonly result: { readonly ok: true; readonly made: Made } | { readonly ok: false; readonly problems: readonly Problem[] };
}

function judge(credential: CredentialObject, sources: RecordedSources, now: string): Judgement {
  const parsed = parseCredential(credential);
  if (!parsed.ok) {
    const told = [tellProblems(parsed.problems), ...explanation(parsed.problems)].join('\n');
    const notFollowed = unknown('SpecNotAccepted', 'the spec is not valid, so its references are not followed');
    return { verdicts: [fails(reasonOf(parsed.problems, 'InvalidManifest'), told), notFollowed], result: parsed };
  }
  const accepted = holds('Accepted', 'the spec is valid');
  const rendered = renderCredential(parsed.credential, sources, Date.parse(now));
  if (!rendered.ok) {
    const resolved = fails(reasonOf(rendered.problems, 'SecretNotFound'), tellProblems(rendered.problems));
    return { verdicts: [accepted, resolved], result: rendered };
  }
  const resolved =
    rendered.warnings.length === 0
      ? holds('SecretsResolved', 'every reference leads to a usable value')
      : holds(reasonOf(rendered.warnings, 'SecretsResolved'), tellProblems(rendered.warnings));
  return {
    verdicts: [accepted, resolved],
    result: { ok: true, made: { text: rendered.text, record: recordOf(parsed.credential, sources), from: originsOf(credential, sources) } },
  };
}

const reasonOf = (problems: readonly Problem[], otherwise: Reason): Reason => problems[0]?.reason ?? otherwise;

function recordOf({ spec }: OAuth2Credential, { names, secrets, configMaps }: RecordedSources): ValidRecord {
  return {
    valid: true,
    secrets: Object.fromEntries([...names.secrets].map((name) => [name, secrets.get(name)?.uid ?? ''])),
    configMaps: Object.fromEntries([...names.configMaps].map((name) => [name, configMaps.get(name)?.uid ?? ''])),
    hosts: hostsOf(spec).map(({ host }) => host),
  };
}

function originsOf({ metadata }: CredentialObject, { names, secrets, configMaps }: RecordedSources): Origin[] {
  const origin = (kind: string, { uid, resourceVersion }: { readonly uid?: string; readonly resourceVersion?: string } = {}): Origin => ({
    kind,
    uid: uid ?? '',
    version: resourceVersion ?? '',
  });
  return [
    // Another version may render the same in another way.
    { kind: 'Tokenward', uid: '', version },
    { kind: 'OAuth2Credential', uid: metadata.uid ?? '', version: String(metadata.generation ?? 0) },
    ...[...names.secrets].map((name) => origin('Secret', secrets.get(name))),
    ...[...names.configMaps].map((name) => origin('ConfigMap', configMaps.get(name))),
  ];
}

interface RenderingDecision {
  readonly change: RenderingChange;
  readonly ready: Verdict;
  /** Of what sidecars read once it is carried out. */
  readonly revision?: string | undefined;
  readonly lookAgainAfterMs?: number;
}

const none: RenderingChange = { kind: 'none' };

function decideRendering(
  credential: CredentialObject,
  occupant: ObservedRendering | undefined,
  { result }: Judgement,
  sources: ObservedSources,
): RenderingDecision {
  const name = renderingName(credential.metadata.name);
  const owner = occupant === undefined ? 'this' : ownerOf(occupant, credential);
  if (owner === 'other') {
    const message = `there is a Secret ${name} which does not belong to this credential, and is left alone: look at it with: kubectl -n ${credential.metadata.namespace} get secret ${name} --show-labels; delete or rename it, or give the credential another name`;
    return { change: none, ready: fails('RenderingNameTaken', message), lookAgainAfterMs: lookForNameAfterMs };
  }
  if (owner === 'predecessor') {
    const message = `the Secret ${name} belongs to a deleted credential of the same name: it is written as soon as the cluster has removed that one`;
    return { change: none, ready: fails('AwaitingGarbageCollection', message), lookAgainAfterMs: lookForGarbageAfterMs };
  }
  if (result.ok) {
    const desired = revise(credential, result.made, occupant);
    return {
      change: changeTo(desired, occupant),
      ready: holds('Ready', `the Secret ${name} is what sidecars read`),
      revision: desired.revision,
    };
  }
  return decideFallback(credential, occupant, tellProblems(result.problems), sources);
}

/** The spec or its sources are not as they should be. What is in force stays so, unless someone has withdrawn what it takes. */
function decideFallback(
  credential: CredentialObject,
  occupant: ObservedRendering | undefined,
  told: string,
  sources: ObservedSources,
): RenderingDecision {
  const record = parseRecord(occupant?.annotations[sourcesAnnotation]);
  if (record?.valid === true && stillConsents(record, sources)) {
    return {
      change: none,
      ready: fails('LastGoodKept', `sidecars go on with the last good configuration until this is mended: ${told}`),
      revision: occupant?.text && splitRevision(occupant.text).revision,
    };
  }
  // A rendering whose record is gone may hold anything.
  const withdrawn = occupant !== undefined && record?.valid !== false;
  // Else the Secret would be written again at once, with a reason in it, and its absence is what sidecars act on soonest.
  const isKeptAway = conditionOf(credential.status, 'Ready')?.reason === 'ConsentWithdrawn';
  if (withdrawn || isKeptAway) {
    return {
      change: occupant === undefined ? none : { kind: 'delete', observed: occupant },
      ready: fails('ConsentWithdrawn', `the configuration was taken away from the sidecars: ${told}`),
    };
  }
  const invalid = { text: renderInvalid(cut(told, longestInvalidReason)), record: { valid: false }, revision: undefined } as const;
  return { change: changeTo(invalid, occupant), ready: fails('Invalid', `callers are answered credential_invalid: ${told}`) };
}

/** A source that was touched, or a spec that was reworded, is no new version of what sidecars read: only what they would read differently is. */
function revise({ metadata }: CredentialObject, { text, record, from }: Made, occupant: ObservedRendering | undefined): DesiredRendering {
  const current = occupant?.text && splitRevision(occupant.text);
  const isSame = current?.revision !== undefined && current.rest.reveal() === text.reveal();
  const revision = isSame ? current.revision : nameRevision(metadata.generation ?? 0, from);
  return { text: withRevision(text, revision), record, revision };
}

function changeTo(desired: DesiredRendering, observed: ObservedRendering | undefined): RenderingChange {
  if (observed === undefined) return { kind: 'create', desired };
  return isAsDesired(observed, desired) ? none : { kind: 'update', desired, observed };
}

function decideStatus(
  credential: CredentialObject,
  verdicts: readonly Verdict[],
  revision: string | undefined,
  now: string,
): Pick<Decision, 'status' | 'event'> {
  const status = nextStatus(credential.status, verdicts, { generation: credential.metadata.generation ?? 0, revision }, now);
  const before = conditionOf(credential.status, 'Ready');
  const after = conditionOf(status, 'Ready');
  if (after === undefined || (before?.status === after.status && before.reason === after.reason)) return { status, event: undefined };
  const type = after.status === 'True' ? 'Normal' : 'Warning';
  return { status, event: { type, reason: after.reason, note: after.message } };
}
