import type { Clock } from '../../crds/clock.ts';

/** Everything of the outside world that a command may touch: main.ts has the process's, tests have their own. */
export interface KubectlContext {
  readonly version: string;
  readonly clock: Clock;
  /** One or more lines. What a cluster holds may be anything, and must not steer a terminal: control characters are taken out. */
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  /** Resolves when the user or the system asks the command to stop. */
  readonly untilStopped: () => Promise<void>;
  readonly openBrowser: (url: string) => void;
}
