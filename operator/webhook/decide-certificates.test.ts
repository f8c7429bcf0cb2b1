import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { Sensitive } from '../../crds/sensitive.ts';
import { readStore, writeStore, type CertificateStore } from './certificate-store.ts';
import { decideCertificates, renewCertificates } from './decide-certificates.ts';

const names = ['tokenward.tokenward-system.svc'];
const startMs = Date.UTC(2026, 0, 1);
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const nothing = readStore(undefined);

interface Other {
  readonly dnsNames?: readonly string[];
  readonly announcedForMs?: number;
}

const decide = (store: CertificateStore, nowMs: number, { dnsNames = names, announcedForMs = 10 * minuteMs }: Other = {}) =>
  decideCertificates(store, dnsNames, { nowMs, announcedForMs });
const renew = (store: CertificateStore, nowMs: number, other: Other = {}): CertificateStore =>
  renewCertificates(store, decide(store, nowMs, other), other.dnsNames ?? names, nowMs);

/** Whether a client that trusts these authorities accepts that store's certificate. */
function accepts(authorities: readonly string[], { serving }: CertificateStore, nowMs: number): boolean {
  const certificate = new X509Certificate(serving.certificate);
  const isIn = ({ validFromDate, validToDate }: X509Certificate): boolean =>
    validFromDate.getTime() <= nowMs && nowMs < validToDate.getTime();
  return (
    isIn(certificate) &&
    certificate.checkPrivateKey(createPrivateKey(serving.key.reveal())) &&
    authorities.map((pem) => new X509Certificate(pem)).some((issuer) => isIn(issuer) && certificate.verify(issuer.publicKey))
  );
}

const created = renew(nothing, startMs);

test('where there is nothing an authority and a certificate are made', () => {
  expect(decide(nothing, startMs)).toEqual({ authorities: [], newAuthority: true, newCertificate: true });
  expect(created.authorities).toHaveLength(1);
  expect(accepts(created.authorities, created, startMs)).toBe(true);
});

test('a verifier whose clock is a day behind accepts what was just made', () => {
  expect(accepts(created.authorities, created, startMs - dayMs)).toBe(true);
});

test('what is good stays as it is', () => {
  expect(renew(created, startMs)).toBe(created);
  expect(renew(created, startMs + 59 * dayMs)).toBe(created);
});

test('a Secret holds the store', () => {
  const read = readStore(writeStore(created));
  expect(writeStore(read)).toEqual(writeStore(created));
  expect(decide(read, startMs)).toEqual(decide(created, startMs));
});

test('the certificate is renewed by the same authority when two thirds of its life are over', () => {
  const nowMs = startMs + 61 * dayMs;
  const renewed = renew(created, nowMs);
  expect(renewed.authorities).toEqual(created.authorities);
  expect(renewed.serving.certificate).not.toBe(created.serving.certificate);
  expect(accepts(created.authorities, renewed, nowMs + 89 * dayMs)).toBe(true);
});

test('a new authority is trusted beside the old one before it signs anything', () => {
  let store = created;
  const rotationMs = startMs + 243 * dayMs;
  for (let nowMs = startMs; nowMs < rotationMs; nowMs += dayMs) store = renew(store, nowMs);
  const rotated = renew(store, rotationMs);
  expect(rotated.authorities).toEqual([expect.any(String), ...created.authorities]);
  expect(rotated.serving).toEqual(store.serving);
  expect(rotated.authorityKey.reveal()).not.toBe(store.authorityKey.reveal());
  expect(renew(rotated, rotationMs + 9 * minuteMs, { announcedForMs: 9 * minuteMs })).toBe(rotated);
  // By the clock of another replica it may be a day old.
  expect(renew(rotated, rotationMs + dayMs, { announcedForMs: 0 })).toBe(rotated);
  const moved = renew(rotated, rotationMs + 10 * minuteMs);
  expect(moved.authorities).toEqual(rotated.authorities);
  expect(accepts(moved.authorities.slice(0, 1), moved, rotationMs + 10 * minuteMs)).toBe(true);
  expect(renew(moved, rotationMs + 11 * minuteMs)).toBe(moved);
});

