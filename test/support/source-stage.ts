import type { RequestToken } from '../../sidecar/token/attempt.ts';
import { TokenSource, type TokenOutcome } from '../../sidecar/token/token-source.ts';
import type { Token } from '../../sidecar/token/token.ts';
import { FakeClock, settled } from './fake-clock.ts';
import { HeldEndpoint } from './held-endpoint.ts';

/** One request that wants a token; the members are absent while it waits. */
export interface Caller {
  /** The token's text or the failure's code. */
  outcome?: string;
  full?: TokenOutcome;
  tookMs?: number;
}

/** A token source with a clock and an endpoint in the test's hand, and jitter so near to 1 that the bases of all delays show. */
export class SourceStage {
  readonly clock = new FakeClock();
  readonly endpoint = new HeldEndpoint(this.clock);
  readonly observed: string[] = [];
  readonly source: TokenSource;

  constructor(requestToken: RequestToken = this.endpoint.requestToken) {
    this.source = new TokenSource(requestToken, {
      clock: this.clock,
      random: () => 1 - 1e-9,
      observer: {
        attempted: (failure, durationMs) => this.observed.push(`attempted ${failure?.code ?? 'ok'} ${Math.round(durationMs)}`),
        obtained: (expiresAtWallMs) => this.observed.push(`obtained for ${expiresAtWallMs - this.clock.wallMs()}`),
        failed: (failure, nextTryInMs) => this.observed.push(`failed ${failure.code}, next in ${Math.round(nextTryInMs)}`),
      },
    });
  }

  call(signal?: AbortSignal): Caller {
    return this.watch(this.source.obtain(300_000, signal));
  }

  watch(promise: Promise<TokenOutcome>): Caller {
    const caller: Caller = {};
    const startedMs = this.clock.monotonicMs();
    const wait = async (): Promise<void> => {
      caller.full = await promise;
      caller.outcome = caller.full.ok ? caller.full.token.value.reveal() : caller.full.failure.code;
      caller.tookMs = this.clock.monotonicMs() - startedMs;
    };
    void wait();
    return caller;
  }

  /** A token from a request that was sent now. */
  async obtained(lifetimeMs: number): Promise<Token> {
    this.call();
    await settled();
    this.endpoint.issue(lifetimeMs);
    await settled();
    if (this.source.token === undefined) throw new Error('Nothing is cached.');
    return this.source.token;
  }

  /** The end of a flight that fails at once. */
  async rejected(): Promise<void> {
    this.endpoint.fail('never');
    await settled();
  }

  /** Every test ends with this: nothing is left pending, and there never were two token requests at once. */
  async strike(): Promise<void> {
    this.source.close();
    await settled();
    if (this.clock.pendingTimers > 0) throw new Error(`${this.clock.pendingTimers} timers are left.`);
    if (this.endpoint.mostAtOnce > 1) throw new Error('Two token requests were under way at once.');
  }
}
