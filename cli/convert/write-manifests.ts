import { stringify } from 'yaml';
import { group, kind, version } from '../../crds/oauth2-credential.ts';
import { parseCredential } from '../../crds/parse-credential.ts';
import { allowedHostsAnnotation, hostsOf } from '../../crds/render/allowed-hosts.ts';
import type { Problem } from '../../crds/problem.ts';
import { credentialLabel } from '../../crds/render/source-messages.ts';
import type { Sensitive } from '../../crds/sensitive.ts';
import type { Names } from './assign-names.ts';
import { type Conversion, tlsSecretName } from './conversion.ts';

export type WrittenManifests = { readonly ok: true; readonly yaml: string } | { readonly ok: false; readonly problems: readonly Problem[] };

/** A credential and its Secrets, which may be sent to the hosts that the credential names and to no others. */
export function writeManifests(conversion: Conversion, { name, secretName }: Names, namespace: string | undefined): WrittenManifests {
  const inNamespace = namespace === undefined ? {} : { namespace };
  const credential = { apiVersion: `${group}/${version}`, kind, metadata: { name, ...inNamespace }, spec: conversion.spec };
  const parsed = parseCredential(credential);
  if (!parsed.ok) return parsed;
  const hosts = [...new Set(hostsOf(parsed.credential.spec).map(({ host }) => host))];
  const secret = (secretOf: string, type: string, data: ReadonlyMap<string, Sensitive>): object => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: secretOf,
      ...inNamespace,
      labels: { [credentialLabel]: 'true' },
      annotations: { [allowedHostsAnnotation]: hosts.join(',') },
    },
    type,
    stringData: Object.fromEntries([...data].map(([key, value]) => [key, value.reveal()])),
  });
  const { tls } = conversion;
  const pair =
    tls &&
    new Map([
      ['tls.crt', tls.certificate],
      ['tls.key', tls.key],
    ] as const);
  const documents = [
    credential,
    ...(conversion.secret.size === 0 ? [] : [secret(secretName, 'Opaque', conversion.secret)]),
    ...(pair === undefined ? [] : [secret(tlsSecretName(secretName), 'kubernetes.io/tls', pair)]),
  ];
  // As kubectl reads it, where an unquoted yes is a boolean.
  return { ok: true, yaml: documents.map((document) => stringify(document, { version: '1.1', lineWidth: 0 })).join('---\n') };
}
