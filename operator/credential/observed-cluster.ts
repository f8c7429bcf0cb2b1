import { apiVersion, credentialLabel, plural, renderingLabel } from '../naming.ts';
import { Collection, type CollectionContext } from './collection.ts';
import { readCredential, type CredentialObject } from './credential-object.ts';
import {
  readSourceConfigMap,
  readSourceSecret,
  type ObservedConfigMap,
  type ObservedSecret,
  type ObservedSources,
} from './observed-sources.ts';
import { readRendering, type ObservedRendering } from './rendering.ts';

/** Each hears of the key `namespace/name` that changed. */
export interface ClusterListener {
  readonly credentialChanged: (key: string) => void;
  /** A labelled Secret or a rendering. */
  readonly secretChanged: (key: string) => void;
  readonly configMapChanged: (key: string) => void;
}

/** What the operator sees: credentials, what has opted in, and renderings. Of all other Secrets it sees nothing. */
export class ObservedCluster {
  readonly #credentials: Collection<CredentialObject>;
  readonly #secrets: Collection<ObservedSecret>;
  readonly #configMaps: Collection<ObservedConfigMap>;
  readonly #renderings: Collection<ObservedRendering>;

  constructor(context: CollectionContext, { credentialChanged, secretChanged, configMapChanged }: ClusterListener) {
    const core = { root: '/api/v1' };
    this.#credentials = new Collection(
      { root: `/apis/${apiVersion}`, resource: plural, label: 'credentials', keep: readCredential, onChange: credentialChanged },
      context,
    );
    const secrets = { ...core, resource: 'secrets', onChange: secretChanged };
    this.#secrets = new Collection(
      { ...secrets, label: 'secrets', labelSelector: `${credentialLabel}=true`, keep: readSourceSecret },
      context,
    );
    this.#renderings = new Collection(
      { ...secrets, label: 'renderings', labelSelector: `${renderingLabel}=true`, keep: readRendering },
      context,
    );
    this.#configMaps = new Collection(
      {
        ...core,
        resource: 'configmaps',
        label: 'configmaps',
        labelSelector: `${credentialLabel}=true`,
        keep: readSourceConfigMap,
        onChange: configMapChanged,
      },
      context,
    );
  }

  start(): void {
    for (const collection of this.#all()) collection.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all().map((collection) => collection.stop()));
  }

  /** What is watched by itself: each namespace, or the whole cluster. */
  get scopes(): readonly string[] {
    return this.#credentials.scopes;
  }

  scopeOf(key: string): string {
    return this.#credentials.scopeOf(key);
  }

  /** Before this, what is not seen there may well be there, and nothing may be decided. Rejects if it is stopped before. */
  async synced(scope: string): Promise<void> {
    await Promise.all(this.#all().map((collection) => collection.synced(scope)));
  }

  credentials(): Iterable<CredentialObject> {
    return this.#credentials.list();
  }

  credential(key: string): CredentialObject | undefined {
    return this.#credentials.get(key);
  }

  rendering(key: string): ObservedRendering | undefined {
    return this.#renderings.get(key);
  }

  sources(namespace: string): ObservedSources {
    return {
      labelledOnly: true,
      secrets: {
        get: (name) => {
          const key = `${namespace}/${name}`;
          return this.#secrets.get(key) ?? asSource(this.#renderings.get(key));
        },
      },
      configMaps: { get: (name) => this.#configMaps.get(`${namespace}/${name}`) },
    };
  }

  get silentForMs(): number {
    return Math.max(...this.#all().map(({ silentForMs }) => silentForMs));
  }

  #all(): readonly Collection<unknown>[] {
    return [this.#credentials, this.#secrets, this.#renderings, this.#configMaps];
  }
}

/** Enough to be refused with the right reason. */
function asSource(rendering: ObservedRendering | undefined): ObservedSecret | undefined {
  if (rendering === undefined) return undefined;
  const { name, uid, resourceVersion, type, labels } = rendering;
  return { name, uid, resourceVersion, type, labels, annotations: {}, data: new Map() };
}
