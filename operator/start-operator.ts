import type { Logger } from 'pino';
import { pause, type Clock, type Random } from '../crds/clock.ts';
import { HealthServer } from '../crds/health-server.ts';
import { CredentialController } from './credential/credential-controller.ts';
import { ApiClient, type ApiAccess } from './kube/api-client.ts';
import { LeaderElection } from './kube/leader-election.ts';
import { leadersApi } from './leaders-api.ts';
import { Leadership } from './leadership.ts';
import { OperatorMetrics } from './operator-metrics.ts';
import { CrdUpgrade } from './upgrade-crd.ts';
import { startWebhook, type Webhook, type WebhookOptions } from './webhook/start-webhook.ts';

export interface OperatorOptions {
  readonly access: ApiAccess;
  /** The operator's own: of its Lease. */
  readonly namespace: string;
  readonly leaseName: string;
  /** Different for each process that ever was. */
  readonly instance: string;
  /** Where credentials are served; empty: everywhere. */
  readonly watchNamespaces: readonly string[];
  /** 0 takes a free one. */
  readonly healthPort: number;
  /** All addresses if undefined. */
  readonly healthHost: string | undefined;
  /** Whether an older definition of credentials in the cluster is brought up to date. */
  readonly upgradeCrd?: boolean;
  readonly webhook: WebhookOptions | undefined;
  /** For so long reviews are still answered after `stop`: a Service needs a moment to send them elsewhere. */
  readonly webhookLingerMs: number;
  readonly version: string;
  readonly log: Logger;
}

export interface Operator {
  readonly healthPort: number;
  readonly webhookPort: number | undefined;
  /** Ends what is under way, and lets another one lead. */
  stop(): Promise<void>;
}

/** Listens, then takes part in the election; the one that leads keeps credentials up to date. Rejects if a port is taken (`EADDRINUSE`). */
export async function startOperator(options: OperatorOptions, { clock, random }: { clock: Clock; random: Random }): Promise<Operator> {
  const { access, namespace, leaseName, instance, watchNamespaces, webhookLingerMs, version, log } = options;
  const api = new ApiClient(access, { clock, userAgent: `tokenward-operator/${version}` });
  const metrics: OperatorMetrics = new OperatorMetrics(() => ({
    leading: election.leading,
    queueDepth: leadership.term?.queueDepth ?? 0,
    silentForMs: leadership.term?.silentForMs ?? 0,
    credentials: leadership.term?.countByReason() ?? new Map(),
    certificateEndMs: webhook?.certificateEndMs,
  }));
  const leadership: Leadership<CredentialController> = new Leadership(
    () =>
      new CredentialController({
        api: leadersApi(api, () => election.leading),
        namespaces: watchNamespaces,
        instance,
        clock,
        random,
        log,
        metrics,
      }),
  );
  const election = new LeaderElection({
    api,
    namespace,
    name: leaseName,
    identity: instance,
    clock,
    random,
    log,
    onChange: (leading) => {
      log.info({ leading }, leading ? 'This replica leads' : 'This replica does not lead any more');
      leadership.change(leading);
    },
  });
  const context = { api, namespace, clock, random, log, onReview: metrics.reviewed.bind(metrics) };
  const webhook: Webhook | undefined = options.webhook && (await startWebhook(options.webhook, context));
  const crdUpgrade = options.upgradeCrd === true ? new CrdUpgrade({ api, clock, random, log, version }) : undefined;
  let ready = false;
  // Who waits for an upgrade of the release may then use new fields.
  const health = new HealthServer(metrics.registry, () => ready && webhook?.ready !== false && crdUpgrade?.done !== false);
  const healthPort = await health.listen(options.healthPort, options.healthHost);
  crdUpgrade?.start();
  election.start();
  ready = true;
  return {
    healthPort,
    webhookPort: webhook?.port,
    stop: async () => {
      ready = false;
      const webhookStopped = webhook && pause(clock, webhookLingerMs, new AbortController().signal).then(() => webhook.stop());
      // The lease is given back when nothing is written under it any more.
      await leadership.end();
      await crdUpgrade?.stop();
      await election.stop();
      await webhookStopped;
      await health.close();
      api.close();
    },
  };
}
