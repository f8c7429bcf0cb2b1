import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../crds/clock.ts';
import { kubectlTokenward } from './kubectl-tokenward.ts';

const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/kubectl.md'), 'utf8');
const commands = [...guide.matchAll(/^\$ kubectl tokenward (.+)$/gm)].map(([, command = '']) => command);

async function run(...argv: readonly string[]): Promise<{ code: number; said: string }> {
  const lines: string[] = [];
  const note = (text: string): void => void lines.push(text);
  const code = await kubectlTokenward(argv, {
    version: '1.2.3',
    clock: systemClock,
    print: note,
    printError: note,
    untilStopped: () => Promise.resolve(),
    openBrowser: note,
  });
  return { code, said: lines.join('\n') };
}

test('the guide has every command', () => {
  expect(new Set(commands.map((command) => command.split(' ', 1)[0]))).toEqual(
    new Set(['--version', 'list', 'status', 'doctor', 'dashboard']),
  );
});

test.each(commands.filter((command) => !command.startsWith('--')))('the command of the guide is understood: %s', async (command) => {
  expect(await run(...command.split(' '), '--kubeconfig', '/no/such/file')).toEqual({
    code: 1,
    said: 'error: the kubeconfig /no/such/file cannot be read (ENOENT)',
  });
});

test.each([['list', 'extra'], ['status'], ['doctor', 'pod'], ['list', '--nonsense'], ['list', '-o', 'yaml'], ['nonsense']])(
  'a wrong command line is said to be one: %j %j %j',
  async (...argv) => {
    const { code, said } = await run(...argv);
    expect(code).toBe(2);
    expect(said).toContain('error: ');
  },
);

test.each([
  '--kubeconfig /no/such/file list',
  '-n hr --kubeconfig=/no/such/file status lms',
  'list -n=hr -l=a=b -o=wide --kubeconfig /no/such/file',
])('flags stand where kubectl takes them: %s', async (line) =>
  expect(await run(...line.split(' '))).toMatchObject({ code: 1, said: expect.stringContaining('/no/such/file cannot') as string }),
);

test('help and version are no mistakes', async () => {
  expect(await run('--version')).toEqual({ code: 0, said: '1.2.3' });
  const help = await run('doctor', '--help');
  expect(help.code).toBe(0);
  expect(help.said).toContain('Exit code: 0 it works');
  expect(help.said).toContain('--kubeconfig <file>');
});
