import type { OAuth2Credential } from '../../crds/oauth2-credential.ts';
import { parseCredential } from '../../crds/parse-credential.ts';
import { Sensitive } from '../../crds/sensitive.ts';
import type { SourceConfigMap, SourceSecret, Sources } from '../../crds/sources.ts';

/** Consent to serve as a source. */
export const label = { 'tokenward.dev/credential': 'true' };

export const opaque = (name: string, data: Record<string, string>, more: Partial<SourceSecret> = {}): SourceSecret => ({
  name,
  labels: label,
  annotations: {},
  type: 'Opaque',
  data: new Map(Object.entries(data).map(([key, value]) => [key, new Sensitive(value)])),
  ...more,
});

export const sources = (secrets: readonly SourceSecret[] = [], configMaps: readonly SourceConfigMap[] = []): Sources => ({
  secrets: new Map(secrets.map((secret) => [secret.name, secret])),
  configMaps: new Map(configMaps.map((configMap) => [configMap.name, configMap])),
});

interface Parts {
  readonly upstream?: object;
  readonly tokenEndpoint?: object;
  readonly client?: object;
  readonly rest?: object;
}

/** A credential lms-admin in the namespace hr, with its secret in the Secret lms-admin. */
export function credential({ upstream, tokenEndpoint, client, rest }: Parts = {}): OAuth2Credential {
  const parsed = parseCredential({
    apiVersion: 'tokenward.dev/v1alpha1',
    kind: 'OAuth2Credential',
    metadata: { name: 'lms-admin', namespace: 'hr' },
    spec: {
      upstream: { url: 'https://acme.example/learning', ...upstream },
      tokenEndpoint: { url: 'https://login.acme.example/token', ...tokenEndpoint },
      client: { id: 'acme', secretRef: { name: 'lms-admin' }, ...client },
      ...rest,
    },
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.credential;
}
