/**
 * The proxy that a Node programmer writes in an afternoon: `@fastify/reply-from` as its documentation shows it, with a
 * token that is kept until a minute before its end. Plain JavaScript, for type stripping would cost it memory.
 * Arguments: port, base URL of the API, token URL, file with the API's certificate authority.
 */
import { readFileSync } from 'node:fs';
import replyFrom from '@fastify/reply-from';
import fastify from 'fastify';

const [port, api, tokenUrl, authority] = process.argv.slice(2);
const { origin, pathname: basePath } = new URL(api);

let token = { value: '', endMs: 0 };
let pending;

async function fetchToken() {
  const response = await fetch(tokenUrl, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('bench:bench-secret')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  if (!response.ok) throw new Error(`token endpoint: ${response.status}`);
  const answer = await response.json();
  token = { value: answer.access_token, endMs: Date.now() + (answer.expires_in - 60) * 1000 };
  return token.value;
}

function forward(request, reply, value) {
  return reply.from(basePath + request.url.slice('/bench'.length), {
    rewriteRequestHeaders: (_request, headers) => ({ ...headers, authorization: `Bearer ${value}` }),
  });
}

// A body goes on as it comes, whatever it is: fastify would read it first, and only known types, up to 1 MiB.
const app = fastify();
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', (_request, body, done) => done(null, body));
const connect = api.startsWith('https:') ? { ca: readFileSync(authority, 'utf8') } : {};
// The connection pool is the plugin's own default, written out.
await app.register(replyFrom, { base: origin, undici: { connections: 128, pipelining: 1, keepAliveTimeout: 60_000, connect } });
app.all('/bench/*', (request, reply) => {
  if (Date.now() < token.endMs) return forward(request, reply, token.value);
  pending ??= fetchToken().finally(() => (pending = undefined));
  return pending.then((value) => forward(request, reply, value));
});
await app.listen({ port: Number(port), host: '127.0.0.1' });
