import type { ConfigSource } from '../sidecar/config/config-source.ts';
import { type Sidecar, startSidecar } from '../sidecar/start-sidecar.ts';
import type { ProjectedTokenGrant } from '../sidecar/token/projected-token.ts';
import { type CliContext, exitCode } from './cli-context.ts';
import { ManifestDashboard } from './dashboard/manifest-dashboard.ts';
import { serveDashboard } from './dashboard/serve-dashboard.ts';
import { decideServing, ManifestSource, type Servable } from './manifest-source.ts';
import { formatProblem } from './manifests/manifest-problem.ts';
import { findManifestFiles, readManifestFiles, type ManifestFiles } from './manifests/read-manifest-files.ts';

export interface RunOptions {
  readonly filename: readonly string[];
  readonly proxyPort: number;
  readonly adminPort: number;
  readonly logLevel: string;
  readonly assertionFile?: string | undefined;
  readonly assertionHost: readonly string[];
  readonly dashboard?: boolean | undefined;
}

/** Ctrl-C should not feel stuck; a second one ends at once. */
const drainTimeoutSeconds = 10;

/** `tokenward run -f …`: serves each credential under its own name until asked to stop. */
export async function run(options: RunOptions, context: CliContext): Promise<number> {
  const { print, printError, clock } = context;
  const files = await findManifestFiles(options.filename);
  const mistake = mistakeIn(options, files);
  if (mistake !== undefined) {
    printError(`error: ${mistake}`);
    return exitCode.usage;
  }
  const first = decideServing(await readManifestFiles(files), clock.wallMs());
  printFindings(first, print);
  if (first.problems.length > 0) {
    printError('error: nothing is served until the manifests are right');
    return exitCode.problem;
  }
  const source = new ManifestSource(options.filename, clock);
  const sidecar = await listen(source, options, context);
  if (sidecar === undefined) return exitCode.problem;
  print(
    `Serving ${first.aliases.size === 1 ? 'one credential' : `${first.aliases.size} credentials`}; /healthz, /readyz and /metrics: ${sidecar.adminUrl}`,
  );
  printAliases(first, sidecar.proxyUrl, print);
  const dashboard = options.dashboard === true ? await openDashboard(first, sidecar, options, context) : undefined;
  source.onChange = (now) => {
    reportChange(now, sidecar.proxyUrl, print);
    dashboard?.change(now);
  };

  await context.untilStopped();
  print('Finishing what is in flight');
  await dashboard?.close();
  const cut = await sidecar.drain();
  print(cut === 0 ? 'Stopped' : `Stopped; requests cut off: ${cut}`);
  return exitCode.fine;
}

function mistakeIn({ filename, proxyPort, adminPort }: RunOptions, { files }: ManifestFiles): string | undefined {
  const pipe = filename.includes('-') ? '-' : files.find(({ isRegular }) => !isRegular)?.file;
  if (pipe !== undefined) return `run reads its files again when they change, and ${pipe} can be read only once`;
  if (proxyPort === adminPort && proxyPort !== 0) return '--proxy-port and --admin-port must differ';
  return undefined;
}

async function listen(source: ConfigSource, options: RunOptions, context: CliContext): Promise<Sidecar | undefined> {
  const { proxyPort, adminPort } = options;
  const { version, clock, random, openLog, printError } = context;
  const log = openLog(options.logLevel);
  const projectedToken = projectedTokenOf(options);
  try {
    return await startSidecar(
      { source, expectedAliases: [], projectedToken, proxyPort, adminPort, adminHost: '127.0.0.1', drainTimeoutSeconds, version, log },
      { clock, random },
    );
  } catch (error) {
    const { code, port } = error as NodeJS.ErrnoException & { port?: number };
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
    const flag = port === adminPort ? '--admin-port' : '--proxy-port';
    const what = code === 'EADDRINUSE' ? 'is taken by another program' : 'may not be opened by this user';
    printError(`error: port ${port} ${what}; choose another with ${flag}, or 0 for any free one`);
    return undefined;
  }
}

function projectedTokenOf({ assertionFile, assertionHost }: RunOptions): ProjectedTokenGrant | undefined {
  return assertionFile === undefined ? undefined : { file: assertionFile, hosts: assertionHost };
}

interface OpenDashboard {
  readonly change: (now: Servable) => void;
  readonly close: () => Promise<void>;
}

async function openDashboard(first: Servable, sidecar: Sidecar, options: RunOptions, context: CliContext): Promise<OpenDashboard> {
  const { version, clock, environment } = context;
  const projectedToken = projectedTokenOf(options);
  const source = new ManifestDashboard(first, { filename: options.filename, sidecar, projectedToken, version, environment }, context);
  const dashboard = await serveDashboard(source, { clock, version });
  context.print(`Dashboard, for whoever has this URL: ${dashboard.url}`);
  return { change: (now) => source.change(now), close: () => dashboard.close() };
}

type Print = CliContext['print'];

function printFindings({ problems, warnings }: Servable, print: Print): void {
  for (const warning of warnings) print(formatProblem(warning, 'warning'));
  for (const problem of problems) print(formatProblem(problem));
}

/** `lms-admin     http://127.0.0.1:14080/lms-admin/ -> https://acme.example/learning` */
function printAliases({ aliases }: Servable, proxyUrl: string, print: Print): void {
  const width = Math.max(0, ...[...aliases.keys()].map((alias) => alias.length));
  for (const [alias, { upstreamUrl }] of aliases) print(`  ${alias.padEnd(width)}  ${proxyUrl}/${alias}/ -> ${upstreamUrl}`);
}

function reportChange(now: Servable, proxyUrl: string, print: Print): void {
  printFindings(now, print);
  const found = now.problems.length === 0 ? 'The manifests have changed' : 'The manifests have problems';
  if (now.kept.length > 0) print(`${found}: ${now.kept.join(', ')} served as before`);
  else print(now.aliases.size === 0 ? `${found}: nothing is served` : `${found}; now serving`);
  printAliases(now, proxyUrl, print);
}
