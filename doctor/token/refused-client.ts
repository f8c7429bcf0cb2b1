import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { TokenFailure } from '../../sidecar/failure.ts';
import { shown } from '../api/shown.ts';
import type { Verdict } from '../examination.ts';

const field = 'spec.client.secretRef';

/** No other way helps: what they have in common is wrong. */
export function afterTries(verdict: Verdict, tries: number, config: SidecarConfig, failure: TokenFailure): Verdict {
  const { authentication } = config.client;
  const hasSecret = authentication === 'ClientSecretBasic' || authentication === 'ClientSecretPost';
  if (tries === 0 || verdict.code !== 'token_client_refused' || !hasSecret) return verdict;
  const others =
    tries === 1 ? 'another way of asking was tried, and refused as well' : `${tries} other ways of asking were tried, and refused as well`;
  const known = byKeycloak(config, failure, others);
  if (known !== undefined) return { ...verdict, ...known };
  const advice = `Check client.id and the secret that client.secretRef names, and that the client exists and is active at the endpoint: ${others}.`;
  return { ...verdict, mend: { kind: 'secret', field, advice } };
}

const keycloaksPath = /\/realms\/[^/]+\/protocol\/openid-connect\/token$/;

/** RFC 6749 section 5.2 has one word for a client that is not known and for a wrong secret. Keycloak has two. */
function byKeycloak(
  { client, tokenEndpoint }: SidecarConfig,
  { tokenEndpoint: said }: TokenFailure,
  others: string,
): Pick<Verdict, 'sentence' | 'mend'> | undefined {
  const { host, pathname } = new URL(tokenEndpoint.url);
  if (!keycloaksPath.test(pathname) || said?.status !== 401) return undefined;
  const [endpoint, id] = [`The token endpoint ${host}`, shown(client.id ?? '')];
  if (said.error === 'invalid_client') {
    return {
      sentence: `${endpoint} knows no client ${id}, or has it disabled (status 401, invalid_client).`,
      mend: { kind: 'elsewhere', advice: `Correct spec.client.id, or have the client created or enabled at the endpoint: ${others}.` },
    };
  }
  if (said.error !== 'unauthorized_client') return undefined;
  return {
    sentence: `${endpoint} knows the client ${id}, and does not accept its secret (status 401, unauthorized_client).`,
    mend: { kind: 'secret', field, advice: `Store the secret that the client has at the endpoint: ${others}.` },
  };
}
