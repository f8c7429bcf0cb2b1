import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process, { env } from 'node:process';
import { createInterface } from 'node:readline';
import { makeCertificate, type Certificate } from '../make-certificate.ts';

const administrator = { username: 'admin', password: 'admin' };

/** Keycloak in a process of its own, on free ports of 127.0.0.1. All that it knows is in memory and goes with it. */
export class Keycloak implements AsyncDisposable {
  /** Whom it trusts to name clients that show a certificate; has signed its own too. */
  readonly authority: Certificate;
  url = '';
  httpsUrl = '';
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #kill = (): void => this.#signal('SIGKILL');

  constructor(home: string) {
    this.authority = makeCertificate('Acme CA', { rsaBits: 2048 });
    const own = makeCertificate('127.0.0.1', { hosts: ['127.0.0.1'], issuer: this.authority, rsaBits: 2048 });
    this.#folder = mkdtempSync(join(tmpdir(), 'tokenward-keycloak-'));
    const file = (name: string, text: string): string => {
      writeFileSync(join(this.#folder, name), text);
      return join(this.#folder, name);
    };
    const options = [
      '--http-enabled=true',
      '--http-host=127.0.0.1',
      '--http-port=0',
      '--https-port=0',
      '--hostname-strict=false',
      `--https-certificate-file=${file('own.crt', own.certificate)}`,
      `--https-certificate-key-file=${file('own.key', own.key)}`,
      `--https-trust-store-file=${file('trusted.pem', this.authority.certificate)}`,
    ];
    // The script starts Java as a child: a process group lets both be ended at once.
    this.#child = spawn('bash', [join(home, 'bin/kc.sh'), 'start', '--optimized', ...options], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {
        ...env,
        KC_BOOTSTRAP_ADMIN_USERNAME: administrator.username,
        KC_BOOTSTRAP_ADMIN_PASSWORD: administrator.password,
        JAVA_OPTS_KC_HEAP: '-Xmx256m',
        // It runs for a minute: what the better compiler would gain is less than what it costs.
        JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1',
      },
    });
    // A test that was given up does not come to its own end, and must not leave this behind.
    process.once('SIGTERM', this.#kill).once('exit', this.#kill);
  }

  /** Resolves when it listens. */
  async listening(): Promise<void> {
    if (this.#child.stdout === null) throw new Error('the output is not piped');
    const lines: string[] = [];
    const output = createInterface(this.#child.stdout).on('line', (line) => lines.push(line));
    for await (const line of output) {
      const [, url, httpsUrl] = /Listening on: (http:\S+) and (https:\S+)$/.exec(line) ?? [];
      if (url === undefined || httpsUrl === undefined) continue;
      this.url = url;
      this.httpsUrl = httpsUrl;
      this.#child.stdout.resume();
      return;
    }
    throw new Error(`Keycloak has ended:\n${lines.join('\n')}`);
  }

  /** By the path below the realms, what the administrator asks for or does. */
  async administer<Answer>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.url}/admin/realms${path}`, {
      method,
      headers: { Authorization: `Bearer ${await this.#administratorToken()}`, 'Content-Type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as Answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('SIGTERM', this.#kill).off('exit', this.#kill);
    const ended = this.#child.exitCode !== null || this.#child.signalCode !== null ? undefined : once(this.#child, 'close');
    this.#kill();
    await ended;
    rmSync(this.#folder, { recursive: true });
  }

  async #administratorToken(): Promise<string> {
    const body = new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', ...administrator });
    const response = await fetch(`${this.url}/realms/master/protocol/openid-connect/token`, { method: 'POST', body });
    const { access_token: token } = (await response.json()) as { readonly access_token: string };
    return token;
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // The group has ended.
    }
  }
}
