import type { IncomingMessage } from 'node:http';
import type { Failure } from '../failure.ts';
import { GatheredBytes } from '../net/gathered-bytes.ts';
import { noBody, type OutgoingBody } from '../net/outgoing-request.ts';
import { type HeaderBlock, type OpenEnvelope, openEnvelope, writeBlock } from '../soap/soap-header.ts';
import { XmlProblem } from '../soap/xml-scanner.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { CallerBody } from './caller-body.ts';
import { envelopeTooLarge, longestEnvelopeBytes } from './check-soap-request.ts';

/** Of the envelopes of all calls together, from their first byte to the end of the answer. */
export const keptEnvelopeBytes = 16 * 1024 * 1024;

/** A SOAP envelope, read whole, that goes out with the token in its Header: with another token if it goes out again. */
export class SoapBody implements CallerBody {
  readonly kind = 'whole';
  readonly replayable = true;
  readonly #request: IncomingMessage;
  readonly #block: HeaderBlock;
  readonly #budget: ByteBudget;
  readonly #onProgress: () => void;
  #envelope: OpenEnvelope | undefined;
  #bytes = new GatheredBytes();
  #size = 0;
  #done = (): void => {};
  #refused = (_failure: Failure): void => {};

  constructor(request: IncomingMessage, block: HeaderBlock, budget: ByteBudget, onProgress: () => void) {
    this.#request = request;
    this.#block = block;
    this.#budget = budget;
    this.#onProgress = onProgress;
  }

  read(done: () => void, refused: (failure: Failure) => void): void {
    this.#done = done;
    this.#refused = refused;
    this.#request.on('data', this.#take);
    this.#request.on('end', this.#end);
  }

  content(token: string): OutgoingBody {
    if (this.#envelope === undefined) return noBody;
    const { before, after } = this.#envelope;
    return { ...noBody, body: [...before, writeBlock(this.#block, token), ...after] };
  }

  get complete(): boolean {
    return this.#envelope !== undefined;
  }

  get callerIsSlow(): boolean {
    return !this.complete;
  }

  done(): void {
    this.destroy();
  }

  destroy(): void {
    this.#request.off('data', this.#take);
    this.#request.off('end', this.#end);
    this.#request.resume();
    this.#budget.giveBack(this.#size);
    this.#size = 0;
    this.#bytes = new GatheredBytes();
    this.#envelope = undefined;
  }

  readonly #take = (chunk: Buffer): void => {
    this.#onProgress();
    if (this.#size + chunk.length > longestEnvelopeBytes) return this.#refused(envelopeTooLarge);
    if (!this.#budget.take(chunk.length)) return this.#refused(tooManyEnvelopes(this.#budget.limit));
    this.#size += chunk.length;
    this.#bytes.add(chunk);
  };

  readonly #end = (): void => {
    const bytes = this.#bytes.whole();
    this.#bytes = new GatheredBytes();
    try {
      this.#envelope = openEnvelope(bytes, this.#block);
    } catch (error) {
      if (!(error instanceof XmlProblem)) throw error;
      return this.#refused(noEnvelope(error));
    }
    this.#done();
  };
}

function noEnvelope({ expected, found, offset }: XmlProblem): Failure {
  return {
    code: 'soap_invalid',
    detail: `The body is no SOAP envelope that can be read: expected ${expected}, found ${found} at byte ${offset}.`,
    hint: 'The token goes into the Header of the envelope, so it must be well-formed XML without a document type declaration.',
  };
}

function tooManyEnvelopes(limit: number): Failure {
  return {
    code: 'overloaded',
    detail: `The SOAP envelopes that wait for their answers have ${limit / 1024 / 1024} MiB in all.`,
    retryAfterSeconds: 1,
  };
}
