import { expect, test } from 'vitest';
import { canarySecret } from '../support/canary.ts';
import { call } from '../support/call.ts';
import type { LogLine } from '../support/shipped-process.ts';
import { serve } from '../support/serve.ts';
import { answerOk, credential, setStage } from './stage.ts';
import { SteadyLoad } from './steady-load.ts';

const applied = ({ msg, alias }: LogLine): boolean => msg === 'Configuration applied' && alias === 'a';

test('files change under load, and not one call fails but while its alias is gone', async () => {
  await using stage = await setStage();
  const { sidecar, issuer } = stage;
  await using secondApi = await serve(answerOk);
  const first = credential(stage.api.url, issuer.url);
  sidecar.configure('b', first);
  await sidecar.loggedNext(({ alias, msg }) => alias === 'b' && msg === 'Configuration applied');
  await using load = new SteadyLoad(16, (number) => ({ url: `${stage.url}/${number}` }));
  await using bystander = new SteadyLoad(4, (number) => ({ url: `${sidecar.proxyUrl}/b/${number}` }));

  const change = async (config: object | string | undefined, becomes: (line: LogLine) => boolean): Promise<void> => {
    const seen = sidecar.loggedNext(becomes);
    const before = load.calls;
    sidecar.configure('a', config);
    await seen;
    // The change is in the middle of the load, not beside it.
    await expect.poll(() => load.calls).toBeGreaterThan(before + 100);
  };
  await change({ ...first, client: { id: 'workload', secret: canarySecret('rotated') } }, applied);
  await change({ ...first, grant: { scope: 'read' } }, applied);
  await change(credential(secondApi.url, issuer.url), applied);
  await change('{"version": 1, "client": {"secret": "', ({ msg }) => msg.includes('not in force'));
  await change({ ...first, client: { secret: canarySecret('rotated'), unknown: 1 } }, ({ msg }) => msg.includes('not in force'));
  await change(first, applied);
  await load.stop();
  expect(load.failed).toEqual([]);

  await using second = new SteadyLoad(16, (number) => ({ url: `${stage.url}/${number}` }));
  const removed = sidecar.loggedNext(({ msg }) => msg === 'Configuration removed');
  sidecar.configure('a', undefined);
  await removed;
  await expect.poll(() => second.failed.length).toBeGreaterThan(100);
  const back = sidecar.loggedNext(applied);
  sidecar.configure('a', first);
  await back;
  const failedUntilNow = second.failed.length;
  await expect.poll(() => call(stage.url)).toMatchObject({ status: 200 });
  await second.stop();
  const codes = new Set(second.failed.map((failed) => (failed instanceof Error ? failed.message : failed.failure)));
  // A call that was under way when the alias went may have waited for the token that went with it.
  expect([...codes].filter((code) => code !== 'unknown_alias' && code !== 'token_unavailable')).toEqual([]);
  // Those that had begun when it came back.
  expect(second.failed.length - failedUntilNow).toBeLessThanOrEqual(16);
  await bystander.stop();
  expect(bystander.failed).toEqual([]);
});
