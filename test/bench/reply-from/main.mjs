/**
 * The proxy that a Node programmer writes in an afternoon: `@fastify/reply-from` as its documentation shows it, with a
 * token that is kept until a minute before its end. Plain JavaScript, for type stripping would cost it memory.
 * Arguments: port, base URL of the API, token URL.
 */
import replyFrom from '@fastify/reply-from';
import fastify from 'fastify';

const [port, api, tokenUrl] = process.argv.slice(2);
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

const app = fastify();
// The connection pool is the plugin's own default, written out.
await app.register(replyFrom, { base: origin, undici: { connections: 128, pipelining: 1, keepAliveTimeout: 60_000 } });
app.all('/bench/*', (request, reply) => {
  if (Date.now() < token.endMs) return forward(request, reply, token.value);
  pending ??= fetchToken().finally(() => (pending = undefined));
  return pending.then((value) => forward(request, reply, value));
});
await app.listen({ port: Number(port), host: '127.0.0.1' });
