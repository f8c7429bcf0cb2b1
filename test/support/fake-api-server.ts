import * as http from 'node:http';
import { KubeConfig } from '@kubernetes/client-node';
import type { ApiObject } from '../../operator/kube/api-object.ts';
import { mergePatch, serverSideApply } from './apply-patch.ts';
import { asSeen, FakeCluster, type WatchMessage } from './fake-cluster.ts';
import { listenOnLoopback, type Listening } from './listen-on-loopback.ts';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  readonly isWatch: boolean;
  readonly body: unknown;
  /** Undefined as long as there is no answer, and where a fault is in its place. */
  status?: number;
}

/** What happens to a request instead of an answer. */
export type Fault =
  | { readonly status: number; readonly retryAfterSeconds?: number; readonly reason?: string; readonly message?: string }
  /** The connection is cut, before or after the request had its effect. */
  | 'drop'
  | 'drop-after'
  /** Nothing is ever answered. */
  | 'hang'
  /** Of a watch: 200, and then no word. */
  | 'silent';

interface Plan {
  readonly matches: (request: SeenRequest) => boolean;
  readonly fault: Fault;
  left: number;
}

interface Target {
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

interface OpenWatch {
  readonly response: http.ServerResponse;
  readonly send: (message: WatchMessage) => void;
  readonly close: () => void;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

/** An API server in memory, over real HTTP: lists in pages, watches, create, update, patch (merge and server-side apply), delete, and faults. */
export class FakeApiServer implements AsyncDisposable {
  readonly cluster = new FakeCluster();
  readonly requests: SeenRequest[] = [];
  /** TCP connections that were ever opened. */
  connections = 0;
  /** Not more than so many items on a page, whatever is asked for. */
  pageSize = Number.POSITIVE_INFINITY;
  readonly #plans: Plan[] = [];
  readonly #watches = new Set<OpenWatch>();
  readonly #pages = new Map<string, { readonly items: readonly ApiObject[]; readonly version: number }>();
  readonly #applied = new Map<string, unknown>();
  #listening: Listening | undefined;

