import type { ApiClient } from '../../operator/kube/api-client.ts';
import { credentialObject, secretObject } from '../support/cluster-objects.ts';

export interface Load {
  readonly credentials: number;
  /** Labelled Secrets of each credential: the client's secret and a parameter's. */
  readonly labelled: 2;
  /** That no credential may use, and that the operator is not to notice. */
  readonly unlabelled: number;
  readonly perNamespace: number;
}

export const load: Load = { credentials: 5_000, labelled: 2, unlabelled: 20_000, perNamespace: 100 };

/** Where the credential of a number is, with its Secrets. */
export const namespaceOf = (index: number): string => `bench-${Math.floor(index / load.perNamespace)}`;
export const nameOf = (index: number): string => `credential-${index}`;
export const secretPath = (index: number): string => `/api/v1/namespaces/${namespaceOf(index)}/secrets/${nameOf(index)}`;
/** 40 characters, another one for each revision. */
export const secretValue = (index: number, revision: number): string => `${index}-${revision}-`.padEnd(40, 'kZ3vQ9');

interface Creation {
  readonly path: string;
  readonly body: object;
}

/** Resolves to how many objects there are. */
export async function createLoad(api: ApiClient, signal: AbortSignal): Promise<number> {
  const namespaces = [...new Set(indices(load.credentials).map(namespaceOf))];
  const created = await inParallel(
    namespaces.map((name) => ({ path: '/api/v1/namespaces', body: { metadata: { name } } })).values(),
    api,
    signal,
  );
  return created + (await inParallel(secretsAndCredentials(), api, signal));
}

function* secretsAndCredentials(): Generator<Creation> {
  for (const index of indices(load.unlabelled)) {
    const namespace = namespaceOf(index % load.credentials);
    yield secret(namespace, secretObject(`unlabelled-${index}`, secretValue(index, 0), { namespace, labels: {} }));
  }
  for (const index of indices(load.credentials)) {
    const namespace = namespaceOf(index);
    yield secret(namespace, secretObject(nameOf(index), secretValue(index, 0), { namespace }));
    yield secret(namespace, secretObject(`${nameOf(index)}-key`, secretValue(index, 1), { namespace }));
  }
  for (const index of indices(load.credentials)) {
    const namespace = namespaceOf(index);
    const path = `/apis/tokenward.dev/v1alpha1/namespaces/${namespace}/oauth2credentials`;
    yield { path, body: withSecretParameter(credentialObject(nameOf(index), { namespace, scope: 'read write' }), `${nameOf(index)}-key`) };
  }
}

const secret = (namespace: string, body: object): Creation => ({ path: `/api/v1/namespaces/${namespace}/secrets`, body });

function withSecretParameter(credential: ReturnType<typeof credentialObject>, name: string): object {
  const spec = credential.spec as { tokenEndpoint: object };
  const parameters = [{ name: 'api_key', secretKeyRef: { name, key: 'client-secret' } }];
  return { ...credential, spec: { ...spec, tokenEndpoint: { ...spec.tokenEndpoint, parameters } } };
}

const indices = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** More at once than the client has connections would only wait. */
async function inParallel(creations: Iterator<Creation>, api: ApiClient, signal: AbortSignal): Promise<number> {
  let count = 0;
  const worker = async (): Promise<void> => {
    for (let next = creations.next(); next.done !== true; next = creations.next()) {
      await api.request({ method: 'POST', ...next.value, signal });
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return count;
}
