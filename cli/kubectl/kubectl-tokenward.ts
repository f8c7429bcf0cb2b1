import { Command, CommanderError, Option } from 'commander';
import { exitCode } from '../cli-context.ts';
import {
  dashboard,
  examine,
  list,
  status,
  type DashboardOptions,
  type DoctorOptions,
  type ListOptions,
  type StatusOptions,
} from './commands.ts';
import type { KubectlContext } from './kubectl-context.ts';

/** The command line `kubectl tokenward …`; resolves to the exit code. */
export async function kubectlTokenward(argv: readonly string[], context: KubectlContext): Promise<number> {
  let code: number = exitCode.fine;
  const program = commandTree(context, async (running) => {
    code = await running;
  });
  try {
    // `-n=hr` is `-n hr` for kubectl.
    const words = argv.map((word) => word.replace(/^(-[A-Za-z])=/, '$1'));
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCode.fine : exitCode.usage;
  }
  return code;
}

function commandTree(context: KubectlContext, end: (running: Promise<number>) => Promise<void>): Command {
  const { version, print, printError } = context;
  const program = new Command('kubectl tokenward')
    .description(
      'Credentials of a cluster, whom they serve, and why they do not: with your own rights, and nothing installed in the cluster.',
    )
    // Before the subcommands, which inherit both.
    .exitOverride()
    .configureOutput({ writeOut: (text) => print(text.trimEnd()), writeErr: (text) => printError(text.trimEnd()) })
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .configureHelp({ showGlobalOptions: true })
    // As for kubectl, before the command or behind it.
    .option('-n, --namespace <name>', "the namespace, in place of the context's")
    .option('--context <name>', 'the context of the kubeconfig, in place of its current one')
    .option('--kubeconfig <file>', 'the kubeconfig, in place of KUBECONFIG and ~/.kube/config');

  const command = (usage: string, description: string): Command => program.command(usage).description(description);
  const all = <T>(options: T): T => ({ ...program.opts(), ...options });

  command('list', 'A line for each credential: whether it is ready, why, how many pods use it and what it reaches.')
    .alias('ls')
    .option('-A, --all-namespaces', 'the credentials of all namespaces')
    .option('-l, --selector <labels>', 'only credentials with these labels, such as team=hr')
    .addOption(new Option('-o, --output <format>', 'more columns, or JSON').choices(['wide', 'json']))
    .action((options: ListOptions) => end(list(all(options), context)));

  command(
    'status',
    'All that is known of one credential: its conditions, what it takes its secrets from, which pods use it, with which version of its configuration, and how their last token request went.',
  )
    .argument('<name>', "the credential's name")
    .addOption(new Option('-o, --output <format>', 'JSON').choices(['json']))
    .action((name: string, options: StatusOptions) => end(status(name, all(options), context)));

  command(
    'doctor',
    'Why do I get a 401, and from whom? Goes the way of a call from within the pod, step by step, and says who said no and why.',
  )
    .argument('<pod>', "the pod's name")
    .argument('<alias>', 'the alias, as in TOKENWARD_URL/<alias>')
    .option('--path <path>', 'the path to call, below the upstream URL of the credential')
    .option('--method <method>', 'the method to call it with')
    .option('--no-probe', 'do not try other ways of asking for a token when the token endpoint refuses; otherwise at most four are tried')
    .option('--json', 'print the examination as JSON')
    .addHelpText(
      'after',
      '\nExit code: 0 it works, 1 the credential or the pod is not as it should be, 2 the command line is wrong, 3 the network, 4 the token endpoint or 5 the API says no.',
    )
    .action((pod: string, alias: string, options: DoctorOptions) => end(examine(pod, alias, all(options), context)));

  command('dashboard', 'The same as a page in the browser, on this machine alone, and kept up to date.')
    .option('-A, --all-namespaces', 'the credentials of all namespaces')
    .option('--open', 'open the browser')
    .action((options: DashboardOptions) => end(dashboard(all(options), context)));

  return program;
}
