import type { Clock } from '../../crds/clock.ts';

const retryMs = 1_000;

/** Tells of changed keys. A callback that throws is told again until it does not: a key is never lost. */
export class ChangeNotifier {
  readonly #clock: Clock;
  readonly #onChange: (key: string) => void;
  readonly #onError: (key: string, error: unknown) => void;
  readonly #untold = new Set<string>();
  #cancelRetry: (() => void) | undefined;
  #closed = false;

  constructor(clock: Clock, onChange: (key: string) => void, onError: (key: string, error: unknown) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
    this.#onError = onError;
  }

  tell(key: string): void {
    try {
      this.#onChange(key);
      this.#untold.delete(key);
    } catch (error) {
      this.#onError(key, error);
      this.#untold.add(key);
      if (!this.#closed) this.#cancelRetry ??= this.#clock.after(retryMs, () => this.#retry());
    }
  }

  #retry(): void {
    this.#cancelRetry = undefined;
    for (const key of this.#untold) this.tell(key);
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry?.();
  }
}
