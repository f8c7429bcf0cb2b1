import type { Clock } from '../../crds/clock.ts';
import type { RecordStep } from '../examination.ts';
import type { Environment } from './environment-proxy.ts';

export interface ReachContext {
  readonly clock: Clock;
  readonly record: RecordStep;
  /** Of the process: proxies that other programs use here are tried where there is no way without one. */
  readonly environment: Environment;
}
