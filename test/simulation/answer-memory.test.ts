import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import * as net from 'node:net';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { AnswerReader } from '../../sidecar/net/answer-reader.ts';
import type { Destination } from '../../sidecar/net/connector.ts';
import { type DestinationPool, Destinations } from '../../sidecar/net/destinations.ts';
import { listenOnLoopback } from '../support/listen-on-loopback.ts';
import { makeCertificate } from '../support/make-certificate.ts';
import { serve } from '../support/serve.ts';
import { startTestProxy } from '../support/start-test-proxy.ts';

interface PlannedAnswer {
  readonly bytes: number;
  /** So many more than the machine takes for a caller that does not read: its end waits in the proxy. */
  readonly isQueued: boolean;
  readonly framing: 'length' | 'chunks' | 'end';
  readonly pieceBytes: number;
  /** The first request for it is refused with so many bytes, and must be repeated with a fresh token. */
  readonly refusalBytes: number | undefined;
}

interface PlannedCaller {
  readonly answers: readonly PlannedAnswer[];
  /** Asks for all at once. */
  readonly pipelines: boolean;
  /** `stops` goes on when all others have finished. */
  readonly reading: 'at once' | 'in portions' | 'stops' | 'aborts';
  /** So much of what it gets in all has been read when it stops or aborts. */
  readonly after: number;
}

const answer: fc.Arbitrary<PlannedAnswer> = fc.record({
  bytes: fc.oneof(fc.constant(0), fc.nat(40_000), fc.integer({ min: 50_000, max: 400_000 }), fc.integer({ min: 50_000, max: 400_000 })),
  isQueued: fc.boolean(),
  framing: fc.constantFrom('length' as const, 'length' as const, 'chunks' as const, 'end' as const),
  pieceBytes: fc.integer({ min: 5_000, max: 500_000 }),
  refusalBytes: fc.option(fc.nat(50_000), { nil: undefined, freq: 1 }),
});

const caller: fc.Arbitrary<PlannedCaller> = fc.record({
  answers: fc.array(answer, { minLength: 1, maxLength: 3 }),
  pipelines: fc.boolean(),
  reading: fc.constantFrom('at once' as const, 'in portions' as const, 'stops' as const, 'stops' as const, 'aborts' as const),
  after: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })),
});

const refusalOf = (id: number): number => 0x8000_0000 + id;

/** Each eight bytes say which answer they are of, and where in it they stand. */
function codedBytes(id: number, length: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 8) * 2);
  for (let i = 0; i < words.length; i += 2) {
    words[i] = id;
    words[i + 1] = i / 2;
  }
  return Buffer.from(words.buffer).subarray(0, length);
}

/** The first place where what came is not what was sent. */
function difference({ id, length }: { readonly id: number; readonly length: number }, came: Buffer): string | undefined {
  const sent = codedBytes(id, length);
  if (came.equals(sent)) return undefined;
  if (came.length > length) return `answer ${id} has ${came.length} bytes, not ${length}`;
  for (let at = 0; at + 8 <= came.length; at += 8) {
    if (came.compare(sent, at, at + 8, at, at + 8) === 0) continue;
    return `answer ${id} has at ${at} what answer ${came.readUInt32LE(at)} has at ${came.readUInt32LE(at + 4) * 8}`;
  }
  return came.equals(sent.subarray(0, came.length)) ? `answer ${id} ends after ${came.length} of ${length} bytes` : `answer ${id}: its end`;
}

const isCutShort = (said: string | undefined): boolean => said === undefined || said.includes(' ends after ');

/** How much the machine takes for a reader that does not read. */
async function measureCapacity(): Promise<number> {
  const server = net.createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[net.Socket]>;
  const socket = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  const [[reader]] = await Promise.all([accepted, once(socket, 'connect')]);
  while (socket.writableLength === 0) socket.write(Buffer.alloc(64 * 1024));
  const taken = socket.bytesWritten - socket.writableLength;
  socket.destroy();
  reader.destroy();
  server.close();
  return taken;
}

let capacity = 0;
beforeAll(async () => {
  capacity = await measureCapacity();
});

interface NumberedAnswer extends PlannedAnswer {
  readonly id: number;
  readonly length: number;
}

/** Answers by numbers that are never used again: nor may bytes of an earlier run be found in a later. */
class CodedApi {
  readonly #answers = new Map<number, NumberedAnswer>();
  readonly #refused = new Set<number>();
  #last = 0;

