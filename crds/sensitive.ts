import { inspect } from 'node:util';

const redacted = '[redacted]';

/**
 * A secret or a token: a value that cannot be logged by accident. Strings, JSON, template literals and `console.log`
 * all see `[redacted]`; the value itself comes out of `reveal()` only, which is easy to search for.
 */
export class Sensitive {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [inspect.custom](): string {
    return redacted;
  }
}
