import type { Failure } from '../failure.ts';
import type { ClientErrorCode } from '../net/client-error.ts';
import { connectionProblem, errorCode, headersOverflow, type Peer } from '../net/connection-problem.ts';

const codes = {
  refused: 'upstream_unreachable',
  foreign: 'upstream_protocol',
  timeout: 'upstream_timeout',
  broken: 'upstream_protocol',
  unreachable: 'upstream_unreachable',
} as const;

/** What an error of the HTTP client means for the caller. `answered`: a byte of the answer had come. */
export function upstreamFailure(error: Error, api: Peer, answered: boolean): Failure {
  const cause = errorCode(error) || error.name;
  if (cause === ('REQUEST_INVALID' satisfies ClientErrorCode)) {
    return { code: 'malformed_request', detail: 'The request cannot be sent on as HTTP/1.1.', log: { cause } };
  }
  if (answered && cause !== headersOverflow) {
    return { code: 'upstream_protocol', detail: `The API ${api.host} broke off its answer, or it is not valid HTTP/1.1.`, log: { cause } };
  }
  const { kind, detail, hint, doctorHelps } = connectionProblem(error, api);
  return { code: codes[kind], detail, hint, ...(doctorHelps && { doctorHelps }), log: { cause } };
}
