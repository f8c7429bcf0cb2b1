import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export interface AdminState {
  readonly ready: boolean;
  readonly registry: Registry;
}

/** `/healthz`, `/readyz` and `/metrics` for the kubelet and Prometheus; it has no way to the proxy. */
export class AdminServer {
  readonly #server: http.Server;

  constructor(state: () => AdminState) {
    this.#server = http.createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
      void answer(request.url ?? '', state(), response);
    });
    this.#server.maxConnections = 64;
  }

  /** All addresses (dual stack, else IPv4) unless a host is given. Resolves to the port. */
  async listen(port: number, host?: string): Promise<number> {
    if (host !== undefined) return this.#listen(port, host);
    return this.#listen(port, '::').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') return this.#listen(port, '0.0.0.0');
      throw error;
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, host }, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }
}

async function answer(url: string, { ready, registry }: AdminState, response: http.ServerResponse): Promise<void> {
  const [path] = url.split('?', 1);
  if (path === '/metrics') {
    response.setHeader('Content-Type', registry.contentType);
    response.end(await registry.metrics());
    return;
  }
  const status = path === '/healthz' || (path === '/readyz' && ready) ? 200 : path === '/readyz' ? 503 : 404;
  response.writeHead(status, { 'Content-Type': 'text/plain' });
  response.end(status === 200 ? 'ok\n' : status === 503 ? 'not ready\n' : 'not found\n');
}
