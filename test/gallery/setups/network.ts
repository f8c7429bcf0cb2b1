import { startConnectProxy } from '../../support/connect-proxy.ts';
import { freePort } from '../../support/free-port.ts';
import { makeCertificate } from '../../support/make-certificate.ts';
import type { BrokenSetup, Scene, Stage } from '../broken-setup.ts';
import { clientSecret } from '../gallery-realm.ts';
import { name } from '../manifests.ts';
import { startApiOf } from '../orders-api.ts';
import { placesOf } from '../places.ts';
import { manifestsOf, startProvider, verifierOf } from '../scenes.ts';

const apiHost = 'api.acme.internal';
const proxyHost = 'proxy.acme.internal';

/** Multicast: no machine of any network connects to that, and the kernel says so at once (ENETUNREACH), as without a route. */
const withoutWay = { ipv4: '224.0.0.1', ipv6: 'ff05::1' };

/** An API with a name and TLS, which this machine does not get to. */
async function apiByName({ stack }: Stage): Promise<Scene & { readonly port: number }> {
  const authority = makeCertificate('Acme CA');
  const provider = stack.use(await startProvider());
  const tls = makeCertificate('api', { hosts: [apiHost], issuer: authority });
  const api = stack.use(await startApiOf(verifierOf(provider), { tls }));
  const url = api.url.replace('127.0.0.1', apiHost);
  const caBundle = { secretKeyRef: { name, key: 'ca.crt' } };
  const kept = { 'client-secret': clientSecret, 'ca.crt': authority.certificate };
  return {
    manifests: manifestsOf({ api: url, login: provider.url }, { upstream: { tls: { caBundle } }, kept }),
    places: placesOf({ login: provider.url, api: url }),
    port: Number(new URL(url).port),
  };
}

export const dnsMissing: BrokenSetup = {
  name: 'dns-missing',
  title: 'The name does not resolve',
  story: 'DNS knows no such name here: a typing error, a private zone that this network does not see, or no DNS at all.',
  symptom: { status: 502, failure: 'upstream_unreachable' },
  needs: 'names',
  verdict: {
    code: 'dns_unknown',
    sentence: 'The API api.acme.example cannot be reached: DNS knows no address of that name.',
    mend: {
      kind: 'elsewhere',
      advice:
        'Check the spelling of the host in spec.upstream.url, and whether it is known only to the DNS of another network (VPN, private zone). Names that only a proxy can look up need spec.upstream.proxy.',
    },
    failure: 'upstream_unreachable',
  },
  set: async (stage) => ({
    ...(await apiByName(stage)),
    byHand: () => stage.names.set(apiHost, '127.0.0.1'),
  }),
};

export const proxyNeeded: BrokenSetup = {
  name: 'proxy-needed',
  title: 'The way out is by a proxy',
  story:
    'There is no direct way to the API from this network; other programs here use a proxy (`HTTPS_PROXY`), and the credential names none.',
  symptom: { status: 502, failure: 'upstream_unreachable' },
  needs: 'names',
  verdict: {
    code: 'proxy_needed',
    sentence:
      'The API api.acme.example can be reached from here only through a proxy (HTTPS_PROXY names proxy.acme.example:3128), and the credential names none.',
    mend: { kind: 'manifest', changes: [{ path: 'spec.upstream.proxy', value: { url: 'http://proxy.acme.example:3128' } }], tried: true },
    failure: 'upstream_unreachable',
  },
  set: async (stage) => {
    const scene = await apiByName(stage);
    const proxy = stage.stack.use(await startConnectProxy(scene.port));
    stage.names.set(apiHost, withoutWay.ipv4);
    stage.names.set(proxyHost, '127.0.0.1');
    const url = proxy.url.replace('127.0.0.1', proxyHost);
    return {
      ...scene,
      environment: { HTTPS_PROXY: url },
      places: [[url, 'http://proxy.acme.example:3128'], [new URL(url).host, 'proxy.acme.example:3128'], ...scene.places],
    };
  },
};

export const portClosed: BrokenSetup = {
  name: 'port-closed',
  title: 'Nothing listens at the port',
  story: 'The host is there and refuses connections at the port: the server is down, or listens elsewhere.',
  symptom: { status: 502, failure: 'upstream_unreachable' },
  verdict: {
    code: 'tcp_refused',
    sentence: 'The API api.acme.example:8443 cannot be reached: port 8443 refuses connections.',
    mend: {
      kind: 'elsewhere',
      advice:
        'Check the port and the host of spec.upstream.url, and that the API is up; if that is right, a proxy may be needed (spec.upstream.proxy).',
    },
    failure: 'upstream_unreachable',
  },
  set: async ({ stack }) => {
    const provider = stack.use(await startProvider());
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    return {
      manifests: manifestsOf({ api: url, login: provider.url }),
      places: [
        [`127.0.0.1:${port}`, 'api.acme.example:8443'],
        [String(port), '8443'],
      ],
      byHand: async () => void stack.use(await startApiOf(verifierOf(provider), { port })),
    };
  },
};

export const addressFamily: BrokenSetup = {
  name: 'address-family',
  title: 'The name has an IPv6 address only, and there is no IPv6 here',
  story:
    'The name has an AAAA record and no A record, and this machine or pod has an IPv4 address only. (The other way round it is the same.)',
  symptom: { status: 502, failure: 'upstream_unreachable' },
  needs: 'names',
  verdict: {
    code: 'address_family',
    sentence: 'The API api.acme.example cannot be reached: it has only IPv6 addresses, and there is no way to those from here.',
    mend: {
      kind: 'elsewhere',
      advice:
        'Have the API get an IPv4 address too, or this machine or pod a way to IPv6; else a proxy may be needed (spec.upstream.proxy).',
    },
    failure: 'upstream_unreachable',
  },
  set: async (stage) => {
    stage.names.set(apiHost, withoutWay.ipv6);
    return { ...(await apiByName(stage)), byHand: () => stage.names.set(apiHost, '127.0.0.1') };
  },
};
