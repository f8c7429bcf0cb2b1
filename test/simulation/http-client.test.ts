import { once } from 'node:events';
import * as http from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DestinationPool, Destinations } from '../../sidecar/net/destinations.ts';
import { ClientCallRecord, get, type Taking } from '../support/client-call.ts';

/** What a server sends for one request, and how it comes. */
interface Planned {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly version: '1.0' | '1.1';
  readonly status: number;
  readonly informational: readonly number[];
  readonly headers: readonly (readonly [string, string])[];
  readonly framing: 'length' | 'chunks' | 'end';
  /** Chunks of the body; `chunks` keeps them apart. */
  readonly body: readonly string[];
  readonly trailers: readonly (readonly [string, string])[];
  readonly close: boolean;
  /** Where the bytes are cut: fractions of their length. */
  readonly cuts: readonly number[];
  /** It sends no more than this fraction and breaks off. */
  readonly breakOff: { readonly after: number; readonly how: 'end' | 'reset' } | undefined;
  readonly taking: Taking;
}

const name = fc.stringMatching(/^X-[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/);
const value = fc.stringMatching(/^(?:[\x21-\x7e\u0080-\u00ff](?:[\t\x20-\x7e\u0080-\u00ff]{0,20}[\x21-\x7e\u0080-\u00ff])?)?$/);
const fields = (maxLength: number): fc.Arbitrary<readonly (readonly [string, string])[]> => fc.array(fc.tuple(name, value), { maxLength });
const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 200 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.string({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 20_000 }))
      .map(([part, times]) => part.repeat(times)),
  },
);

function seldom<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

const planned: fc.Arbitrary<Planned> = fc.record({
  method: fc.constantFrom('GET' as const, 'GET' as const, 'POST' as const, 'HEAD' as const),
  version: fc.constantFrom('1.1' as const, '1.1' as const, '1.1' as const, '1.0' as const),
  status: fc.constantFrom(200, 201, 204, 304, 404, 500, 599),
  informational: fc.array(fc.constantFrom(102, 103, 110), { maxLength: 2 }),
  headers: fields(8),
  framing: fc.constantFrom('length' as const, 'chunks' as const, 'end' as const),
  body: fc.array(text, { maxLength: 4 }),
  trailers: fields(2),
  close: fc.boolean(),
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
  breakOff: seldom(
    fc.record({ after: fc.double({ min: 0, max: 1, noNaN: true }), how: fc.constantFrom('end' as const, 'reset' as const) }),
  ),
  taking: fc.record({
    chunks: fc.constantFrom('copied' as const, 'kept' as const, 'slow' as const),
    abortAfter: seldom(fc.constantFrom(0, 1, 100, 100_000)),
  }),
});

const bodiless = ({ method, status }: Planned): boolean => method === 'HEAD' || status === 204 || status === 304;

function bytesOf(plan: Planned, id: string): Buffer {
  const { version, status, informational, headers, framing, body, trailers, close } = plan;
  const parts = body.map((part) => Buffer.from(part)).filter(({ length }) => length > 0);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const chunked = framing === 'chunks' && version === '1.1';
  const lines = (list: readonly (readonly [string, string])[]): string => list.map(([key, content]) => `${key}: ${content}\r\n`).join('');
  const framed = chunked ? 'Transfer-Encoding: chunked\r\n' : framing === 'end' ? '' : `Content-Length: ${length}\r\n`;
  const before = version === '1.1' ? informational.map((code) => `HTTP/1.1 ${code} So far\r\nX-So-Far: ${code}\r\n\r\n`).join('') : '';
  const head = `${before}HTTP/${version} ${status} Planned\r\nX-Id: ${id}\r\n${lines(headers)}${close ? 'Connection: close\r\n' : ''}${framed}\r\n`;
  if (bodiless(plan)) return Buffer.from(head, 'latin1');
  const content = chunked
    ? [
        ...parts.flatMap((part) => [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]),
        Buffer.from(`0\r\n${lines(trailers)}\r\n`, 'latin1'),
      ]
    : parts;
  return Buffer.concat([Buffer.from(head, 'latin1'), ...content]);
}

/** Whether the answer ends with its connection, whatever else it says. */
const endsConnection = (plan: Planned): boolean =>
  plan.close || plan.version === '1.0' || (!bodiless(plan) && plan.framing === 'end') || plan.breakOff !== undefined;

