import type { CredentialObject } from '../../operator/credential/credential-object.ts';
import type { SecretObject } from '../../operator/credential/observed-sources.ts';
import { apiVersion, credentialLabel, kind, renderingKey } from '../../operator/naming.ts';

/** As a `FakeCluster` calls them. */
export const resources = {
  credentials: `${apiVersion}/oauth2credentials`,
  secrets: '/v1/secrets',
  events: 'events.k8s.io/v1/events',
} as const;

const optedIn = { [credentialLabel]: 'true' };

/** The least that works, with its secret in the Secret of the same name. */
export function credentialObject(
  name: string,
  { namespace = 'hr', secret = name, scope }: { namespace?: string; secret?: string; scope?: unknown } = {},
): CredentialObject {
  return {
    apiVersion,
    kind,
    metadata: { name, namespace },
    spec: {
      upstream: { url: 'https://api.acme.example' },
      tokenEndpoint: { url: 'https://login.acme.example/token' },
      client: { id: 'acme', secretRef: { name: secret } },
      ...(scope !== undefined && { grant: { scope } }),
    },
  };
}

export function secretObject(
  name: string,
  value: string,
  {
    namespace = 'hr',
    labels = optedIn,
    annotations = {},
  }: { namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> } = {},
): SecretObject {
  const data = { 'client-secret': Buffer.from(value).toString('base64') };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, labels, annotations }, type: 'Opaque', data };
}

/** What sidecars read of a rendering, in the open. */
export function readCredentialJson(rendering: SecretObject | undefined): Record<string, unknown> | undefined {
  const encoded = rendering?.data?.[renderingKey];
  return encoded === undefined ? undefined : (JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as Record<string, unknown>);
}
