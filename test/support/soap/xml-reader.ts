import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Names are `namespace local`. */
export type XmlEvent =
  | readonly ['start', name: string, attributes: readonly (readonly [string, string])[]]
  | readonly ['end', name: string]
  | readonly ['text', text: string]
  | readonly ['comment', text: string]
  | readonly ['instruction', target: string, data: string];

export type Reading = { readonly events: readonly XmlEvent[] } | { readonly error: string };

/** expat, which has nothing in common with our own scanner, in one process that lives as long as this object. */
export class XmlReader implements AsyncDisposable {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<void>;
  readonly #waiting: PromiseWithResolvers<Reading>[] = [];
  #complaints = '';

  constructor(python: string) {
    this.#process = spawn(python, [join(import.meta.dirname, 'read_xml.py')]);
    this.#process.stderr.on('data', (chunk: Buffer) => {
      this.#complaints += chunk.toString();
    });
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#waiting.shift()?.resolve(JSON.parse(line) as Reading));
    this.#ended = new Promise((resolve) => {
      this.#process.once('close', () => resolve());
    });
    void this.#ended.then(() => this.#giveUp());
    this.#process.stdin.on('error', () => this.#giveUp());
  }

  read(document: Uint8Array): Promise<Reading> {
    const question = Promise.withResolvers<Reading>();
    this.#waiting.push(question);
    this.#process.stdin.write(`${Buffer.from(document).toString('base64')}\n`);
    return question.promise;
  }

  /** Of a document that is well-formed. */
  async events(document: Uint8Array): Promise<readonly XmlEvent[]> {
    const reading = await this.read(document);
    if ('error' in reading) throw new Error(`not well-formed: ${reading.error}: ${Buffer.from(document).toString()}`);
    return reading.events;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin.end();
    return this.#ended;
  }

  #giveUp(): void {
    for (const { reject } of this.#waiting) reject(new Error(`the reader has ended: ${this.#complaints}`));
  }
}
