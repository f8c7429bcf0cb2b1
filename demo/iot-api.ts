import { startResourceServer, type ResourceServer, type VerifyToken } from '../test/support/resource-server.ts';

/**
 * Telemetry of devices: `GET /devices/<id>/measurements?from=…&top=…`. Answers what it was asked, byte for byte, beside the
 * measurements, so that a reader sees that path and query came through untouched.
 */
export function startIotApi(options: { readonly port?: number; readonly verifyToken: VerifyToken }): Promise<ResourceServer> {
  return startResourceServer({
    ...options,
    respond(request, response, claims) {
      const url = new URL(request.url ?? '/', 'http://iot.invalid');
      const device = /^\/devices\/([^/]+)\/measurements$/.exec(url.pathname)?.[1];
      const found = request.method === 'GET' && device !== undefined;
      response.writeHead(found ? 200 : 404, { 'Content-Type': 'application/json' });
      response.end(
        JSON.stringify(
          found
            ? { asked: request.url, client: claims.clientId, device, measurements: measurements(url.searchParams) }
            : { error: `there is no ${request.method} ${url.pathname} here` },
        ),
      );
    },
  });
}

function measurements(query: URLSearchParams): readonly object[] {
  const from = Date.parse(query.get('from') ?? '2026-01-01T00:00:00Z');
  return Array.from({ length: Math.min(Number(query.get('top') ?? 1), 100) }, (_, minute) => ({
    at: new Date(from + minute * 60_000).toISOString(),
    temperature: 20 + minute / 2,
  }));
}
