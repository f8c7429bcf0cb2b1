import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What a token server knows before an assertion comes. */
export interface Expectation {
  /** PEM, as registered for the client. */
  readonly certificate: string;
  readonly audience: string;
  readonly recipient: string;
  readonly nowMs: number;
}

/** An assertion that was verified, as read by the verifier. */
export interface VerifiedAssertion {
  readonly id: string;
  readonly issuer: string;
  readonly issueInstant: string;
  readonly nameID: string;
  readonly nameIDFormat: string;
  readonly audience: string;
  readonly recipient: string;
  readonly confirmedUntil: string;
  readonly notBefore: string;
  readonly notOnOrAfter: string;
  readonly authnInstant: string;
  readonly authnContextClassRef: string;
  readonly attributes: readonly (readonly [name: string, value: string])[];
}

export type Verdict = ({ readonly accepted: true } & VerifiedAssertion) | { readonly accepted: false; readonly reason: string };

/** Java's XML signatures (VerifyAssertions.java), in one process that lives as long as this object. */
export class AssertionVerifier implements AsyncDisposable {
  /** Java compiles its program first. A question may be put before that, and waits. */
  readonly ready: Promise<unknown>;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<void>;
  readonly #waiting: PromiseWithResolvers<string>[] = [];
  #complaints = '';

  constructor(java: string) {
    this.#process = spawn(java, [join(import.meta.dirname, 'VerifyAssertions.java')]);
    this.#process.stderr.on('data', (chunk: Buffer) => {
      this.#complaints += chunk.toString();
    });
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#waiting.shift()?.resolve(line));
    this.#ended = new Promise((resolve) => {
      this.#process.once('close', () => resolve());
    });
    void this.#ended.then(() => this.#giveUp());
    this.ready = this.#nextLine();
    // Whoever asks a question hears of it too.
    this.ready.catch(() => {});
  }

  async verify(assertion: string | Uint8Array, { certificate, audience, recipient, nowMs }: Expectation): Promise<Verdict> {
    const parts = [assertion, certificate, audience, recipient, new Date(nowMs).toISOString()];
    this.#process.stdin.write(`${parts.map((part) => Buffer.from(part).toString('base64')).join(' ')}\n`);
    return JSON.parse(await this.#nextLine()) as Verdict;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin.end();
    return this.#ended;
  }

  /** Answers come in the order of the questions. */
  #nextLine(): Promise<string> {
    const line = Promise.withResolvers<string>();
    this.#waiting.push(line);
    return line.promise;
  }

  #giveUp(): void {
    for (const { reject } of this.#waiting) reject(new Error(`the verifier has ended: ${this.#complaints}`));
  }
}
