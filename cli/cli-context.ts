import type { Logger } from 'pino';
import type { Clock, Random } from '../crds/clock.ts';

/** Everything of the outside world that a command may touch: main.ts has the process's, tests have their own. */
export interface CliContext {
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Variables by name. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly print: (line: string) => void;
  readonly printError: (line: string) => void;
  readonly readStdin: () => Promise<Uint8Array>;
  /** A JSON log, apart from what `print` prints. */
  readonly openLog: (level: string) => Logger;
  /** Resolves when the user or the system asks the command to stop. */
  readonly untilStopped: () => Promise<void>;
}

/** The process's exit code. */
export const exitCode = {
  fine: 0,
  /** A manifest is wrong, or a port is taken: the user's to mend. */
  problem: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** A mistake of ours (EX_SOFTWARE of sysexits.h). */
  internal: 70,
} as const;
