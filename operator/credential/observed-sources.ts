import { Sensitive } from '../../crds/sensitive.ts';
import type { Lookup, SourceConfigMap, Sources, SourceSecret } from '../../crds/sources.ts';
import type { ApiObject } from '../kube/api-object.ts';
import { allowedHostsAnnotation, credentialLabel, renderingLabel } from '../naming.ts';

export interface ObservedSecret extends SourceSecret {
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface ObservedConfigMap extends SourceConfigMap {
  readonly uid: string;
  readonly resourceVersion: string;
}

/** What is seen of a namespace: what has opted in, and our own renderings. */
export interface ObservedSources extends Sources {
  readonly secrets: Lookup<ObservedSecret>;
  readonly configMaps: Lookup<ObservedConfigMap>;
}

export interface SecretObject extends ApiObject {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

export interface ConfigMapObject extends ApiObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** Of the annotations only the one that counts: `kubectl apply` keeps a copy of all values in another. */
export function readSourceSecret({ metadata, type = 'Opaque', data = {} }: SecretObject): ObservedSecret {
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    labels: pick(metadata.labels, credentialLabel, renderingLabel),
    annotations: pick(metadata.annotations, allowedHostsAnnotation),
    type,
    data: new Map(Object.entries(data).map(([key, value]) => [key, decode(value)])),
  };
}

export function readSourceConfigMap({ metadata, data = {} }: ConfigMapObject): ObservedConfigMap {
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    labels: pick(metadata.labels, credentialLabel),
    data: new Map(Object.entries(data)),
  };
}

export function decode(base64: string): Sensitive {
  return new Sensitive(Buffer.from(base64, 'base64').toString('utf8'));
}

export function pick(all: Readonly<Record<string, string>> = {}, ...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
}

/** Names of Secrets and ConfigMaps, in one namespace. */
export interface SourceNames {
  readonly secrets: ReadonlySet<string>;
  readonly configMaps: ReadonlySet<string>;
}

/** Looks sources up, and keeps in mind which were asked for, there or not. */
export class RecordedSources implements ObservedSources, Sources {
  readonly labelledOnly = true;
  readonly secrets: Lookup<ObservedSecret>;
  readonly configMaps: Lookup<ObservedConfigMap>;
  readonly names: { readonly secrets: Set<string>; readonly configMaps: Set<string> } = { secrets: new Set(), configMaps: new Set() };

  constructor(sources: ObservedSources) {
    this.secrets = recorded(sources.secrets, this.names.secrets);
    this.configMaps = recorded(sources.configMaps, this.names.configMaps);
  }
}

function recorded<T>(lookup: Lookup<T>, names: Set<string>): Lookup<T> {
  return {
    get: (name) => {
      names.add(name);
      return lookup.get(name);
    },
  };
}
