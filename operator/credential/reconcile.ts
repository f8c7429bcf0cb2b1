import type { Clock } from '../../crds/clock.ts';
import type { ApiClient } from '../kube/api-client.ts';
import { ApiError } from '../kube/api-error.ts';
import { isOlder } from '../kube/resource-version.ts';
import { apiVersion, fieldManager, kind, plural, renderingName } from '../naming.ts';
import { readCredential, type CredentialObject, type CredentialStatus } from './credential-object.ts';
import {
  decideCredential,
  decideRefused,
  type Decision,
  type Observation,
  type RenderingChange,
  type Transition,
} from './decide-credential.ts';
import type { ObservedCluster } from './observed-cluster.ts';
import type { SecretObject } from './observed-sources.ts';
import { readRendering, renderingObject, type ObservedRendering } from './rendering.ts';
import type { SourceIndex } from './source-index.ts';
import { transitionEvent } from './transition-event.ts';

export type Written = 'rendering' | 'status' | 'event';

export interface ReconcileContext {
  readonly api: Pick<ApiClient, 'request' | 'apply'>;
  readonly cluster: Pick<ObservedCluster, 'credential' | 'rendering' | 'sources'>;
  readonly index: SourceIndex;
  readonly clock: Clock;
  /** Of the operator's process, for events. */
  readonly instance: string;
  readonly log: ReconcileLog;
  readonly lookAgain: (key: string, afterMs: number) => void;
  readonly wrote: (what: Written, verb: 'create' | 'update' | 'delete') => void;
}

export interface ReconcileLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** A credential that is newer than the watch has brought so far: our own status write, or what a second look has shown. */
interface NewerCredential {
  /** The version that the watch is still at. */
  readonly than: string;
  readonly object: CredentialObject;
}

/** Observes one credential, decides, and carries the decision out. Rejects for what is worth another attempt. */
export class Reconciler {
  readonly #context: ReconcileContext;
  readonly #newer = new Map<string, NewerCredential>();

  constructor(context: ReconcileContext) {
    this.#context = context;
  }

  /** `key`: `namespace/name`. */
  async reconcile(key: string): Promise<void> {
    const { cluster } = this.#context;
    const [namespace = '', name = ''] = key.split('/');
    try {
      await this.#attempt(key, this.#newest(key), cluster.rendering(`${namespace}/${renderingName(name)}`));
    } catch (error) {
      if (!isAnswer(error, 409)) throw error;
      // What was decided on is not how it is: out of date, or a Secret that is not watched. One look at the objects themselves.
      const credential = await this.#get<CredentialObject>(credentialPath(namespace, name));
      const occupant = await this.#get<SecretObject>(secretPath(namespace, renderingName(name)));
      if (credential !== undefined) this.#remember(key, readCredential(credential));
      await this.#attempt(key, credential && readCredential(credential), occupant && readRendering(occupant));
    }
  }

