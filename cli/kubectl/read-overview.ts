import type { Clock } from '../../crds/clock.ts';
import type { CredentialObject } from '../../operator/credential/credential-object.ts';
import { injectedLabel } from '../../operator/naming.ts';
import { overviewCredential } from '../dashboard/overview-credential.ts';
import type { Consumer, CredentialOverview, EventOverview, Overview } from '../dashboard/overview.ts';
import { type ClusterReader, type Scope, tellReadError } from './cluster-reader.ts';
import { type InjectedPod, readInjectedPod } from './injected-pod.ts';
import { PodStreamError, type PodStreams } from './pod-streams.ts';
import { type AliasReading, readSidecar } from './read-sidecar.ts';

/** Pods that are asked at once. */
const concurrency = 8;
/** So long pods are asked in all: there may be thousands, and each that hangs takes seconds. */
const patienceMs = 20_000;

export interface OverviewContext {
  readonly reader: ClusterReader;
  readonly streams: Pick<PodStreams, 'openPort'>;
  readonly clock: Clock;
}

export interface OverviewRequest {
  readonly place: string;
  readonly scope: Scope;
  /** Of credentials. */
  readonly labelSelector?: string | undefined;
  /** One credential alone, and then also pods that have asked for a sidecar and did not get one. */
  readonly name?: string | undefined;
  /** Whether sidecars are asked, and Events read. */
  readonly inDepth: boolean;
}

/** Rejects if the credentials themselves cannot be read; whatever else cannot is among the gaps. */
export async function readOverview(request: OverviewRequest, context: OverviewContext): Promise<Overview> {
  const { reader, clock } = context;
  const { scope, name, labelSelector, inDepth, place } = request;
  const gaps: string[] = [];
  const orGap = <T>(what: string, reading: Promise<T>): Promise<T | undefined> =>
    reading.catch((error: unknown) => {
      gaps.push(`${what} cannot be read: ${tellReadError(error)}`);
      return undefined;
    });
  const [credentials, pods, events] = await Promise.all([
    readCredentials(reader, request),
    orGap('Which pods use a credential', reader.pods(scope, name === undefined ? `${injectedLabel}=true` : undefined)),
    inDepth ? orGap('What happened to credentials lately', reader.events(scope, name)) : undefined,
  ]);
  const wanted = (namespace: string, credential: string): boolean =>
    credentials.some(({ metadata }) => metadata.namespace === namespace && metadata.name === credential);
  const injected = pods
    ?.flatMap((pod) => readInjectedPod(pod) ?? [])
    // What has ended uses nothing any more.
    .filter(({ phase }) => phase !== 'Succeeded' && phase !== 'Failed')
    .filter(({ namespace, aliases }) =>
      labelSelector === undefined && name === undefined ? true : aliases.some((each) => wanted(namespace, each.credential)),
    );
  const readings = inDepth && injected ? await readSidecars(injected, context) : new Map<InjectedPod, PodReading>();
  gaps.push(...gapsOf(readings));
  const consumers = injected?.flatMap((pod) => consumersIn(pod, readings.get(pod)));
  return {
    place,
    takenAtMs: clock.wallMs(),
    gaps,
    problems: [],
    credentials: joined(credentials, consumers, events, labelSelector === undefined && name === undefined),
  };
}

async function readCredentials(
  reader: ClusterReader,
  { scope, name, labelSelector }: OverviewRequest,
): Promise<readonly CredentialObject[]> {
  if (name !== undefined && scope !== undefined) return [await reader.credential(scope, name)];
  return reader.credentials(scope, labelSelector);
}

/** What a pod's sidecar said, or why it said nothing. */
type PodReading = { readonly aliases: ReadonlyMap<string, AliasReading> } | { readonly unread: string; readonly isForbidden: boolean };

