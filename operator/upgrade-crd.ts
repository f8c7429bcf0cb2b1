import type { Logger } from 'pino';
import { buildCrd, crdName, crdVersionAnnotation } from '../crds/build-crd.ts';
import { pause, type Clock, type Random } from '../crds/clock.ts';
import type { ApiClient } from './kube/api-client.ts';
import { ApiError } from './kube/api-error.ts';
import type { ApiObject } from './kube/api-object.ts';
import { Background } from './kube/background.ts';
import { backoffMs } from './kube/backoff.ts';

const backoff = { firstMs: 500, longestMs: 30_000 };
const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crdName}`;

export interface CrdUpgradeOptions {
  readonly api: Pick<ApiClient, 'request' | 'apply'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** This operator's own. */
  readonly version: string;
}

/**
 * Brings the definition of credentials in the cluster up to this operator's version, and never down: an older operator that a rollback brings
 * back leaves the newer one, for what credentials say in newer fields would be lost.
 */
export class CrdUpgrade extends Background {
  readonly #options: CrdUpgradeOptions;
  #done = false;

  constructor(options: CrdUpgradeOptions) {
    super();
    this.#options = options;
  }

  get done(): boolean {
    return this.#done;
  }

  protected override async run(): Promise<void> {
    const { signal } = this;
    const { clock, random, log } = this.#options;
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        await this.#upgrade();
        this.#done = true;
        return;
      } catch (error) {
        const status = error instanceof ApiError ? error.status : undefined;
        if (!signal.aborted) log.warn({ status, crd: crdName }, 'The definition of credentials could not be brought up to date');
      }
      await pause(clock, backoffMs(backoff, failures, random), signal);
    }
  }

  async #upgrade(): Promise<void> {
    const { signal } = this;
    const { api, log, version } = this.#options;
    const present = await api.request<ApiObject>({ method: 'GET', path, signal });
    const presentVersion = present.metadata.annotations?.[crdVersionAnnotation] ?? '';
    if (!isUpgrade(presentVersion, version)) return;
    const own = buildCrd() as unknown as ApiObject;
    // The resource version of what was read: a newer operator may be just as far.
    const { resourceVersion } = present.metadata;
    await api.apply({ path, object: { ...own, metadata: { ...own.metadata, ...(resourceVersion && { resourceVersion }) } }, signal });
    log.info({ crd: crdName, from: presentVersion, to: version }, 'Brought the definition of credentials up to date');
  }
}

/** Whether `next` is newer than `present` (semver.org, without pre-releases). What has no version is older than any. */
export function isUpgrade(present: string, next: string): boolean {
  const [before, after] = [numbersOf(present), numbersOf(next)];
  for (const [index, number] of after.entries()) {
    const difference = number - (before[index] ?? -1);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

const numbersOf = (version: string): readonly number[] => /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [];
