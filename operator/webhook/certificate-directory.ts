import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { Sensitive } from '../../crds/sensitive.ts';
import { pause, type Clock } from '../../crds/clock.ts';
import { Background } from '../kube/background.ts';
import type { ServingCertificate } from './webhook-server.ts';

/** A kubelet takes a minute and more to bring a renewed Secret, so there is no hurry here. */
const intervalMs = 10_000;

export interface CertificateDirectoryOptions {
  /** With `tls.crt` and `tls.key`, as a Secret of type kubernetes.io/tls is mounted. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** The certificate to serve, first and whenever it changes. False: it cannot be used, and is to be tried again. */
  readonly onCertificate: (certificate: ServingCertificate) => boolean;
}

/** Follows certificates that someone else makes and renews, such as cert-manager. */
export class CertificateDirectory extends Background {
  readonly #options: CertificateDirectoryOptions;
  #served = '';

  constructor(options: CertificateDirectoryOptions) {
    super();
    this.#options = options;
  }

  protected override async run(): Promise<void> {
    const { clock } = this.#options;
    while (!this.signal.aborted) {
      await this.#look();
      await pause(clock, intervalMs, this.signal);
    }
  }

  async #look(): Promise<void> {
    const { directory, log, onCertificate } = this.#options;
    try {
      const [certificate, key] = await Promise.all(['tls.crt', 'tls.key'].map((name) => readFile(join(directory, name), 'utf8')));
      if (certificate === undefined || key === undefined || certificate === this.#served) return;
      // The two may be of different times: then they are refused as a pair, and read again.
      if (!onCertificate({ certificate, key: new Sensitive(key) })) return;
      this.#served = certificate;
      log.info({ directory }, 'Serving the certificate of the folder');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      log.warn({ directory, code }, 'The webhook certificate cannot be read');
    }
  }
}
