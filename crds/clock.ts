/** Time as a parameter. Everything that waits or ages takes a `Clock`, so that tests can move time themselves. */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back, but may stand still while the machine sleeps. */
  monotonicMs(): number;
  /** Milliseconds since the Unix epoch; may jump either way. */
  wallMs(): number;
  /** Calls `callback` once after `delayMs`; the answer cancels it. A timer of ours never keeps the process alive. */
  after(delayMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs).unref();
    return () => clearTimeout(timer);
  },
};

/** A number in [0, 1): `Math.random`, or a test's own. */
export type Random = () => number;

/** Resolves after `delayMs`; earlier, and without an error, when the signal is aborted. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(delayMs, end);
    signal.addEventListener('abort', end);
  });
}
