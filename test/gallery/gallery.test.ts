import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { brokenSetups } from './broken-setups.ts';
import { hasNamespaces } from './machine.ts';
import { NameTable } from './name-table.ts';
import { asDocumented, play } from './play.ts';
import { anchorOf, troubleshootingPage } from './troubleshooting-page.ts';

const setups = brokenSetups.flatMap((theme) => theme.setups);
const folder = mkdtempSync(join(tmpdir(), 'tokenward-names-'));
const canName = await hasNamespaces(new NameTable(folder)).finally(() => rmSync(folder, { recursive: true }));

describe('the gallery of broken set-ups', () => {
  it('has 25, each with a name of its own', () => {
    expect(new Set(setups.map(({ name }) => name)).size).toBe(25);
  });

  it('is what docs/troubleshooting.md says', async () => {
    const page = await readFile(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8');
    expect(page).toBe(troubleshootingPage());
    const headings = [...page.matchAll(/^### (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));
    const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = '']) => anchor);
    expect(links.toSorted()).toEqual(headings.toSorted());
  });

  it('documents of each what callers get as the doctor says it', () => {
    expect(setups.map(({ verdict }) => verdict.failure)).toEqual(setups.map(({ symptom }) => symptom.failure));
  });

  it.each(setups.filter(({ needs }) => needs === undefined))(
    '$name: the doctor says who refuses and why, and what it proposes makes the call work',
    async (setup) => {
      expect(await play(setup, undefined)).toEqual(asDocumented(setup));
    },
  );

  it.skipIf(!canName).each(setups.filter(({ needs }) => needs === 'names'))(
    '$name, with names of its own: the doctor says who refuses and why, and what it proposes makes the call work',
    async (setup) => {
      expect(await play(setup, undefined)).toEqual(asDocumented(setup));
    },
  );
});
