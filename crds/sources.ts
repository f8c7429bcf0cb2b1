import type { Sensitive } from './sensitive.ts';

/** What a credential may refer to, by name, as read from its namespace: labelled or not, for a missing label is worth a better message than "not found". */
export interface Sources {
  readonly secrets: Lookup<SourceSecret>;
  readonly configMaps: Lookup<SourceConfigMap>;
  /** Only what is labelled is seen, so that what is missing may as well be there without the label. */
  readonly labelledOnly?: boolean;
}

export interface Lookup<T> {
  get(name: string): T | undefined;
}

export interface SourceSecret {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly type: string;
  /** Decoded from base64, as UTF-8. */
  readonly data: ReadonlyMap<string, Sensitive>;
}

export interface SourceConfigMap {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly data: ReadonlyMap<string, string>;
}
