import type { Logger } from 'pino';
import type { Clock, Random } from '../../crds/clock.ts';
import type { InjectionSettings } from '../inject/injection-settings.ts';
import { reviewPod } from '../inject/review-pod.ts';
import type { ApiClient } from '../kube/api-client.ts';
import { CertificateDirectory } from './certificate-directory.ts';
import { CertificateKeeper } from './certificate-keeper.ts';
import { type ReviewOutcome, WebhookServer } from './webhook-server.ts';

export interface WebhookOptions {
  readonly settings: InjectionSettings;
  /** 0 takes a free one. */
  readonly port: number;
  /** All addresses if undefined. */
  readonly host: string | undefined;
  readonly certificates: CertificateSource;
}

export type CertificateSource =
  /** The operator's own, for the Service of this name in its namespace. */
  | { readonly kind: 'built-in'; readonly secretName: string; readonly webhookConfiguration: string; readonly service: string }
  /** Someone else's. */
  | { readonly kind: 'directory'; readonly directory: string };

export interface WebhookContext {
  readonly api: ApiClient;
  /** The operator's own. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly onReview: (outcome: ReviewOutcome, durationMs: number) => void;
}

export interface Webhook {
  readonly port: number;
  /** Whether it can answer reviews. */
  readonly ready: boolean;
  /** When the certificate that it serves comes to its end, since the Unix epoch. */
  readonly certificateEndMs: number | undefined;
  stop(): Promise<void>;
}

/** Listens, then looks after the certificates. Rejects if the port is taken (`EADDRINUSE`). */
export async function startWebhook({ settings, port, host, certificates }: WebhookOptions, context: WebhookContext): Promise<Webhook> {
  const { api, namespace, clock, random, log, onReview } = context;
  const server = new WebhookServer({ review: (body) => reviewPod(body, settings), clock, log, onReview });
  const listening = await server.listen(port, host);
  const onCertificate = server.useCertificate.bind(server);
  const following =
    certificates.kind === 'directory'
      ? new CertificateDirectory({ directory: certificates.directory, clock, log, onCertificate })
      : new CertificateKeeper({
          ...certificates,
          api,
          namespace,
          dnsNames: namesOf(certificates.service, namespace),
          clock,
          random,
          log,
          onCertificate,
        });
  following.start();
  return {
    port: listening,
    get ready() {
      return server.ready;
    },
    get certificateEndMs() {
      return server.certificateEndMs;
    },
    stop: async () => {
      await following.stop();
      await server.close();
    },
  };
}

/** As which an API server, or `helm test`, may address a Service. */
const namesOf = (service: string, namespace: string): string[] => [
  `${service}.${namespace}.svc`,
  `${service}.${namespace}.svc.cluster.local`,
];
