import { problem, type Problem } from '../problem.ts';
import type { ReasonOf } from '../reasons.ts';
import { Sensitive } from '../sensitive.ts';
import type { SourceConfigMap, SourceSecret, Sources } from '../sources.ts';
import { allowedHostsAnnotation, isAllowedHost, parseAllowedHosts, type NamedHost } from './allowed-hosts.ts';
import { endOf, leafOf, readCertificates, readSigningKey, readTlsKey, type Pem } from './pem.ts';
import type { KeyUse } from './private-key.ts';
import { cleanValue, type Use } from './secret-value.ts';
import { endOfSupplied, isSupplied } from './supplied-token.ts';

/** Consent: what does not carry it is no source, whoever names it. */
export const credentialLabel = 'tokenward.dev/credential';
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
  readonly #namespace: string;
  readonly #sources: Sources;
  readonly #hosts: readonly NamedHost[];
  readonly #nowMs: number;

  constructor(namespace: string, sources: Sources, hosts: readonly NamedHost[], nowMs: number) {
    this.#namespace = namespace;
    this.#sources = sources;
    this.#hosts = hosts;
    this.#nowMs = nowMs;
  }

  value({ name, key }: KeyRef, path: string, use: Use): Sensitive {
    const secret = this.#secret(name, path);
    const stored = secret && this.#key(secret, key, path);
    if (stored === undefined) return nothing;
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

  certificatesFromSecret({ name, key }: KeyRef, path: string): string {
    const secret = this.#secret(name, path);
    const stored = secret && this.#key(secret, key, path);
    return stored === undefined ? '' : this.#pem(readCertificates(stored.reveal()), path, `the key ${key} of the Secret ${name}`);
  }

  certificatesFromConfigMap({ name, key }: KeyRef, path: string): string {
    const configMap = this.#configMap(name, path);
    if (configMap === undefined) return '';
    const stored = configMap.data.get(key);
    if (stored !== undefined) return this.#pem(readCertificates(stored), path, `the key ${key} of the ConfigMap ${name}`);
    this.#fail('ConfigMapKeyNotFound', path, missingKey('ConfigMap', name, key, [...configMap.data.keys()]));
    return '';
  }

  /** From a Secret of type kubernetes.io/tls. */
  keyPair(name: string, path: string): { certificate: string; key: Sensitive } {
    const secret = this.#secret(name, path);
    const certificate = secret && this.#key(secret, 'tls.crt', path);
    const key = secret && this.#key(secret, 'tls.key', path);
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

    const secret = this.#secret(keyRef.name, `${path}.keyRef`);
    const stored = secret && this.#key(secret, keyRef.key, `${path}.keyRef`);
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

  /** The Secret, if it may serve this credential. What it holds is not spoken of before it has opted in. */
  #secret(name: string, path: string): SourceSecret | undefined {
    const secret = this.#sources.secrets.get(name);
    if (secret === undefined) {
      this.#fail('SecretNotFound', path, this.#notFound('Secret', name));
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
      this.#fail('SecretNotLabelled', path, notLabelled('Secret', name, this.#namespace));
      return undefined;
    }
    return this.#servesAllHosts(secret, path) ? secret : undefined;
  }

  #configMap(name: string, path: string): SourceConfigMap | undefined {
    const configMap = this.#sources.configMaps.get(name);
    if (configMap === undefined) {
      this.#fail('ConfigMapNotFound', path, this.#notFound('ConfigMap', name));
      return undefined;
    }
    if (configMap.labels[credentialLabel] === 'true') return configMap;
    this.#fail('ConfigMapNotLabelled', path, notLabelled('ConfigMap', name, this.#namespace));
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
    for (const { host, path: field } of refused) {
      const list = [...allowed.patterns, host].join(',');
      const mend = `if it may serve that host too: kubectl annotate secret ${secret.name} -n ${this.#namespace} --overwrite '${allowedHostsAnnotation}=${list}'`;
      this.#fail(
        'HostNotAllowed',
        path,
        `the Secret ${secret.name} may not serve ${host} (${field}): its annotation ${allowedHostsAnnotation} does not list it; ${mend}`,
      );
    }
    return refused.length === 0;
  }

  #notFound(kind: 'Secret' | 'ConfigMap', name: string): string {
    const missing = `there is no ${kind} ${name}`;
    const where = `in the namespace ${this.#namespace}`;
    const label = `the label ${credentialLabel}: "true"`;
    if (this.#sources.labelledOnly !== true) return `${missing} ${where}: create it with ${label}, or correct the name`;
    return `${missing} with ${label} ${where}: create it so, correct the name, or let the one that is there opt in with: ${labelCommand(kind, name, this.#namespace)}`;
  }

  #key(secret: SourceSecret, key: string, path: string): Sensitive | undefined {
    const stored = secret.data.get(key);
    if (stored === undefined) this.#fail('SecretKeyNotFound', path, missingKey('Secret', secret.name, key, [...secret.data.keys()]));
    return stored;
  }

  #fail(reason: ReasonOf<'SecretsResolved'>, path: string, message: string): void {
    noteOnce(this.problems, problem(reason, path, message));
  }
}

/** A Secret that several fields name is spoken of once, at the first of them. */
function noteOnce(noted: Problem[], found: Problem): void {
  if (!noted.some(({ message }) => message === found.message)) noted.push(found);
}

function missingKey(kind: string, name: string, key: string, keys: readonly string[]): string {
  if (keys.length === 0) return `the ${kind} ${name} has no key ${key}, nor any other: add the key`;
  return `the ${kind} ${name} has no key ${key} (its keys are ${[...keys].sort().join(', ')}): add the key, or name one of these`;
}

function notLabelled(kind: 'Secret' | 'ConfigMap', name: string, namespace: string): string {
  return `the ${kind} ${name} has not opted in to serving credentials: it needs the label ${credentialLabel}: "true"; add it with: ${labelCommand(kind, name, namespace)}`;
}

function labelCommand(kind: 'Secret' | 'ConfigMap', name: string, namespace: string): string {
  return `kubectl label ${kind.toLowerCase()} ${name} -n ${namespace} ${credentialLabel}=true`;
}
