import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../support/call.ts';
import { canarySecret } from '../support/canary.ts';
import { setStage, type Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await setStage({
    respond: (request, response) => {
      const [, kilobytes, lines = '1'] = (request.url ?? '').split('/');
      const value = canarySecret('answer').padEnd((Number(kilobytes) * 1024) / Number(lines), 'x');
      for (let i = 0; i < Number(lines); i += 1) response.setHeader(`X-${i}`, value);
      response.end('ok');
    },
  });
});

afterAll(() => stage[Symbol.asyncDispose]());

test('headers of the caller up to 16 KiB in all go through', async () => {
  expect(await call(`${stage.url}/0`, { headers: { Cookie: 'x'.repeat(15 * 1024) } })).toMatchObject({ status: 200, body: 'ok' });
});

test.each([
  ['one header', { Cookie: 'x'.repeat(17 * 1024) }],
  ['many headers', Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`X-${i}`, 'x'.repeat(100)]))],
])('%s of more than 16 KiB: the caller is told so, and the API never hears of it', async (_, headers) => {
  const before = stage.api.served;
  const answer = await call(`${stage.url}/0`, { headers });
  expect(answer).toMatchObject({ status: 431, failure: 'headers_too_large' });
  expect(stage.api.served).toBe(before);
});

test('a path of more than 16 KiB is refused likewise', async () => {
  expect(await call(`${stage.url}/${'x'.repeat(17 * 1024)}`)).toMatchObject({ status: 431, failure: 'headers_too_large' });
});

test.each(['1', '100'])('an answer whose headers exceed the limit in %s lines is the failure of the API', async (lines) => {
  const answer = await call(`${stage.url}/32/${lines}`);
  expect(answer).toMatchObject({ status: 502, failure: 'upstream_protocol' });
  expect(await call(`${stage.url}/0`)).toMatchObject({ status: 200, body: 'ok' });
});
