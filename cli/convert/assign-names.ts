import { parse } from 'node:path';
import { tlsSecretName } from './conversion.ts';
import type { Source } from './read-sources.ts';

export interface Names {
  /** Of the credential, which is an alias. */
  readonly name: string;
  readonly secretName: string;
}

const maxLength = 63;

/** For each source its own name, or else its file's, as a name that is a DNS label (RFC 1123 section 2.1) and no other's. */
export function assignNames(sources: readonly Source[], chosen?: string): Names[] {
  const taken = new Set(sources.flatMap(({ kind, name }) => (kind === 'binding' && name !== undefined ? [name] : [])));
  return sources.map(({ file, kind, name: own }) => {
    const base = chosen ?? labelOf(own ?? parse(file).name);
    // The binding's Secret stays as it is, for another operator keeps it.
    const secretNameOf = (name: string): string => (kind === 'binding' ? `${name}-tokenward` : name);
    const isFree = (name: string): boolean => ![secretNameOf(name), tlsSecretName(secretNameOf(name))].some((secret) => taken.has(secret));
    let name = base;
    for (let count = 2; !isFree(name); count++) name = `${base.slice(0, maxLength - 4)}-${count}`;
    for (const secret of [secretNameOf(name), tlsSecretName(secretNameOf(name))]) taken.add(secret);
    return { name, secretName: secretNameOf(name) };
  });
}

export const isLabel = (name: string): boolean => /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/u.test(name);

/** `LMS_ADMIN` -> `lms-admin` */
function labelOf(name: string): string {
  const label = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, '-')
    .slice(0, maxLength)
    .replaceAll(/^-+|-+$/gu, '');
  return label === '' ? 'credential' : label;
}