test('over years, every certificate in use is accepted by those who heard of its authority ten minutes ago, and old authorities go', () => {
  let store = created;
  let heard: readonly string[] = created.authorities;
  let rotations = 0;
  for (let nowMs = startMs; nowMs < startMs + 3 * 365 * dayMs; nowMs += 3 * dayMs) {
    // Two at a time: a decision, and the one ten minutes later, before which the news has gone round.
    for (const atMs of [nowMs, nowMs + 10 * minuteMs]) {
      const next = renew(store, atMs);
      expect(accepts(heard, next, atMs)).toBe(true);
      if (next.authorities[0] !== store.authorities[0]) rotations += 1;
      store = next;
      heard = next.authorities;
    }
    expect(store.authorities.length).toBeLessThanOrEqual(2);
  }
  expect(rotations).toBe(4);
});

test('what has ended is replaced at once, authority and all', () => {
  const nowMs = startMs + 400 * dayMs;
  expect(decide(created, nowMs)).toEqual({ authorities: [], newAuthority: true, newCertificate: true });
  const renewed = renew(created, nowMs);
  expect(accepts(renewed.authorities, renewed, nowMs)).toBe(true);
});

test('a certificate that has ended is replaced at once by the authority that is trusted', () => {
  const nowMs = startMs + 100 * dayMs;
  const renewed = renew(created, nowMs);
  expect(accepts(created.authorities, renewed, nowMs)).toBe(true);
});

const other = renew(nothing, startMs);

test.each<[string, Partial<CertificateStore>, { newAuthority: boolean; newCertificate: boolean }]>([
  ['its certificate', { serving: { ...created.serving, certificate: 'x' } }, { newAuthority: false, newCertificate: true }],
  ['its key', { serving: { ...created.serving, key: new Sensitive('x') } }, { newAuthority: false, newCertificate: true }],
  ['the fit of the two', { serving: { ...created.serving, key: other.serving.key } }, { newAuthority: false, newCertificate: true }],
  ['a certificate of its authority', { serving: other.serving }, { newAuthority: false, newCertificate: true }],
  ['the key of its authority', { authorityKey: new Sensitive('') }, { newAuthority: true, newCertificate: false }],
  ['its authority', { authorities: [] }, { newAuthority: true, newCertificate: true }],
  [
    'the right authority',
    { authorities: other.authorities, authorityKey: other.authorityKey },
    { newAuthority: false, newCertificate: true },
  ],
])('a store that has lost %s is mended', (_, damage, decision) => {
  const damaged = { ...created, ...damage };
  expect(decide(damaged, startMs)).toMatchObject(decision);
  const mended = renew(damaged, startMs);
  expect(accepts(mended.authorities, mended, startMs)).toBe(true);
});

test('a certificate for other names is replaced', () => {
  const renamed = ['renamed.tokenward-system.svc'];
  const renewed = renew(created, startMs, { dnsNames: renamed });
  expect(new X509Certificate(renewed.serving.certificate).checkHost('renamed.tokenward-system.svc')).toBeDefined();
  expect(renewed.authorities).toEqual(created.authorities);
});

test('two replicas whose clocks are up to a day apart accept what the other has made', () => {
  const ahead = renew(nothing, startMs + dayMs);
  expect(renew(ahead, startMs)).toBe(ahead);
  expect(renew(created, startMs + dayMs)).toBe(created);
});

test('two replicas of which one has a very wrong clock do not replace each other for ever', () => {
  const ahead = startMs + 2 * dayMs;
  const byAhead = renew(nothing, ahead);
  const byBehind = renew(byAhead, startMs);
  expect(renew(byBehind, ahead)).toBe(byBehind);
  expect(renew(byBehind, startMs)).toBe(byBehind);
});
