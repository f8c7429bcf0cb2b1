import { conditionOf } from '../../operator/credential/conditions.ts';
import { CredentialController } from '../../operator/credential/credential-controller.ts';
import type { CredentialObject } from '../../operator/credential/credential-object.ts';
import { decideCredential } from '../../operator/credential/decide-credential.ts';
import { readSourceSecret, type SecretObject } from '../../operator/credential/observed-sources.ts';
import { readRendering } from '../../operator/credential/rendering.ts';
import { credentialLabel, renderingLabel } from '../../operator/naming.ts';
import type { ApiObject } from '../../operator/kube/api-object.ts';
import { OperatorMetrics } from '../../operator/operator-metrics.ts';
import { canarySecret, findTraces } from '../support/canary.ts';
import { credentialObject, readCredentialJson, resources, secretObject } from '../support/cluster-objects.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeCluster } from '../support/fake-cluster.ts';
import { type Fault, MemoryApi, MemoryApiServer } from './memory-api.ts';

export const credentialNames = ['a', 'b'] as const;
export const secretNames = ['s', 't'] as const;
type CredentialName = (typeof credentialNames)[number];
type SecretName = (typeof secretNames)[number];

export type Step =
  | { readonly kind: 'putCredential'; readonly name: CredentialName; readonly secret: SecretName | 'tokenward-a'; readonly broken: boolean }
  | { readonly kind: 'deleteCredential'; readonly name: CredentialName }
  | {
      readonly kind: 'putSecret';
      readonly name: SecretName;
      readonly value: number;
      readonly labelled: boolean;
      readonly hosts: string | undefined;
    }
  | { readonly kind: 'deleteSecret'; readonly name: SecretName }
  | { readonly kind: 'replaceSecret'; readonly name: SecretName; readonly value: number; readonly labelled: boolean }
  | { readonly kind: 'deleteRendering'; readonly name: CredentialName }
  | { readonly kind: 'spoilRendering'; readonly name: CredentialName; readonly how: 'label' | 'record' | 'data' }
  | { readonly kind: 'putForeign'; readonly name: CredentialName; readonly labelled: boolean }
  | { readonly kind: 'deleteForeign'; readonly name: CredentialName }
  | { readonly kind: 'fault'; readonly faults: readonly Fault[] }
  | { readonly kind: 'refuseSecrets'; readonly refused: boolean }
  | { readonly kind: 'lag'; readonly of: 'answers' | 'credentials' | 'secrets'; readonly byMs: number }
  | { readonly kind: 'dropWatches'; readonly how: 'ended' | 'cut' | 'expired' }
  | { readonly kind: 'collectGarbage' }
  | { readonly kind: 'kill' }
  | { readonly kind: 'handOver'; readonly overlapMs: number }
  | { readonly kind: 'pass'; readonly byMs: number };

interface Process {
  readonly controller: CredentialController;
  readonly api: MemoryApi;
}

const readyReason = ({ status }: CredentialObject): string | undefined => conditionOf(status, 'Ready')?.reason;

/** A cluster, those who change it, and the operator that keeps up. */
export class ReconcileWorld {
  readonly clock = new FakeClock();
  readonly cluster = new FakeCluster();
  readonly server: MemoryApiServer;
  readonly log: string[] = [];
  readonly #random: () => number;
  #process: Process;
  #stopping: Promise<void>[] = [];
  /** Secrets that are none of the operator's business, as their owner left them. */
  readonly #foreign = new Map<string, SecretObject>();

