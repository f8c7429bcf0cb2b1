import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { kubeConfigFor } from './fake-api-server.ts';
import { ShippedProcess } from './shipped-process.ts';

const bundle = join(import.meta.dirname, '../../dist/operator.mjs');

/** The operator as it is shipped, in a process of its own. */
export class OperatorProcess extends ShippedProcess {
  healthUrl = '';
  webhookUrl = '';

  constructor(child: ChildProcess, folder: string) {
    super('operator', child, folder);
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.healthUrl}/metrics`)).text();
  }

  protected override shown(): readonly ['metrics', string][] {
    return [['metrics', `${this.healthUrl}/metrics`]];
  }
}

/** Resolves when it listens. */
export async function startOperatorProcess(apiUrl: string, args: readonly string[] = []): Promise<OperatorProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'tokenward-operator-'));
  const kubeConfig = join(folder, 'config');
  writeFileSync(kubeConfig, kubeConfigFor(apiUrl).exportConfig());
  const own = ['--namespace', 'tokenward', '--instance', 'operator-0', '--health-port', '0', '--health-host', '127.0.0.1'];
  const child = spawn(execPath, [bundle, ...own, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { KUBECONFIG: kubeConfig } });
  const operator = new OperatorProcess(child, folder);
  const listening = await operator.logged(({ msg }) => msg === 'Listening');
  operator.healthUrl = `http://127.0.0.1:${String(listening['health'])}`;
  operator.webhookUrl = `https://127.0.0.1:${String(listening['webhook'])}`;
  return operator;
}
