import type { ServerResponse } from 'node:http';
import { type Failure, failures } from '../failure.ts';

/** A failure as an answer: `application/problem+json` (RFC 9457) with its code in `Tokenward-Error`. */
export interface Problem {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
}

export function problem(failure: Failure, alias?: string): Problem {
  const { status, title } = failures[failure.code];
  const { code, detail, retryAfterSeconds, tokenEndpoint } = failure;
  const hint = hintFor(failure, alias);
  const body = JSON.stringify({ type: `tag:tokenward.dev,2026:${code}`, title, status, detail, hint, alias, tokenEndpoint });
  const headers = ['Content-Type', 'application/problem+json', 'Content-Length', `${Buffer.byteLength(body)}`, 'Tokenward-Error', code];
  // The rest of its body would come some time, and be taken for a request.
  if (code === 'request_timeout') headers.push('Connection', 'close');
  if (retryAfterSeconds !== undefined) headers.push('Retry-After', `${Math.ceil(retryAfterSeconds)}`);
  return { status, headers, body };
}

function hintFor({ hint, doctorHelps }: Failure, alias: string | undefined): string | undefined {
  if (hint === undefined || doctorHelps === undefined || alias === undefined) return hint;
  return `${hint} To find out more: kubectl tokenward doctor POD ${alias}, or tokenward doctor -f FILE --alias ${alias}.`;
}

export function answerProblem(response: ServerResponse, failure: Failure, alias?: string): void {
  const { status, headers, body } = problem(failure, alias);
  response.writeHead(status, [...headers]);
  response.end(body);
}
