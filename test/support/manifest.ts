import { checkManifests, type ManifestCheck } from '../../cli/check-manifests.ts';
import { parseSidecarConfig } from '../../crds/parse-sidecar-config.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';

/** The parts of a spec that matter to a token request; the rest of the manifest is the least that works. */
export interface SpecParts {
  readonly upstream?: Readonly<Record<string, unknown>> & { readonly url: string };
  readonly tokenEndpoint: Readonly<Record<string, unknown>> & { readonly url: string };
  readonly client?: Readonly<Record<string, unknown>>;
  readonly grant?: Readonly<Record<string, unknown>>;
  readonly injection?: Readonly<Record<string, unknown>>;
}

const secretName = 'acme-secret';
const api = { url: 'https://api.acme.example' };

/** A Secret with the label that lets credentials refer to it. */
export function secretManifest(data: Readonly<Record<string, string>>, name = secretName): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, labels: { 'tokenward.dev/credential': 'true' } },
    stringData: data,
  });
}

/** A credential of the client `acme`, whose secret lies in `secretManifest`'s Secret. JSON is YAML. */
export function credentialManifest({ upstream = api, tokenEndpoint, client = {}, grant = {}, injection }: SpecParts): string {
  const { authentication = 'ClientSecretBasic' } = client;
  const secretRef = String(authentication).startsWith('ClientSecret') ? { secretRef: { name: secretName } } : {};
  return JSON.stringify({
    apiVersion: 'tokenward.dev/v1alpha1',
    kind: 'OAuth2Credential',
    metadata: { name: 'acme' },
    spec: {
      upstream,
      tokenEndpoint,
      client: { id: 'acme', ...secretRef, ...client },
      grant,
      ...(injection && { injection }),
    },
  });
}

/** What `tokenward validate` finds. */
export function check(...manifests: readonly string[]): ManifestCheck {
  return checkManifests({ texts: [{ file: 'test.yaml', text: manifests.join('\n---\n') }], problems: [] }, Date.now());
}

/** Manifests of one credential -> the sidecar's configuration, all the way that they go. Throws if something is wrong with them. */
export function configOf(...manifests: readonly string[]): SidecarConfig {
  const { rendered, problems } = check(...manifests);
  const [credential] = rendered;
  if (problems.length > 0 || !credential) throw new Error(`not valid: ${JSON.stringify(problems)}`);
  const parsed = parseSidecarConfig(credential.config);
  if (!parsed.ok) throw new Error(`the sidecar does not read it: ${parsed.reason}`);
  if ('invalid' in parsed.config) throw new Error(parsed.config.invalid);
  return parsed.config;
}