  constructor(random: () => number) {
    this.#random = random;
    this.server = new MemoryApiServer(this.cluster, this.clock, () => 1 + Math.floor(random() * 200));
    this.#process = this.#start();
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'putCredential':
        this.#put(resources.credentials, credentialObject(step.name, { secret: step.secret, ...(step.broken && { scope: 7 }) }));
        break;
      case 'deleteCredential':
        this.cluster.delete(resources.credentials, `hr/${step.name}`);
        break;
      case 'putSecret':
        this.#put(resources.secrets, this.#source(step.name, step.value, step.labelled, step.hosts));
        break;
      case 'deleteSecret':
        this.cluster.delete(resources.secrets, `hr/${step.name}`);
        break;
      case 'replaceSecret':
        this.cluster.delete(resources.secrets, `hr/${step.name}`);
        this.#put(resources.secrets, this.#source(step.name, step.value, step.labelled));
        break;
      case 'deleteRendering':
        if (!this.#foreign.has(step.name)) this.cluster.delete(resources.secrets, `hr/tokenward-${step.name}`);
        break;
      case 'spoilRendering':
        this.#spoil(step.name, step.how);
        break;
      case 'putForeign':
        this.#putForeign(step.name, step.labelled);
        break;
      case 'deleteForeign':
        if (this.#foreign.delete(step.name)) this.cluster.delete(resources.secrets, `hr/tokenward-${step.name}`);
        break;
      case 'fault':
        this.server.faults.push(...step.faults);
        break;
      case 'refuseSecrets':
        this.server.refusesSecrets = step.refused;
        break;
      case 'lag':
        this.server.lagMs.set(step.of === 'answers' ? step.of : resources[step.of], step.byMs);
        break;
      case 'dropWatches':
        this.server.endWatches(step.how);
        break;
      case 'collectGarbage':
        this.#collectGarbage();
        break;
      case 'kill':
        this.#process.api.kill();
        this.#stopping.push(this.#process.controller.stop());
        this.#process = this.#start();
        break;
      case 'handOver':
        await this.#handOver(step.overlapMs);
        break;
      case 'pass':
        await this.clock.advance(step.byMs);
        break;
    }
  }

  /** Nothing goes wrong any more, and there is time for everything to come right. */
  async quiet(): Promise<void> {
    this.server.faults.length = 0;
    this.server.refusesSecrets = false;
    this.server.lagMs.clear();
    for (let round = 0; round < 3; round += 1) {
      await this.clock.advance(310_000);
      this.#collectGarbage();
    }
    await this.clock.advance(310_000);
  }

  async end(): Promise<void> {
    const stopped = Promise.all([...this.#stopping, this.#process.controller.stop()]);
    await this.clock.advance(10_000);
    await stopped;
  }

  /** The reason of a credential's Ready. */
  ready(name: CredentialName): string | undefined {
    const credential: CredentialObject | undefined = this.cluster.get(resources.credentials, `hr/${name}`);
    return credential && readyReason(credential);
  }

  /** All that was told in events. */
  reasons(): string[] {
    return (this.cluster.list(resources.events) as (ApiObject & { reason?: string })[]).flatMap(({ reason }) => reason ?? []);
  }

  /** Where the cluster is not what it should be. */
  violations(): string[] {
    const credentials = this.cluster.list(resources.credentials) as CredentialObject[];
    return [
      ...credentials.flatMap((credential) => this.#undecided(credential)),
      ...this.#secretsOfTheNamespace().flatMap((secret) => this.#unconsented(secret)),
      ...this.#foreignTouched(),
      ...this.server.writes.filter(({ changed }) => !changed).map(({ request }) => `a write without a change: ${request}`),
      ...this.#leaks(),
    ];
  }

  /** By the operator's own decision nothing is left to do. */
  #undecided(credential: CredentialObject): string[] {
    const { name, generation } = credential.metadata;
    const found: SecretObject | undefined = this.cluster.get(resources.secrets, `hr/tokenward-${name}`);
    // One that is not labelled is noticed when there is something to write, and here there is not.
    const isOverlooked = readyReason(credential) === 'ConsentWithdrawn' && found?.metadata.labels?.[renderingLabel] !== 'true';
    const occupant = isOverlooked ? undefined : found;
    const secrets = {
      get: (wanted: string) => {
        const secret: SecretObject | undefined = this.cluster.get(resources.secrets, `hr/${wanted}`);
        const labels = secret?.metadata.labels ?? {};
        const seen = labels[credentialLabel] === 'true' || labels[renderingLabel] === 'true';
        return secret !== undefined && seen ? readSourceSecret(secret) : undefined;
      },
    };
    const decision = decideCredential({
      credential,
      occupant: occupant && readRendering(occupant),
      sources: { labelledOnly: true, secrets, configMaps: new Map() },
      now: '2030-01-01T00:00:00Z',
    });
    const state = JSON.stringify({ status: credential.status, decided: decision.status });
    return [
      ...(decision.rendering.kind === 'none' ? [] : [`${name}: left to ${decision.rendering.kind}`]),
      ...(decision.status === undefined ? [] : [`${name}: its status is another: ${state}`]),
      ...(credential.status?.observedGeneration === generation ? [] : [`${name}: generation ${generation} was not observed: ${state}`]),
    ];
  }

  /** Said again in other words: where a client secret is in a rendering, some Secret that has opted in for this host is its source. */
  #unconsented(rendering: SecretObject): string[] {
    const owner = rendering.metadata.ownerReferences?.[0];
    if (owner === undefined) return [];
    const secret = (readCredentialJson(rendering)?.['client'] as { secret?: string } | undefined)?.secret;
    if (secret === undefined) return [];
    const source = secretNames.find((name) => secret.startsWith(canarySecret(`${name}-`))) ?? 'tokenward-a';
    const stored = this.cluster.get(resources.secrets, `hr/${source}`);
    const optedIn = stored?.metadata.labels?.[credentialLabel] === 'true';
    const hosts = stored?.metadata.annotations?.['tokenward.dev/allowed-hosts'] ?? '*.acme.example';
    if (optedIn && hosts === '*.acme.example') return [];
    return [`${rendering.metadata.name} still holds what ${source} does not consent to`];
  }

  #foreignTouched(): string[] {
    return [...this.#foreign].flatMap(([name, left]) => {
      const found = this.cluster.get(resources.secrets, `hr/tokenward-${name}`);
      return found?.metadata.resourceVersion === left.metadata.resourceVersion ? [] : [`the foreign Secret tokenward-${name} was touched`];
    });
  }

