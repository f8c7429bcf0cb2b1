import type { Clock } from '../../crds/clock.ts';
import { ConnectionError } from './api-error.ts';

/** The end of one call: its caller's signal, or the time it may take, whichever comes first. */
export class CallLimit {
  readonly #clock: Clock;
  readonly #caller: AbortSignal | undefined;
  readonly #controller = new AbortController();
  #cancelTimer = (): void => {};

  constructor(clock: Clock, caller: AbortSignal | undefined) {
    this.#clock = clock;
    this.#caller = caller;
    if (caller?.aborted) this.#controller.abort(caller.reason);
    else caller?.addEventListener('abort', this.#follow);
  }

  readonly #follow = (): void => this.#controller.abort(this.#caller?.reason);

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on so much time, in place of what was left. */
  allow(ms: number, code: 'timeout' | 'silent', message: string): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.after(ms, () => this.#controller.abort(new ConnectionError(code, message)));
  }

  /** Settles as `promise` does, unless the limit is reached first. */
  within<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const { signal } = this;
      const stop = (): void => reject(signal.reason);
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop);
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
  }

  end(): void {
    this.#cancelTimer();
    this.#caller?.removeEventListener('abort', this.#follow);
  }
}
