import { describe, expect, it } from 'vitest';
import { unsignedJwt as jwt } from '../../test/support/unsigned-jwt.ts';
import { tokenLifetimeMs, type LifetimeSources } from './token-lifetime.ts';

const nowMs = Date.UTC(2026, 0, 1);
const now = nowMs / 1000;

function lifetimeSeconds(sources: Partial<LifetimeSources>): number {
  const all = {
    members: {},
    accessToken: 'opaque',
    expiresInPath: undefined,
    defaultLifetimeSeconds: 300,
    date: new Date(nowMs).toUTCString(),
    sentWallMs: nowMs,
    ...sources,
  };
  return tokenLifetimeMs(all) / 1000;
}

const hour = 3600;

describe('tokenLifetimeMs', () => {
  it('believes expires_in first, then expires_on, then the JWT', () => {
    const accessToken = jwt({ iat: now, exp: now + 30 });
    const expiresOn = { expires_on: now + 20 };
    expect(lifetimeSeconds({ accessToken, members: { ...expiresOn, expires_in: 10 } })).toBe(10);
    expect(lifetimeSeconds({ accessToken, members: { ...expiresOn, expires_in: 'soon' } })).toBe(20);
    expect(lifetimeSeconds({ accessToken, members: { expires_on: 'soon' } })).toBe(30);
    expect(lifetimeSeconds({ members: {} })).toBe(300);
  });

  it('reads the lifetime where its path says, and then not in expires_in', () => {
    expect(lifetimeSeconds({ expiresInPath: 'data.expire', members: { expires_in: 10, data: { expire: '20' } } })).toBe(20);
    expect(lifetimeSeconds({ expiresInPath: 'data.expire', members: { expires_in: 10 } })).toBe(300);
  });

  it('does not mind that our clock is wrong, where the answer has a Date', () => {
    for (const sentWallMs of [nowMs - hour * 1000, nowMs + hour * 1000]) {
      expect(lifetimeSeconds({ sentWallMs, members: { expires_on: now + 600 } })).toBe(600);
      expect(lifetimeSeconds({ sentWallMs, accessToken: jwt({ exp: now + 600 }) })).toBe(600);
    }
  });

  it('takes iat where there is no Date, and our clock where there is neither', () => {
    const date = undefined;
    const sentWallMs = nowMs + hour * 1000;
    expect(lifetimeSeconds({ date, sentWallMs, accessToken: jwt({ iat: now, exp: now + 600 }) })).toBe(600);
    expect(lifetimeSeconds({ date, sentWallMs, accessToken: jwt({ exp: now + hour + 600 }) })).toBe(600);
    expect(lifetimeSeconds({ date: 'yesterday', sentWallMs, accessToken: jwt({ exp: now + hour + 600 }) })).toBe(600);
  });

  it('takes the shorter of what iat and Date say, for a token may be handed out more than once', () => {
    expect(lifetimeSeconds({ accessToken: jwt({ iat: now - 400, exp: now + 200 }) })).toBe(200);
    expect(lifetimeSeconds({ accessToken: jwt({ iat: now + 100, exp: now + 200 }) })).toBe(100);
  });

  it('does not believe a start after the end', () => {
    expect(lifetimeSeconds({ accessToken: jwt({ iat: now + hour, exp: now + 200 }) })).toBe(200);
    expect(lifetimeSeconds({ accessToken: jwt({ iat: now - hour, exp: now - 200 }) })).toBe(hour - 200);
  });

  it('gives nothing for an end that is past by every clock', () => {
    expect(lifetimeSeconds({ members: { expires_on: now - 1 } })).toBe(0);
  });
});
