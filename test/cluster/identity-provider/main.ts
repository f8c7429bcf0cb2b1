/**
 * `main.ts FEDERATION`, in a pod: an identity provider that trusts the cluster's service accounts (`POST /token`), an API that takes its tokens
 * (`GET /api/…`), and for the test `GET /asked`: by which names of its host it was asked for tokens.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { providerPort, type ApiAnswer, type Federation } from './federation.ts';
import { issueToken } from './issue-token.ts';

const federation = JSON.parse(process.argv[2] ?? '') as Federation;
const tokens = new Map<string, ApiAnswer>();
const asked: string[] = [];
process.once('SIGTERM', () => process.exit());

async function answer(request: IncomingMessage): Promise<{ readonly status: number; readonly body: unknown }> {
  const { method, url = '', headers } = request;
  if (method === 'GET' && url === '/asked') return { status: 200, body: asked };
  if (method === 'GET' && url.startsWith('/api/')) {
    const called = tokens.get(headers.authorization?.replace(/^Bearer /, '') ?? '');
    return called === undefined ? { status: 401, body: {} } : { status: 200, body: called };
  }
  if (method !== 'POST' || url !== '/token') return { status: 404, body: {} };
  asked.push(headers.host ?? '');
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  if (!isForm || headers.authorization !== undefined) return { status: 400, body: { error: 'invalid_request' } };
  const issued = await issueToken(new URLSearchParams(await text(request)), federation);
  if (!issued.ok) {
    process.stdout.write(`${issued.error}: ${issued.description}\n`);
    return { status: 400, body: { error: issued.error, error_description: issued.description } };
  }
  const token = randomUUID();
  tokens.set(token, issued.grant);
  const issuedTokenType = 'urn:ietf:params:oauth:token-type:access_token';
  return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: 300, issued_token_type: issuedTokenType } };
}

const respond = (response: ServerResponse, status: number, body: unknown): unknown =>
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body));

createServer((request, response) => {
  answer(request).then(
    ({ status, body }) => respond(response, status, body),
    () => response.destroy(),
  );
}).listen(providerPort);
