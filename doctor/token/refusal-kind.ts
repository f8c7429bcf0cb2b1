import { isAboutGrant } from '../../sidecar/token/credential-hints.ts';
import { readMember } from '../../sidecar/token/read-member.ts';
import type { VerdictCode } from '../verdicts.ts';
import type { Asked, FailedAsked } from './ask-once.ts';
import { contentOf } from './describe-answer.ts';

/**
 * How far a refused request came, as far as another way of asking may help: its shape is not understood (`shape`, or its method: `method`), the client is
 * not accepted (`client`), its scope is not given (`scope`). `none`: another way would come to the same, or there was no judgement.
 */
export type RefusalKind = 'method' | 'shape' | 'client' | 'scope' | 'none';

/** What the token endpoint's no is about. */
export interface Judgement {
  readonly code: VerdictCode;
  readonly kind: RefusalKind;
}

const judgement = (code: VerdictCode, kind: RefusalKind = 'none'): Judgement => ({ code, kind });

/** Judges what the sidecar calls a failure. */
export function judge(asked: FailedAsked): Judgement {
  const { request, response, attempt, config } = asked;
  if (request === undefined) return judgement('token_not_requested');
  if (response === undefined) return unanswered(attempt.failure.code);
  const { status } = response;
  if (status >= 300 && status < 400) return judgement('token_redirected');
  if (status === 407) return judgement('proxy_credentials');
  if (status === 429) return judgement('token_throttled');
  if (status >= 500) return judgement('token_endpoint_failed');
  const error = attempt.failure.tokenEndpoint?.error;
  const byError = error === undefined ? undefined : ofError(error, isAboutGrant(config));
  if (status < 300) {
    if (attempt.failure.code === 'token_rejected') return byError ?? judgement('token_error_in_success', 'shape');
    return withoutToken(asked);
  }
  return byError ?? ofStatus(status, asked);
}

function unanswered(code: string): Judgement {
  if (code === 'token_timeout') return judgement('token_no_answer');
  return judgement(code === 'token_malformed' ? 'token_malformed' : 'connection_broken');
}

/** RFC 6749 section 5.2, and what UAA and GitHub say in its place. */
function ofError(error: string, aboutGrant: boolean): Judgement | undefined {
  switch (error) {
    case 'invalid_client':
    case 'unauthorized_client':
    case 'incorrect_client_credentials':
      return judgement('token_client_refused', 'client');
    case 'unauthorized':
      return aboutGrant ? judgement('token_grant_refused') : judgement('token_client_refused', 'client');
    case 'invalid_grant':
      return judgement('token_grant_refused');
    case 'invalid_scope':
      return judgement('token_scope_refused', 'scope');
    case 'unsupported_grant_type':
      return judgement('token_grant_unsupported', 'shape');
    case 'invalid_request':
      return judgement('token_request_refused', 'shape');
    case 'invalid_target':
      return judgement('token_request_refused');
    default:
      return undefined;
  }
}

function ofStatus(status: number, { config }: Asked): Judgement {
  const aboutGrant = isAboutGrant(config);
  if (status === 401) return aboutGrant ? judgement('token_grant_refused') : judgement('token_client_refused', 'client');
  // SuccessFactors Learning says so of a wrong secret.
  if (status === 403) return judgement('token_forbidden', aboutGrant ? 'none' : 'client');
  if (status === 404 || status === 410) return judgement('token_not_found');
  if (status === 405) return judgement('token_method_refused', 'method');
  return judgement('token_request_refused', status === 408 ? 'none' : 'shape');
}

function withoutToken({ response, config }: Asked): Judgement {
  const content = response && contentOf(response);
  // A page that is no refusal is the same however it is asked for.
  if (content?.kind === 'html') return judgement('token_web_page');
  if (content?.kind === 'empty') return judgement('token_empty');
  if (content?.kind !== 'members') return judgement('token_malformed');
  const path = config.tokenEndpoint.response.accessToken ?? 'access_token';
  const token = readMember(content.members, path);
  if (token === '' || token === null) return judgement('token_empty');
  return judgement(token === undefined ? 'token_missing' : 'token_malformed');
}
