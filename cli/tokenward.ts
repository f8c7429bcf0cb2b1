import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { parseAllowedHosts } from '../crds/render/allowed-hosts.ts';
import { type CliContext, exitCode } from './cli-context.ts';
import { run, type RunOptions } from './run.ts';
import { validate, type ValidateOptions } from './validate.ts';

/** The command line `tokenward …`; resolves to the exit code. */
export async function tokenward(argv: readonly string[], context: CliContext): Promise<number> {
  let code: number = exitCode.fine;
  const program = commandTree(context, {
    run: async (options) => {
      code = await run(options, context);
    },
    validate: async (options) => {
      code = await validate(options, context);
    },
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCode.fine : exitCode.usage;
  }
  return code;
}

interface Actions {
  readonly run: (options: RunOptions) => Promise<void>;
  readonly validate: (options: ValidateOptions) => Promise<void>;
}

function commandTree({ version, print, printError }: CliContext, actions: Actions): Command {
  const program = new Command('tokenward')
    .description('OAuth 2.0 access tokens for any workload: call localhost, the sidecar adds the token.')
    // Before the subcommands, which inherit both.
    .exitOverride()
    .configureOutput({ writeOut: (text) => print(text.trimEnd()), writeErr: (text) => printError(text.trimEnd()) })
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help');

  program
    .command('run')
    .description(
      'Serve the credentials of manifests on this machine: http://127.0.0.1:14080/<name>/… for each, reloaded when the files change.',
    )
    .requiredOption('-f, --filename <path>', manifestsHelp, collect)
    .option('--proxy-port <port>', 'port that workloads call; 0 takes a free one', parsePort, 14_080)
    .option('--admin-port <port>', 'port of /healthz, /readyz and /metrics; 0 takes a free one', parsePort, 14_081)
    .option('--assertion-file <file>', 'a JWT in place of the token that a cluster projects into pods, for credentials that ask for it')
    .option('--assertion-host <host>', 'a host that it may be sent to, or *.<name>; may be repeated', parseHost, [])
    .addOption(
      new Option('--log-level <level>', 'how much of the log (JSON, on standard error) to write')
        .choices(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
        .default('warn'),
    )
    .version(version, '-V, --version', 'print the version')
    .addHelpText('after', '\nEnds on SIGINT (Ctrl-C) or SIGTERM, after what is in flight.\nExample: tokenward run -f examples/')
    .action(actions.run);

  program
    .command('validate')
    .description('Check manifests as the cluster would, offline: what is wrong, where, and how to mend it.')
    .requiredOption('-f, --filename <path>', `${manifestsHelp}; - is standard input`, collect)
    .version(version, '-V, --version', 'print the version')
    .addHelpText(
      'after',
      '\nExit code: 0 all is well, 1 there are problems, 2 the command line is wrong.\nExample: kustomize build | tokenward validate -f -',
    )
    .action(actions.validate);

  return program;
}

const manifestsHelp = 'file of OAuth2Credentials, Secrets and ConfigMaps, or a folder with such files; may be repeated';

function collect(path: string, before: readonly string[] = []): readonly string[] {
  return [...before, path];
}

function parseHost(text: string, before: readonly string[]): readonly string[] {
  const parsed = parseAllowedHosts(text);
  if (!parsed.ok)
    throw new InvalidArgumentError('It must be a host such as login.example or *.login.example, without scheme, port and path.');
  return [...before, ...parsed.patterns];
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError('It must be a port, 0 to 65535.');
  return port;
}
