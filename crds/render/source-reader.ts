import { problem, type Problem } from '../problem.ts';
import type { ReasonOf } from '../reasons.ts';
import { Sensitive } from '../sensitive.ts';
import type { SourceConfigMap, SourceSecret, Sources } from '../sources.ts';
import { allowedHostsAnnotation, isAllowedHost, parseAllowedHosts, type NamedHost } from './allowed-hosts.ts';
import { endOf, leafOf, readCertificates, readSigningKey, readTlsKey, type Pem } from './pem.ts';
import type { KeyUse } from './private-key.ts';
import { cleanValue, type Use } from './secret-value.ts';
import {
  credentialLabel,
  hostNotAllowed,
  keyPairKeys,
  loginKeys,
  missingFixedKeys,
  missingKey,
  missingSource,
  notLabelled,
  type FixedKeys,
  type Holds,
  type Place,
  type SourceKind,
} from './source-messages.ts';
import { endOfSupplied, isSupplied } from './supplied-token.ts';

/** What the operator writes itself. */
export const renderingLabel = 'tokenward.dev/rendering';

export interface KeyRef {
  readonly name: string;
  readonly key: string;
}

const nothing = new Sensitive('');

export interface SigningKey {
  /** PEM, PKCS#8. */
  readonly key: Sensitive;
  /** PEM, one alone. */
  readonly certificate: string | undefined;
}

/**
 * Follows a credential's references and notes what is wrong with them. Where something is, the value is empty, and `problems`
 * says why: the caller looks there before it uses any.
 */
export class SourceReader {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  readonly #place: Place;
  /** By kind and name: where it is spoken of in `problems`, and which keys of it are read. */
  readonly #absent = new Map<string, { readonly index: number; readonly keys: Set<string> }>();
  readonly #sources: Sources;
  readonly #hosts: readonly NamedHost[];
  readonly #nowMs: number;

  /** `namespace`: undefined where the manifest does not say. */
  constructor(namespace: string | undefined, sources: Sources, hosts: readonly NamedHost[], nowMs: number) {
    this.#place = { namespace, labelledOnly: sources.labelledOnly === true };
    this.#sources = sources;
    this.#hosts = hosts;
    this.#nowMs = nowMs;
  }

  value(ref: KeyRef, path: string, use: Use): Sensitive {
    const stored = this.#stored(ref, path, use === 'clientIdForRawBasic' || use === 'userName' ? 'name' : 'secret');
    return stored === undefined ? nothing : this.#clean(stored, ref, path, use);
  }

  /** From a Secret of type kubernetes.io/basic-auth, or one like it. */
  login(name: string, path: string): { username: Sensitive; password: Sensitive } {
    const secret = this.#fixed(name, path, `${path}.name`, loginKeys);
    const read = (key: string, use: Use): Sensitive => {
      const stored = secret?.data.get(key);
      return stored === undefined ? nothing : this.#clean(stored, { name, key }, path, use);
    };
    return { username: read('username', 'proxyUserName'), password: read('password', 'credential') };
  }