  static async start(): Promise<FakeApiServer> {
    const api = new FakeApiServer();
    const server = http.createServer((request, response) => void api.#answer(request, response));
    server.on('connection', () => {
      api.connections += 1;
    });
    api.#listening = await listenOnLoopback(server);
    return api;
  }

  get url(): string {
    return this.#listening?.url ?? '';
  }

  /** How a client reaches it. */
  get config(): KubeConfig {
    return kubeConfigFor(this.url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const watch of this.#watches) watch.close();
    await this.#listening?.close();
  }

  /** The next `times` requests that match meet the fault. */
  plan(matches: (request: SeenRequest) => boolean, fault: Fault, times = 1): void {
    this.#plans.push({ matches, fault, left: times });
  }

  get lists(): number {
    return this.requests.filter(isList).length;
  }

  get watchRequests(): readonly SeenRequest[] {
    return this.requests.filter(({ isWatch }) => isWatch);
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** The server's own end of a watch: in order. */
  endWatches(): void {
    for (const { response } of this.#watches) response.end();
  }

  /** The connections break, in the middle of a line if there is a text. */
  cutWatches(text = ''): void {
    for (const { response } of this.#watches) {
      if (text === '') response.destroy();
      else response.write(text, () => response.destroy());
    }
  }

  /** The watches that are open stay so, and say nothing of what happens from now on. */
  muteWatches(): void {
    for (const watch of this.#watches) watch.close();
  }

  sendToWatches(message: WatchMessage): void {
    for (const { send } of this.#watches) send(message);
  }

  sendTextToWatches(text: string): void {
    for (const { response } of this.#watches) response.write(text);
  }

  bookmark(version = this.cluster.version): void {
    this.sendToWatches({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(version) } } });
  }

  /** Ends an open watch with 410, as a server does whose history has been compacted. */
  expireWatches(): void {
    this.sendToWatches({ type: 'ERROR', object: statusOf(410, 'Expired', 'too old resource version') });
    this.endWatches();
  }

  expireContinuations(): void {
    this.#pages.clear();
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake');
    const seen: SeenRequest = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      isWatch: url.searchParams.get('watch') === 'true',
      body: await readJson(request),
    };
    this.requests.push(seen);
    const plan = this.#plans.find(({ matches, left }) => left > 0 && matches(seen));
    if (plan !== undefined) plan.left -= 1;
    const fault = plan?.fault;
    if (fault === 'hang') return;
    if (fault === 'drop') return void request.socket.destroy();
    if (typeof fault === 'object') return failWith(response, fault);
    const target = parsePath(url.pathname);
    if (target === undefined) return respond(response, failure(404, 'NotFound', 'the server could not find the requested resource'));
    if (seen.isWatch) return this.#watch(seen, target, response, fault === 'silent');
    const answer = this.#handle(seen, target);
    seen.status = answer.status;
    if (fault === 'drop-after') return void request.socket.destroy();
    respond(response, answer);
  }

  #watch({ query }: SeenRequest, target: Target, response: http.ServerResponse, silent: boolean): void {
    const scope = { namespace: target.namespace, labelSelector: query.get('labelSelector') ?? undefined };
    const history = this.cluster.eventsSince(target.resource, Number(query.get('resourceVersion') ?? 0));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const sendMessage = (message: WatchMessage | undefined): void => {
      if (message !== undefined) response.write(`${JSON.stringify(message)}\n`);
    };
    if (history === undefined) {
      sendMessage({ type: 'ERROR', object: statusOf(410, 'Expired', 'too old resource version') });
      response.end();
      return;
    }
    const unsubscribe = silent
      ? (): void => {}
      : this.cluster.onEvent((resource, event) => {
          if (resource === target.resource) sendMessage(asSeen(event, scope));
        });
    const watch: OpenWatch = { response, send: sendMessage, close: unsubscribe };
    this.#watches.add(watch);
    response.on('close', () => {
      unsubscribe();
      this.#watches.delete(watch);
    });
    if (!silent) for (const event of history) sendMessage(asSeen(event, scope));
  }

  #handle(request: SeenRequest, target: Target): Answer {
    const { resource, namespace, name, subresource } = target;
    const key = `${namespace ?? ''}/${name ?? ''}`;
    if (name === undefined) return request.method === 'GET' ? this.#list(request, target) : this.#create(request, target);
    const before = this.cluster.get(resource, key);
    if (request.method === 'PATCH') return this.#patch(request, target, before);
    if (before === undefined) return failure(404, 'NotFound', `${resource} "${name}" not found`);
    if (request.method === 'GET') return { status: 200, body: before };
    if (request.method === 'DELETE') return { status: 200, body: this.cluster.delete(resource, key) ?? before };
    const object = request.body as ApiObject;
    const { resourceVersion } = object.metadata;
    if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion) return conflict(name);
    return { status: 200, body: this.cluster.put(resource, onlyWhatMayChange(before, object, subresource)) };
  }

  #list({ query }: SeenRequest, { resource, namespace }: Target): Answer {
    const continuation = query.get('continue');
    const limit = Math.min(
      Number(query.get('limit') ?? Number.POSITIVE_INFINITY),
      query.has('limit') ? this.pageSize : Number.POSITIVE_INFINITY,
    );
    const labelSelector = query.get('labelSelector') ?? undefined;
    const rest =
      continuation === null
        ? { items: this.cluster.list(resource, { namespace, labelSelector }), version: this.cluster.version }
        : this.#pages.get(continuation);
    if (rest === undefined) return failure(410, 'Expired', 'The provided continue parameter is too old');
    const items = rest.items.slice(0, limit);
    const left = rest.items.slice(items.length);
    const next = left.length > 0 ? `page-${this.requests.length}` : undefined;
    if (next !== undefined) this.#pages.set(next, { items: left, version: rest.version });
    const metadata = { resourceVersion: String(rest.version), ...(next && { continue: next }) };
    return { status: 200, body: { kind: 'List', metadata, items } };
  }

