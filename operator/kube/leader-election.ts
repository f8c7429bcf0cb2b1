import { pause, type Clock, type Random } from '../../crds/clock.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError, ConnectionError } from './api-error.ts';
import { Background } from './background.ts';
import { type Lease, leaseDurationSeconds, type LeaseSpec, released, takenBy } from './lease.ts';

/** Whoever could not renew for so long does not lead any more; the others wait for `leaseDurationSeconds`, which is longer. */
const renewDeadlineMs = 10_000;
const retryMs = 2_000;
/** So that there is a second attempt before the deadline. */
const requestTimeoutMs = 4_000;

export interface LeaderElectionOptions {
  readonly api: Pick<ApiClient, 'request'>;
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** Different for each process that ever was, also after a restart. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly onChange: (leading: boolean) => void;
  readonly log: { warn(fields: object, message: string): void };
}

/** A moment by both clocks. */
interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/**
 * One leader at a time, by a Lease, as the control plane's own components do it. Clocks of different machines are never compared: a lease has
 * expired when it has not changed for its duration while this process looked on.
 */
export class LeaderElection extends Background {
  readonly #options: LeaderElectionOptions;
  /** The lease as this process last wrote it, unless it may have changed since. */
  #mine: Lease | undefined;
  /** When the request that last renewed it was sent: the server counts from later than that. */
  #renewedAt: Moment | undefined;
  #cancelDeadline = (): void => {};
  #told = false;
  /** The lease as it was last seen with another holder, and since when it has been so. */
  #observed: { readonly version: string; readonly sinceMs: number } | undefined;

  constructor(options: LeaderElectionOptions) {
    super();
    this.#options = options;
  }

  /** Releases the lease, so that another one leads at once. What only the leader may do must have ended before. */
  override async stop(): Promise<void> {
    // A request under way may be the one that takes the lease: it is waited for, or the lease could not be released.
    await super.stop();
    this.#lose();
    if (this.#mine !== undefined) await this.#release(this.#mine);
    this.#mine = undefined;
  }

  /** Also false when a renewal is overdue and nobody has noticed yet, as after the machine slept. */
  get leading(): boolean {
    if (this.#renewedAt === undefined) return false;
    const { clock } = this.#options;
    const ageMs = Math.max(clock.monotonicMs() - this.#renewedAt.monotonicMs, clock.wallMs() - this.#renewedAt.wallMs);
    return ageMs < renewDeadlineMs;
  }

  protected override async run(): Promise<void> {
    const { clock, random, log } = this.#options;
    while (!this.signal.aborted) {
      try {
        await this.#claim();
      } catch (error) {
        // Whatever it was, the lease may be another one by now.
        this.#mine = undefined;
        const code = error instanceof ApiError ? String(error.status) : error instanceof ConnectionError ? error.code : 'unexpected';
        log.warn({ code, leading: this.leading }, 'The leader election could not read or write its lease; it tries again');
      }
      if (!this.leading) this.#lose();
      // Those who wait come one after the other.
      await pause(clock, this.leading ? retryMs : retryMs * (1 + 0.2 * random()), this.signal);
    }
  }

  async #claim(): Promise<void> {
    const lease = this.#mine ?? (await this.#read());
    const { identity } = this.#options;
    const holder = lease?.spec?.holderIdentity ?? '';
    if (lease !== undefined && holder !== '' && holder !== identity) {
      this.#mine = undefined;
      this.#lose();
      if (!this.#hasExpired(lease)) return;
    }
    try {
      await this.#write(lease);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
      // Another one was faster, or the answer to our own last write was lost.
      const renewed = this.#mine !== undefined;
      this.#mine = undefined;
      if (renewed) await this.#claim();
    }
  }

  async #read(): Promise<Lease | undefined> {
    try {
      return await this.#options.api.request<Lease>({ method: 'GET', path: this.#path, timeoutMs: requestTimeoutMs });
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  async #write(before: Lease | undefined): Promise<void> {
    const { api, clock, identity } = this.#options;
    const sentAt = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
    const body = this.#lease(before, takenBy(identity, before?.spec, sentAt.wallMs));
    this.#mine = await (before === undefined
      ? api.request<Lease>({ method: 'POST', path: this.#collection, body, timeoutMs: requestTimeoutMs })
      : api.request<Lease>({ method: 'PUT', path: this.#path, body, timeoutMs: requestTimeoutMs }));
    this.#observed = undefined;
    this.#renewedAt = sentAt;
    this.#cancelDeadline();
    this.#cancelDeadline = clock.after(sentAt.monotonicMs + renewDeadlineMs - clock.monotonicMs(), () => this.#lose());
    if (!this.leading) return this.#lose();
    if (!this.signal.aborted) this.#tell(true);
  }

  async #release(mine: Lease): Promise<void> {
    const { api, clock, log } = this.#options;
    const body = this.#lease(mine, released(mine.spec ?? {}, clock.wallMs()));
    try {
      await api.request({ method: 'PUT', path: this.#path, body, timeoutMs: requestTimeoutMs });
    } catch {
      log.warn({}, 'The lease could not be released; another one takes over when it expires');
    }
  }

  #lease(before: Lease | undefined, spec: LeaseSpec): Lease {
    const { name, namespace } = this.#options;
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      // The resource version of what was read: if another one writes meanwhile, this is refused.
      metadata: before?.metadata ?? { name, namespace },
      spec,
    };
  }

  #hasExpired({ metadata, spec }: Lease): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    const version = `${metadata.uid} ${metadata.resourceVersion}`;
    if (this.#observed?.version !== version) this.#observed = { version, sinceMs: nowMs };
    return nowMs - this.#observed.sinceMs >= (spec?.leaseDurationSeconds ?? leaseDurationSeconds) * 1_000;
  }

  #lose(): void {
    this.#renewedAt = undefined;
    this.#cancelDeadline();
    this.#tell(false);
  }

  #tell(leading: boolean): void {
    if (leading === this.#told) return;
    this.#told = leading;
    this.#options.onChange(leading);
  }

  get #collection(): string {
    return `/apis/coordination.k8s.io/v1/namespaces/${this.#options.namespace}/leases`;
  }

  get #path(): string {
    return `${this.#collection}/${this.#options.name}`;
  }
}
