import { parseArgs } from 'node:util';
import { parseAllowedHosts } from '../crds/render/allowed-hosts.ts';
import { isAlias } from '../sidecar/config/is-alias.ts';
import type { ProjectedTokenGrant } from '../sidecar/token/projected-token.ts';
import { type ApiCall, parseApiCall } from './api/api-call.ts';

export interface DoctorOptions {
  readonly alias: string;
  readonly call: ApiCall;
  readonly probe: boolean;
  /** `lines`: each step as soon as it is done, as `{"step": …}`, and `{"examination": …}` at the end. */
  readonly output: 'text' | 'json' | 'lines';
  /** Undefined: as the sidecar beside it was started. */
  readonly place: ConfigPlace | undefined;
}

/** Where the configuration is, and what goes with it. */
export interface ConfigPlace {
  readonly configDirectory: string;
  /** Aliases that exist even before their files do. */
  readonly aliases: readonly string[];
  readonly projectedToken: ProjectedTokenGrant | undefined;
}

export type ParsedDoctorOptions = { readonly ok: true; readonly options: DoctorOptions } | { readonly ok: false; readonly message: string };

export const usage = `Usage: doctor ALIAS [--path PATH] [--method METHOD] [--json | --json-lines] [--no-probe]

Goes the way of a call step by step, from DNS to the API's answer, and says who says no and why.

  --path PATH              what to call below upstream.url; without it one that upstream.allow permits
  --method METHOD          GET unless said otherwise
  --json                   what was found, for machines, when all is done
  --json-lines             the same, and each step before as soon as it is done, one JSON object a line
  --no-probe               try nothing that the credential does not say
  --config-dir DIR         folder with <alias>.json; without it that of the sidecar beside it
  --assertion-file FILE    beside --config-dir, as for the sidecar
  --assertion-host HOST    the same
  --version, --help

Exit code: 0 it works, 1 the credential or upstream.allow says no, 2 the command line is wrong, 3 the network, 4 the token endpoint,
5 the API, 70 a mistake of the doctor's own.
`;

export function parseDoctorOptions(args: readonly string[]): ParsedDoctorOptions {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        path: { type: 'string' },
        method: { type: 'string', default: 'GET' },
        json: { type: 'boolean', default: false },
        'json-lines': { type: 'boolean', default: false },
        'no-probe': { type: 'boolean', default: false },
        'config-dir': { type: 'string' },
        'assertion-file': { type: 'string' },
        'assertion-host': { type: 'string', multiple: true, default: [] },
      },
    });
    const [alias, ...more] = positionals;
    if (alias === undefined || more.length > 0) return { ok: false, message: 'one alias must be named' };
    if (!isAlias(alias)) return { ok: false, message: `an alias is a DNS label, not ${JSON.stringify(alias)}` };
    const parsed = parseApiCall(values.method, values.path);
    if (!parsed.ok) return parsed;
    const output = values['json-lines'] ? 'lines' : values.json ? 'json' : 'text';
    const { 'config-dir': configDirectory, 'assertion-file': file } = values;
    const hosts = parseAllowedHosts(values['assertion-host'].join());
    if (!hosts.ok)
      return { ok: false, message: `--assertion-host must be a host such as login.example, not ${JSON.stringify(hosts.entry)}` };
    if (configDirectory === undefined && file !== undefined) return { ok: false, message: '--assertion-file needs --config-dir beside it' };
    const projectedToken = file === undefined ? undefined : { file, hosts: hosts.patterns };
    const place = configDirectory === undefined ? undefined : { configDirectory, aliases: [], projectedToken };
    return { ok: true, options: { alias, call: parsed.call, probe: !values['no-probe'], output, place } };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}