  add(planned: PlannedAnswer, mayRefuse: boolean): NumberedAnswer {
    const id = ++this.#last;
    const numbered = {
      ...planned,
      id,
      length: planned.bytes + (planned.isQueued ? capacity : 0),
      refusalBytes: mayRefuse ? planned.refusalBytes : undefined,
    };
    this.#answers.set(id, numbered);
    return numbered;
  }

  readonly listener = (request: IncomingMessage, response: ServerResponse): void => {
    const id = Number(request.url?.slice(1));
    const { length, framing, pieceBytes, refusalBytes } = this.#answers.get(id) as NumberedAnswer;
    if (refusalBytes !== undefined && !this.#refused.has(id)) {
      this.#refused.add(id);
      response.writeHead(401, { 'Content-Length': refusalBytes }).end(codedBytes(refusalOf(id), refusalBytes));
      return;
    }
    if (framing === 'length') response.setHeader('Content-Length', length);
    if (framing === 'end') response.setHeader('Connection', 'close').removeHeader('Transfer-Encoding');
    const body = codedBytes(id, length);
    for (let at = 0; at < length; at += pieceBytes) response.write(body.subarray(at, at + pieceBytes));
    response.end();
  };
}

/** A caller's connection: what it reads, and when. */
class Caller {
  readonly plan: PlannedCaller;
  /** What it found wrong. */
  readonly wrong: string[] = [];
  readonly #answers: readonly NumberedAnswer[];
  readonly #socket: net.Socket;
  readonly #reader: AnswerReader;
  /** Resolves when nothing more will happen. */
  readonly done: Promise<void>;
  /** Or when it has stopped. */
  readonly rests: Promise<void>;
  #chunks: Buffer[] = [];
  #current = 0;
  /** What the answer that is read has to be. */
  #expected = { id: 0, length: 0 };
  /** It stops or aborts when so much has come. */
  #until: number;
  #isStopped = false;
  readonly #stopped = Promise.withResolvers<void>();

  constructor(port: number, plan: PlannedCaller, answers: readonly NumberedAnswer[]) {
    this.plan = plan;
    this.#answers = answers;
    this.#until = isComplete(plan) ? Infinity : plan.after * answers.reduce((sum, { length }) => sum + length, 0);
    this.#reader = new AnswerReader({
      answerBegun: () => {},
      answerInformed: () => {},
      answerStarted: ({ status }) => this.#started(status),
      answerData: (chunk) => this.#chunks.push(chunk),
      answerEnded: () => this.#ended(),
    });
    this.#socket = net.connect(port, '127.0.0.1');
    this.done = new Promise((resolve) => {
      this.#socket.once('close', resolve);
    });
    this.rests = Promise.race([this.#stopped.promise, this.done]);
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#socket.on('error', () => {});
    this.#reader.begin('GET');
    for (const { id } of plan.pipelines ? answers : answers.slice(0, 1)) this.#ask(id);
    if (plan.reading === 'stops' && this.#until === 0) this.#stop();
  }

  resume(): void {
    this.#isStopped = false;
    this.#socket.resume();
  }

  /** What came must be what was sent; of those who broke off, the beginning of it. */
  differences(): readonly string[] {
    const isWhole = this.#current === this.#answers.length;
    const said = isWhole ? undefined : difference(this.#expected, Buffer.concat(this.#chunks));
    if (said !== undefined && !(this.plan.reading === 'aborts' && isCutShort(said))) this.wrong.push(said);
    return this.wrong;
  }

  #ask(id: number): void {
    this.#socket.write(`GET /api/${id} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  }

  #stop(): void {
    this.#until = Infinity;
    this.#isStopped = true;
    this.#stopped.resolve();
    this.#socket.pause();
  }

  #read(chunk: Buffer): void {
    const rest = this.#reader.read(chunk);
    if (this.#socket.bytesRead >= this.#until) {
      if (this.plan.reading === 'aborts') return void this.#socket.destroy();
      this.#stop();
    }
    if (rest > 0) return this.#read(chunk.subarray(chunk.length - rest));
    if (this.plan.reading !== 'in portions') return;
    this.#socket.pause();
    setImmediate(() => this.#isStopped || this.#socket.resume());
  }

  #started(status: number): void {
    const { id, length, refusalBytes } = this.#answers[this.#current] as NumberedAnswer;
    if (status === 200) this.#expected = { id, length };
    // After one token that was given up, none is for a while: the refusal is passed on.
    else if (status === 401 && refusalBytes !== undefined) this.#expected = { id: refusalOf(id), length: refusalBytes };
    else this.wrong.push(`answer ${id} has status ${status}`);
  }

  #ended(): void {
    const said = difference(this.#expected, Buffer.concat(this.#chunks));
    if (said !== undefined) this.wrong.push(said);
    this.#chunks = [];
    const next = this.#answers[++this.#current];
    if (next === undefined) return void this.#socket.end();
    this.#reader.begin('GET');
    if (!this.plan.pipelines) this.#ask(next.id);
  }
}

