import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { listenOnLoopback, type Listening } from '../test/support/listen-on-loopback.ts';
import type { VerifyToken } from '../test/support/resource-server.ts';

export const learningTokenPath = '/learning/oauth-api/rest/v1/token';
const scopeKeys = ['userId', 'companyId', 'userType', 'resourceType'];
const tokenLifetimeSeconds = 1800;

export interface LearningTokenServer extends Listening {
  /** Token requests so far, refused ones among them. */
  readonly tokenRequests: number;
  readonly verifyToken: VerifyToken;
}

export interface LearningTokenServerOptions {
  readonly port?: number;
  readonly companyId: string;
  /** Those that it accepts, at every moment. One that is taken out takes with it the tokens that it bought. */
  readonly clientSecrets: ReadonlySet<string>;
  readonly newToken: () => string;
  readonly nowMs: () => number;
}

/**
 * A stand-in of the token server of SuccessFactors Learning, which nothing else plays: a POST of JSON only, the company id and
 * the secret in the Authorization header, a scope that is an object with four keys. It is as strict as the original is
 * said to be: 403 for a wrong secret, 400 for every other mistake.
 */
export async function startLearningTokenServer(options: LearningTokenServerOptions): Promise<LearningTokenServer> {
  const { companyId, clientSecrets, newToken, nowMs } = options;
  const issued = new Map<string, { readonly expiresAtMs: number; readonly boughtWith: string }>();
  let tokenRequests = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    tokenRequests += 1;
    const body = await text(request);
    const clientSecret = [...clientSecrets].find((secret) => request.headers.authorization === basicCredentials(companyId, secret));
    const mistake = findMistake(request, body, companyId, clientSecret);
    response.setHeader('Content-Type', 'application/json');
    if (mistake !== undefined) {
      response.statusCode = mistake.status;
      response.end(JSON.stringify({ errorHttpCode: mistake.status, errorMessage: mistake.message }));
      return;
    }
    const token = newToken();
    issued.set(token, { expiresAtMs: nowMs() + tokenLifetimeSeconds * 1000, boughtWith: clientSecret ?? '' });
    response.setHeader('Cache-Control', 'no-store');
    response.end(JSON.stringify({ access_token: token, expires_in: tokenLifetimeSeconds, token_type: 'Bearer' }));
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  const listening = await listenOnLoopback(server, options.port);
  return {
    ...listening,
    get tokenRequests() {
      return tokenRequests;
    },
    verifyToken(token) {
      const { expiresAtMs, boughtWith } = issued.get(token) ?? { expiresAtMs: 0, boughtWith: '' };
      return expiresAtMs > nowMs() && clientSecrets.has(boughtWith) ? { clientId: companyId } : undefined;
    },
  };
}

/** RFC 7617 section 2. */
const basicCredentials = (id: string, secret: string): string => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;

interface Mistake {
  readonly status: number;
  readonly message: string;
}

function findMistake(request: IncomingMessage, body: string, companyId: string, clientSecret: string | undefined): Mistake | undefined {
  if (request.url !== learningTokenPath) return { status: 404, message: 'no such resource' };
  if (request.method !== 'POST') return { status: 405, message: 'only POST is allowed' };
  if (clientSecret === undefined) return { status: 403, message: 'client id or secret is wrong' };
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    return { status: 400, message: 'the body must be application/json' };

  const fields = parseObject(body);
  if (fields === undefined) return { status: 400, message: 'the body is not a JSON object' };
  if (fields['grant_type'] !== 'client_credentials') return { status: 400, message: 'grant_type must be client_credentials' };
  if ('client_secret' in fields) return { status: 400, message: 'the secret belongs into the header' };
  const scope = fields['scope'];
  if (!isObject(scope)) return { status: 400, message: 'scope must be an object' };
  const missing = scopeKeys.filter((key) => typeof scope[key] !== 'string' || scope[key] === '');
  if (missing.length > 0) return { status: 400, message: `scope lacks ${missing.join(', ')}` };
  if (scope['companyId'] !== companyId) return { status: 400, message: 'scope names another company' };
  return undefined;
}

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
