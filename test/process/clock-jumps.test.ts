import { expect, test } from 'vitest';
import { call } from '../support/call.ts';
import { setStage } from './stage.ts';

const hourMs = 3_600_000;
const sidecar = { movableClocks: true };

test('a wall clock set back an hour does not lengthen the life of a token', async () => {
  await using stage = await setStage({ lifetimeSeconds: 600, sidecar });
  expect(await call(stage.url)).toMatchObject({ status: 200 });
  await stage.sidecar.moveClocks({ wallMs: -hourMs, monotonicMs: 0 });
  expect(await call(stage.url)).toMatchObject({ status: 200 });
  // Ten minutes on, the token has expired, whatever the wall clock says; so at the issuer, too.
  stage.issuer.revokeAll();
  await stage.sidecar.moveClocks({ wallMs: -hourMs + 600_000, monotonicMs: 600_000 });
  expect(await call(stage.url)).toMatchObject({ status: 200 });
  expect(stage.issuer.requests).toBe(2);
  expect(stage.api.refused).toBe(0);
});

test('a wall clock set forward an hour costs one token request, and no call', async () => {
  await using stage = await setStage({ lifetimeSeconds: 600, sidecar });
  expect(await call(stage.url)).toMatchObject({ status: 200 });
  await stage.sidecar.moveClocks({ wallMs: hourMs, monotonicMs: 0 });
  for (let i = 0; i < 10; i += 1) expect(await call(stage.url)).toMatchObject({ status: 200 });
  expect(stage.issuer.requests).toBe(2);
  expect(stage.api.refused).toBe(0);
});

test('a wall clock that goes forward and back again leaves neither an expired token in use nor a good one unused', async () => {
  await using stage = await setStage({ lifetimeSeconds: 600, sidecar });
  for (const wallMs of [hourMs, 0, -hourMs, 0, 24 * hourMs, 0]) {
    await stage.sidecar.moveClocks({ wallMs, monotonicMs: 0 });
    expect(await call(stage.url)).toMatchObject({ status: 200 });
  }
  expect(stage.api.refused).toBe(0);
  // One for the start, and one at most for each time that the clock went ahead of the token's end.
  expect(stage.issuer.requests).toBeLessThanOrEqual(5);
});

test('a machine that slept over the end of a token, its monotonic clock with it, sends no expired token', async () => {
  await using stage = await setStage({ lifetimeSeconds: 600, sidecar });
  expect(await call(stage.url)).toMatchObject({ status: 200 });
  stage.issuer.revokeAll();
  await stage.sidecar.moveClocks({ wallMs: hourMs, monotonicMs: 0 });
  const answers = await Promise.all(Array.from({ length: 50 }, () => call(stage.url)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(stage.issuer.requests).toBe(2);
  expect(stage.api.refused).toBe(0);
});
