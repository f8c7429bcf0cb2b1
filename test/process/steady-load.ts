import { Agent } from 'node:http';
import { type Answer, call, type CallOptions } from '../support/call.ts';

/** Callers that each make one call after the other on kept connections, until they are told to stop. */
export class SteadyLoad {
  calls = 0;
  /** Of those that were not answered 200: what they got instead. */
  readonly failed: (Pick<Answer, 'status' | 'failure' | 'body'> | Error)[] = [];
  readonly #agent: Agent;
  readonly #callers: Promise<void>[];
  #stopped = false;

  /** `next` says what the call of this number is. */
  constructor(callers: number, next: (call: number) => CallOptions & { readonly url: string }) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: callers });
    this.#callers = Array.from({ length: callers }, () => this.#callOn(next));
  }

  /** Resolves when all calls that were begun have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#callers);
    this.#agent.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #callOn(next: (call: number) => CallOptions & { readonly url: string }): Promise<void> {
    while (!this.#stopped) {
      const { url, ...options } = next(this.calls);
      this.calls += 1;
      try {
        const { status, failure, body } = await call(url, { ...options, agent: this.#agent });
        if (status !== 200) this.failed.push({ status, failure, body });
      } catch (error) {
        this.failed.push(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }
}