  async #attempt(key: string, credential: CredentialObject | undefined, occupant: ObservedRendering | undefined): Promise<void> {
    const { cluster, index, clock, lookAgain } = this.#context;
    // Its rendering is garbage now, and the cluster collects it.
    if (credential === undefined) {
      index.delete(key);
      this.#newer.delete(key);
      return;
    }
    const sources = cluster.sources(credential.metadata.namespace ?? '');
    const observation = { credential, occupant, sources, now: rfc3339(clock.wallMs()) };
    const decision = decideCredential(observation);
    // Before anything is awaited, so that no change of a source goes by unnoticed.
    index.set(key, decision.sources);
    const refusal = await this.#write(observation, decision);
    const { status, event } = refusal === undefined ? decision : decideRefused(observation, decision, tellRefusal(refusal));
    if (status !== undefined) await this.#writeStatus(key, credential, status);
    if (event !== undefined) await this.#tell(credential, event);
    if (refusal !== undefined) throw refusal;
    if (decision.lookAgainAfterMs !== undefined) lookAgain(key, decision.lookAgainAfterMs);
  }

  /** Resolves to the API server's refusal, if it is one that a user has to mend. */
  async #write({ credential }: Observation, { rendering }: Decision): Promise<ApiError | undefined> {
    if (rendering.kind === 'none') return undefined;
    const { namespace = '', name } = credential.metadata;
    try {
      await this.#writeRendering(credential, rendering);
    } catch (error) {
      if (error instanceof ApiError && refusals.has(error.status)) return error;
      throw error;
    }
    this.#context.wrote('rendering', rendering.kind);
    this.#context.log.info({ namespace, credential: name, rendering: rendering.kind }, 'Rendering written');
    return undefined;
  }

  async #writeRendering(credential: CredentialObject, change: Exclude<RenderingChange, { kind: 'none' }>): Promise<void> {
    const { api } = this.#context;
    const { namespace = '', name } = credential.metadata;
    const path = secretPath(namespace, renderingName(name));
    if (change.kind === 'create') {
      // Not by apply, which would take over a Secret that is there and not watched.
      const body = renderingObject(credential, change.desired);
      await api.request({ method: 'POST', path: secretPath(namespace), query: { fieldManager }, body });
    } else if (change.kind === 'update') {
      await api.apply({ path, object: renderingObject(credential, change.desired, change.observed) });
    } else {
      const { uid, resourceVersion } = change.observed;
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } };
      await orGone(api.request({ method: 'DELETE', path, body }));
    }
  }

  async #writeStatus(key: string, { metadata }: CredentialObject, status: CredentialStatus): Promise<void> {
    const { api, wrote } = this.#context;
    const { name, namespace = '', uid = '', resourceVersion = '' } = metadata;
    const object = { apiVersion, kind, metadata: { name, namespace, uid, resourceVersion }, status };
    const written = await orGone(api.apply<CredentialObject>({ path: `${credentialPath(namespace, name)}/status`, object }));
    if (written === undefined) return;
    this.#remember(key, readCredential(written));
    wrote('status', 'update');
  }

  /** An event that is lost is no reason to do anything again: the status says the same. */
  async #tell(credential: CredentialObject, transition: Transition): Promise<void> {
    const { api, clock, instance, log, wrote } = this.#context;
    const { namespace = '', name } = credential.metadata;
    const { type, reason } = transition;
    log[type === 'Normal' ? 'info' : 'warn']({ namespace, credential: name, reason }, 'Credential changed its state');
    const body = transitionEvent(credential, transition, { instance, wallMs: clock.wallMs() });
    try {
      await api.request({ method: 'POST', path: `/apis/events.k8s.io/v1/namespaces/${namespace}/events`, body });
      wrote('event', 'create');
    } catch (error) {
      log.warn({ namespace, credential: name, status: error instanceof ApiError ? error.status : undefined }, 'An event was not taken');
    }
  }

  /** The watch may be behind, and for long if it is down: without this, what is decided on the old would be corrected and undone in turn. */
  #newest(key: string): CredentialObject | undefined {
    const watched = this.#context.cluster.credential(key);
    const newer = this.#newer.get(key);
    if (newer !== undefined && newer.than === watched?.metadata.resourceVersion) return newer.object;
    this.#newer.delete(key);
    return watched;
  }

  #remember(key: string, object: CredentialObject): void {
    const than = this.#context.cluster.credential(key)?.metadata.resourceVersion;
    // The watch may have been faster than the answer, and have brought what came after it.
    if (than === undefined || !isOlder(than, object.metadata.resourceVersion ?? '')) this.#newer.delete(key);
    else this.#newer.set(key, { than, object });
  }

  async #get<T>(path: string): Promise<T | undefined> {
    return orGone(this.#context.api.request<T>({ method: 'GET', path }));
  }
}

/** Not to be mended by trying alone: a quota, a policy, missing rights, a namespace that is going. */
const refusals: ReadonlySet<number> = new Set([400, 403, 422]);

/** Its message may quote what was to be written. */
const tellRefusal = ({ status, reason }: ApiError): string => (reason === '' ? String(status) : `${status} ${reason}`);

const isAnswer = (error: unknown, status: number): boolean => error instanceof ApiError && error.status === status;

async function orGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isAnswer(error, 404)) return undefined;
    throw error;
  }
}

const credentialPath = (namespace: string, name: string): string => `/apis/${apiVersion}/namespaces/${namespace}/${plural}/${name}`;
const secretPath = (namespace: string, name?: string): string =>
  `/api/v1/namespaces/${namespace}/secrets${name === undefined ? '' : `/${name}`}`;

/** To the second, as metav1.Time. */
const rfc3339 = (wallMs: number): string => `${new Date(wallMs).toISOString().slice(0, 19)}Z`;
