import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { canaryToken } from '../canary.ts';
import { listenOnLoopback } from '../listen-on-loopback.ts';
import type { AssertionVerifier, VerifiedAssertion } from './assertion-verifier.ts';

/** Why a token request is refused. */
export class Refusal extends Error {
  readonly status: number;

  constructor(reason: string, status = 401) {
    super(reason);
    this.status = status;
  }
}

export interface SamlTokenServerOptions {
  readonly verifier: AssertionVerifier;
  /** PEM, as registered for the client. */
  readonly certificate: string;
  /** What the server takes for the time. */
  readonly nowMs?: () => number;
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresIn: number;
}

/** How one product takes the token request of RFC 7522. */
export interface Product {
  readonly path: string;
  readonly audience: string;
  readonly tokenType: string;
  /** The assertion's XML, if all else in the request is right; throws a `Refusal`. */
  readonly readRequest: (request: IncomingMessage, form: URLSearchParams) => Buffer;
  /** For whom the assertion is, as the product knows the user; throws a `Refusal`. */
  readonly userOf: (assertion: VerifiedAssertion) => string;
  readonly describe: (refusal: Refusal) => object;
  readonly lifetimeSeconds: number;
  /** Gives the user's token again for as long as it lives, unless the request says otherwise. */
  readonly keepsTokens: boolean;
}

/** A token server that issues nothing before another program than ours has verified the assertion. Its tokens carry the canary's mark. */
export class SamlTokenServer implements AsyncDisposable {
  url = '';
  /** What it was sent. */
  readonly forms: URLSearchParams[] = [];
  /** What it accepted. */
  readonly assertions: VerifiedAssertion[] = [];
  /** Why it accepted nothing. */
  readonly refusals: string[] = [];
  readonly #product: Product;
  readonly #options: SamlTokenServerOptions;
  readonly #nowMs: () => number;
  readonly #tokens = new Map<string, { readonly token: string; readonly user: string; readonly endsAtMs: number }>();
  #issued = 0;
  #close = (): Promise<void> => Promise.resolve();

  constructor(product: Product, options: SamlTokenServerOptions) {
    this.#product = product;
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
  }

  async listen(): Promise<void> {
    await this.#options.verifier.ready;
    const server = createServer((request, response) => {
      this.#answer(request).then(
        (body) => response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body)),
        (error: unknown) => {
          const refusal = error instanceof Refusal ? error : new Refusal(String(error), 500);
          this.refusals.push(refusal.message);
          const body = JSON.stringify(this.#product.describe(refusal));
          response.writeHead(refusal.status, { 'Content-Type': 'application/json' }).end(body);
        },
      );
    });
    const listening = await listenOnLoopback(server);
    this.url = listening.url + this.#product.path;
    this.#close = () => listening.close();
  }

  /** The user that the token is for, if it is valid now. */
  userOf(token: string): string | undefined {
    const known = [...this.#tokens.values()].find((entry) => entry.token === token);
    return known !== undefined && known.endsAtMs > this.#nowMs() ? known.user : undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  async #answer(request: IncomingMessage): Promise<object> {
    const product = this.#product;
    const form = new URLSearchParams(await text(request));
    this.forms.push(form);
    if (request.method !== 'POST' || request.url !== product.path) throw new Refusal('no such endpoint', 404);
    if (request.headers['content-type'] !== 'application/x-www-form-urlencoded') throw new Refusal('not a form', 415);
    const assertion = product.readRequest(request, form);
    const { verifier, certificate } = this.#options;
    const nowMs = this.#nowMs();
    const verdict = await verifier.verify(assertion, { certificate, audience: product.audience, recipient: this.url, nowMs });
    if (!verdict.accepted) throw new Refusal(`the assertion is not accepted: ${verdict.reason}`);
    const user = product.userOf(verdict);
    this.assertions.push(verdict);
    const { token, expiresIn } = this.#issue(user, product.keepsTokens && form.get('new_token') !== 'true');
    return { access_token: token, token_type: product.tokenType, expires_in: expiresIn };
  }

  #issue(user: string, mayBeOld: boolean): IssuedToken {
    const nowMs = this.#nowMs();
    const old = this.#tokens.get(user);
    if (mayBeOld && old !== undefined && old.endsAtMs > nowMs) {
      return { token: old.token, expiresIn: Math.floor((old.endsAtMs - nowMs) / 1000) };
    }
    this.#issued += 1;
    const { lifetimeSeconds } = this.#product;
    const token = canaryToken(this.#issued);
    this.#tokens.set(user, { token, user, endsAtMs: nowMs + lifetimeSeconds * 1000 });
    return { token, expiresIn: lifetimeSeconds };
  }
}

/** The fields, if there is each of those named once and none beside. */
export function exactFields(form: URLSearchParams, required: readonly string[], optional: readonly string[] = []): Map<string, string> {
  const fields = new Map(form);
  const odd = [...form.keys()].length !== fields.size || [...fields.keys()].some((name) => ![...required, ...optional].includes(name));
  if (odd || required.some((name) => !fields.get(name))) throw new Refusal(`these are not its fields: ${[...form.keys()].join()}`, 400);
  if (fields.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:saml2-bearer') throw new Refusal('another grant type', 400);
  return fields;
}

/** The bytes, if this is how they are written in the encoding. */
export function decodeExactly(value: string, encoding: 'base64' | 'base64url'): Buffer {
  const bytes = Buffer.from(value, encoding);
  if (bytes.toString(encoding) !== value) throw new Refusal(`the assertion is not ${encoding}`, 400);
  return bytes;
}
