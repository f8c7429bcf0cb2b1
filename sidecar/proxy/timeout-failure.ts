import type { Failure } from '../failure.ts';

/** How long either side may say nothing in the middle of a body. */
export const idleTimeoutMs = 300_000;

const idleTime = `${idleTimeoutMs / 1000} s`;

/** What a call was waiting for when its time was up. */
export type Awaited = 'caller' | 'connection' | 'upload' | 'answer' | 'rest of the answer';

const timeouts: Readonly<Record<Awaited, (api: string) => Failure>> = {
  caller: () => ({ code: 'request_timeout', detail: `The caller neither sent nor read anything for ${idleTime}.` }),
  connection: (api) => ({
    code: 'upstream_timeout',
    detail: `There was no connection to the API ${api} for this call in time.`,
    hint: 'Other calls may hold them all: look for some that never end.',
  }),
  upload: (api) => ({ code: 'upstream_timeout', detail: `The API ${api} took nothing of the request's body for ${idleTime}.` }),
  answer: (api) => ({
    code: 'upstream_timeout',
    detail: `The API ${api} did not answer in time.`,
    hint: 'See upstream.responseTimeoutSeconds.',
  }),
  'rest of the answer': (api) => ({
    code: 'upstream_timeout',
    detail: `The API ${api} sent nothing for ${idleTime} in the middle of its answer.`,
    hint: 'An event stream should send a comment now and then.',
  }),
};

export const tokenExpired: Failure = {
  code: 'token_timeout',
  detail: 'The token expired while the request waited for a connection.',
  hint: 'The API holds all connections; try again.',
};

/** `api`: its host. */
export function timeoutFailure(awaited: Awaited, api: string): Failure {
  return timeouts[awaited](api);
}
