import type { Clock } from '../../crds/clock.ts';

/** Time that runs so many times as fast: for timeouts of minutes against real servers. */
export function hurriedClock(factor: number): Clock {
  return {
    monotonicMs: () => performance.now() * factor,
    wallMs: () => Date.now() * factor,
    after: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs / factor);
      return () => clearTimeout(timer);
    },
  };
}
