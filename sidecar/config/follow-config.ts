import type { Sensitive } from '../../crds/sensitive.ts';
import type { Clock } from '../../crds/clock.ts';
import type { ConfigSource } from './config-source.ts';

/** Half of the two seconds in which a change must be in force. */
const pollIntervalMs = 1_000;

export interface Following {
  stop(): void;
}

/**
 * Applies what the source has now, then every change. Only a source that cannot be read at the beginning rejects; of one that cannot be
 * read later `unreadable` tells once, and again only after it could be read.
 */
export async function followConfig(
  source: ConfigSource,
  clock: Clock,
  apply: (texts: ReadonlyMap<string, Sensitive>) => void,
  unreadable: (error: unknown) => void,
): Promise<Following> {
  apply((await source.poll()) ?? new Map());
  let stopped = false;
  let told = false;
  let cancel = (): void => {};
  const next = (): void => {
    cancel = clock.after(pollIntervalMs, () => void poll());
  };
  const poll = async (): Promise<void> => {
    try {
      const texts = await source.poll();
      if (stopped) return;
      if (texts !== undefined) apply(texts);
      told = false;
    } catch (error) {
      if (!told) unreadable(error);
      told = true;
    }
    if (!stopped) next();
  };
  next();
  return {
    stop: () => {
      stopped = true;
      cancel();
    },
  };
}
