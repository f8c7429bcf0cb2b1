import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../crds/clock.ts';
import { parseApiCall } from '../../doctor/api/api-call.ts';
import { checkAccess } from './check-access.ts';
import { credentialPage } from './credential-page.ts';
import { credentialPath, credentialsPage } from './credentials-page.ts';
import { consumerKey, examinableMethods } from './doctor-section.ts';
import { Examinations } from './examinations.ts';
import { readFilter } from './filter-credentials.ts';
import { LiveStream } from './live-stream.ts';
import { OverviewCache } from './overview-cache.ts';
import type { CredentialOverview, DashboardSource, ExaminationRequest } from './overview.ts';
import { contentSecurityPolicy, drawNotFound, drawPage, drawReading, drawRefusal, type Page, type View } from './page.ts';

export interface DashboardOptions {
  readonly clock: Clock;
  readonly version: string;
  /** How old what is shown may be. */
  readonly freshMs?: number;
}

export interface Dashboard {
  /** With the token: whoever has it may look. */
  readonly url: string;
  close(): Promise<void>;
}

const defaultFreshMs = 2000;
const timeoutMs = 10_000;
const maxConnections = 64;
const maxBodyBytes = 8192;
const maxPathLength = 2048;

/** A local page about credentials, for whoever has its URL: on loopback, at a free port, with a token of 128 bits. */
export async function serveDashboard(source: DashboardSource, options: DashboardOptions): Promise<Dashboard> {
  const dashboard = new DashboardServer(source, options);
  return { url: await dashboard.listen(), close: () => dashboard.close() };
}

class DashboardServer {
  readonly #options: DashboardOptions;
  readonly #canExamine: boolean;
  readonly #cache: OverviewCache;
  readonly #examinations: Examinations;
  readonly #streams = new Set<LiveStream>();
  readonly #server: http.Server;
  readonly #token = randomBytes(16).toString('base64url');
  #port = 0;

  constructor(source: DashboardSource, options: DashboardOptions) {
    this.#options = options;
    this.#canExamine = source.examine !== undefined;
    this.#cache = new OverviewCache(source, options.clock, options.freshMs ?? defaultFreshMs);
    this.#examinations = new Examinations(source, options.clock);
    this.#examinations.onChange = () => {
      for (const stream of this.#streams) void stream.push();
    };
    this.#server = http.createServer({ requestTimeout: timeoutMs, headersTimeout: timeoutMs }, (request, response) => {
      this.#answer(request, response).catch(() => fail(response));
    });
    this.#server.maxConnections = maxConnections;
  }

  get #base(): string {
    return `/${this.#token}`;
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
    return `http://127.0.0.1:${this.#port}${this.#base}/`;
  }

  async close(): Promise<void> {
    this.#examinations.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    const { method = '', url: target = '', headers } = request;
    const access = checkAccess({ method, target, headers }, { token: this.#token, port: this.#port });
    if (!access.ok) return send(response, access.status, drawRefusal(access.status === 403 ? 'Not for you' : 'Not understood', access.why));
    const { path, query } = access;
    if (method === 'POST') return this.#examine(request, path, response);
    if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD, POST');
      return send(response, 405, drawRefusal('Not possible', 'This page can be looked at.'));
    }
    if (method === 'GET' && headers.accept === 'text/event-stream') return this.#stream(path, query, response);
    const view = await this.#view();
    const page = this.#page(path, query, view);
    send(response, page.status, drawPage(page, view));
  }

  #page(path: string, query: URLSearchParams, view: View): Page {
    if (view.snapshot.overview === undefined) return drawReading(view, this.#base + path);
    if (path === '/') return credentialsPage(view, readFilter(query));
    const credential = findCredential(path, view);
    if (credential === undefined) return drawNotFound(view, 'There is no such credential, or no longer.');
    return credentialPage(view, credential, this.#examinations.lastOf(credential));
  }

  async #view(): Promise<View> {
    const { clock, version } = this.#options;
    const snapshot = await this.#cache.current();
    return { base: this.#base, nowMs: clock.wallMs(), version, snapshot, canExamine: this.#canExamine };
  }

  async #stream(path: string, query: URLSearchParams, response: http.ServerResponse): Promise<void> {
    const { clock, freshMs = defaultFreshMs } = this.#options;
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const draw = async (): Promise<string> => this.#page(path, query, await this.#view()).live.toString();
    const stream = new LiveStream(response, draw, clock, freshMs);
    this.#streams.add(stream);
    response.on('close', () => this.#streams.delete(stream));
    await stream.push();
  }

  async #examine(request: http.IncomingMessage, path: string, response: http.ServerResponse): Promise<void> {
    const view = await this.#view();
    const [, suffix] = /(\/examination)$/.exec(path) ?? [];
    const credential = suffix === undefined ? undefined : findCredential(path.slice(0, -suffix.length), view);
    if (credential === undefined) return send(response, 404, drawRefusal('Not found', 'There is no such credential, or no longer.'));
    const form = await readForm(request);
    const asked = form && readExamination(form, credential);
    if (asked === undefined) return send(response, 400, drawRefusal('Not understood', 'This is not what the form sends.'));
    if (typeof asked === 'string') return send(response, 400, drawRefusal('Not understood', asked));
    const obstacle = this.#examinations.begin(asked);
    if (obstacle === 'busy')
      return send(response, 503, drawRefusal('Busy', 'Other examinations are under way. Try again when they have ended.'));
    if (obstacle === 'impossible') return send(response, 404, drawRefusal('Not found', 'There is no doctor here.'));
    redirect(response, `${credentialPath(this.#base, credential)}#doctor`);
  }
}

const securityHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': contentSecurityPolicy,
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
  Vary: 'Accept',
};

function send(response: http.ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

/** A mistake of ours, or a caller that is gone: of neither is there more to say here. */
function fail(response: http.ServerResponse): void {
  if (response.headersSent) response.destroy();
  else send(response, 500, drawRefusal('Not drawn', 'This page cannot be drawn. Please report what it is about.'));
}

/** To be fetched with GET, whatever this was (RFC 9110 section 15.4.4). */
function redirect(response: http.ServerResponse, location: string): void {
  response.writeHead(303, { Location: location, 'Content-Length': 0 });
  response.end();
}

function findCredential(path: string, { base, snapshot }: View): CredentialOverview | undefined {
  return snapshot.overview?.credentials.find((credential) => credentialPath(base, credential) === base + path);
}

async function readForm(request: http.IncomingMessage): Promise<URLSearchParams | undefined> {
  if (request.headers['content-type'] !== 'application/x-www-form-urlencoded') return undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > maxBodyBytes) return undefined;
    chunks.push(chunk as Buffer);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

/** Only what the page offers: a consumer that there is, and a method that changes nothing. A sentence, if the path is none. */
function readExamination(
  form: URLSearchParams,
  { namespace, name, consumers = [] }: CredentialOverview,
): ExaminationRequest | string | undefined {
  const consumer = consumers.find((known) => consumerKey(known) === form.get('consumer'));
  const method = examinableMethods.find((known) => known === form.get('method'));
  const path = (form.get('path') ?? '').trim();
  if (consumer === undefined || method === undefined || path.length > maxPathLength) return undefined;
  const parsed = parseApiCall(method, path);
  if (!parsed.ok) return parsed.message.replace('--path', 'The path');
  const { path: known } = parsed.call;
  const call = { method, probe: form.get('probe') === 'yes', ...(known !== undefined && { path: known }) };
  return { namespace, name, consumer: consumer.name, alias: consumer.alias, ...call };
}
