/**
 * `make bench`: Tokenward's sidecar beside what else one could put there, then the operator with many credentials. `npm run bench` builds
 * the bundles first; everything is started here, prints one report and ends. docs/performance.md says how to read it.
 */
import { parseArgs } from 'node:util';
import { imageFlags } from '../support/start-sidecar-process.ts';
import { benchProxies } from './bench-proxies.ts';
import { contestants } from './contestant.ts';
import { parts } from './measurement.ts';
import { benchOperator } from './operator.ts';

const everything = {
  rounds: { type: 'string', default: '3' },
  requests: { type: 'string', default: '20000' },
  seconds: { type: 'string', default: '4' },
  'load-seconds': { type: 'string', default: '10' },
  'soak-seconds': { type: 'string', default: '0' },
  'node-flags': { type: 'string', default: imageFlags().join(' ') },
  only: { type: 'string', default: [...Object.keys(contestants), 'operator'].join(',') },
  parts: { type: 'string', default: [...Object.keys(parts), 'aliases'].join(',') },
  brief: { type: 'boolean', default: false },
  scale: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
} as const;

/** Every ratio there is, from one round and in less than a minute: too little to judge by, enough to see that something is quite different. */
const brief = {
  ...everything,
  rounds: { type: 'string', default: '1' },
  requests: { type: 'string', default: '3000' },
  seconds: { type: 'string', default: '1' },
  'load-seconds': { type: 'string', default: '1' },
  only: { type: 'string', default: 'tokenward,reply-from,envoy' },
} as const;

const { values: options } = parseArgs({ options: process.argv.includes('--brief') ? brief : everything });

const say = (line: string): unknown => process.stderr.write(`${line}\n`);

function abortedBySignals(): AbortController {
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort(new Error(signal)));
  return ending;
}

try {
  const ending = abortedBySignals();
  const nodeFlags = options['node-flags'].split(' ').filter(Boolean);
  const asked = options.only.split(',');
  const proxies = asked.filter((name) => name !== 'operator');
  if (proxies.length > 0) {
    const report = await benchProxies({
      contestants: proxies,
      parts: options.parts.split(','),
      rounds: Number(options.rounds),
      requests: Number(options.requests),
      latencySeconds: Number(options.seconds),
      loadSeconds: Number(options['load-seconds']),
      soakSeconds: Number(options['soak-seconds']),
      nodeFlags,
      scale: options.scale,
      write: options.write,
      command: ['node test/bench/main.ts', ...process.argv.slice(2)].join(' '),
      say,
      ending,
    });
    process.stdout.write(`${report}\n\n`);
  }
  if (asked.includes('operator')) process.stdout.write(`${await benchOperator({ nodeFlags: [], say, signal: ending.signal })}\n`);
} catch (error) {
  say(`bench: ${error instanceof Error ? error.message.trim() : String(error)}`);
  process.exitCode = 1;
}
