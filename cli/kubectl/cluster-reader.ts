import type { CredentialObject } from '../../operator/credential/credential-object.ts';
import type { ApiClient } from '../../operator/kube/api-client.ts';
import { ApiError, ConnectionError } from '../../operator/kube/api-error.ts';
import type { ApiObject } from '../../operator/kube/api-object.ts';
import { listObjects } from '../../operator/kube/list-objects.ts';
import { apiVersion, kind, plural } from '../../operator/naming.ts';
import type { EventOverview } from '../dashboard/overview.ts';
import type { PodObject } from './injected-pod.ts';

/** Undefined: all namespaces. */
export type Scope = string | undefined;

const timeoutMs = 30_000;
const mostEvents = 500;

/** An Event by way of the older of its two APIs, which the built-in roles know; the operator writes them by the newer. */
interface EventObject extends ApiObject {
  readonly eventTime?: string | null;
  readonly lastTimestamp?: string | null;
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly involvedObject?: { readonly kind?: string; readonly name?: string; readonly namespace?: string };
}

/** What the API server has, read with the user's rights. Each rejects with `ApiError` or `ConnectionError`. */
export class ClusterReader {
  readonly #api: Pick<ApiClient, 'request'>;

  constructor(api: Pick<ApiClient, 'request'>) {
    this.#api = api;
  }

  credential(namespace: string, name: string): Promise<CredentialObject> {
    return this.#api.request({ method: 'GET', path: credentialsPath(namespace, name), timeoutMs });
  }

  credentials(scope: Scope, labelSelector?: string): Promise<readonly CredentialObject[]> {
    return this.#list(credentialsPath(scope), labelSelector);
  }

  pod(namespace: string, name: string): Promise<PodObject> {
    return this.#api.request({ method: 'GET', path: `${podsPath(namespace)}/${encodeURIComponent(name)}`, timeoutMs });
  }

  pods(scope: Scope, labelSelector?: string): Promise<readonly PodObject[]> {
    return this.#list(podsPath(scope), labelSelector);
  }

  /** By the credential's `namespace/name`. */
  async events(scope: Scope, name?: string): Promise<ReadonlyMap<string, readonly EventOverview[]>> {
    const fieldSelector = [`involvedObject.kind=${kind}`, ...(name === undefined ? [] : [`involvedObject.name=${name}`])].join(',');
    const path = `/api/v1${inScope(scope)}/events`;
    const query = { fieldSelector, limit: mostEvents };
    const { items = [] } = await this.#api.request<{ items?: readonly EventObject[] }>({ method: 'GET', path, query, timeoutMs });
    const told = items.map((event) => ({
      key: `${event.involvedObject?.namespace}/${event.involvedObject?.name}`,
      event: readEvent(event),
    }));
    return new Map([...Map.groupBy(told, ({ key }) => key)].map(([key, group]) => [key, group.map(({ event }) => event)]));
  }

  async #list(path: string, labelSelector: string | undefined): Promise<readonly ApiObject[]> {
    const objects: ApiObject[] = [];
    const signal = AbortSignal.timeout(timeoutMs);
    const into = { restart: () => objects.splice(0), add: (object: ApiObject) => objects.push(object) };
    await listObjects({ api: this.#api, path, labelSelector, signal }, into);
    return objects.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  }
}

/** Why something could not be read, in a sentence without a full stop, for people. */
export function tellReadError(error: unknown): string {
  if (error instanceof ApiError) {
    if (error.status === 403) return error.message.replace(/\.$/, '');
    if (error.status === 401) return "the cluster does not know you: your credentials have expired, or are another cluster's";
    return `the API server answered ${error.status}: ${error.message}`;
  }
  if (error instanceof ConnectionError) {
    if (error.code === 'no_credentials') return `${error.message}: kubectl get pods shows what the login plugin has to say`;
    // Our own.
    if (error.code === error.code.toLowerCase()) return error.message;
    return `the API server cannot be reached: ${error.message}${error.message.includes(error.code) ? '' : ` (${error.code})`}`;
  }
  if (error instanceof Error) return 'code' in error ? `${error.message} (${String(error.code)})` : error.message;
  return 'for no known reason';
}

export const isStatus = (error: unknown, status: number): boolean => error instanceof ApiError && error.status === status;

function readEvent({ eventTime, lastTimestamp, metadata, type, reason = '', message = '' }: EventObject): EventOverview {
  const at = lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
  return { atMs: Date.parse(at), type: type === 'Normal' ? 'Normal' : 'Warning', reason, message };
}

const inScope = (scope: Scope): string => (scope === undefined ? '' : `/namespaces/${encodeURIComponent(scope)}`);
const podsPath = (scope: Scope): string => `/api/v1${inScope(scope)}/pods`;
const credentialsPath = (scope: Scope, name?: string): string =>
  `/apis/${apiVersion}${inScope(scope)}/${plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
const keyOf = ({ metadata }: ApiObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;
