import type { SourceConfigMap, SourceSecret } from '../sources.ts';
import { allowedHostsAnnotation } from './allowed-hosts.ts';

/** Consent: what does not carry it is no source, whoever names it. */
export const credentialLabel = 'tokenward.dev/credential';

export type SourceKind = 'Secret' | 'ConfigMap';

/** What a key of a Secret is to hold. */
export type Holds = 'secret' | 'name' | 'private key' | 'certificate';

/** Where the sources are looked for. */
export interface Place {
  /** Undefined: the manifest does not say. */
  readonly namespace: string | undefined;
  /** Only what has opted in is seen. */
  readonly labelledOnly: boolean;
}

/** `keys`: those that the credential reads of it. */
export function missingSource(kind: SourceKind, name: string, keys: readonly string[], { namespace, labelledOnly }: Place): string {
  const label = `the label ${credentialLabel}: "true"`;
  const where = `in the namespace ${namespace ?? 'default'}`;
  if (!labelledOnly) {
    const named = `${keys.length === 1 ? 'the key' : 'the keys'} ${keys.join(', ')}`;
    return `there is no ${kind} ${name} ${where}: add it with ${label} and ${named}, or correct the name`;
  }
  return (
    `there is no ${kind} ${name} with ${label} ${where}: create it with: ${createCommand(kind, name, keys, namespace)}` +
    `; then, or if it is there already, let it opt in with: ${labelCommand(kind, name, namespace)}; or correct the name`
  );
}

export function notLabelled(kind: SourceKind, name: string, { namespace }: Place): string {
  return `the ${kind} ${name} has not opted in to serving credentials: it needs the label ${credentialLabel}: "true"; add it with: ${labelCommand(kind, name, namespace)}`;
}

/** `path` names the reference, whose `key` may be chosen. */
export function missingKey(source: SourceSecret | SourceConfigMap, key: string, path: string, holds: Holds): string {
  const kind = 'type' in source ? 'Secret' : 'ConfigMap';
  const keys = [...source.data.keys()];
  const lacks = `${found(source)} has no key ${key}`;
  const { is, [holds]: usual } = ('type' in source ? secretTypes.get(source.type) : undefined) ?? {};
  if (is !== undefined && usual === undefined) {
    return `${lacks}: it is ${is}; name the ${kind} that has what is meant in ${path}.name`;
  }
  if (keys.length === 0) return `${lacks}: add the key`;
  const meant = usual !== undefined && keys.includes(usual) ? usual : likeliest(key, keys);
  if (meant !== undefined) return `${lacks}: set ${path}.key: ${meant}, if that is it, or add the key ${key}`;
  return `${lacks}: add the key, or name one of these in ${path}.key`;
}

/** Of what is always stored under the same keys. `path`: the field that names the Secret. */
export function missingFixedKeys(secret: SourceSecret, { type, keys }: FixedKeys, path: string, { namespace }: Place): string {
  const lacking = keys.filter((key) => !secret.data.has(key));
  const create = createCommand('Secret', 'NAME', keys, namespace);
  return `${found(secret)} has no ${lacking.join(' and no ')}: expected are the keys ${keys.join(' and ')}, as in the type ${type}; name such a Secret in ${path}, which is made with: ${create}`;
}

export interface FixedKeys {
  readonly type: string;
  readonly keys: readonly string[];
}

/** As kubernetes.io defines them. */
export const keyPairKeys: FixedKeys = { type: 'kubernetes.io/tls', keys: ['tls.crt', 'tls.key'] };
export const loginKeys: FixedKeys = { type: 'kubernetes.io/basic-auth', keys: ['username', 'password'] };

type SecretType = { readonly is: string } & Readonly<Partial<Record<Holds, string>>>;

/** What a Secret of each type is, and the key that has it. */
const secretTypes: ReadonlyMap<string, SecretType> = new Map(
  Object.entries<SecretType>({
    'kubernetes.io/basic-auth': { is: 'a user name and a password', secret: 'password', name: 'username' },
    'kubernetes.io/tls': { is: 'a certificate and its key', 'private key': 'tls.key', certificate: 'tls.crt' },
    'kubernetes.io/ssh-auth': { is: 'a key for SSH', 'private key': 'ssh-privatekey' },
    'kubernetes.io/dockerconfigjson': { is: 'the login of an image registry' },
    'kubernetes.io/dockercfg': { is: 'the login of an image registry' },
    'kubernetes.io/service-account-token': { is: 'a token for the API server of a cluster' },
    'bootstrap.kubernetes.io/token': { is: 'a token for nodes that join a cluster' },
    'helm.sh/release.v1': { is: "Helm's record of a release" },
  }),
);

const mostKeysShown = 10;

function found(source: SourceSecret | SourceConfigMap): string {
  const keys = [...source.data.keys()].sort();
  const shown = keys.length > mostKeysShown ? [...keys.slice(0, mostKeysShown), `${keys.length - mostKeysShown} more`] : keys;
  const has = keys.length === 0 ? 'no keys' : `${keys.length === 1 ? 'key' : 'keys'} ${shown.join(', ')}`;
  if (!('type' in source)) return `the ConfigMap ${source.name} (${has})`;
  // A Secret that says nothing of its type is Opaque, which tells nobody anything.
  return `the Secret ${source.name} (${source.type === 'Opaque' ? '' : `type ${source.type}, `}${has})`;
}

/** The one key there is, or the one whose name is much like it: clientSecret, clientsecret or secret for client-secret. */
function likeliest(key: string, keys: readonly string[]): string | undefined {
  if (keys.length === 1) return keys[0];
  const bare = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/gu, '');
  const same = keys.filter((name) => bare(name) === bare(key));
  const alike = same.length > 0 ? same : keys.filter((name) => bare(key).endsWith(bare(name)));
  return alike.length === 1 ? alike[0] : undefined;
}

export function hostNotAllowed(
  secret: string,
  { host, path }: { readonly host: string; readonly path: string },
  allowed: readonly string[],
  { namespace }: Place,
): string {
  const list = [...allowed, host].join(',');
  const mend = `${kubectl(namespace)} annotate secret ${secret} --overwrite '${allowedHostsAnnotation}=${list}'`;
  return `the Secret ${secret} may not serve ${host} (${path}): its annotation ${allowedHostsAnnotation} does not list it; if it may serve that host too: ${mend}`;
}

/** What only the user knows stands in capitals; a value given on the command line would stay in the shell's history. */
function createCommand(kind: SourceKind, name: string, keys: readonly string[], namespace: string | undefined): string {
  if (kind === 'Secret' && keys.length > 0 && keys.every((key) => keyPairKeys.keys.includes(key))) {
    return `${kubectl(namespace)} create secret tls ${name} --cert=FILE --key=FILE`;
  }
  const files = keys.map((key) => ` --from-file=${key}=FILE`).join('');
  return `${kubectl(namespace)} create ${kind === 'Secret' ? 'secret generic' : 'configmap'} ${name}${files}`;
}

function labelCommand(kind: SourceKind, name: string, namespace: string | undefined): string {
  return `${kubectl(namespace)} label ${kind.toLowerCase()} ${name} ${credentialLabel}=true`;
}

const kubectl = (namespace: string | undefined): string => (namespace === undefined ? 'kubectl' : `kubectl -n ${namespace}`);
