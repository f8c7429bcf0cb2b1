import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import packageJson from '../../package.json' with { type: 'json' };
import { isAtLeast } from './is-at-least.ts';

/** What everything here is made for; package.json promises this launcher's own needs. */
const neededNode = '22.19';
const pinnedNode = packageJson.devDependencies.node;

/** What npm starts as a command, on whatever Node the machine has: it must load, and say something useful, on old ones. */
export async function launch(command: 'tokenward' | 'kubectl-tokenward'): Promise<void> {
  // Beside the launcher's own bundle.
  const commandLine = new URL(`${command}.mjs`, import.meta.url);
  if (isAtLeast(process.versions.node, neededNode)) {
    await import(commandLine.href);
    return;
  }
  process.stderr.write(
    `${command} needs Node >= ${neededNode}, not ${process.versions.node}: running on Node ${pinnedNode}, fetched by npm\n`,
  );
  const node = fetchNode();
  if (node === undefined) {
    process.stderr.write(
      `error: npm could not fetch Node ${pinnedNode}; install Node >= ${neededNode}, or see what this says: npm exec --package=node@${pinnedNode} -- node --version\n`,
    );
    process.exitCode = 1;
  } else {
    runOn(node, commandLine);
  }
}

/** The path of the pinned Node in npm's cache; npm fetches it the first time. */
function fetchNode(): string | undefined {
  // oxlint-disable-next-line node/no-process-env
  const environment = { ...process.env };
  // Left behind by the npx that started us, these would change what the one below runs.
  for (const inherited of ['npm_config_call', 'npm_config_package']) delete environment[inherited];
  const { stdout } = spawnSync(
    'npm',
    ['exec', '--yes', '--loglevel=error', `--package=node@${pinnedNode}`, '--', 'node', '-p', 'process.execPath'],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      shell: process.platform === 'win32',
      env: environment,
    },
  );
  const path = stdout?.trim() ?? '';
  // Where npm may not run install scripts, `node` is still the machine's own.
  return path === '' || path === process.execPath ? undefined : path;
}

function runOn(node: string, commandLine: URL): void {
  const child = spawn(node, [fileURLToPath(commandLine), ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C reaches the child too, for it shares our terminal; a second SIGINT would end it before it has drained.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('error', (error) => {
    process.stderr.write(`error: Node ${pinnedNode} does not start: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
  });
}
