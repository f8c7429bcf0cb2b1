import { suggest } from '../../crds/suggest.ts';
import { group, podAnnotations, statusAnnotation } from '../naming.ts';
import { leastMemory, logLevels, type InjectionSettings, type LogLevel, type SidecarResources } from './injection-settings.ts';
import { parseAssertion, type AssertionWish } from './parse-assertion.ts';
import { parseQuantity } from './quantity.ts';
import { shown } from './shown.ts';

/** An alias and the credential that it stands for. */
export interface AliasedCredential {
  readonly alias: string;
  readonly credential: string;
}

/** What a pod's author asked for, completed by the settings. */
export interface InjectionWish {
  readonly credentials: readonly AliasedCredential[];
  readonly resources: SidecarResources;
  readonly proxyPort: number;
  readonly adminPort: number;
  readonly logLevel: LogLevel;
  /** None: the sidecar gets no token of the pod's service account. */
  readonly assertion: AssertionWish | undefined;
}

export type ParsedAnnotations =
  | { readonly ok: true; readonly wish: InjectionWish }
  /** Each says what is wrong, where, and how to mend it. */
  | { readonly ok: false; readonly problems: readonly string[] };

type Annotations = Readonly<Record<string, string>>;

const mostAliases = 32;
const dnsLabel = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
/** Neither name is misspelt here, but the way in which they are put: `alias: credential`, `namespace/credential`, quotes in quotes. */
const otherForm = /[^\w.=\s-]|[^=\s]\s+[^=\s]/;
const inWords = 'lower-case letters, digits and hyphens, at most 63, beginning and ending with a letter or digit';

/** Reads the annotations of a pod that has `tokenward.dev/inject`. */
export function parseAnnotations(annotations: Annotations, settings: InjectionSettings): ParsedAnnotations {
  const problems: string[] = [];
  refuseUnknown(annotations, problems);
  const wish = {
    credentials: parseCredentials(annotations[podAnnotations.inject] ?? '', problems),
    resources: parseResources(annotations, settings.resources, problems),
    ...parsePorts(annotations, settings, problems),
    logLevel: parseLogLevel(annotations[podAnnotations.logLevel], problems) ?? settings.logLevel,
    assertion: parseAssertion(annotations, settings.apiAudiences, problems),
  };
  return problems.length > 0 ? { ok: false, problems } : { ok: true, wish };
}

/** A misspelt annotation would be without effect, silently. */
function refuseUnknown(annotations: Annotations, problems: string[]): void {
  const prefix = `${group}/`;
  const known = Object.values(podAnnotations).map((name) => name.slice(prefix.length));
  for (const name of Object.keys(annotations).toSorted()) {
    const word = name.slice(prefix.length);
    if (!name.startsWith(prefix) || name === statusAnnotation || known.includes(word)) continue;
    const meant = suggest(word, known);
    const mend = meant === undefined ? `remove it (known after ${prefix} are ${known.join(', ')})` : `did you mean ${prefix}${meant}?`;
    problems.push(`there is no annotation ${shown(name)}: ${mend}`);
  }
}

function parseCredentials(text: string, problems: string[]): AliasedCredential[] {
  const where = `the annotation ${podAnnotations.inject}`;
  const example = 'write alias=credential or one name for both, separated by commas, such as "lms=lms-admin, leonardo-iot"';
  if (/^\s*(?:true|false|yes|no|on|off|enabled|disabled)?\s*$/i.test(text)) {
    problems.push(`${where} is ${shown(text)} and names no credential: ${example}; to inject nothing, remove the annotation`);
    return [];
  }
  const entries = text.split(',').map((entry) => entry.trim());
  if (entries.length > mostAliases) problems.push(`${where} has ${entries.length} entries: a pod may have ${mostAliases} at most`);
  const credentials = new Map<string, AliasedCredential>();
  for (const entry of entries.slice(0, mostAliases)) {
    const [alias = '', credential = alias, ...rest] = entry.split('=').map((part) => part.trim());
    if (entry === '' || rest.length > 0 || otherForm.test(entry)) {
      const own = entry.includes('/') ? "; a credential is one of the pod's own namespace, which is not written" : '';
      problems.push(`${where} holds the entry ${shown(entry)}: ${example}${own}`);
    } else if (!dnsLabel.test(alias)) problems.push(`${where} holds the alias ${shown(alias)}, which is no DNS label: use ${inWords}`);
    else if (!dnsLabel.test(credential)) {
      problems.push(`${where} holds the credential ${shown(credential)}, which can be no credential's name: use ${inWords}`);
    } else if (credentials.has(alias)) problems.push(`${where} holds the alias ${alias} twice: give one of the two another alias`);
    else credentials.set(alias, { alias, credential });
  }
  return [...credentials.values()];
}

