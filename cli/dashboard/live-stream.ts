import type { ServerResponse } from 'node:http';
import type { Clock } from '../../crds/clock.ts';

/** A page that is sent again whenever it has changed, as server-sent events (WHATWG HTML section 9.2). */
export class LiveStream {
  readonly #response: ServerResponse;
  readonly #draw: () => Promise<string>;
  readonly #clock: Clock;
  readonly #everyMs: number;
  #sent = '';
  #drawing = false;
  #cancel = (): void => {};

  constructor(response: ServerResponse, draw: () => Promise<string>, clock: Clock, everyMs: number) {
    this.#response = response;
    this.#draw = draw;
    this.#clock = clock;
    this.#everyMs = everyMs;
    response.on('close', () => this.#cancel());
    response.write('retry: 2000\n\n');
  }

  /** Sends the page if it has changed, now and from time to time. */
  async push(): Promise<void> {
    const response = this.#response;
    if (this.#drawing || response.destroyed) return;
    this.#drawing = true;
    this.#cancel();
    // The browser comes back by itself.
    const text = await this.#draw().catch(() => void response.destroy());
    this.#drawing = false;
    if (text === undefined || response.destroyed) return;
    // Whoever does not read gets no more to read.
    if (text !== this.#sent && !response.writableNeedDrain) {
      this.#sent = text;
      response.write(`data: ${JSON.stringify(text)}\n\n`);
    }
    this.#cancel = this.#clock.after(this.#everyMs, () => void this.push());
  }
}
