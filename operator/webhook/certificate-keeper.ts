import type { Logger } from 'pino';
import { pause, type Clock, type Random } from '../../crds/clock.ts';
import type { ApiClient } from '../kube/api-client.ts';
import { ApiError } from '../kube/api-error.ts';
import type { ApiObject } from '../kube/api-object.ts';
import { Background } from '../kube/background.ts';
import { backoffMs } from '../kube/backoff.ts';
import { bundleOf, readStore, writeStore, type CertificateStore } from './certificate-store.ts';
import { decideCertificates, renewCertificates } from './decide-certificates.ts';
import type { ServingCertificate } from './webhook-server.ts';

/** How soon a replica notices what another one has renewed, and how soon a caBundle that someone took away is back. */
const intervalMs = 30_000;
const backoff = { firstMs: 1_000, longestMs: intervalMs };

export interface CertificateKeeperOptions {
  readonly api: Pick<ApiClient, 'request' | 'apply'>;
  /** Of the Secret, which exists already: it comes with the release. */
  readonly namespace: string;
  readonly secretName: string;
  /** The MutatingWebhookConfiguration whose caBundle is kept. */
  readonly webhookConfiguration: string;
  readonly dnsNames: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The certificate to serve, first and whenever it changes. */
  readonly onCertificate: (certificate: ServingCertificate) => void;
}

interface Secret extends ApiObject {
  readonly data?: Readonly<Record<string, string>>;
}

interface WebhookConfiguration extends ApiObject {
  readonly webhooks?: readonly { readonly name: string; readonly clientConfig?: { readonly caBundle?: string } }[];
}

/**
 * Keeps the webhook's own certificates: in a Secret that all replicas share, and in the caBundle by which the API server verifies them. Any
 * replica may renew them; of two that do so at once one loses the write and takes up the other's.
 */
export class CertificateKeeper extends Background {
  readonly #options: CertificateKeeperOptions;
  #served = '';
  /** The newest authority that is in the caBundle, and since when this process has known it there. */
  #announced = { authority: '', sinceMs: 0 };

  constructor(options: CertificateKeeperOptions) {
    super();
    this.#options = options;
  }

  protected override async run(): Promise<void> {
    const { clock, random, log } = this.#options;
    const { signal } = this;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.#keep();
        failures = 0;
      } catch (error) {
        failures += 1;
        const isLostRace = error instanceof ApiError && error.status === 409;
        if (!isLostRace && !signal.aborted) log.warn({ error: messageOf(error) }, 'The webhook certificates could not be looked after');
      }
      await pause(clock, failures === 0 ? intervalMs : backoffMs(backoff, failures, random), signal);
    }
  }

  async #keep(): Promise<void> {
    const store = await this.#keepSecret();
    const { serving, authorities } = store;
    if (serving.certificate !== this.#served) {
      this.#served = serving.certificate;
      this.#options.onCertificate(serving);
    }
    await this.#keepBundle(bundleOf(authorities));
    const [newest = ''] = authorities;
    if (newest !== this.#announced.authority) this.#announced = { authority: newest, sinceMs: this.#options.clock.monotonicMs() };
  }

  /** Rejects with 409 if another replica was faster. */
  async #keepSecret(): Promise<CertificateStore> {
    const { api, namespace, secretName, dnsNames, clock, log } = this.#options;
    const { signal } = this;
    const path = `/api/v1/namespaces/${namespace}/secrets/${secretName}`;
    const secret = await api.request<Secret>({ method: 'GET', path, signal });
    const store = readStore(secret.data);
    const nowMs = clock.wallMs();
    const { authority, sinceMs } = this.#announced;
    const announcedForMs = store.authorities[0] === authority ? clock.monotonicMs() - sinceMs : 0;
    const decision = decideCertificates(store, dnsNames, { nowMs, announcedForMs });
    const renewed = renewCertificates(store, decision, dnsNames, nowMs);
    if (renewed === store) return store;
    // With the version that was read: the API server refuses it if there is a newer one.
    await api.request({ method: 'PUT', path, body: { ...secret, data: { ...secret.data, ...writeStore(renewed) } }, signal });
    const { newAuthority, newCertificate } = decision;
    log.info({ newAuthority, newCertificate, authorities: renewed.authorities.length }, 'Renewed the webhook certificates');
    return renewed;
  }

  async #keepBundle(bundle: string): Promise<void> {
    const { api, webhookConfiguration, log } = this.#options;
    const { signal } = this;
    const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${webhookConfiguration}`;
    const { webhooks = [] } = await api.request<WebhookConfiguration>({ method: 'GET', path, signal });
    const caBundle = Buffer.from(bundle).toString('base64');
    if (webhooks.every(({ clientConfig }) => clientConfig?.caBundle === caBundle)) return;
    const object = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: webhookConfiguration },
      webhooks: webhooks.map(({ name }) => ({ name, clientConfig: { caBundle } })),
    };
    await api.apply({ path, object, signal });
    log.info({ webhookConfiguration }, 'Wrote the authorities into the webhook configuration');
  }
}

const messageOf = (error: unknown): string | undefined => (error instanceof Error ? error.message : undefined);
