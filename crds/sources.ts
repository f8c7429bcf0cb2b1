import type { Sensitive } from './sensitive.ts';

/** What a credential may refer to, as read from its namespace: labelled or not, for a missing label is worth a better message than "not found". */
export interface Sources {
  readonly secrets: ReadonlyMap<string, SourceSecret>;
  readonly configMaps: ReadonlyMap<string, SourceConfigMap>;
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