const isComplete = ({ reading }: PlannedCaller): boolean => reading === 'at once' || reading === 'in portions';

/** At most so many connections, whatever the proxy asks for. */
class FewConnections extends Destinations {
  readonly #limit: number;

  constructor(limit: number) {
    super();
    this.#limit = limit;
  }

  override open(destination: Destination): DestinationPool {
    return super.open(destination, this.#limit);
  }
}

/** What any of these callers found wrong. */
async function compareAll(
  api: CodedApi,
  upstream: { readonly url: string; readonly tls?: { readonly ca: string } },
  plans: readonly PlannedCaller[],
  spare: number,
): Promise<readonly string[]> {
  // Who has stopped keeps its connections, and the others must get on.
  const kept = plans.filter(({ reading }) => reading === 'stops').reduce((sum, { answers }) => sum + answers.length, 0);
  await using proxy = await startTestProxy(upstream, {}, new FewConnections(kept + spare));
  proxy.endpoint.onRequest = () => void proxy.endpoint.issue(3_600_000);
  const callers = plans.map((plan) => {
    // A repeated request queues anew, and must not wait for one that waits for it.
    const mayRefuse = !plan.pipelines;
    return new Caller(
      proxy.port,
      plan,
      plan.answers.map((planned) => api.add(planned, mayRefuse)),
    );
  });
  await Promise.all(callers.map(({ rests }) => rests));
  for (const each of callers) each.resume();
  await Promise.all(callers.map(({ done }) => done));
  await proxy.idle();
  return callers.flatMap((each) => each.differences());
}

const plans = fc.array(caller, { minLength: 3, maxLength: 6 });
const spare = fc.integer({ min: 1, max: 2 });

const plain = { isQueued: true, framing: 'length', pieceBytes: 500_000, refusalBytes: undefined } as const;
/** Ends of answers wait for callers that have stopped, while others get answer after answer over the same connections. */
const overtaken: readonly PlannedCaller[] = [
  ...[150_000, 200_000, 250_000, 300_000].map((bytes): PlannedCaller => ({
    answers: [{ ...plain, bytes }],
    pipelines: false,
    reading: 'stops',
    after: 0,
  })),
  ...Array.from({ length: 6 }, (): PlannedCaller => {
    const small = { ...plain, isQueued: false, bytes: 300_000 };
    return { answers: [small, { ...plain, bytes: 0 }, small], pipelines: false, reading: 'at once', after: 0 };
  }),
];

/** What sockets do is never quite the same again: a failure cannot be made smaller. */
const settings: fc.Parameters<[PlannedCaller[], number]> = { numRuns: 30, examples: [[[...overtaken], 1]], endOnFailure: true };

describe('however callers take their answers, none gets bytes of another', () => {
  test('from an API over plain connections', async () => {
    const api = new CodedApi();
    await using server = await serve(api.listener);
    const upstream = { url: server.url };
    await fc.assert(
      fc.asyncProperty(plans, spare, async (...run) => {
        expect(await compareAll(api, upstream, ...run)).toEqual([]);
      }),
      settings,
    );
  });

  test('from an API over TLS', async () => {
    const api = new CodedApi();
    const { certificate, key } = makeCertificate('api', { hosts: ['127.0.0.1'] });
    await using server = await listenOnLoopback(createTlsServer({ cert: certificate, key }, api.listener));
    const upstream = { url: server.url.replace('http:', 'https:'), tls: { ca: certificate } };
    await fc.assert(
      fc.asyncProperty(plans, spare, async (...run) => {
        expect(await compareAll(api, upstream, ...run)).toEqual([]);
      }),
      settings,
    );
  });
});
