import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A machine's `/etc`, as far as names go: those of its hosts file, and no DNS. */
export class NameTable {
  readonly folder: string;
  readonly #addresses = new Map<string, readonly string[]>([['localhost', ['127.0.0.1']]]);

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'nsswitch.conf'), 'hosts: files\n');
    this.#save();
  }

  set(host: string, ...addresses: readonly string[]): void {
    this.#addresses.set(host, addresses);
    this.#save();
  }

  #save(): void {
    const lines = [...this.#addresses].flatMap(([host, addresses]) => addresses.map((address) => `${address} ${host}\n`));
    writeFileSync(join(this.folder, 'hosts'), lines.join(''));
  }
}
