import { destination, pino } from 'pino';
import { systemClock } from '../crds/clock.ts';
import { ConfigDirectory } from './config/config-directory.ts';
import { parseOptions, usage } from './parse-options.ts';
import { startSidecar } from './start-sidecar.ts';
import { version } from '../crds/version.ts';

const args = process.argv.slice(2);
if (args.includes('--help') || args.includes('--version')) {
  process.stdout.write(args.includes('--help') ? usage : `${version}\n`);
  process.exit(0);
}
const parsed = parseOptions(args);
if (!parsed.ok) {
  process.stderr.write(`${parsed.message}\n\n${usage}`);
  process.exit(2);
}

const { options } = parsed;
/** There only if Node was told to expose it, as in the image. */
const { gc } = globalThis;
// Line by line: what pino holds back it writes when the process exits, and if nobody reads any more it tries for ever.
const log = pino({ name: 'tokenward', level: options.logLevel, base: { version } }, destination({ dest: 1, sync: true }));
try {
  const sidecar = await startSidecar(
    {
      source: new ConfigDirectory(options.configDirectory),
      expectedAliases: options.aliases,
      projectedToken: options.projectedToken,
      proxyPort: options.proxyPort,
      adminPort: options.adminPort,
      adminHost: options.adminHost,
      drainTimeoutSeconds: options.drainTimeoutSeconds,
      version,
      log,
      // Of the kinds of collection the one that gives back the most, what V8 keeps for new objects included.
      releaseMemory: gc && (() => gc({ type: 'major', flavor: 'last-resort' })),
    },
    { clock: systemClock, random: Math.random },
  );
  log.info({ proxy: sidecar.proxyUrl, admin: sidecar.adminUrl, aliases: sidecar.aliases().map(({ name }) => name) }, 'Listening');

  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    log.info({ signal }, 'Finishing what is in flight');
    const cut = await sidecar.drain();
    log.info({ cut }, 'Stopped');
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, (name) => void stop(name));
} catch (error) {
  const { code, message, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  log.fatal(code === 'EADDRINUSE' ? `Port ${port} on ${address} is taken; choose another with --proxy-port or --admin-port` : message);
  process.exit(1);
}
