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
  readonly clientSecret: string;
  readonly newToken: () => string;
  readonly nowMs: () => number;
}

/**
 * A stand-in of the token server of SuccessFactors Learning, which nothing else plays: a POST of JSON only, the company id and
 * the secret in the Authorization header, a scope that is an object with four keys. It is as strict as the original is
 * said to be: 403 for a wrong secret, 400 for every other mistake.
 */
export async function startLearningTokenServer(options: LearningTokenServerOptions): Promise<LearningTokenServer> {
  const { companyId, clientSecret, newToken, nowMs } = options;
  const expiries = new Map<string, number>();
  let tokenRequests = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    tokenRequests += 1;
    const mistake = findMistake(request, await text(request), companyId, clientSecret);
    response.setHeader('Content-Type', 'application/json');
    if (mistake !== undefined) {
      response.statusCode = mistake.status;
      response.end(JSON.stringify({ errorHttpCode: mistake.status, errorMessage: mistake.message }));
      return;
    }
    const token = newToken();
    expiries.set(token, nowMs() + tokenLifetimeSeconds * 1000);
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
    verifyToken: (token) => ((expiries.get(token) ?? 0) > nowMs() ? { clientId: companyId } : undefined),
  };
}

interface Mistake {
  readonly status: number;
  readonly message: string;
}

function findMistake(request: IncomingMessage, body: string, companyId: string, clientSecret: string): Mistake | undefined {
  if (request.url !== learningTokenPath) return { status: 404, message: 'no such resource' };
  if (request.method !== 'POST') return { status: 405, message: 'only POST is allowed' };
  const basic = Buffer.from(`${companyId}:${clientSecret}`).toString('base64');
  if (request.headers.authorization !== `Basic ${basic}`) return { status: 403, message: 'client id or secret is wrong' };
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