  #leaks(): string[] {
    const shown = [...this.cluster.list(resources.credentials), ...this.cluster.list(resources.events), ...this.log];
    return findTraces(JSON.stringify(shown)).map((trace) => `a secret shows: ${trace}`);
  }

  #secretsOfTheNamespace(): SecretObject[] {
    return this.cluster.list(resources.secrets);
  }

  #start(): Process {
    const api = new MemoryApi(this.server);
    const write = (fields: object, message: string): void => void this.log.push(`${message} ${JSON.stringify(fields)}`);
    const metrics = new OperatorMetrics(() => ({ leading: true, queueDepth: 0, silentForMs: 0, credentials: new Map() }));
    const controller = new CredentialController({
      api,
      namespaces: [],
      instance: 'operator-0',
      clock: this.clock,
      random: this.#random,
      log: { info: write, warn: write, error: write },
      metrics,
    });
    controller.start().catch(() => {});
    return { api, controller };
  }

  /** The old leader does not know yet that it is none. */
  async #handOver(overlapMs: number): Promise<void> {
    const old = this.#process;
    this.#process = this.#start();
    await this.clock.advance(overlapMs);
    this.#stopping.push(old.controller.stop());
  }

  #source(name: SecretName, value: number, labelled: boolean, hosts?: string): SecretObject {
    return secretObject(name, canarySecret(`${name}-${value}`), {
      labels: labelled ? { [credentialLabel]: 'true' } : {},
      annotations: hosts === undefined ? {} : { 'tokenward.dev/allowed-hosts': hosts },
    });
  }

  /** As `kubectl apply`: status and identity stay. */
  #put(resource: string, object: CredentialObject | SecretObject): void {
    const before: CredentialObject | undefined = this.cluster.get(resource, `hr/${object.metadata.name}`);
    this.cluster.put(resource, before?.status === undefined ? object : { ...object, status: before.status });
  }

  #putForeign(name: CredentialName, labelled: boolean): void {
    const secretName = `tokenward-${name}`;
    this.cluster.delete(resources.secrets, `hr/${secretName}`);
    const labels = labelled ? { [credentialLabel]: 'true' } : {};
    const object = secretObject(secretName, canarySecret('foreign'), { labels });
    this.#foreign.set(name, this.cluster.put(resources.secrets, object));
  }

  #spoil(name: CredentialName, how: 'label' | 'record' | 'data'): void {
    const found: SecretObject | undefined = this.cluster.get(resources.secrets, `hr/tokenward-${name}`);
    if (found === undefined || this.#foreign.has(name)) return;
    const { metadata } = found;
    const spoilt = {
      label: { ...found, metadata: { ...metadata, labels: {} } },
      record: { ...found, metadata: { ...metadata, annotations: {} } },
      data: { ...found, data: {} },
    };
    this.cluster.put(resources.secrets, spoilt[how]);
  }

  /** What the controller manager does with Secrets whose owner is no more. */
  #collectGarbage(): void {
    const uids = new Set(this.cluster.list(resources.credentials).map(({ metadata }) => metadata.uid));
    for (const { metadata } of this.#secretsOfTheNamespace()) {
      const owners = metadata.ownerReferences ?? [];
      if (owners.length > 0 && !owners.some(({ uid }) => uids.has(uid))) this.cluster.delete(resources.secrets, `hr/${metadata.name}`);
    }
  }
}
