import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { canaryToken } from './canary.ts';
import { listenOnLoopback } from './listen-on-loopback.ts';

/** Instead of a token. */
export type Refusal = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * A token endpoint that knows which of its tokens are valid at this moment, by a clock that nobody sets. Every token is another
 * one and carries the canary's mark.
 */
export class TokenIssuer implements AsyncDisposable {
  url = '';
  requests = 0;
  lifetimeSeconds: number;
  /** While set, it answers every request. */
  refuse: Refusal | undefined;
  /** Resolves before the answer goes out. */
  hold: Promise<unknown> | undefined;
  readonly #endsAtMs = new Map<string, number>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #close = (): Promise<void> => Promise.resolve();

  constructor(lifetimeSeconds: number) {
    this.lifetimeSeconds = lifetimeSeconds;
  }

  async listen(): Promise<void> {
    const listening = await listenOnLoopback(this.#server);
    this.url = listening.url;
    this.#close = () => listening.close();
  }

  isValid(token: string): boolean {
    return (this.#endsAtMs.get(token) ?? 0) > performance.now();
  }

  /** Of all tokens that are valid at this moment, the last second to count. */
  get lastEndsAtMs(): number {
    return Math.max(0, ...this.#endsAtMs.values());
  }

  revokeAll(): void {
    this.#endsAtMs.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests += 1;
    request.resume();
    await this.hold;
    if (this.refuse !== undefined) return this.refuse(request, response);
    const token = canaryToken(this.requests);
    this.#endsAtMs.set(token, performance.now() + this.lifetimeSeconds * 1000);
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ access_token: token, expires_in: this.lifetimeSeconds, token_type: 'Bearer' }));
  }
}

export async function startTokenIssuer(lifetimeSeconds = 3600): Promise<TokenIssuer> {
  const issuer = new TokenIssuer(lifetimeSeconds);
  await issuer.listen();
  return issuer;
}
