import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { destination, pino } from 'pino';
import { version } from '../crds/version.ts';
import { systemClock } from '../crds/clock.ts';
import { parseSettings } from './inject/parse-settings.ts';
import { readApiAudiences } from './inject/read-api-audiences.ts';
import { apiTokenPath } from './naming.ts';
import { parseOptions, usage, type WebhookFlags } from './parse-options.ts';
import { startOperator } from './start-operator.ts';
import type { WebhookOptions } from './webhook/start-webhook.ts';

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
// Line by line: what pino holds back it writes when the process exits, and if nobody reads any more it tries for ever.
const log = pino({ name: 'tokenward-operator', level: options.logLevel, base: { version } }, destination({ dest: 1, sync: true }));
try {
  const access = readAccess();
  const operator = await startOperator(
    {
      ...options,
      webhook: options.webhook && (await readSettings(options.webhook)),
      access,
      instance: `${options.instance}_${randomUUID()}`,
      version,
      log,
    },
    { clock: systemClock, random: Math.random },
  );
  log.info({ health: operator.healthPort, webhook: operator.webhookPort }, 'Listening');

  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    log.info({ signal }, 'Finishing what is in flight');
    await operator.stop();
    log.info('Stopped');
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, (name) => void stop(name));
} catch (error) {
  const { code, message, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  log.fatal(code === 'EADDRINUSE' ? `Port ${port} on ${address} is taken; choose another with --health-port or --webhook-port` : message);
  process.exit(1);
}

function readAccess(): KubeConfig {
  const access = new KubeConfig();
  try {
    access.loadFromDefault();
  } catch (error) {
    // A parser's message quotes the lines around the mistake, and a token may be in one of them.
    const { code = 'it is not a configuration' } = error as NodeJS.ErrnoException;
    // oxlint-disable-next-line preserve-caught-error
    throw new Error(`The configuration of the API server (KUBECONFIG) cannot be read: ${code}`);
  }
  return access;
}

async function readSettings({ settingsFile, ...flags }: WebhookFlags): Promise<WebhookOptions> {
  const read = parseSettings(await readFile(settingsFile, 'utf8'), version);
  if (!read.ok) throw new Error(`${settingsFile}: ${read.message}`);
  const apiAudiences = [...read.settings.apiAudiences, ...(await readApiAudiences(`${apiTokenPath}/token`))];
  return { ...flags, settings: { ...read.settings, apiAudiences } };
}
