import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { Clock, Random } from '../../crds/clock.ts';
import type { RequestToken } from './attempt.ts';
import { tokenIdentity } from './token-identity.ts';
import type { TokenObserver } from './token-observer.ts';
import { TokenSource } from './token-source.ts';

/** `close` gives up the connections that the requests were sent over. */
export type TokenRequester = RequestToken & { close(): void };

export interface TokenSourcesContext {
  readonly clock: Clock;
  readonly random: Random;
  /** Both are called once for each source, while it is acquired first: an observer hears of it under the alias that did. */
  readonly requesterFor: (config: SidecarConfig) => TokenRequester;
  readonly observerFor: (alias: string) => TokenObserver;
}

interface Entry {
  readonly source: TokenSource;
  readonly requester: TokenRequester;
  users: number;
}

/** The sources in use. Aliases that would ask for the same token share one; what differs in anything never does. */
export class TokenSources {
  readonly #context: TokenSourcesContext;
  readonly #entries = new Map<string, Entry>();

  constructor(context: TokenSourcesContext) {
    this.#context = context;
  }

  /** To be paid back by one `release`. While a configuration is replaced acquire first, so that an equal source keeps its token. */
  acquire(config: SidecarConfig, alias: string): TokenSource {
    const identity = tokenIdentity(config);
    const entry = this.#entries.get(identity) ?? this.#open(config, alias);
    entry.users += 1;
    this.#entries.set(identity, entry);
    return entry.source;
  }

  /** The last one to release a source closes it, and its token is gone. */
  release(source: TokenSource): void {
    for (const [identity, entry] of this.#entries) {
      if (entry.source !== source) continue;
      entry.users -= 1;
      if (entry.users > 0) return;
      this.#entries.delete(identity);
      source.close();
      entry.requester.close();
    }
  }

  #open(config: SidecarConfig, alias: string): Entry {
    const { clock, random, requesterFor, observerFor } = this.#context;
    const requester = requesterFor(config);
    return { source: new TokenSource(requester, { clock, random, observer: observerFor(alias) }), requester, users: 0 };
  }
}
