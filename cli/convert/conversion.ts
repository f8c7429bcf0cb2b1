import { Sensitive } from '../../crds/sensitive.ts';
import type { Note } from './property-table.ts';

/** A key of the Secret that is made. */
export interface KeyRef {
  readonly name: string;
  readonly key: string;
}

/** The contents of a Secret of type kubernetes.io/tls, as PEM. */
export interface TlsPair {
  readonly certificate: Sensitive;
  readonly key: Sensitive;
}

export interface ConvertOptions {
  /** Of the Secret that the credential refers to. */
  readonly secretName: string;
  /** In place of the source's. */
  readonly upstreamUrl?: string | undefined;
  /** What the source does not hold, by its key in the Secret. */
  readonly files: ReadonlyMap<string, Sensitive>;
}

/** `spec.client`, with what other fields depend on. */
export type ClientDraft = Readonly<Record<string, unknown>> & {
  readonly id: string;
  readonly authentication: string;
  readonly bodyId?: string;
};

/** `spec.grant`, with what other fields depend on. */
export type GrantDraft = Readonly<Record<string, unknown>> & { readonly type: string; readonly scope?: string };

/** A source as a credential. Nothing of it is of use while something is missing. */
export interface Conversion {
  readonly spec: object;
  readonly secret: ReadonlyMap<string, Sensitive>;
  readonly tls?: TlsPair | undefined;
  readonly notes: readonly Note[];
  /** What is essential and not there, and how to give it. */
  readonly missing: readonly string[];
}

/** Something that no credential can be made of, whatever is added. */
export interface LeftOut {
  readonly leftOut: string;
}

/** Gathers what a conversion comes to besides the spec. */
export class Draft {
  readonly options: ConvertOptions;
  readonly notes: Note[] = [];
  readonly missing: string[] = [];
  readonly secret = new Map<string, Sensitive>();
  #tls: TlsPair | undefined;
  readonly #used = new Set<string>();

  constructor(options: ConvertOptions) {
    this.options = options;
  }

  /** A property is lost, or its value. */
  lose(property: string, reason: string): void {
    this.notes.push({ property, reason, lost: true });
  }

  lack(message: string): void {
    this.missing.push(message);
  }

  /** Puts a value into the Secret. */
  keep(key: string, value: string): KeyRef {
    this.secret.set(key, new Sensitive(value));
    return { name: this.options.secretName, key };
  }

  /** The same for a property, under a key that is like its name and no other's. */
  keepBeside(property: string, value: string): KeyRef {
    let key = property.replaceAll(/[^-._0-9A-Za-z]/gu, '_').slice(0, 200);
    while (this.secret.has(key)) key += '_';
    return this.keep(key, value);
  }

  /** Puts what the option --from-file gives into the Secret, or else the source's value; without both it is missing. */
  keepGiven(key: string, value: string | undefined, lack: string): KeyRef {
    const given = this.given(key) ?? value;
    if (given === undefined) this.lack(`${lack}: give it with --from-file ${key}=FILE`);
    return this.keep(key, given ?? '');
  }

  given(key: string): string | undefined {
    this.#used.add(key);
    return this.options.files.get(key)?.reveal();
  }

  /** The Secret's name. */
  keepTls(certificate: string, key: string): string {
    this.#tls = { certificate: new Sensitive(certificate), key: new Sensitive(key) };
    return tlsSecretName(this.options.secretName);
  }

  finish(spec: object): Conversion {
    const unused = [...this.options.files.keys()].filter((key) => !this.#used.has(key));
    const known = [...this.#used].join(', ') || 'none';
    const superfluous = unused.map((key) => `--from-file ${key}=… is of no use here; what is: ${known}`);
    return { spec, secret: this.secret, tls: this.#tls, notes: this.notes, missing: [...this.missing, ...superfluous] };
  }
}

export const tlsSecretName = (secretName: string): string => `${secretName}-tls`;
