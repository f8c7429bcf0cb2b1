import { type ApiObject, objectKey } from './api-object.ts';

interface Entry<T> {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly object: T;
}

/** What a reflector knows of the server, and of each object only what `keep` leaves. What changes it answers the keys that changed. */
export class ObjectStore<T> {
  readonly #keep: (object: ApiObject) => T;
  #entries = new Map<string, Entry<T>>();

  constructor(keep: (object: ApiObject) => T) {
    this.#keep = keep;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.object;
  }

  get size(): number {
    return this.#entries.size;
  }

  *values(): Generator<T> {
    for (const { object } of this.#entries.values()) yield object;
  }

  keys(): readonly string[] {
    return [...this.#entries.keys()];
  }

  put(object: ApiObject): string[] {
    const key = objectKey(object);
    const { uid, resourceVersion } = object.metadata;
    const before = this.#entries.get(key);
    this.#entries.set(key, { uid, resourceVersion, object: this.#keep(object) });
    return before !== undefined && before.uid === uid && before.resourceVersion === resourceVersion ? [] : [key];
  }

  delete(object: ApiObject): string[] {
    const key = objectKey(object);
    return this.#entries.delete(key) ? [key] : [];
  }

  /** Takes over a whole list: what is not in it is gone. */
  replaceWith(list: ObjectStore<T>): string[] {
    const before = this.#entries;
    this.#entries = list.#entries;
    const gone = [...before.keys()].filter((key) => !this.#entries.has(key));
    const changed = this.keys().filter((key) => {
      const [old, now] = [before.get(key), this.#entries.get(key)];
      return old?.uid !== now?.uid || old?.resourceVersion !== now?.resourceVersion;
    });
    return [...gone, ...changed];
  }
}
