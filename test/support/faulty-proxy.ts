import * as http from 'node:http';
import * as https from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { kubeConfigFor } from './fake-api-server.ts';
import { listenOnLoopback, type Listening } from './listen-on-loopback.ts';

/** What the next request meets: an answer of the proxy's own, the end of its connection, or no answer at all. */
export type ProxyFault = number | 'drop' | 'hang';

interface Exchange {
  readonly from: http.IncomingMessage;
  readonly to: http.ServerResponse;
  readonly isWatch: boolean;
}

/** Between a client and a real API server; speaks plain HTTP to the one, and as `config` says to the other. Keeps order: it loses or it delivers. */
export class FaultyProxy implements AsyncDisposable {
  readonly faults: ProxyFault[] = [];
  readonly met: ProxyFault[] = [];
  readonly #target: KubeConfig;
  readonly #open = new Set<Exchange>();
  #listening: Listening | undefined;

  private constructor(target: KubeConfig) {
    this.#target = target;
  }

  static async start(target: KubeConfig): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(target);
    proxy.#listening = await listenOnLoopback(http.createServer((request, response) => void proxy.#answer(request, response)));
    return proxy;
  }

  get config(): KubeConfig {
    return kubeConfigFor(this.#listening?.url ?? '');
  }

  /** Watches that the server has accepted. */
  get openWatches(): number {
    return [...this.#open].filter(({ isWatch }) => isWatch).length;
  }

  /** Breaks whatever is being answered. */
  cut(): void {
    for (const { to } of this.#open) to.destroy();
  }

  /** What is being answered stays open, and no byte of it comes through any more. */
  stall(): void {
    for (const { from } of this.#open) from.unpipe().on('data', () => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await this.#listening?.close();
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const fault = this.faults.shift();
    if (fault !== undefined) this.met.push(fault);
    if (fault === 'hang') return;
    if (fault === 'drop') return void request.socket.destroy();
    if (fault !== undefined) {
      const status = { kind: 'Status', status: 'Failure', code: fault, message: 'a planned fault' };
      return void response.writeHead(fault, { 'content-type': 'application/json' }).end(JSON.stringify(status));
    }
    const options: https.RequestOptions = { headers: {} };
    await this.#target.applyToHTTPSOptions(options);
    const url = new URL(request.url ?? '/', this.#target.getCurrentCluster()?.server);
    const { authorization: _, host: __, ...headers } = request.headers;
    const forwarded = https.request(url, { ...options, method: request.method, headers: { ...headers, ...(options.headers as object) } });
    request.pipe(forwarded);
    forwarded.on('error', () => response.destroy());
    forwarded.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
      const exchange = { from: answer, to: response, isWatch: url.searchParams.get('watch') === 'true' };
      this.#open.add(exchange);
      answer.pipe(response);
      answer.on('error', () => response.destroy());
      response.on('close', () => {
        this.#open.delete(exchange);
        forwarded.destroy();
      });
    });
  }
}
