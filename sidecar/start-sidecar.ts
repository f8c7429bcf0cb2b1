import type { Logger } from 'pino';
import type { Clock, Random } from '../crds/clock.ts';
import { HealthServer } from '../crds/health-server.ts';
import type { ConfigSource } from './config/config-source.ts';
import { followConfig } from './config/follow-config.ts';
import { FailureLog } from './failure-log.ts';
import { MemoryRelease } from './memory-release.ts';
import { SidecarMetrics } from './metrics/sidecar-metrics.ts';
import { Destinations } from './net/destinations.ts';
import { noteAnswers } from './note-answers.ts';
import { observeTokens } from './observe-tokens.ts';
import { type Alias, AliasTable, type Reload } from './proxy/alias-table.ts';
import { ByteBudget } from './proxy/byte-budget.ts';
import { Deadlines } from './proxy/deadlines.ts';
import type { Exchange } from './proxy/exchange.ts';
import type { ProxyContext } from './proxy/handle-request.ts';
import { ProxyServer } from './proxy/proxy-server.ts';
import { Roster } from './proxy/roster.ts';
import { Route } from './proxy/route.ts';
import { keptEnvelopeBytes } from './proxy/soap-body.ts';
import { createTokenRequester } from './token/create-token-requester.ts';
import type { ProjectedTokenGrant } from './token/projected-token.ts';
import { TokenSources } from './token/token-sources.ts';

/** How often connections are looked at while the sidecar drains. */
const idleSweepMs = 50;

export interface SidecarOptions {
  readonly source: ConfigSource;
  /** Aliases that exist even before they have a credential. */
  readonly expectedAliases: readonly string[];
  /** For credentials that ask for it; without it they get no token. */
  readonly projectedToken?: ProjectedTokenGrant | undefined;
  /** 0 takes a free one, as does `adminPort`. */
  readonly proxyPort: number;
  readonly adminPort: number;
  /** All addresses if undefined. */
  readonly adminHost?: string | undefined;
  /** How long requests in flight may take to finish once the sidecar drains. */
  readonly drainTimeoutSeconds: number;
  readonly version: string;
  readonly log: Logger;
  /** Called when nothing has been in flight for a while, after the start and now and then. */
  readonly releaseMemory?: (() => void) | undefined;
}

export interface Sidecar {
  readonly proxyUrl: string;
  readonly adminUrl: string;
  aliases(): readonly Alias[];
  /** Finishes what is in flight and stops; resolves to the number of requests that had to be cut off. */
  drain(): Promise<number>;
}

/** Reads the configuration, then listens. Rejects if the source cannot be read or a port is taken (`EADDRINUSE`). */
export async function startSidecar(options: SidecarOptions, { clock, random }: { clock: Clock; random: Random }): Promise<Sidecar> {
  const { source, expectedAliases, projectedToken, log, version } = options;
  const metrics = new SidecarMetrics();
  const destinations = new Destinations();
  const sources = new TokenSources({
    clock,
    random,
    requesterFor: (config) => createTokenRequester(config, clock, version, projectedToken, destinations),
    observerFor: (alias) => observeTokens(alias, metrics, log),
  });
  const aliases = new AliasTable(expectedAliases, (name, config) => new Route(name, config, metrics.alias(name), sources, destinations));
  const live = new Roster<Exchange>();
  const memory = options.releaseMemory && new MemoryRelease(clock, options.releaseMemory);
  const context: ProxyContext = {
    clock,
    aliases,
    metrics,
    deadlines: new Deadlines(clock, live, memory),
    failures: new FailureLog(log, clock),
    noteAnswer: noteAnswers(log),
    live,
    budget: new ByteBudget(keptEnvelopeBytes),
    draining: false,
  };
  const proxy = new ProxyServer(context);
  let ready = false;
  const admin = new HealthServer(metrics.registry, () => ready);

  const following = await followConfig(
    source,
    clock,
    (texts) => {
      for (const reload of aliases.apply(texts)) {
        metrics.reloaded(reload.alias, reload.outcome);
        logReload(log, reload);
      }
    },
    (error) =>
      log.error(
        { error: error instanceof Error ? error.message : undefined },
        'The configuration cannot be read; the last one stays in force',
      ),
  );
  const stop = async (): Promise<void> => {
    following.stop();
    memory?.busy();
    await Promise.all([proxy.close(), admin.close()]);
    aliases.close();
  };
  try {
    const proxyPort = await proxy.listen(options.proxyPort);
    const adminPort = await admin.listen(options.adminPort, options.adminHost);
    ready = true;
    memory?.quiet();
    return {
      proxyUrl: `http://127.0.0.1:${proxyPort}`,
      adminUrl: `http://127.0.0.1:${adminPort}`,
      aliases: () => aliases.list(),
      drain: async () => {
        context.draining = true;
        ready = false;
        const cut = await finishInFlight(proxy, context, clock, options.drainTimeoutSeconds * 1000);
        await stop();
        return cut;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Connections are closed as they become idle: their callers keep them otherwise. What is left at the end of the time is cut. */
async function finishInFlight(proxy: ProxyServer, { live }: ProxyContext, clock: Clock, timeoutMs: number): Promise<number> {
  let cut = 0;
  const cancelCut = clock.after(timeoutMs, () => {
    cut = live.size;
    proxy.closeAllConnections();
  });
  let cancelSweep = (): void => {};
  let wasQuiet = false;
  const sweep = (): void => {
    // Nothing in flight, twice: what is open holds half a request, or the rest of one that has been answered.
    if (wasQuiet && live.size === 0) proxy.closeAllConnections();
    else proxy.closeIdleConnections();
    wasQuiet = live.size === 0;
    cancelSweep = clock.after(idleSweepMs, sweep);
  };
  const closed = proxy.close();
  sweep();
  await closed;
  cancelSweep();
  cancelCut();
  return cut;
}

function logReload(log: Logger, { alias, outcome, reason }: Reload): void {
  if (outcome === 'broken') log.warn({ alias, reason }, 'The new configuration of this alias is not in force');
  else if (reason !== undefined) log.warn({ alias, reason }, 'The credential of this alias is not valid');
  else log.info({ alias }, outcome === 'applied' ? 'Configuration applied' : 'Configuration removed');
}
