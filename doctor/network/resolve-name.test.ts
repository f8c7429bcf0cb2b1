import { expect, it } from 'vitest';
import { systemClock } from '../../crds/clock.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { parseResolver, readResolver, resolveName } from './resolve-name.ts';

it('reads how the system resolves names', () => {
  const text =
    '# kubelet\nsearch hr.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\nnameserver fd00::a ; second\noptions timeout:2 ndots:5\n';
  expect(parseResolver(text)).toEqual({
    servers: ['10.96.0.10', 'fd00::a'],
    search: ['hr.svc.cluster.local', 'svc.cluster.local'],
    ndots: 5,
  });
  expect(parseResolver('')).toEqual({ servers: [], search: [], ndots: 1 });
});

it('does without where the system has no such file', async () => {
  expect(await readResolver('/nowhere/resolv.conf')).toBeUndefined();
});

it('resolves a name to all of its addresses', async () => {
  const resolved = await resolveName('localhost', systemClock, 5000);
  expect(resolved).toMatchObject({ ok: true });
});

it('does not wait longer for DNS than it may', async () => {
  const clock = new FakeClock();
  const resolving = resolveName('login.acme.invalid', clock, 50);
  await clock.advance(50);
  expect(await resolving).toEqual({ ok: false, code: 'EAI_AGAIN' });
  expect(clock.pendingTimers).toBe(0);
});
