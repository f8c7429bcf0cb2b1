import { writeFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';

type Fields = Readonly<Record<string, unknown>>;

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: Fields;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly data?: Readonly<Record<string, string>>;
}

/** Of the credential and of its Secret. */
export const name = 'orders';
export const clientId = 'orders-job';

interface SpecParts {
  readonly upstream: Fields;
  readonly tokenEndpoint: Fields;
  readonly client?: Fields;
  readonly grant?: Fields;
}

/** A credential of the client `orders-job`, whose secret is in the Secret `orders`. */
export function credential({ upstream, tokenEndpoint, client, grant }: SpecParts): Manifest {
  return {
    apiVersion: 'tokenward.dev/v1alpha1',
    kind: 'OAuth2Credential',
    metadata: { name },
    spec: {
      upstream,
      tokenEndpoint,
      client: { id: clientId, secretRef: { name }, ...client },
      ...(grant && { grant }),
    },
  };
}

export function secret(stringData: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>> = consent): Manifest {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, labels }, stringData };
}

export const consent = { 'tokenward.dev/credential': 'true' };

/** The files of a user: `credential.yaml`, and `secret.yaml` beside it. */
export class Manifests {
  readonly folder: string;
  #objects: Manifest[];

  constructor(folder: string, objects: readonly Manifest[]) {
    this.folder = folder;
    this.#objects = structuredClone([...objects]);
    this.#save();
  }

  /** The only one of its kind. */
  the(kind: 'OAuth2Credential' | 'Secret'): Manifest {
    const [object, ...others] = this.#objects.filter((candidate) => candidate.kind === kind);
    if (object === undefined || others.length > 0) throw new Error(`there is not one ${kind}`);
    return object;
  }

  /** Sets a field of the credential by its dotted path; undefined takes it out; `[]` behind the path adds to the list. */
  change(path: string, value: unknown): void {
    this.#set('OAuth2Credential', path.split('.'), value);
  }

  /** Sets a key of the Secret. */
  keep(key: string, value: string): void {
    this.#set('Secret', ['stringData', key], value);
  }

  label(key: string, value: string): void {
    this.#set('Secret', ['metadata', 'labels', key], value);
  }

  add(object: Manifest): void {
    this.#objects.push(object);
    this.#save();
  }

  #set(kind: Parameters<Manifests['the']>[0], path: readonly string[], value: unknown): void {
    let at = this.the(kind) as unknown as Record<string, unknown>;
    for (const key of path.slice(0, -1)) at = (at[key] ??= {}) as Record<string, unknown>;
    const last = path.at(-1) ?? '';
    const list = last.replace(/\[\]$/, '');
    if (value === undefined) delete at[last];
    else if (list !== last) at[list] = [...((at[list] as readonly unknown[] | undefined) ?? []), value];
    else at[last] = value;
    this.#save();
  }

  #save(): void {
    const file = join(this.folder, 'orders.yaml');
    writeFileSync(`${file}.new`, this.#objects.map((object) => stringify(object)).join('---\n'));
    renameSync(`${file}.new`, file);
  }
}
