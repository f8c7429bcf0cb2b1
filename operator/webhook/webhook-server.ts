import { X509Certificate } from 'node:crypto';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import { fastify, type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import type { Sensitive } from '../../crds/sensitive.ts';
import type { Clock } from '../../crds/clock.ts';
import type { PodReview } from '../inject/review-pod.ts';

/** A request to the API server is at most 3 MiB; a review holds its object as JSON, which may be longer than what was sent. */
const largestReviewBytes = 8 * 1024 * 1024;
/** The API server gives up by then. */
const requestTimeoutMs = 5_000;
/** How often Node looks for requests that take too long. */
const timeoutCheckMs = 1_000;
/** The API server keeps an idle connection for 90 s: it, not we, closes it, or a review would now and then meet a closing one. */
const idleConnectionMs = 120_000;
const mostConnections = 512;
/** What a review that is under way gets once the server closes. */
const closeTimeoutMs = 5_000;

export const injectPath = '/inject';

/** PEM; the certificate with its chain. */
export interface ServingCertificate {
  readonly certificate: string;
  readonly key: Sensitive;
}

export type ReviewOutcome = Extract<PodReview, { ok: true }>['outcome'] | 'malformed';

export interface WebhookServerOptions {
  readonly review: (body: unknown) => PodReview;
  readonly clock: Clock;
  readonly log: Logger;
  /** For metrics. */
  readonly onReview?: (outcome: ReviewOutcome, durationMs: number) => void;
}

/** `POST /inject` over TLS, for the API server. It may listen before it has a certificate; until then every handshake fails. */
export class WebhookServer {
  readonly #app: FastifyInstance<https.Server>;
  readonly #options: WebhookServerOptions;
  #certificateEndMs: number | undefined;
  #listening = false;

  constructor(options: WebhookServerOptions) {
    this.#options = options;
    this.#app = fastify({
      https: {
        minVersion: 'TLSv1.2',
        handshakeTimeout: requestTimeoutMs,
        headersTimeout: requestTimeoutMs,
        connectionsCheckingInterval: timeoutCheckMs,
      },
      bodyLimit: largestReviewBytes,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: idleConnectionMs,
      // While it closes it still answers: pods are not refused for an operator that is being replaced.
      return503OnClosing: false,
      forceCloseConnections: 'idle',
    });
    this.#app.server.maxConnections = mostConnections;
    this.#app.server.on('connection', () => this.#makeRoom());
    this.#app.post(injectPath, (request, reply) => this.#review(request.body, reply));
    this.#app.setNotFoundHandler((_, reply) => reply.code(404).type('text/plain').send(`POST ${injectPath} is all there is\n`));
    this.#app.setErrorHandler<FastifyError>((error, _, reply) => this.#refuse(error, reply));
  }

  /** Whether it can answer reviews. */
  get ready(): boolean {
    return this.#certificateEndMs !== undefined && this.#listening;
  }

  /** When the certificate in force comes to its end, since the Unix epoch; undefined while there is none. */
  get certificateEndMs(): number | undefined {
    return this.#certificateEndMs;
  }

  /** In force for new connections; those that exist stay. False for what is no pair of certificate and key: then the last one stays. */
  useCertificate({ certificate, key }: ServingCertificate): boolean {
    try {
      this.#app.server.setSecureContext({ cert: certificate, key: key.reveal(), minVersion: 'TLSv1.2' });
      this.#certificateEndMs = new X509Certificate(certificate).validToDate.getTime();
      return true;
    } catch (error) {
      // The message names the mistake only, as OpenSSL does.
      this.#options.log.error({ error: error instanceof Error ? error.message : undefined }, 'The webhook certificate cannot be used');
      return false;
    }
  }

  /** All addresses (dual stack, else IPv4) unless a host is given. Resolves to the port. */
  async listen(port: number, host?: string): Promise<number> {
    if (host === undefined) await this.#listenOnAll(port);
    else await this.#app.listen({ port, host });
    this.#listening = true;
    return (this.#app.server.address() as AddressInfo).port;
  }

  /** Finishes what is in flight. */
  async close(): Promise<void> {
    this.#listening = false;
    const cancel = this.#options.clock.after(closeTimeoutMs, () => this.#app.server.closeAllConnections());
    await this.#app.close();
    cancel();
  }

  /** Any pod can connect, and leave it at that. Few API servers are ever connected, so nobody misses the idle ones but who holds them. */
  #makeRoom(): void {
    const { server } = this.#app;
    server.getConnections((_, count) => {
      if (count > mostConnections / 2) server.closeIdleConnections();
    });
  }

  async #listenOnAll(port: number): Promise<void> {
    try {
      await this.#app.listen({ port, host: '::' });
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT') throw error;
      await this.#app.listen({ port, host: '0.0.0.0' });
    }
  }

  async #review(body: unknown, reply: FastifyReply): Promise<FastifyReply> {
    const { review, clock, log, onReview } = this.#options;
    const startMs = clock.monotonicMs();
    const reviewed = review(body);
    onReview?.(reviewed.ok ? reviewed.outcome : 'malformed', clock.monotonicMs() - startMs);
    if (!reviewed.ok) {
      log.warn({ reason: reviewed.message }, 'A review that is none');
      return reply.code(400).type('text/plain').send(`${reviewed.message}\n`);
    }
    const { outcome, namespace, reason, answer } = reviewed;
    log.info({ outcome, namespace, uid: answer.response.uid, reason }, 'Reviewed a pod');
    return reply.send(answer);
  }

  /** What came is not repeated: neither the body nor a message, which may quote it. */
  #refuse({ statusCode = 500, code, stack = '' }: FastifyError, reply: FastifyReply): FastifyReply {
    const { log, onReview } = this.#options;
    onReview?.('malformed', 0);
    if (statusCode < 500) log.warn({ statusCode, code }, 'A review was refused');
    else log.error({ frames: stack.split('\n').filter((line) => line.startsWith('    at ')) }, 'A review failed');
    return reply
      .code(statusCode)
      .type('text/plain')
      .send(statusCode < 500 ? `${code}\n` : 'internal error\n');
  }
}
