import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startResourceServer, type ResourceServer } from './resource-server.ts';

let server: ResourceServer;

beforeAll(async () => {
  server = await startResourceServer({
    verifyToken: (token) => (token === 'good' ? { clientId: 'c1' } : undefined),
    respond: (_request, response, { clientId }) => void response.end(clientId),
  });
});

afterAll(() => server.close());

/** Each as a header line of its own, which `fetch` would join. */
async function get(authorizations: readonly string[]): Promise<IncomingMessage> {
  const lines = authorizations.flatMap((value) => ['Authorization', value]);
  const sent = request(server.url, { headers: ['Host', new URL(server.url).host, ...lines] }).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return answer;
}

test.for<[string, string[]]>([
  ['no Authorization', []],
  ['another scheme', ['Basic good']],
  ['a token that does not verify', ['Bearer bad']],
  ['two Authorization headers', ['Bearer good', 'Bearer good']],
])('refuses %s', async ([, authorizations]) => {
  const refusedBefore = server.refused;
  const answer = await get(authorizations);
  answer.resume();
  expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([401, expect.stringMatching(/^Bearer/)]);
  expect(server.refused).toBe(refusedBefore + 1);
});

test('answers a request whose token verifies, and tells for whom', async () => {
  const servedBefore = server.served;
  const answer = await get(['Bearer good']);
  expect([answer.statusCode, await text(answer)]).toEqual([200, 'c1']);
  expect(server.served).toBe(servedBefore + 1);
});
