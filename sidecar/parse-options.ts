import { parseArgs } from 'node:util';
import { parseAllowedHosts } from '../crds/render/allowed-hosts.ts';
import { isAlias } from './config/is-alias.ts';
import type { ProjectedTokenGrant } from './token/projected-token.ts';

export interface Options {
  readonly configDirectory: string;
  readonly aliases: readonly string[];
  readonly projectedToken: ProjectedTokenGrant | undefined;
  readonly proxyPort: number;
  readonly adminPort: number;
  readonly adminHost: string | undefined;
  readonly drainTimeoutSeconds: number;
  readonly logLevel: string;
}

export type ParsedOptions = { readonly ok: true; readonly options: Options } | { readonly ok: false; readonly message: string };

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

export const usage = `Usage: sidecar --config-dir DIR [--alias NAME]...

  --config-dir DIR               folder with one <alias>.json per alias
  --alias NAME                   an alias that exists even before its file does; may be repeated
  --assertion-file FILE          a projected service account token, for credentials that ask for it
  --assertion-host HOST          a host that it may be sent to, or *.NAME; may be repeated
  --proxy-port N                 port of the proxy on 127.0.0.1 and [::1] (14080)
  --admin-port N                 port of /healthz, /readyz and /metrics (14081)
  --admin-host HOST              address of the admin port (all)
  --drain-timeout-seconds N      how long requests in flight may take after SIGTERM (25)
  --log-level LEVEL              ${logLevels.join(', ')} (info)
  --version, --help
`;

export function parseOptions(args: readonly string[]): ParsedOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        'config-dir': { type: 'string' },
        alias: { type: 'string', multiple: true, default: [] },
        'assertion-file': { type: 'string' },
        'assertion-host': { type: 'string', multiple: true, default: [] },
        'proxy-port': { type: 'string', default: '14080' },
        'admin-port': { type: 'string', default: '14081' },
        'admin-host': { type: 'string' },
        'drain-timeout-seconds': { type: 'string', default: '25' },
        'log-level': { type: 'string', default: 'info' },
      },
    });
    const { 'config-dir': configDirectory, 'assertion-file': assertionFile } = values;
    if (configDirectory === undefined) return { ok: false, message: '--config-dir is missing' };
    const unreachable = values.alias.find((alias) => !isAlias(alias));
    if (unreachable !== undefined) return { ok: false, message: `--alias must be a DNS label, not ${JSON.stringify(unreachable)}` };
    const assertionHosts = parseAllowedHosts(values['assertion-host'].join());
    if (!assertionHosts.ok) {
      const found = JSON.stringify(assertionHosts.entry);
      return { ok: false, message: `--assertion-host must be a host such as login.example or *.login.example, not ${found}` };
    }
    if (!logLevels.includes(values['log-level'])) return { ok: false, message: `--log-level must be one of ${logLevels.join(', ')}` };
    return {
      ok: true,
      options: {
        configDirectory,
        aliases: values.alias,
        projectedToken: assertionFile === undefined ? undefined : { file: assertionFile, hosts: assertionHosts.patterns },
        proxyPort: wholeNumber('--proxy-port', values['proxy-port'], 65_535),
        adminPort: wholeNumber('--admin-port', values['admin-port'], 65_535),
        adminHost: values['admin-host'],
        drainTimeoutSeconds: wholeNumber('--drain-timeout-seconds', values['drain-timeout-seconds'], 86_400),
        logLevel: values['log-level'],
      },
    };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

function wholeNumber(flag: string, text: string, largest: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > largest) throw new RangeError(`${flag} must be a whole number from 0 to ${largest}, not ${text}`);
  return value;
}
