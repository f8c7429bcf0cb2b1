import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { canaryToken } from '../canary.ts';
import { listenOnLoopback } from '../listen-on-loopback.ts';
import type { Claims } from '../resource-server.ts';
import { Refusal } from '../saml/token-server.ts';

export interface TokenRequest {
  readonly request: IncomingMessage;
  readonly form: URLSearchParams;
  /** Of the endpoint. */
  readonly url: string;
}

export interface TokenEndpointOptions {
  readonly path: string;
  /** For whom the token is; throws a `Refusal` unless everything in the request is as it must be. */
  readonly admit: (request: TokenRequest) => string;
  /** Why a request with a query is refused; as any other path, by default. */
  readonly queryRefusal?: Refusal;
  /** The body of a refusal. Without it, that of RFC 6749 section 5.2 with the reason. */
  readonly describe?: (refusal: Refusal) => object;
}

const lifetimeSeconds = 3600;

/** A token endpoint (RFC 6749 section 3.2) that is told what to insist on. Its tokens carry the canary's mark. */
export class TokenEndpoint implements AsyncDisposable {
  url = '';
  readonly #options: TokenEndpointOptions;
  readonly #subjects = new Map<string, string>();
  #close = (): Promise<void> => Promise.resolve();

  constructor(options: TokenEndpointOptions) {
    this.#options = options;
  }

  async listen(): Promise<void> {
    const server = createServer((request, response) => {
      this.#answer(request).then(
        (body) => response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body)),
        (error: unknown) => {
          const refusal = error instanceof Refusal ? error : new Refusal(String(error), 500);
          const { describe = invalidRequest } = this.#options;
          response.writeHead(refusal.status, { 'Content-Type': 'application/json' }).end(JSON.stringify(describe(refusal)));
        },
      );
    });
    const listening = await listenOnLoopback(server);
    this.url = listening.url + this.#options.path;
    this.#close = () => listening.close();
  }

  verifyToken(token: string): Claims | undefined {
    const clientId = this.#subjects.get(token);
    return clientId === undefined ? undefined : { clientId };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  async #answer(request: IncomingMessage): Promise<object> {
    const form = new URLSearchParams(await text(request));
    const { path, queryRefusal } = this.#options;
    if (queryRefusal !== undefined && request.url?.startsWith(`${path}?`) === true) throw queryRefusal;
    if (request.method !== 'POST' || request.url !== path) throw new Refusal('no such endpoint', 404);
    if (request.headers['content-type'] !== 'application/x-www-form-urlencoded') throw new Refusal('not a form', 415);
    const subject = this.#options.admit({ request, form, url: this.url });
    const token = canaryToken(this.#subjects.size + 1);
    this.#subjects.set(token, subject);
    return { access_token: token, token_type: 'Bearer', expires_in: lifetimeSeconds };
  }
}

const invalidRequest = ({ message }: Refusal): object => ({ error: 'invalid_request', error_description: message });

export async function startTokenEndpoint(options: TokenEndpointOptions): Promise<TokenEndpoint> {
  const endpoint = new TokenEndpoint(options);
  await endpoint.listen();
  return endpoint;
}

/** Refuses unless the form has exactly these fields, each once: with this value, or one that is found good. */
export function expectFields(form: URLSearchParams, expected: Readonly<Record<string, string | ((value: string) => void)>>): void {
  const names = [...form.keys()].toSorted().join();
  if (names !== Object.keys(expected).toSorted().join()) throw new Refusal(`these are not its fields: ${names}`, 400);
  for (const [name, value] of form) {
    const wanted = expected[name];
    if (typeof wanted === 'function') wanted(value);
    else if (value !== wanted) throw new Refusal(`the field ${name} is another`);
  }
}

export function expectAuthorization({ headers }: IncomingMessage, expected: string | undefined): void {
  if (headers.authorization !== expected) throw new Refusal('the Authorization header is another');
}

/** RFC 7617; id and secret as they stand in the header. */
export const basic = (id: string, secret: string): string => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
