import type { IncomingHttpHeaders } from 'node:http';
import type { Logger } from 'pino';
import type { Clock } from '../crds/clock.ts';
import type { Failure } from './failure.ts';

const quietMs = 1_000;

/**
 * Failures in the log: rich, redacted where they were made, never with a query string or a body. An API that is down fails
 * every call: of each alias and code one line a second is written, with the number of those that were not.
 */
export class FailureLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #recent = new Map<string, { sinceMs: number; suppressed: number }>();

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  write({ code, detail, hint, tokenEndpoint, log }: Failure, alias: string | undefined, headers: IncomingHttpHeaders): void {
    const nowMs = this.#clock.monotonicMs();
    const key = `${code} ${alias ?? ''}`;
    const recent = this.#recent.get(key);
    if (recent !== undefined && nowMs - recent.sinceMs < quietMs) {
      recent.suppressed++;
      return;
    }
    this.#recent.set(key, { sinceMs: nowMs, suppressed: 0 });
    const { traceparent, 'x-request-id': requestId } = headers;
    this.#log.warn(
      { alias, code, hint, tokenEndpoint, ...log, traceparent, requestId, alsoFailed: recent?.suppressed || undefined },
      detail,
    );
  }
}