/** Sends what is planned for the path that is asked for, in the pieces that are planned. */
class PlannedServer {
  plans: readonly Planned[] = [];
  readonly server: Server = createServer((socket) => this.#serve(socket));

  #serve(socket: Socket): void {
    let received = '';
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      for (;;) {
        const head = /^[A-Z]+ \/(\d+) [^]*?\r\n\r\n/.exec(received);
        if (head === null) return;
        received = received.slice(head[0].length);
        const index = Number(head[1]);
        void this.#answer(socket, this.plans[index], index);
      }
    });
  }

  async #answer(socket: Socket, plan: Planned | undefined, index: number): Promise<void> {
    // Of a call that was given up in a run that is over.
    if (plan === undefined) return void socket.destroy();
    const whole = bytesOf(plan, String(index));
    const bytes = plan.breakOff === undefined ? whole : whole.subarray(0, Math.floor(plan.breakOff.after * whole.length));
    const cuts = [0, ...plan.cuts.map((cut) => Math.floor(cut * bytes.length)).toSorted((a, b) => a - b), bytes.length];
    for (const [at, from] of cuts.slice(0, -1).entries()) {
      socket.write(bytes.subarray(from, cuts[at + 1]));
      await new Promise(setImmediate);
    }
    if (plan.breakOff?.how === 'reset') socket.resetAndDestroy();
    else if (endsConnection(plan)) socket.end();
  }
}

/** What anyone may see of an answer. */
interface Seen {
  readonly status: number;
  readonly headers: readonly string[];
  readonly informed: readonly number[];
  readonly body: string;
  readonly trailers: readonly string[];
}

const planner = new PlannedServer();
let origin: URL;

beforeAll(async () => {
  planner.server.listen(0, '127.0.0.1');
  await once(planner.server, 'listening');
  origin = new URL(`http://127.0.0.1:${(planner.server.address() as AddressInfo).port}`);
});

afterAll(() => planner.server.close());

function seenByNode(index: number, method: string): Promise<Seen | 'failed'> {
  const informed: number[] = [];
  return new Promise((resolve) => {
    const request = http.request(new URL(`/${index}`, origin), { method, agent: false, headers: { 'Content-Length': 0 } }, (answer) => {
      answer.on('error', () => resolve('failed'));
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.rawHeaders,
          informed,
          body: Buffer.concat(chunks).toString(),
          trailers: answer.rawTrailers,
        }),
      );
    });
    request.on('information', ({ statusCode }) => informed.push(statusCode));
    request.on('error', () => resolve('failed'));
    request.end();
  });
}

async function seenByUs(pool: DestinationPool, index: number, { method, taking }: Planned): Promise<Seen | 'failed' | 'aborted'> {
  const call = new ClientCallRecord(taking);
  pool.dispatch(get(`/${index}`, { method }), call);
  try {
    const outcome = await call.outcome;
    if (outcome === 'aborted') return outcome;
    const { head, informed, body, trailers } = outcome;
    return {
      status: head.status,
      headers: head.rawHeaders,
      informed: informed.map(({ status }) => status),
      body: body.toString(),
      trailers,
    };
  } catch {
    return 'failed';
  }
}

test('whatever a server answers, in whatever pieces, each call gets its own answer as Node’s own client reads it, also beside calls that are given up', async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(planned, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 4 }), async (plans, connections) => {
      planner.plans = plans;
      const pool = new Destinations().open({ url: origin, tls: {}, connectTimeoutMs: 5_000 }, connections);
      try {
        const ours = await Promise.all(plans.map((plan, index) => seenByUs(pool, index, plan)));
        for (const [index, plan] of plans.entries()) {
          const seen = ours[index];
          if (plan.taking.abortAfter !== undefined && seen === 'aborted') continue;
          // A reset may overtake what was sent before it, on one way and not on the other.
          if (plan.breakOff?.how === 'reset') continue;
          expect(seen).toEqual(await seenByNode(index, plan.method));
          if (seen !== 'failed') compared++;
        }
      } finally {
        pool.close();
      }
    }),
    { numRuns: 300 },
  );
  expect(compared).toBeGreaterThan(500);
});
