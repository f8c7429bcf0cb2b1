import type { CredentialObject, CredentialStatus } from '../../operator/credential/credential-object.ts';
import type { Decision, Observation } from '../../operator/credential/decide-credential.ts';
import { readSourceSecret, type ObservedConfigMap, type ObservedSecret } from '../../operator/credential/observed-sources.ts';
import { readRendering, renderingObject, type ObservedRendering } from '../../operator/credential/rendering.ts';

/** What differs from a valid credential hr/lms-admin with its Secret, not rendered yet. */
export interface Given {
  /** Takes the place of parts of the spec. */
  readonly spec?: object;
  readonly generation?: number;
  readonly uid?: string;
  readonly status?: CredentialStatus | undefined;
  readonly secrets?: readonly ObservedSecret[];
  readonly configMaps?: readonly ObservedConfigMap[];
  readonly occupant?: ObservedRendering | undefined;
  readonly now?: string;
}

export function givenCredential({ spec, generation = 1, uid = 'first-life', status }: Given): CredentialObject {
  return {
    apiVersion: 'tokenward.dev/v1alpha1',
    kind: 'OAuth2Credential',
    metadata: { name: 'lms-admin', namespace: 'hr', uid, generation, resourceVersion: '7' },
    spec: {
      upstream: { url: 'https://acme.example/learning' },
      tokenEndpoint: { url: 'https://login.acme.example/token' },
      client: { id: 'acme', secretRef: { name: 'lms-admin' } },
      ...spec,
    },
    ...(status && { status }),
  };
}

interface SecretParts {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly data?: Readonly<Record<string, string>>;
}

export function givenSecret({ data = { 'client-secret': 's3cr3t' }, ...parts }: SecretParts = {}): ObservedSecret {
  return readSourceSecret({
    metadata: {
      name: 'lms-admin',
      namespace: 'hr',
      uid: 'secret',
      resourceVersion: '5',
      labels: { 'tokenward.dev/credential': 'true' },
      ...parts,
    },
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
  });
}

export function observe(given: Given): Observation {
  const secrets = new Map((given.secrets ?? [givenSecret()]).map((secret) => [secret.name, secret]));
  return {
    credential: givenCredential(given),
    occupant: given.occupant,
    sources: { labelledOnly: true, secrets, configMaps: new Map(given.configMaps?.map((configMap) => [configMap.name, configMap])) },
    now: given.now ?? '2026-01-01T00:00:00Z',
  };
}

/** How it is once the decision was carried out. */
export function carriedOut({ rendering, status }: Decision, given: Given): Given {
  const occupant =
    rendering.kind === 'none'
      ? given.occupant
      : rendering.kind === 'delete'
        ? undefined
        : written(renderingObject(givenCredential(given), rendering.desired), given.occupant?.uid);
  return { ...given, occupant, status: status ?? given.status };
}

function written(object: ReturnType<typeof renderingObject>, uid = 'rendering'): ObservedRendering {
  return readRendering({ ...object, metadata: { ...object.metadata, uid, resourceVersion: '8' } });
}

/** What sidecars would read, in the open. */
export function secretText({ rendering }: Decision): unknown {
  return 'desired' in rendering ? JSON.parse(rendering.desired.text.reveal()) : undefined;
}