  #create({ body }: SeenRequest, { resource, namespace }: Target): Answer {
    const object = body as ApiObject;
    const named = { ...object, metadata: { ...object.metadata, ...(namespace !== undefined && { namespace }) } };
    const key = `${namespace ?? ''}/${object.metadata.name}`;
    if (this.cluster.get(resource, key) !== undefined)
      return failure(409, 'AlreadyExists', `${resource} "${object.metadata.name}" already exists`);
    return { status: 201, body: this.cluster.put(resource, named) };
  }

  #patch(
    { body, headers, query }: SeenRequest,
    { resource, namespace, name = '', subresource }: Target,
    before: ApiObject | undefined,
  ): Answer {
    const patch = body as ApiObject;
    const isApply = headers['content-type'] === 'application/apply-patch+yaml';
    if (before === undefined && (!isApply || subresource !== undefined)) return failure(404, 'NotFound', `${resource} "${name}" not found`);
    const version = patch.metadata?.resourceVersion;
    if (version !== undefined && version !== before?.metadata.resourceVersion) return conflict(name);
    if (patch.metadata?.uid !== undefined && patch.metadata.uid !== before?.metadata.uid) return conflict(name);
    const base = before ?? { metadata: { name, ...(namespace !== undefined && { namespace }) } };
    if (!isApply)
      return { status: 200, body: this.cluster.put(resource, onlyWhatMayChange(base, mergePatch(base, patch) as ApiObject, subresource)) };
    const managed = ({ metadata }: ApiObject): string => `${metadata.uid} ${subresource ?? ''} ${query.get('fieldManager')}`;
    const merged = serverSideApply(base, patch, before && this.#applied.get(managed(before))) as ApiObject;
    const stored = this.cluster.put(resource, onlyWhatMayChange(base, merged, subresource));
    this.#applied.set(managed(stored), patch);
    return { status: before === undefined ? 201 : 200, body: stored };
  }
}

function isList({ method, path, isWatch }: SeenRequest): boolean {
  return method === 'GET' && !isWatch && parsePath(path)?.name === undefined;
}

export function kubeConfigFor(url: string): KubeConfig {
  const config = new KubeConfig();
  // Without this the library refuses http.
  config.loadFromClusterAndUser({ name: 'fake', server: url, skipTLSVerify: true }, { name: 'test', token: 'api-token' });
  return config;
}

const pathPattern = /^\/(?:api|apis\/([^/]+))\/([^/]+)(?:\/namespaces\/([^/]+)(?=\/[^/]))?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/;

function parsePath(path: string): Target | undefined {
  const match = pathPattern.exec(path);
  if (match === null) return undefined;
  const [, group = '', version, namespace, plural, name, subresource] = match;
  return { resource: `${group}/${version}/${plural}`, namespace, name, subresource };
}

/** Without the subresource `status` its status stays as it was, with it nothing else changes. Only custom resources and the like have one. */
function onlyWhatMayChange(before: ApiObject, now: ApiObject, subresource: string | undefined): ApiObject {
  type WithStatus = ApiObject & { status?: unknown };
  if (subresource === 'status') return { ...before, status: (now as WithStatus).status } as ApiObject;
  const { status: _, ...rest } = now as WithStatus;
  const { status } = before as WithStatus;
  return status === undefined ? rest : ({ ...rest, status } as ApiObject);
}

async function readJson(request: http.IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return pieces.length === 0 ? undefined : JSON.parse(Buffer.concat(pieces).toString('utf8'));
}

function statusOf(code: number, reason: string, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message };
}

function failure(status: number, reason: string, message: string): Answer {
  return { status, body: statusOf(status, reason, message) };
}

function conflict(name: string): Answer {
  return failure(409, 'Conflict', `Operation cannot be fulfilled on "${name}": the object has been modified`);
}

function respond(response: http.ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function failWith(response: http.ServerResponse, fault: Exclude<Fault, string>): void {
  if (fault.retryAfterSeconds !== undefined) response.setHeader('retry-after', fault.retryAfterSeconds);
  respond(response, failure(fault.status, fault.reason ?? 'Fault', fault.message ?? 'a planned fault'));
}
