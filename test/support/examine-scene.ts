import type { IncomingHttpHeaders } from 'node:http';
import { expect } from 'vitest';
import { parseSidecarConfig } from '../../crds/parse-sidecar-config.ts';
import { Sensitive } from '../../crds/sensitive.ts';
import { systemClock } from '../../crds/clock.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { canaryToken, findTraces } from './canary.ts';
import { serve } from './serve.ts';
import { testConfig, type TestConfig } from './sidecar-config.ts';
import { unsignedJwt } from './unsigned-jwt.ts';
import type { Step, Verdict } from '../../doctor/examination.ts';
import { parseApiCall } from '../../doctor/api/api-call.ts';
import { examineApi } from '../../doctor/api/examine-api.ts';

export type Claims = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | object;
}

export interface Scene {
  /** Of the token, beside what each one has; undefined: a token that cannot be read. */
  readonly claims?: Claims | null;
  /** What the API answers to a request with this token. */
  readonly answer: Answer | ((claims: Claims, headers: IncomingHttpHeaders) => Answer);
  readonly config?: Partial<TestConfig>;
  /** What the token endpoint issues to a form; by default what `claims` says. */
  readonly issue?: (form: URLSearchParams) => Claims | undefined;
  readonly path?: string;
  readonly method?: string;
  readonly probe?: boolean;
}

export interface Found {
  readonly verdict: Verdict;
  readonly steps: readonly Step[];
  readonly tokenRequests: number;
  readonly calls: number;
  readonly apiUrl: string;
}

export const nowSeconds = Math.floor(Date.now() / 1000);
export const usualClaims: Claims = {
  iss: 'https://login.example',
  aud: 'orders',
  iat: nowSeconds,
  exp: nowSeconds + 3600,
  jti: canaryToken('claims'),
};

/** Calls an API that answers so, with a token that says so. */
export async function examineScene({ claims = {}, answer, config = {}, issue, path, method = 'GET', probe = true }: Scene): Promise<Found> {
  let tokenRequests = 0;
  let calls = 0;
  const claimsOf = (headers: IncomingHttpHeaders): Claims => {
    const [, payload] = (headers.authorization ?? '').split('.');
    return payload === undefined ? {} : (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims);
  };
  await using endpoint = await serve((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      tokenRequests += 1;
      const issued = issue?.(new URLSearchParams(Buffer.concat(chunks).toString()));
      response.statusCode = issued === undefined ? 400 : 200;
      const token = unsignedJwt({ ...usualClaims, ...issued });
      response.end(
        JSON.stringify(issued === undefined ? { error: 'invalid_scope' } : { access_token: token, token_type: 'Bearer', expires_in: 3600 }),
      );
    });
  });
  await using api = await serve((request, response) => {
    calls += 1;
    const { status, headers = {}, body = '' } = typeof answer === 'function' ? answer(claimsOf(request.headers), request.headers) : answer;
    response.writeHead(status, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  const parsed = parseSidecarConfig(
    new Sensitive(JSON.stringify(testConfig({ upstream: `${api.url}/base`, tokenEndpoint: `${endpoint.url}/realms/a/token`, ...config }))),
  );
  const call = parseApiCall(method, path);
  if (!parsed.ok || 'invalid' in parsed.config || !call.ok) throw new Error('not a configuration or a call');
  const token = claims === null ? canaryToken('opaque') : unsignedJwt({ ...usualClaims, ...claims });
  const steps: Step[] = [];
  const verdict = await examineApi(
    {
      config: parsed.config satisfies SidecarConfig,
      call: call.call,
      token: { accessToken: new Sensitive(token), tokenType: 'Bearer', lifetimeMs: 3_600_000 },
      issue: { nowMs: nowSeconds * 1000, lifetimeMs: 3_600_000 },
      probe,
      version: '0.0.0',
      userAgent: 'tokenward/0.0.0',
    },
    { clock: systemClock, record: (step) => steps.push(step) },
  );
  // Nothing that is shown is or holds a secret.
  const text = JSON.stringify({ verdict, steps });
  expect(findTraces(text)).toEqual([]);
  expect(text).not.toContain(token.slice(-30));
  return { verdict, steps, tokenRequests, calls, apiUrl: api.url };
}

export const bearer = (parameters: string): Readonly<Record<string, string>> => ({ 'WWW-Authenticate': `Bearer ${parameters}` });
export const refusedSaying = (description: string): Required<Pick<Answer, 'status' | 'headers'>> => ({
  status: 401,
  headers: bearer(`error="invalid_token", error_description="${description}"`),
});
