import type { SourceNames } from './observed-sources.ts';

/** Which credentials want to know of a source: those that looked for it when they were last decided, there or not. Keys are `namespace/name`. */
export class SourceIndex {
  readonly #credentials = new Map<string, Set<string>>();
  readonly #sources = new Map<string, readonly string[]>();

  /** Replaces what was known of the credential. */
  set(credential: string, { secrets, configMaps }: SourceNames): void {
    this.delete(credential);
    const namespace = credential.slice(0, credential.indexOf('/'));
    const sources = [
      ...[...secrets].map((name) => `Secret ${namespace}/${name}`),
      ...[...configMaps].map((name) => `ConfigMap ${namespace}/${name}`),
    ];
    if (sources.length === 0) return;
    this.#sources.set(credential, sources);
    for (const source of sources) {
      const credentials = this.#credentials.get(source) ?? new Set();
      this.#credentials.set(source, credentials.add(credential));
    }
  }

  delete(credential: string): void {
    for (const source of this.#sources.get(credential) ?? []) {
      const credentials = this.#credentials.get(source);
      credentials?.delete(credential);
      if (credentials?.size === 0) this.#credentials.delete(source);
    }
    this.#sources.delete(credential);
  }

  credentialsOf(kind: 'Secret' | 'ConfigMap', source: string): readonly string[] {
    return [...(this.#credentials.get(`${kind} ${source}`) ?? [])];
  }

  /** How many credentials and sources it holds on to. */
  get size(): number {
    return this.#sources.size + this.#credentials.size;
  }
}
