import { Agent } from 'node:http';
import { afterAll, expect, test } from 'vitest';
import { canaryToken } from '../support/canary.ts';
import { call } from '../support/call.ts';
import { caller, setStage } from './stage.ts';

const calls = 1000;
const agent = new Agent({ keepAlive: true, maxSockets: calls });
afterAll(() => agent.destroy());

test('1,000 calls that the API answers 401 all at once cost one token request, and each is served in the end', async () => {
  const refused = Promise.withResolvers<undefined>();
  let waiting = 0;
  await using stage = await setStage({
    // The first token is not taken; nobody hears of it before all have tried it.
    verifyToken: (token) => {
      if (token !== canaryToken(1)) return caller;
      waiting += 1;
      if (waiting === calls) refused.resolve(undefined);
      return refused.promise;
    },
  });
  using _ = { [Symbol.dispose]: () => refused.resolve(undefined) };
  const answers = await Promise.all(Array.from({ length: calls }, (_call, i) => call(`${stage.url}/${i}`, { agent })));
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  expect(stage.api).toMatchObject({ refused: calls, served: calls });
  // The first token, and the one that took its place.
  expect(stage.issuer.requests).toBe(2);
});

test('1,000 calls to an API that takes no token at all cost one token request beyond the first, and its own 401 is passed on', async () => {
  await using stage = await setStage({ verifyToken: () => undefined });
  const answers = await Promise.all(Array.from({ length: calls }, (_call, i) => call(`${stage.url}/${i}`, { agent })));
  expect(answers.filter(({ status, failure }) => status !== 401 || failure !== undefined)).toEqual([]);
  expect(stage.issuer.requests).toBe(2);
});
