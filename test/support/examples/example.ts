import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';

/** A manifest of examples/, with the key pair that the commands in its comments make. */
export class Example {
  readonly #text: string;
  readonly #folder: string;

  /** Runs the commands, in a folder of its own. */
  constructor(file: string, folder: string) {
    this.#text = readFileSync(file, 'utf8');
    this.#folder = folder;
    mkdirSync(folder);
    for (const command of commandsOf(this.#text).filter((line) => line.startsWith('openssl '))) {
      execFileSync('sh', ['-ec', command], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    }
  }

  /** What a command has made. */
  made(file: string): string {
    return readFileSync(join(this.#folder, file), 'utf8');
  }

  /** What the commands take, and do not make. */
  give(file: string, content: string): void {
    writeFileSync(join(this.#folder, file), content);
  }

  /** The manifests and the Secrets that the commands in the comments make, with these servers in the place of those that are named. */
  manifests(servers: Servers): string {
    const text = servedBy(this.#text, servers);
    const secrets = secretsOf(commandsOf(text), (file) => this.made(file));
    return [text, ...secrets.map((secret) => stringify(secret))].join('---\n');
  }

  /** The credential alone, under another name, and with a mistake in it. */
  mistaken(servers: Servers, name: string, [search, replacement]: readonly [string, string]): string {
    const [document] = parseAllDocuments(servedBy(this.#text, servers));
    const text = String(document);
    if (!text.includes(search)) throw new Error(`${name}: there is no "${search}"`);
    return text.replace(search, replacement).replace(/^ {2}name: \S+$/m, `  name: ${name}`);
  }
}

/** Origins. */
export interface Servers {
  readonly api: string;
  readonly tokens: string;
}

function servedBy(text: string, { api, tokens }: Servers): string {
  const hosts = [...new Set([api, tokens].map((url) => new URL(url).hostname))].join();
  const tokenUrl = /^ +tokenEndpoint:\n(?: +#.*\n)* +url: (\S+)$/m.exec(text)?.[1] ?? '';
  return text
    .replace(/^( +upstream:\n(?: +#.*\n)* +url: )https:\/\/[^/\s]+/m, `$1${api}`)
    .replaceAll(`: ${tokenUrl}\n`, `: ${tokenUrl.replace(/^https:\/\/[^/]+/, tokens)}\n`)
    .replace(/(tokenward\.dev\/allowed-hosts(?:: |=))\S+/g, (_all, start: string) => start + hosts);
}

const commandsOf = (text: string): string[] => [...text.matchAll(/^# +\$ (.*)$/gm)].map(([, command = '']) => command);

interface Secret {
  readonly apiVersion: 'v1';
  readonly kind: 'Secret';
  readonly metadata: { readonly name: string; readonly labels: Record<string, string>; readonly annotations: Record<string, string> };
  readonly stringData: Record<string, string>;
}

/** What kubectl would have made in the cluster. */
function secretsOf(commands: readonly string[], read: (file: string) => string): Secret[] {
  const secrets = new Map<string, Secret>();
  for (const command of commands.filter((line) => !line.startsWith('openssl '))) {
    const [, verb = '', name = '', rest = ''] = /^kubectl (create secret \w+|annotate secret|label secret) (\S+) (.*)$/.exec(command) ?? [];
    const secret = secrets.get(name);
    const [key = '', value = ''] = rest.split('=');
    if (verb.startsWith('create')) {
      const stringData = Object.fromEntries(dataOf(rest.split(' ')).map(([entry, file]) => [entry, read(file)]));
      secrets.set(name, { apiVersion: 'v1', kind: 'Secret', metadata: { name, labels: {}, annotations: {} }, stringData });
    } else if (secret === undefined) throw new Error(`not understood: ${command}`);
    else if (verb.startsWith('annotate')) secret.metadata.annotations[key] = value;
    else secret.metadata.labels[key] = value;
  }
  return [...secrets.values()];
}

/** `--cert=F`, `--key=F` and `--from-file=KEY=F`. */
function dataOf(options: readonly string[]): (readonly [key: string, file: string])[] {
  return options.map((option) => {
    const [, flag = '', value = ''] = /^--([a-z-]+)=(\S+)$/.exec(option) ?? [];
    if (flag === 'cert' || flag === 'key') return [flag === 'cert' ? 'tls.crt' : 'tls.key', value];
    const [key = '', file] = value.split('=');
    if (flag !== 'from-file' || file === undefined) throw new Error(`not understood: ${option}`);
    return [key, file];
  });
}
