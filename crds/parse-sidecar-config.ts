import type * as z from 'zod/mini';
import type { Sensitive } from './sensitive.ts';
import { invalidConfig, readyConfig, type SidecarConfigFile } from './sidecar-config.ts';

export type ParsedSidecarConfig =
  | { readonly ok: true; readonly config: SidecarConfigFile }
  | { readonly ok: false; readonly reason: string };

/** The text of an `<alias>.json`. A reason names fields and never repeats what the text holds. */
export function parseSidecarConfig(text: Sensitive): ParsedSidecarConfig {
  const revealed = text.reveal();
  if (revealed === '') return { ok: false, reason: 'the file is empty, too large, or cannot be read' };
  const json = parseJson(revealed);
  if (json === undefined) return { ok: false, reason: 'the file is not JSON' };
  const isInvalid = typeof json === 'object' && json !== null && Object.hasOwn(json, 'invalid');
  const parsed = isInvalid ? invalidConfig.safeParse(json) : readyConfig.safeParse(json);
  if (parsed.success) return { ok: true, config: parsed.data };
  return { ok: false, reason: parsed.error.issues.map(describe).join('; ') };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The engine's own message quotes the text.
    return undefined;
  }
}

function describe(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String).join('.');
  const where = path === '' ? '' : `${path}: `;
  if (issue.code === 'unrecognized_keys') return `${where}unknown field ${issue.keys.join(', ')} (written for a newer sidecar?)`;
  if (issue.code === 'invalid_type') return `${where}not of type ${issue.expected}, or missing`;
  if (issue.code === 'invalid_value') return `${where}not one of ${issue.values.map(String).join(', ')}`;
  return `${where}not valid (${issue.code})`;
}
