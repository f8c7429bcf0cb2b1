import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { listenOnLoopback, type Listening } from './listen-on-loopback.ts';
import type { Certificate } from './make-certificate.ts';

/** What a valid token says about whoever it was issued to. */
export interface Claims {
  readonly clientId: string;
  readonly [name: string]: unknown;
}

/** Resolves to the claims of a valid token, to undefined for any other. */
export type VerifyToken = (token: string) => Claims | undefined | Promise<Claims | undefined>;

export interface ResourceServerOptions {
  readonly port?: number;
  /** Served over TLS with this certificate. */
  readonly tls?: Certificate;
  readonly verifyToken: VerifyToken;
  /** Answers a request whose token is valid. */
  readonly respond: (request: IncomingMessage, response: ServerResponse, claims: Claims) => void | Promise<void>;
}

export interface ResourceServer extends Listening {
  /** Requests with a valid token, and all others. */
  readonly served: number;
  readonly refused: number;
}

/**
 * An API that checks its tokens as a resource server does (RFC 6750 sections 2.1 and 3): exactly one Authorization header,
 * the scheme Bearer, and a token that verifies. Anything else is 401 with `WWW-Authenticate`.
 */
export async function startResourceServer({ port = 0, tls, verifyToken, respond }: ResourceServerOptions): Promise<ResourceServer> {
  let served = 0;
  let refused = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = bearerToken(request);
    const claims = token === undefined ? undefined : await verifyToken(token);
    if (claims === undefined) {
      refused += 1;
      request.resume();
      response.writeHead(401, {
        'WWW-Authenticate': token === undefined ? 'Bearer' : 'Bearer error="invalid_token"',
        'Content-Type': 'application/json',
      });
      response.end(JSON.stringify({ error: token === undefined ? 'a bearer token is required' : 'invalid_token' }));
      return;
    }
    served += 1;
    await respond(request, response, claims);
  }

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))));
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer({ cert: tls.certificate, key: tls.key }, listener);
  const listening = await listenOnLoopback(server, port);
  return {
    ...listening,
    url: tls === undefined ? listening.url : listening.url.replace('http:', 'https:'),
    get served() {
      return served;
    },
    get refused() {
      return refused;
    },
  };
}

/** The token of the one Authorization header; undefined if there is none, more than one, or another scheme. */
function bearerToken(request: IncomingMessage): string | undefined {
  const [authorization, ...others] = request.headersDistinct['authorization'] ?? [];
  if (authorization === undefined || others.length > 0) return undefined;
  return /^Bearer (\S+)$/i.exec(authorization)?.[1];
}
