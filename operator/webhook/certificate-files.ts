import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { Sensitive } from '../../crds/sensitive.ts';
import type { Clock } from '../clock.ts';
import { pause } from '../kube/backoff.ts';
import type { ServingCertificate } from './webhook-server.ts';

/** The kubelet itself takes up to a minute and a half to bring a change here. */
const intervalMs = 10_000;

export interface CertificateFilesOptions {
  /** With `tls.crt` and `tls.key`: a mounted Secret of type kubernetes.io/tls. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** First and whenever it changes; false if it cannot be used, and then it is shown again. */
  readonly onCertificate: (certificate: ServingCertificate) => boolean;
}

/** Follows a certificate that someone else keeps, such as cert-manager. */
export class CertificateFiles {
  readonly #options: CertificateFilesOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #served = '';

  constructor(options: CertificateFilesOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#read().catch((error: NodeJS.ErrnoException) => log.warn({ code: error.code }, 'The webhook certificate cannot be read'));
      await pause(clock, intervalMs, signal);
    }
  }

  /** The kubelet swaps both files at once; of one read before and one after that, the pair does not fit, and the next look finds it whole. */
  async #read(): Promise<void> {
    const { directory, onCertificate } = this.#options;
    const [certificate = '', key = ''] = await Promise.all(['tls.crt', 'tls.key'].map((file) => readFile(join(directory, file), 'utf8')));
    if (certificate !== this.#served && onCertificate({ certificate, key: new Sensitive(key) })) this.#served = certificate;
  }
}
