import type { IncomingHttpHeaders } from 'node:http';
import type { Logger } from 'pino';

/** A call that was passed on to the API and has ended. */
export interface EndedCall {
  readonly alias: string;
  readonly method: string | undefined;
  /** 499 where the caller left before there was an answer. */
  readonly status: number;
  readonly durationMs: number;
  readonly headers: IncomingHttpHeaders;
}

export type NoteAnswer = (call: EndedCall) => void;

/** A line for each call, never with its path, query string or body; nothing unless the log is to be that detailed: at debug. */
export function noteAnswers(log: Logger): NoteAnswer | undefined {
  if (!log.isLevelEnabled('debug')) return undefined;
  return ({ alias, method, status, durationMs, headers }) => {
    const { traceparent, 'x-request-id': requestId } = headers;
    log.debug({ alias, method, status, durationMs: Math.round(durationMs), traceparent, requestId }, 'Call ended');
  };
}