async function readSidecars(
  pods: readonly InjectedPod[],
  { streams, clock }: OverviewContext,
): Promise<ReadonlyMap<InjectedPod, PodReading>> {
  const readings = new Map<InjectedPod, PodReading>();
  const queue = [...pods];
  const endMs = clock.monotonicMs() + patienceMs;
  const work = async (): Promise<void> => {
    for (let pod = queue.shift(); pod !== undefined; pod = queue.shift()) {
      readings.set(pod, clock.monotonicMs() < endMs ? await readPod(pod, streams, clock) : notAsked);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return readings;
}

const notAsked: PodReading = { unread: 'its sidecar was not asked: asking the others took too long', isForbidden: false };

async function readPod(pod: InjectedPod, streams: Pick<PodStreams, 'openPort'>, clock: Clock): Promise<PodReading> {
  if (pod.obstacle !== undefined) return { unread: pod.obstacle, isForbidden: false };
  try {
    return { aliases: await readSidecar(streams, pod, clock) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      unread: `its sidecar cannot be asked: ${message}`,
      isForbidden: error instanceof PodStreamError && error.code === 'forbidden',
    };
  }
}

/** A right that is missing is missing for all pods of a namespace, and is said once. */
function gapsOf(readings: ReadonlyMap<InjectedPod, PodReading>): readonly string[] {
  const namespaces = [...readings]
    .filter(([, reading]) => 'isForbidden' in reading && reading.isForbidden)
    .map(([{ namespace }]) => namespace);
  const left = [...readings.values()].filter((reading) => reading === notAsked).length;
  const late = `${left} of ${readings.size} sidecars were not asked for tokens and counts: the others took ${patienceMs / 1000} s; look at fewer at once, such as one namespace`;
  return [
    ...[...new Set(namespaces)].map(
      (namespace) =>
        `The sidecars of the namespace ${namespace} cannot be asked for tokens and counts: it takes the right to get and create pods/portforward there`,
    ),
    ...(left > 0 ? [late] : []),
  ];
}

interface PodAlias {
  /** Of the credential: `namespace/name`. */
  readonly key: string;
  readonly consumer: Consumer;
}

function consumersIn(pod: InjectedPod, reading: PodReading | undefined): readonly PodAlias[] {
  return pod.aliases.map(({ alias, credential }) => {
    const known = reading !== undefined && 'aliases' in reading ? reading.aliases.get(alias) : undefined;
    const unread =
      reading !== undefined && 'unread' in reading ? reading.unread : reading && !known ? 'its sidecar does not know the alias' : undefined;
    const consumer: Consumer = {
      name: pod.name,
      alias,
      phase: pod.phase,
      ...(pod.sidecarVersion !== undefined && { sidecarVersion: pod.sidecarVersion }),
      token: { kind: 'unknown' },
      ...known,
      ...((unread ?? pod.obstacle) !== undefined && { unread: unread ?? pod.obstacle ?? '' }),
    };
    return { key: `${pod.namespace}/${credential}`, consumer };
  });
}

function joined(
  credentials: readonly CredentialObject[],
  consumers: readonly PodAlias[] | undefined,
  events: ReadonlyMap<string, readonly EventOverview[]> | undefined,
  isComplete: boolean,
): readonly CredentialOverview[] {
  const byCredential = consumers && Map.groupBy(consumers, ({ key }) => key);
  const known = credentials.map((object) => {
    const credential = overviewCredential(object);
    const key = `${credential.namespace}/${credential.name}`;
    const using = byCredential?.get(key)?.map(({ consumer }) => withCurrency(consumer, credential.revision)) ?? [];
    const told = { ...credential, events: events?.get(key) ?? [], ...(byCredential && { consumers: using }) };
    return judged(told);
  });
  const missing = isComplete ? missingCredentials(byCredential, new Set(known.map(({ namespace, name }) => `${namespace}/${name}`))) : [];
  return [...known, ...missing].toSorted((a, b) => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1));
}

function withCurrency(consumer: Consumer, newest: string | undefined): Consumer {
  if (newest === undefined || consumer.revision === undefined) return consumer;
  return { ...consumer, isCurrent: consumer.revision === newest };
}

/** What its consumers meet with goes into the credential's own state, where that is well. */
function judged(credential: CredentialOverview): CredentialOverview {
  if (credential.state !== 'ready') return credential;
  for (const { name, token, stateReason, state } of credential.consumers ?? []) {
    if (state === 'invalid')
      return { ...credential, state, reason: 'credential_invalid', message: `In the pod ${name}: ${stateReason ?? 'it cannot be used'}` };
    if (token.kind === 'failing')
      return { ...credential, state: 'tokenFailing', reason: token.code, message: [token.detail, token.hint].filter(Boolean).join(' ') };
    if (state === 'ready' && stateReason !== undefined) return { ...credential, state: 'lastGoodKept', message: stateReason };
  }
  return credential;
}

/** Pods may ask for what is not there yet. */
function missingCredentials(
  byCredential: ReadonlyMap<string, readonly PodAlias[]> | undefined,
  known: ReadonlySet<string>,
): readonly CredentialOverview[] {
  return [...(byCredential ?? [])].flatMap(([key, using]) => {
    const [namespace = '', name = ''] = key.split('/');
    if (known.has(key)) return [];
    const message = `There is no OAuth2Credential ${name} in the namespace ${namespace}, and pods ask for it: create it, or correct the pods' annotation tokenward.dev/inject`;
    const consumers = using.map(({ consumer }) => consumer);
    const nothing = { allow: [], sources: [], ends: [], conditions: [], events: [] };
    return [{ namespace, name, state: 'pending' as const, reason: 'credential_pending', message, ...nothing, consumers }];
  });
}
