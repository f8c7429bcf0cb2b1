import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { parseAllowedHosts } from '../crds/render/allowed-hosts.ts';
import { type CliContext, exitCode } from './cli-context.ts';
import { isLabel } from './convert/assign-names.ts';
import { convert, type ConvertCommandOptions, type FromFile } from './convert/convert.ts';
import { doctor, type DoctorOptions } from './doctor.ts';
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
    doctor: async (options) => {
      code = await doctor(options, context);
    },
    convert: async (options) => {
      code = await convert(options, context);
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
  readonly doctor: (options: DoctorOptions) => Promise<void>;
  readonly convert: (options: ConvertCommandOptions) => Promise<void>;
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
    .option('--dashboard', 'also show on a local web page what is served, whether it works, and why not; prints its URL')
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

  program
    .command('doctor')
    .description("Go the way of a call step by step, from the manifest to the API's answer: who says no, why, and what to change.")
    .requiredOption('-f, --filename <path>', `${manifestsHelp}; - is standard input`, collect)
    .requiredOption('--alias <name>', "the credential's name", parseLabel)
    .option('--path <path>', 'what to call below upstream.url; without it one that upstream.allow permits')
    .option('--method <method>', 'how to call it', 'GET')
    .option('--json', 'print what was found for machines, when all is done')
    .option('--no-probe', 'try nothing that the manifest does not say; otherwise at most 4 tries where the token is refused')
    .option('--assertion-file <file>', 'a JWT in place of the token that a cluster projects into pods, for credentials that ask for it')
    .option('--assertion-host <host>', 'a host that it may be sent to, or *.<name>; may be repeated', parseHost, [])
    .version(version, '-V, --version', 'print the version')
    .addHelpText(
      'after',
      '\nExit code: 0 it works, 1 the manifest, a Secret or upstream.allow says no, 2 the command line is wrong, 3 the network, 4 the token endpoint,' +
        ' 5 the API.\nExample: tokenward doctor -f my-api.yaml --alias my-api --path /users',
    )
    .action(actions.doctor);

  program
    .command('convert')
    .description(
      "Turn a destination of SAP BTP (JSON or .properties), a service key of XSUAA or Identity Authentication (JSON) or a service binding's Secret" +
        ' into manifests, on standard output. What cannot be carried over is said on standard error.',
    )
    .requiredOption('-f, --filename <path>', 'file to convert, or - for standard input; may be repeated', collect)
    .option('--name <name>', "the credential's name, which is its alias, in place of the source's", parseLabel)
    .option('--namespace <namespace>', 'the namespace to write into the manifests', parseLabel)
    .option('--upstream-url <url>', "the API that is called, in place of the source's")
    .option('--from-file <key=file>', 'what the source does not hold, such as client-secret=FILE; may be repeated', parseFromFile, [])
    .version(version, '-V, --version', 'print the version')
    .addHelpText(
      'after',
      '\nExit code: 0 the manifests are printed, 1 something essential is missing or wrong, 2 the command line is wrong.' +
        '\nExample: tokenward convert -f LMS_ADMIN.properties --from-file client-secret=secret.txt > lms-admin.yaml',
    )
    .action(actions.convert);

  return program;
}

const manifestsHelp = 'file of OAuth2Credentials, Secrets and ConfigMaps, or a folder with such files; may be repeated';

function collect(path: string, before: readonly string[] = []): readonly string[] {
  return [...before, path];
}

function parseLabel(text: string): string {
  if (!isLabel(text)) throw new InvalidArgumentError('It must be a DNS label: at most 63 lower-case letters, digits and hyphens.');
  return text;
}

function parseFromFile(text: string, before: readonly FromFile[]): readonly FromFile[] {
  const [, key, file] = /^([-._0-9A-Za-z]+)=(.+)$/u.exec(text) ?? [];
  if (key === undefined || file === undefined) throw new InvalidArgumentError('It must be a key and a file, such as client-secret=FILE.');
  return [...before, { key, file }];
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
