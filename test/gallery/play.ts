import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Verdict } from '../../doctor/examination.ts';
import { formatVerdict } from '../../doctor/format-examination.ts';
import { exitCodeOf, verdicts } from '../../doctor/verdicts.ts';
import { call } from '../support/call.ts';
import { findTraces } from '../support/canary.ts';
import { JumpingClock } from '../support/jumping-clock.ts';
import type { Keycloak } from '../support/keycloak/keycloak.ts';
import { applyMend } from './apply-mend.ts';
import type { BrokenSetup, Scene, Symptom } from './broken-setup.ts';
import { type Ended, type Machine, machineWith, thisMachine } from './machine.ts';
import { Manifests, name } from './manifests.ts';
import { NameTable } from './name-table.ts';
import { document } from './places.ts';

/** What a user has seen, with the documentation's hosts. */
export interface Account {
  readonly before: Symptom;
  /** As `--json` has it. */
  readonly verdict: Verdict;
  readonly exitCode: number;
  /** The last lines that the doctor prints for people. */
  readonly printed: string;
  /**
   * In all that was printed and logged: secrets by their mark, and what looks like a token with its signature, for those of Keycloak and
   * oidc-provider bear no mark of ours.
   */
  readonly leaks: readonly string[];
  /** After the change that the doctor has proposed. */
  readonly after: Symptom;
  readonly exitCodeAfter: number;
}

export function asDocumented({ symptom, verdict }: BrokenSetup): Account {
  const exitCode = exitCodeOf[verdicts[verdict.code].blame];
  const printed = textOf(formatVerdict(verdict));
  return { before: symptom, verdict, exitCode, printed, leaks: [], after: { status: 200 }, exitCodeAfter: 0 };
}

/** Sets up what is broken, and does as a user would: calls, asks the doctor, does what the doctor proposes, and calls again. */
export async function play({ set, needs }: BrokenSetup, running: Keycloak | undefined): Promise<Account> {
  await using stack = new AsyncDisposableStack();
  const home = mkdtempSync(join(tmpdir(), 'tokenward-gallery-'));
  stack.defer(() => rmSync(home, { recursive: true }));
  const names = new NameTable(join(home, 'etc'));
  const scene = await set({
    stack,
    names,
    get keycloak() {
      return needed(running);
    },
  });
  const clock = new JumpingClock();
  clock.setWall(scene.clockAheadMs ?? 0);
  const { environment = {} } = scene;
  const machine = needs === 'names' ? machineWith(names, environment) : thisMachine(clock, environment);
  const folder = join(home, 'manifests');
  mkdirSync(folder);
  const manifests = new Manifests(folder, scene.manifests);

  const before = await callThrough(machine, folder, scene);
  const asData = await askDoctor(machine, folder, scene, ['--json']);
  const asText = await askDoctor(machine, folder, scene, []);
  const { verdict } = JSON.parse(asData.stdout) as { readonly verdict: Verdict };
  if (verdict.mend !== undefined) await applyMend(verdict.mend, scene, { manifests, clock });
  const after = await callThrough(machine, folder, scene);
  const { code: exitCodeAfter } = await askDoctor(machine, folder, scene, []);

  return {
    before,
    verdict: JSON.parse(document(JSON.stringify(verdict), scene.places)) as Verdict,
    exitCode: asData.code,
    printed: document(/\nVerdict: .*/s.exec(asText.stdout)?.[0] ?? asText.stdout, scene.places),
    leaks: leaksIn(machine.written.join('')),
    after,
    exitCodeAfter,
  };
}

function leaksIn(text: string): string[] {
  return [...findTraces(text), ...[...text.matchAll(/eyJ[\w-]+\.[\w-]+\.[\w-]{20}/g)].map(([token]) => token)];
}

const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

function needed(keycloak: Keycloak | undefined): Keycloak {
  if (keycloak === undefined) throw new Error('the set-up does not say that it needs Keycloak');
  return keycloak;
}

function askDoctor(machine: Machine, folder: string, { path }: Scene, more: readonly string[]): Promise<Ended> {
  const called = path === undefined ? [] : ['--path', path];
  return machine.run(['doctor', '-f', folder, '--alias', name, ...called, ...more]);
}

/** What a workload sees. */
async function callThrough(machine: Machine, folder: string, { path = '/' }: Scene): Promise<Symptom> {
  await using sidecar = await machine.serve(folder);
  const { status, failure, body } = await call(`${sidecar.url}/${name}${path}`);
  if (failure === undefined) return { status };
  const { tokenEndpoint: { error } = {} } = JSON.parse(body) as { readonly tokenEndpoint?: { readonly error?: string } };
  return { status, failure: failure as NonNullable<Symptom['failure']>, ...(error !== undefined && { error }) };
}
