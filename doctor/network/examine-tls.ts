import { lookup } from 'node:dns/promises';
import type { Outcome, Step, Verdict } from '../examination.ts';
import { type Chain, describeCertificate, namesOf } from './certificate-chain.ts';
import type { Destination } from './destination.ts';
import { isAboutCertificate, judgeCertificate } from './judge-certificate.ts';
import { judgeHandshake, questionOf } from './judge-handshake.ts';
import { speaksTls } from './look-for-plain-http.ts';
import type { ReachContext } from './reach-context.ts';
import { hostOf, type Route, shakeHandsBy } from './route.ts';
import type { Handshake } from './shake-hands.ts';

type Context = Pick<ReachContext, 'clock' | 'record'>;

/** The TLS step: shakes hands as the sidecar does, and where that fails looks at what the server shows. */
export async function examineTls(destination: Destination, route: Route, context: Context): Promise<Outcome<void>> {
  const { clock, record } = context;
  const step = { subject: destination.subject, name: 'TLS' } as const;
  if (destination.url.protocol === 'http:') return withoutTls(destination, route, context);
  const handshake = await shakeHandsBy(route, destination, clock);
  if (handshake.ok) {
    record({ ...step, ...(await describeSuccess(destination, route, handshake, context)) });
    return { ok: true, value: undefined };
  }
  const { code, tookMs } = handshake;
  const failed = { ...step, outcome: 'failed', tookMs, summary: code === '' ? 'failed' : code } as const;
  if (!isAboutCertificate(code)) {
    record({ ...failed, details: [] });
    return { ok: false, verdict: await judgeHandshake({ destination, code, route, clock }) };
  }
  // Only to look: nothing is sent over it.
  const seen = await shakeHandsBy(route, destination, clock, { look: { ca: [] } });
  const chain = seen.ok ? seen.chain : [];
  const nowMs = clock.wallMs();
  record({ ...failed, details: chainLines(chain, nowMs) });
  const verdict: Verdict = await judgeCertificate({
    destination,
    code,
    chain,
    nowMs,
    succeedsWith: async (changed) => (await shakeHandsBy(route, destination, clock, changed)).ok,
    leadsThere: (host) => leadTogether(host, hostOf(destination.url)),
  });
  return { ok: false, verdict };
}

/** Plain HTTP, where a manifest may have it; TLS where it is spoken all the same. */
async function withoutTls(destination: Destination, route: Route, { clock, record }: Context): Promise<Outcome<void>> {
  const { subject, field, title, url, proxy } = destination;
  const step = { subject, name: 'TLS', details: [] } as const;
  const startedMs = clock.monotonicMs();
  const isWanted = proxy === undefined && (await speaksTls(destination, route, clock));
  const tookMs = clock.monotonicMs() - startedMs;
  if (!isWanted) {
    record({ ...step, outcome: 'skipped', tookMs, summary: 'not used: the URL begins with http' });
    return { ok: true, value: undefined };
  }
  record({ ...step, outcome: 'failed', tookMs, summary: 'spoken on this port, though the URL begins with http' });
  const value = url.href.replace(/^http:/, 'https:').replace(/^(https:\/\/[^/:]+|https:\/\/\[[^\]]+\])(?=\/)/, '$1:80');
  return {
    ok: false,
    verdict: {
      code: 'tls_wanted',
      sentence: `The ${title} ${url.host} speaks TLS on this port, and ${field.replace('spec.', '')}.url begins with http.`,
      mend: { kind: 'manifest', changes: [{ path: `${field}.url`, value }], tried: false },
      failure: subject === 'api' ? 'upstream_protocol' : 'token_malformed',
    },
  };
}

async function describeSuccess(
  destination: Destination,
  route: Route,
  { protocol, cipher, chain, tookMs }: Extract<Handshake, { readonly ok: true }>,
  { clock }: Context,
): Promise<Pick<Step, 'outcome' | 'tookMs' | 'summary' | 'details'>> {
  const lines = chainLines(chain, clock.wallMs());
  const asked = destination.tls.certificate === undefined ? undefined : await questionOf(destination, route, clock);
  const isShown = asked?.asked !== false;
  const odd = isShown
    ? []
    : [`odd: the server does not ask for a client certificate, so that ${destination.field}.tls.clientCertificate is not shown to it`];
  return { outcome: isShown ? 'ok' : 'odd', tookMs, summary: `${protocol}, ${cipher}`, details: [...lines, ...odd] };
}

const mostNames = 6;

function chainLines(chain: Chain, nowMs: number): readonly string[] {
  const [own] = chain;
  if (own === undefined) return [];
  const names = namesOf(own);
  const few = names.slice(0, mostNames).join(', ') + (names.length > mostNames ? ` and ${names.length - mostNames} more` : '');
  return [`for ${few || 'no name'}`, ...chain.map((certificate, index) => `${index + 1}. ${describeCertificate(certificate, nowMs)}`)];
}

/** Whether two names have an address in common. */
async function leadTogether(one: string, other: string): Promise<boolean> {
  try {
    const [first, second] = await Promise.all([one, other].map((name) => lookup(name, { all: true })));
    return first?.some(({ address }) => second?.some((also) => also.address === address)) === true;
  } catch {
    return false;
  }
}
