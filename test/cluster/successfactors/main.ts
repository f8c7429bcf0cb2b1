/**
 * `main.ts`, in a pod: an instance of SuccessFactors that leaves it to the test to judge assertions. `POST /oauth/token` waits for the verdict,
 * `GET /odata/v2/User` says whom the token is for; for the test `GET /waiting`, and `POST /verdict` with the user, or null.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { type TokenQuestion, port } from './token-question.ts';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

let waiting: { readonly question: TokenQuestion; readonly judge: (user: string | null) => void } | undefined;
const users = new Map<string, string>();
process.once('SIGTERM', () => process.exit());

async function answer(request: IncomingMessage): Promise<Answer> {
  const { method, url = '', headers } = request;
  switch (`${method} ${url.replace(/\?.*/, '')}`) {
    case 'GET /waiting':
      return { status: 200, body: waiting?.question ?? null };
    case 'POST /verdict':
      waiting?.judge(JSON.parse(await text(request)) as string | null);
      waiting = undefined;
      return { status: 201, body: {} };
    case 'POST /oauth/token':
      return issueToken(request);
    case 'GET /odata/v2/User': {
      const user = users.get(headers.authorization?.replace(/^Bearer /, '') ?? '');
      return user === undefined ? { status: 401, body: {} } : { status: 200, body: { d: { results: [{ userId: user }] } } };
    }
    default:
      return { status: 404, body: {} };
  }
}

async function issueToken(request: IncomingMessage): Promise<Answer> {
  const { authorization = null, 'content-type': contentType = null } = request.headers;
  const question = { form: await text(request), authorization, contentType };
  const { promise, resolve } = Promise.withResolvers<string | null>();
  waiting = { question, judge: resolve };
  const user = await promise;
  if (user === null) return { status: 401, body: { errorHttpCode: '401', errorMessage: 'Unable to authenticate the client' } };
  const token = randomUUID();
  users.set(token, user);
  return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: 86_400 } };
}

createServer((request, response) => {
  answer(request).then(
    ({ status, body }) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body)),
    () => response.destroy(),
  );
}).listen(port);
