import { Writable } from 'node:stream';
import { pino } from 'pino';
import { Sensitive } from '../../crds/sensitive.ts';
import { FailureLog } from '../../sidecar/failure-log.ts';
import { SidecarMetrics } from '../../sidecar/metrics/sidecar-metrics.ts';
import { noteAnswers } from '../../sidecar/note-answers.ts';
import { Destinations } from '../../sidecar/net/destinations.ts';
import { AliasTable } from '../../sidecar/proxy/alias-table.ts';
import { ByteBudget } from '../../sidecar/proxy/byte-budget.ts';
import { Deadlines } from '../../sidecar/proxy/deadlines.ts';
import type { Exchange } from '../../sidecar/proxy/exchange.ts';
import type { ProxyContext } from '../../sidecar/proxy/handle-request.ts';
import { ProxyServer } from '../../sidecar/proxy/proxy-server.ts';
import { Roster } from '../../sidecar/proxy/roster.ts';
import { Route } from '../../sidecar/proxy/route.ts';
import { keptEnvelopeBytes } from '../../sidecar/proxy/soap-body.ts';
import { TokenSources } from '../../sidecar/token/token-sources.ts';
import { HeldEndpoint } from './held-endpoint.ts';
import { JumpingClock } from './jumping-clock.ts';
import { type TestConfig, testConfig } from './sidecar-config.ts';

/** The proxy without the rest of the sidecar: token requests are held until the test answers them, and its inside can be looked at. */
export interface TestProxy extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly clock: JumpingClock;
  readonly endpoint: HeldEndpoint;
  readonly context: ProxyContext;
  readonly server: ProxyServer;
  readonly log: readonly string[];
  /** Resolves when as many token requests as `count`, from the start, have been made. */
  asked(count: number): Promise<void>;
  /** Resolves when no request is in flight any more. */
  idle(): Promise<void>;
}

export async function startTestProxy(
  upstream: TestConfig['upstream'],
  more: Partial<TestConfig> = {},
  destinations = new Destinations(),
): Promise<TestProxy> {
  const clock = new JumpingClock();
  const endpoint = new HeldEndpoint(clock);
  const metrics = new SidecarMetrics();
  const log: string[] = [];
  const lines = new Writable({ write: (chunk: Buffer, _encoding, done) => done(void log.push(chunk.toString())) });
  const sources = new TokenSources({
    clock,
    random: () => 0.5,
    requesterFor: () => Object.assign(endpoint.requestToken.bind(endpoint), { close: () => {} }),
    observerFor: () => ({ attempted: () => {}, obtained: () => {}, failed: () => {} }),
  });
  const aliases = new AliasTable([], (name, config) => new Route(name, config, metrics.alias(name), sources, destinations));
  const logger = pino({ level: 'debug' }, lines);
  const live = new Roster<Exchange>();
  const context: ProxyContext = {
    clock,
    aliases,
    metrics,
    deadlines: new Deadlines(clock, live),
    failures: new FailureLog(logger, clock),
    noteAnswer: noteAnswers(logger),
    live,
    budget: new ByteBudget(keptEnvelopeBytes),
    draining: false,
  };
  const server = new ProxyServer(context);
  const port = await server.listen(0);
  const text = JSON.stringify(testConfig({ ...more, upstream, tokenEndpoint: 'http://127.0.0.1:1/token' }));
  aliases.apply(new Map([['api', new Sensitive(text)]]));
  return {
    url: `http://127.0.0.1:${port}/api`,
    port,
    clock,
    endpoint,
    context,
    server,
    log,
    asked: async (count) => {
      while (endpoint.requests < count) await turn();
    },
    idle: async () => {
      while (context.live.size > 0) await turn();
    },
    [Symbol.asyncDispose]: async () => {
      const closed = server.close();
      server.closeAllConnections();
      await closed;
      aliases.close();
    },
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
