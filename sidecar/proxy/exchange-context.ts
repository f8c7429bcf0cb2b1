import type { Clock } from '../../crds/clock.ts';
import type { FailureLog } from '../failure-log.ts';
import type { NoteAnswer } from '../note-answers.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { Deadlines } from './deadlines.ts';
import type { Exchange } from './exchange.ts';
import type { Roster } from './roster.ts';

/** What all exchanges have in common. */
export interface ExchangeContext {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly failures: FailureLog;
  readonly noteAnswer: NoteAnswer | undefined;
  /** All exchanges that have not ended. */
  readonly live: Roster<Exchange>;
  /** For bodies that have to be kept. */
  readonly budget: ByteBudget;
}
