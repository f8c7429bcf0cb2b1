import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

const timeoutMs = 10_000;
const maxConnections = 64;

/** `/healthz`, `/readyz` and `/metrics` for the kubelet and Prometheus, and nothing else. */
export class HealthServer {
  readonly #server: http.Server;

  constructor(registry: Registry, isReady: () => boolean) {
    this.#server = http.createServer({ requestTimeout: timeoutMs, headersTimeout: timeoutMs }, (request, response) => {
      void answer(request.url ?? '', registry, isReady(), response);
    });
    this.#server.maxConnections = maxConnections;
  }

  /** All addresses (dual stack, else IPv4: Node's default) unless a host is given. Resolves to the port. */
  async listen(port: number, host: string | undefined): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
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
