import type { TokenFailure } from '../failure.ts';
import { connectionProblem } from '../net/connection-problem.ts';
import type { Attempt } from './attempt.ts';

/** What an error of the HTTP client means: there is no answer of the token endpoint at `host`, perhaps behind a proxy, to judge. */
export function connectionFailure(error: unknown, host: string, proxyHost?: string): Attempt {
  const problem = connectionProblem(error, { name: 'token endpoint', field: 'tokenEndpoint', host, proxyHost });
  const { kind, detail, hint, doctorHelps, code: cause } = problem;
  const code = kind === 'foreign' ? 'token_malformed' : kind === 'timeout' ? 'token_timeout' : 'token_unavailable';
  const failure: TokenFailure = { code, detail, hint, ...(doctorHelps && { doctorHelps }), ...(cause !== '' && { log: { cause } }) };
  return { ok: false, failure, retry: kind === 'refused' || kind === 'foreign' ? 'never' : 'soon' };
}

/** The deadline of one token request has passed. */
export function timedOut(host: string, why: string): Attempt {
  const hint = 'Check network policies and tokenEndpoint.proxy; a slow endpoint may need a larger tokenEndpoint.timeoutSeconds.';
  const detail = `The token endpoint ${host}: ${why}.`;
  return { ok: false, failure: { code: 'token_timeout', detail, hint, doctorHelps: true }, retry: 'soon' };
}
