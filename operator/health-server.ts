import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

const timeoutMs = 10_000;
const maxConnections = 64;

/** `/healthz`, `/readyz` and `/metrics` for the kubelet and Prometheus. */
export class HealthServer {
  readonly #server: http.Server;

  constructor(registry: Registry, isReady: () => boolean) {
    this.#server = http.createServer({ requestTimeout: timeoutMs, headersTimeout: timeoutMs }, (request, response) => {
      void answer(request.url ?? '', registry, isReady(), response);
    });
    this.#server.maxConnections = maxConnections;
  }

  /** All addresses (dual stack, else IPv4) unless a host is given. Resolves to the port. */
  async listen(port: number, host: string | undefined): Promise<number> {
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

async function answer(url: string, registry: Registry, ready: boolean, response: http.ServerResponse): Promise<void> {
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
