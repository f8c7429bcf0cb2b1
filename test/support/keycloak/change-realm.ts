import type { Keycloak } from './keycloak.ts';

interface Change {
  /** Those not named stay. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** What the administrator does to a client of the realm `acme`. */
export async function changeClient(keycloak: Keycloak, clientId: string, change: Change): Promise<void> {
  const found = await keycloak.administer<{ id: string; attributes: object }[]>('GET', `/acme/clients?clientId=${clientId}`);
  const [client] = found;
  if (client === undefined) throw new Error(`no client ${clientId}`);
  await keycloak.administer('PUT', `/acme/clients/${client.id}`, { ...client, attributes: { ...client.attributes, ...change.attributes } });
}

const providerType = 'org.keycloak.keys.KeyProvider';

/** The realm signs with a new key, and forgets the old one. */
export async function replaceSigningKey(keycloak: Keycloak): Promise<void> {
  const query = `/acme/components?type=${providerType}`;
  const providers = await keycloak.administer<{ id: string; providerId: string; parentId: string }[]>('GET', query);
  const old = providers.find(({ providerId }) => providerId === 'rsa-generated');
  if (old === undefined) throw new Error('the realm has no RSA key');
  const { providerId, parentId } = old;
  await keycloak.administer('POST', '/acme/components', { name: 'new', providerId, providerType, parentId, config: { priority: ['200'] } });
  await keycloak.administer('DELETE', `/acme/components/${old.id}`);
}
