import { Writable } from 'node:stream';
import { pino } from 'pino';
import { Sensitive } from '../../crds/sensitive.ts';
import type { ConfigSource } from '../../sidecar/config/config-source.ts';
import { type Sidecar, startSidecar } from '../../sidecar/start-sidecar.ts';
import type { ProjectedTokenGrant } from '../../sidecar/token/projected-token.ts';
import { JumpingClock } from './jumping-clock.ts';
import { newRecording } from './recordings.ts';

type Configs = Readonly<Record<string, object | string>>;

export interface TestSidecarOptions {
  /** By alias: a configuration, or the text of a file that is none. */
  readonly configs?: Configs;
  readonly expectedAliases?: readonly string[];
  readonly drainTimeoutSeconds?: number;
  readonly projectedToken?: ProjectedTokenGrant | undefined;
}

/** A source that a test writes into. */
class MemorySource implements ConfigSource {
  #texts: ReadonlyMap<string, Sensitive> | undefined;
  #taken: () => void = () => {};

  set(configs: Configs): Promise<void> {
    this.#texts = new Map(
      Object.entries(configs).map(([alias, config]) => [
        alias,
        new Sensitive(typeof config === 'string' ? config : JSON.stringify(config)),
      ]),
    );
    return new Promise((resolve) => {
      this.#taken = resolve;
    });
  }

  poll(): Promise<ReadonlyMap<string, Sensitive> | undefined> {
    const texts = this.#texts;
    this.#texts = undefined;
    // Whoever polls goes on with the texts before this is heard of.
    setImmediate(this.#taken);
    return Promise.resolve(texts);
  }
}

/** The whole sidecar in this process, on free ports, with time that can jump. */
export class TestSidecar implements AsyncDisposable {
  readonly clock: JumpingClock;
  readonly log: string[];
  readonly #sidecar: Sidecar;
  readonly #source: MemorySource;
  #drained: Promise<number> | undefined;

  constructor(sidecar: Sidecar, source: MemorySource, clock: JumpingClock, log: string[]) {
    this.#sidecar = sidecar;
    this.#source = source;
    this.clock = clock;
    this.log = log;
  }

  get url(): string {
    return this.#sidecar.proxyUrl;
  }

  get adminUrl(): string {
    return this.#sidecar.adminUrl;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Replaces all configurations; they are in force when it resolves. A second passes. */
  async configure(configs: Configs): Promise<void> {
    const taken = this.#source.set(configs);
    this.clock.pass(1_000);
    await taken;
  }

  /** The value of one series, 0 if it is not there; `series` as it stands in the text: `name{label="value"}`. */
  async metric(series: string): Promise<number> {
    const line = (await this.metrics()).split('\n').find((text) => text.startsWith(`${series} `));
    return line === undefined ? 0 : Number(line.slice(series.length + 1));
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.adminUrl}/metrics`)).text();
  }

  /** Once only, however often it is called; resolves to the number of requests that were cut off. */
  drain(): Promise<number> {
    this.#drained ??= this.#sidecar.drain();
    return this.#drained;
  }

  /** Rejects if a request was still under way: a test ends what it begins. */
  async [Symbol.asyncDispose](): Promise<void> {
    const wasDrained = this.#drained !== undefined;
    if (!wasDrained) newRecording('metrics', 'test-sidecar').append(await this.metrics());
    const cut = await this.drain();
    newRecording('log', 'test-sidecar').append(this.log.join(''));
    if (!wasDrained && cut > 0) throw new Error(`${cut} requests never ended`);
  }
}

export async function startTestSidecar({
  configs = {},
  expectedAliases = [],
  drainTimeoutSeconds = 5,
  projectedToken,
}: TestSidecarOptions = {}): Promise<TestSidecar> {
  const clock = new JumpingClock();
  const source = new MemorySource();
  const log: string[] = [];
  const lines = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log.push(chunk.toString());
      done();
    },
  });
  void source.set(configs);
  const ports = { proxyPort: 0, adminPort: 0, adminHost: '127.0.0.1' };
  const options = { source, expectedAliases, drainTimeoutSeconds, projectedToken, ...ports, version: 'test' };
  const sidecar = await startSidecar({ ...options, log: pino({ level: 'trace' }, lines) }, { clock, random: () => 0.5 });
  return new TestSidecar(sidecar, source, clock, log);
}
