import { setTimeout as pause } from 'node:timers/promises';
import type { FakeClock } from './fake-clock.ts';

const patienceMs = 10_000;
const lookEveryMs = 2;

/** Resolves once `isTrue`; for what happens between processes or sockets and nobody announces. Rejects after 10 s. */
export async function until(isTrue: () => boolean, what = String(isTrue)): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (!isTrue()) {
    if (performance.now() > endMs) throw new Error(`It did not come true: ${what}`);
    await pause(lookEveryMs);
  }
}

/** The same while the fake clock goes on, step by step: for what waits for both a socket and a timer. */
export function untilWith(clock: FakeClock, isTrue: () => boolean, stepMs = 100): Promise<void> {
  const endMs = performance.now() + patienceMs;
  const look = async (): Promise<void> => {
    while (!isTrue()) {
      if (performance.now() > endMs) throw new Error(`It did not come true: ${String(isTrue)}`);
      await clock.advance(stepMs);
      await pause(lookEveryMs);
    }
  };
  return look();
}
