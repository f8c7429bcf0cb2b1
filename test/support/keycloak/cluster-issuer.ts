import { createServer } from 'node:http';
import { listenOnLoopback, type Listening } from '../listen-on-loopback.ts';
import { keySet } from './acme-realm.ts';

/** Kubernetes, as far as an identity provider sees of it: where the public key is to this one, which signs service account tokens. */
export function startClusterIssuer(es256Key: string): Promise<Listening> {
  const server = createServer((request, response) => {
    const url = `http://${request.headers.host}`;
    const discovery = { issuer: url, jwks_uri: `${url}/openid/v1/jwks` };
    const answer = request.url === '/openid/v1/jwks' ? keySet(es256Key, 'ES256') : discovery;
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(answer));
  });
  return listenOnLoopback(server);
}