  #clean(stored: Sensitive, { name, key }: KeyRef, path: string, use: Use): Sensitive {
    const clean = cleanValue(stored.reveal(), use);
    const where = `the value of the key ${key} in the Secret ${name}`;
    if (!clean.ok) {
      this.#fail('InvalidSecretValue', path, `${where} ${clean.message}`);
      return nothing;
    }
    if (clean.trimmed) {
      const message = `${where} ends in a line break, which is not sent: store it without one (printf %s "$VALUE", not echo)`;
      noteOnce(this.warnings, problem('TrailingNewlineTrimmed', path, message));
    }
    const endMs = isSupplied(use) ? endOfSupplied(clean.value, use) : undefined;
    if (endMs !== undefined && endMs <= this.#nowMs) {
      const message = `${where} expired at ${new Date(endMs).toISOString()}: store a new one`;
      noteOnce(this.warnings, problem('AssertionExpired', path, message));
    }
    return new Sensitive(clean.value);
  }

  certificatesFromSecret(ref: KeyRef, path: string): string {
    const stored = this.#stored(ref, path, 'certificate');
    return stored === undefined ? '' : this.#pem(readCertificates(stored.reveal()), path, `the key ${ref.key} of the Secret ${ref.name}`);
  }

  certificatesFromConfigMap({ name, key }: KeyRef, path: string): string {
    const configMap = this.#configMap(name, key, path);
    if (configMap === undefined) return '';
    const stored = configMap.data.get(key);
    if (stored !== undefined) return this.#pem(readCertificates(stored), path, `the key ${key} of the ConfigMap ${name}`);
    this.#fail('ConfigMapKeyNotFound', path, missingKey(configMap, key, path, 'certificate'));
    return '';
  }

  /** From a Secret of type kubernetes.io/tls. */
  keyPair(name: string, path: string): { certificate: string; key: Sensitive } {
    const { data } = this.#fixed(name, path, path, keyPairKeys) ?? {};
    const certificate = data?.get('tls.crt');
    const key = data?.get('tls.key');
    if (certificate === undefined || key === undefined) return { certificate: '', key: nothing };
    const pem = this.#pem(readCertificates(certificate.reveal()), path, `the key tls.crt of the Secret ${name}`);
    if (pem === '') return { certificate: '', key: nothing };
    this.#warnOfEnd(pem, path, `the key tls.crt of the Secret ${name}`);
    return {
      certificate: pem,
      key: new Sensitive(this.#pem(readTlsKey(key.reveal(), pem), path, `the key tls.key of the Secret ${name}`)),
    };
  }

  /** What signs, and the certificate that belongs to it, if one is named. */
  signingKey(keyRef: KeyRef, certificateRef: KeyRef | undefined, path: string, use: KeyUse): SigningKey {
    const at = `${path}.certificateRef`;
    const certificates = certificateRef && this.certificatesFromSecret(certificateRef, at);
    const certificate = certificates === undefined ? undefined : leafOf(certificates);
    if (certificate && certificateRef)
      this.#warnOfEnd(certificate, at, `the key ${certificateRef.key} of the Secret ${certificateRef.name}`);

    const stored = this.#stored(keyRef, `${path}.keyRef`, 'private key');
    if (stored === undefined) return { key: nothing, certificate };
    const read = readSigningKey(stored.reveal(), use, certificate === '' ? undefined : certificate);
    return { key: new Sensitive(this.#pem(read, `${path}.keyRef`, `the key ${keyRef.key} of the Secret ${keyRef.name}`)), certificate };
  }

  #warnOfEnd(certificate: string, path: string, where: string): void {
    const endMs = endOf(certificate);
    if (endMs > this.#nowMs) return;
    const message = `${where} holds a certificate that ended on ${new Date(endMs).toISOString().slice(0, 10)}: renew it, and tell the server of the new one`;
    noteOnce(this.warnings, problem('CertificateExpired', path, message));
  }

  #pem(read: Pem, path: string, where: string): string {
    if (read.ok) return read.pem;
    this.#fail('InvalidSecretValue', path, `${where} ${read.message}`);
    return '';
  }

  #stored({ name, key }: KeyRef, path: string, holds: Holds): Sensitive | undefined {
    const secret = this.#secret(name, [key], path);
    const stored = secret?.data.get(key);
    if (secret && stored === undefined) this.#fail('SecretKeyNotFound', path, missingKey(secret, key, path, holds));
    return stored;
  }

  /** A Secret whose keys cannot be chosen, with all of them. */
  #fixed(name: string, path: string, nameField: string, fixed: FixedKeys): SourceSecret | undefined {
    const secret = this.#secret(name, fixed.keys, path);
    if (secret === undefined || fixed.keys.every((key) => secret.data.has(key))) return secret;
    this.#fail('SecretKeyNotFound', path, missingFixedKeys(secret, fixed, nameField, this.#place));
    return undefined;
  }

  /** The Secret, if it may serve this credential. What it holds is not spoken of before it has opted in. */
  #secret(name: string, keys: readonly string[], path: string): SourceSecret | undefined {
    const secret = this.#sources.secrets.get(name);
    if (secret === undefined) {
      this.#isAbsent('Secret', name, keys, path);
      return undefined;
    }
    if (secret.labels[renderingLabel] === 'true') {
      this.#fail(
        'SecretIsRendering',
        path,
        `the Secret ${name} is written by Tokenward itself (label ${renderingLabel}) and cannot be a source: name the Secret that the value comes from`,
      );
      return undefined;
    }
    if (secret.labels[credentialLabel] !== 'true') {
      this.#fail('SecretNotLabelled', path, notLabelled('Secret', name, this.#place));
      return undefined;
    }
    return this.#servesAllHosts(secret, path) ? secret : undefined;
  }

  #configMap(name: string, key: string, path: string): SourceConfigMap | undefined {
    const configMap = this.#sources.configMaps.get(name);
    if (configMap === undefined) {
      this.#isAbsent('ConfigMap', name, [key], path);
      return undefined;
    }
    if (configMap.labels[credentialLabel] === 'true') return configMap;
    this.#fail('ConfigMapNotLabelled', path, notLabelled('ConfigMap', name, this.#place));
    return undefined;
  }

  #servesAllHosts(secret: SourceSecret, path: string): boolean {
    const annotation = secret.annotations[allowedHostsAnnotation];
    if (annotation === undefined) return true;
    const allowed = parseAllowedHosts(annotation);
    if (!allowed.ok) {
      const message = `the annotation ${allowedHostsAnnotation} of the Secret ${secret.name} holds ${JSON.stringify(allowed.entry)}, which is no host: write names such as acme.example or *.acme.example, separated by commas, without scheme, port and path`;
      this.#fail('InvalidAllowedHosts', path, message);
      return false;
    }
    const refused = this.#hosts.filter(({ host }) => !isAllowedHost(host, allowed.patterns));
    for (const host of refused) this.#fail('HostNotAllowed', path, hostNotAllowed(secret.name, host, allowed.patterns, this.#place));
    return refused.length === 0;
  }

  /** Told once of each, at the first field that names it, with all the keys that are read of it. */
  #isAbsent(kind: SourceKind, name: string, keys: readonly string[], path: string): void {
    const known = this.#absent.get(`${kind} ${name}`);
    const { index, keys: all } = known ?? { index: this.problems.length, keys: new Set<string>() };
    this.#absent.set(`${kind} ${name}`, { index, keys: all });
    for (const key of keys) all.add(key);
    const message = missingSource(kind, name, [...all], this.#place);
    this.problems[index] = problem(`${kind}NotFound`, this.problems[index]?.path ?? path, message);
  }

  #fail(reason: ReasonOf<'SecretsResolved'>, path: string, message: string): void {
    noteOnce(this.problems, problem(reason, path, message));
  }
}

/** A Secret that several fields name is spoken of once, at the first of them. */
function noteOnce(noted: Problem[], found: Problem): void {
  if (!noted.some(({ message }) => message === found.message)) noted.push(found);
}
