import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A client that sends the exact bytes a test says, and keeps the exact bytes that come back. */
export class RawClient implements AsyncDisposable {
  readonly socket: Socket;
  /** Resolves when the connection is closed, by whichever side. */
  readonly closed: Promise<void>;
  readonly #chunks: Buffer[] = [];

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    this.socket.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    // That the other side breaks off is part of the game.
    this.socket.on('error', () => {});
    this.socket.on('end', () => this.socket.end());
    this.closed = new Promise((resolve) => {
      this.socket.once('close', () => resolve());
    });
  }

  /** Everything that has come, one byte a character. */
  get received(): string {
    return Buffer.concat(this.#chunks).toString('latin1');
  }

  /** Lines are joined as HTTP wants it, with an empty one at their end. */
  sendHead(...lines: readonly string[]): void {
    this.send(`${lines.join('\r\n')}\r\n\r\n`);
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Resolves to everything received, once it matches. Rejects if the connection is closed before. */
  async until(pattern: RegExp | string): Promise<string> {
    const matches = (): boolean => (typeof pattern === 'string' ? this.received.includes(pattern) : pattern.test(this.received));
    while (!matches()) {
      if (this.socket.closed) throw new Error(`closed after: ${this.received}`);
      await Promise.race([once(this.socket, 'data'), this.closed]);
    }
    return this.received;
  }

  /** Breaks off without a word. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }
}

export function connectRaw(to: { readonly port: number }): RawClient {
  return new RawClient(to.port);
}
