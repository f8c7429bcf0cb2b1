import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    recordings: string;
  }
}

/** Where a run keeps what the processes under test wrote, until the canary test has been through it. One folder for each kind. */
export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'tokenward-recordings-'));
  project.provide('recordings', folder);
  return () => rmSync(folder, { recursive: true });
}

export type RecordingKind = 'log' | 'metrics' | 'aliases' | 'failure' | 'examination';

/** A new file for what one process writes; its name says who wrote it. */
export function newRecording(kind: RecordingKind, writer: string): Recording {
  const folder = join(inject('recordings'), kind);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${writer}-${randomUUID()}.txt`);
  return { append: (text) => appendFileSync(file, text) };
}

export interface Recording {
  append(text: string | Uint8Array): void;
}
