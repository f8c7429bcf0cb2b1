import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeFailure } from './describe-failure.ts';
import { playCurlyQuotes, playDoctor, playWrongSecret } from './mistakes.ts';
import { demoPorts } from './ports.ts';
import { startDemoServers } from './servers.ts';
import { steps, type Stage, type Step } from './steps.ts';
import { startSidecar } from './tokenward-process.ts';
import { createTranscript } from './transcript.ts';

// `make demo`: real servers, the real command line, and a workload's calls. Ends with 0 only if every step went as it says.
// `--keep` leaves everything running until Ctrl-C.

const keep = process.argv.includes('--keep');
const node = process.execPath;
const examples = relative(process.cwd(), fileURLToPath(new URL('../examples', import.meta.url)));
const transcript = createTranscript((text) => process.stdout.write(text), process.stdout.isTTY);
const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]).then(() => {
  throw new Error('interrupted');
});
// Awaited below, but perhaps only after the signal has come.
interrupted.catch(() => {});

async function play(stack: AsyncDisposableStack): Promise<Stage> {
  transcript.line('Two APIs, their token servers, and a workload that knows no secret and sees no token.\n');
  const servers = await startDemoServers(stack);
  transcript.line(`  SuccessFactors Learning   token server ${servers.learningTokens.url}   API ${servers.learningApi.url}`);
  transcript.line(`  Leonardo IoT              token server ${servers.iotTokens.url}   API ${servers.iotApi.url}\n`);

  const args = ['-f', examples, '--proxy-port', `${demoPorts.proxy}`, '--admin-port', `${demoPorts.admin}`];
  transcript.line(`  $ tokenward run ${args.join(' ')}`);
  const aliases = ['leonardo-iot', 'successfactors-learning'];
  const sidecar = await startSidecar({ stack, node, args, aliases });
  for (const [alias, url] of sidecar.urls) transcript.line(`  ${alias.padEnd(25)} ${url}`);

  const folder = stack.adopt(await mkdtemp(join(tmpdir(), 'tokenward-demo-')), (path) => rm(path, { recursive: true }));
  const workshop = { stack, node, examples, folder };
  const stage: Stage = {
    servers,
    transcript,
    learning: sidecar.urls.get('successfactors-learning') ?? '',
    iot: sidecar.urls.get('leonardo-iot') ?? '',
  };
  const all: readonly Step[] = [
    ...steps,
    { title: 'A wrong secret: the caller learns whose fault it is', play: (here) => playWrongSecret(here, workshop) },
    { title: 'Curly quotes in a scope: found before anything is sent', play: (here) => playCurlyQuotes(here, workshop) },
    { title: '"Why do I get an error, and from whom?" The doctor', play: (here) => playDoctor(here, workshop) },
  ];
  for (const step of all) {
    transcript.step(step.title);
    try {
      await step.play(stage);
    } catch (error) {
      throw new Error(`"${step.title}" failed: ${describeFailure(error)}`, { cause: error });
    }
  }
  transcript.line(`\nAll ${all.length} steps went as they say.`);
  return stage;
}

async function keepServing({ learning, iot }: Stage): Promise<void> {
  transcript.line('\nStill serving, until Ctrl-C. Try:');
  transcript.line(`  curl '${iot}/devices/pump-7/measurements?from=2026-01-01T00:00:00Z&top=2'`);
  transcript.line(`  curl '${learning}/odatav4/searchStudent/v1/Students?$top=2'`);
  transcript.line(`  curl ${new URL('/-/aliases', iot).href}   # edit a file in examples/ and look again`);
  await interrupted.catch(() => {});
}

const stack = new AsyncDisposableStack();
try {
  const stage = await Promise.race([play(stack), interrupted]);
  if (keep) await keepServing(stage);
} catch (error) {
  transcript.failed(describeFailure(error));
  process.exitCode = 1;
} finally {
  await stack.disposeAsync();
}
