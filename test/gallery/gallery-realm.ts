import { canarySecret } from '../support/canary.ts';
import type { Keycloak } from '../support/keycloak/keycloak.ts';
import { clientId } from './manifests.ts';

export const clientSecret = canarySecret('of-the-orders-job');
/** It has to send its secret in the body. */
export const postClient = { id: 'orders-post', secret: canarySecret('of-the-orders-post') };

/** A realm of Keycloak whose clients ask for tokens of their own. Scopes have to be asked for. */
export function galleryRealm(realm: string): object {
  return {
    realm,
    enabled: true,
    clientScopes: [{ name: 'orders.read', protocol: 'openid-connect', attributes: { 'include.in.token.scope': 'true' } }],
    clients: [client(clientId, clientSecret), client(postClient.id, postClient.secret, 'client_secret_post')],
  };
}

const client = (id: string, secret: string, method?: string): object => ({
  clientId: id,
  secret,
  serviceAccountsEnabled: true,
  standardFlowEnabled: false,
  attributes: method === undefined ? {} : { 'client.secret.authentication.allowed.method': method },
  optionalClientScopes: ['orders.read'],
});

export const realms = ['acme', 'acme-test'] as const;
export type Realm = (typeof realms)[number];

export const realmUrl = ({ url }: Keycloak, realm: Realm = 'acme'): string => `${url}/realms/${realm}`;
export const tokenUrl = (keycloak: Keycloak, realm?: Realm): string => `${realmUrl(keycloak, realm)}/protocol/openid-connect/token`;

/** From when on the realm's tokens count, in seconds since the Unix epoch: what an administrator sets to revoke those from before. */
export async function revokeBefore(keycloak: Keycloak, seconds: number, realm: Realm = 'acme'): Promise<void> {
  await keycloak.administer('PUT', `/${realm}`, { realm, notBefore: seconds });
}