/** Where only one of request and limit is annotated, the default of the other gives way to it. */
function parseResources(annotations: Annotations, defaults: SidecarResources, problems: string[]): SidecarResources {
  const read = (name: string): string | undefined => {
    const text = annotations[name];
    if (text === undefined || parseQuantity(text) !== undefined) return text;
    problems.push(
      `the annotation ${name} is ${shown(text)}, which is no Kubernetes quantity: write one such as 100m for CPU or 128Mi for memory`,
    );
    return undefined;
  };
  const cpu = { request: read(podAnnotations.cpuRequest), limit: read(podAnnotations.cpuLimit) };
  const memory = { request: read(podAnnotations.memoryRequest), limit: read(podAnnotations.memoryLimit) };
  for (const [name, { request, limit }] of Object.entries({ cpu, memory })) {
    if (request === undefined || limit === undefined || !isLess(limit, request)) continue;
    problems.push(
      `the annotation ${group}/${name}-request is ${request}, more than ${group}/${name}-limit, which is ${limit}: lower the one or raise the other`,
    );
  }
  if (memory.limit !== undefined && isLess(memory.limit, leastMemory)) {
    problems.push(
      `the annotation ${podAnnotations.memoryLimit} is ${memory.limit}, with which the sidecar cannot start: it needs ${leastMemory} at least (the unit is Mi; m is a thousandth of a byte)`,
    );
  }
  if (memory.request !== undefined && isLess(memory.request, '1Mi')) {
    problems.push(
      `the annotation ${podAnnotations.memoryRequest} is ${memory.request}, less than 1Mi: write one such as 64Mi (m is a thousandth of a byte)`,
    );
  }
  const cpuLimit =
    cpu.limit ??
    (defaults.cpuLimit !== undefined && cpu.request !== undefined ? larger(defaults.cpuLimit, cpu.request) : defaults.cpuLimit);
  const memoryLimit = memory.limit ?? (memory.request === undefined ? defaults.memoryLimit : larger(defaults.memoryLimit, memory.request));
  return {
    cpuRequest: cpu.request ?? (cpuLimit === undefined ? defaults.cpuRequest : smaller(defaults.cpuRequest, cpuLimit)),
    cpuLimit,
    memoryRequest: memory.request ?? smaller(defaults.memoryRequest, memoryLimit),
    memoryLimit,
  };
}

const isLess = (a: string, b: string): boolean => (parseQuantity(a) ?? 0) < (parseQuantity(b) ?? 0);
const smaller = (a: string, b: string): string => (isLess(b, a) ? b : a);
const larger = (a: string, b: string): string => (isLess(a, b) ? b : a);

function parsePorts(annotations: Annotations, settings: InjectionSettings, problems: string[]): { proxyPort: number; adminPort: number } {
  const read = (name: string): number | undefined => {
    const text = annotations[name];
    if (text === undefined) return undefined;
    const port = Number(text);
    if (/^\d{4,5}$/.test(text) && port >= 1024 && port <= 65_535) return port;
    problems.push(`the annotation ${name} is ${shown(text)}: write a port from 1024 to 65535, for the sidecar does not run as root`);
    return undefined;
  };
  const proxyPort = read(podAnnotations.proxyPort) ?? settings.proxyPort;
  const adminPort = read(podAnnotations.adminPort) ?? settings.adminPort;
  if (proxyPort === adminPort) {
    problems.push(
      `the sidecar's proxy and its admin port are both ${proxyPort}: set ${podAnnotations.proxyPort} and ${podAnnotations.adminPort} to different ports`,
    );
  }
  return { proxyPort, adminPort };
}

function parseLogLevel(text: string | undefined, problems: string[]): LogLevel | undefined {
  const level = logLevels.find((name) => name === text);
  if (text !== undefined && level === undefined) {
    problems.push(`the annotation ${podAnnotations.logLevel} is ${shown(text)}: write one of ${logLevels.join(', ')}`);
  }
  return level;
}
