import { group, version } from '../crds/oauth2-credential.ts';

/** Every name that the operator gives or looks for. */
export { group, kind, plural } from '../crds/oauth2-credential.ts';
export { allowedHostsAnnotation } from '../crds/render/allowed-hosts.ts';
export { credentialLabel } from '../crds/render/source-messages.ts';
export { renderingLabel } from '../crds/render/source-reader.ts';

export const apiVersion = `${group}/${version}`;

/** Field manager of all that the operator applies. */
export const fieldManager = 'tokenward-operator';

/** The Secret that a credential is rendered into. A credential's name is a DNS label, so this is a name too. */
export const renderingName = (credential: string): string => `tokenward-${credential}`;
export const renderingType = `${group}/sidecar-credential`;
export const renderingKey = 'credential.json';
/** On a rendering: what it was made from (JSON), so that it goes when one of these withdraws its consent. */
export const sourcesAnnotation = `${group}/sources`;
/** On a rendering: which version of the configuration it is; the same is within. */
export const revisionAnnotation = `${group}/revision`;

/** On pods, by their author. */
export const podAnnotations = {
  inject: `${group}/inject`,
  cpuRequest: `${group}/cpu-request`,
  cpuLimit: `${group}/cpu-limit`,
  memoryRequest: `${group}/memory-request`,
  memoryLimit: `${group}/memory-limit`,
  logLevel: `${group}/log-level`,
  proxyPort: `${group}/proxy-port`,
  adminPort: `${group}/admin-port`,
  /** Whom the pod's service account token is for, and where the sidecar may send it. */
  assertionAudience: `${group}/assertion-audience`,
  assertionHosts: `${group}/assertion-hosts`,
} as const;

/** On pods, by the injector: an annotation (JSON: version, image, aliases) and a label. */
export const statusAnnotation = `${group}/status`;
export const injectedLabel = `${group}/injected`;

/** In the pod. */
export const containerName = 'tokenward';
export const credentialsVolume = 'tokenward-credentials';
export const credentialsPath = '/etc/tokenward/credentials';
/** Nothing: mounted where the API server would mount the pod's API token. */
export const noTokenVolume = 'tokenward-no-api-token';
export const apiTokenPath = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The service account token that the pod's author grants to the sidecar. */
export const assertionVolume = 'tokenward-assertion';
export const assertionPath = '/etc/tokenward/assertion';
export const assertionKey = 'token';

/** `http://127.0.0.1:<port>`, and the same with the alias: environment of the app's containers. */
export const urlVariable = 'TOKENWARD_URL';
export const aliasUrlVariable = (alias: string): string => `TOKENWARD_${alias.toUpperCase().replaceAll('-', '_')}_URL`;
