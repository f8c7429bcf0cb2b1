import {
  apiTokenPath,
  assertionKey,
  assertionPath,
  assertionVolume,
  containerName,
  credentialsPath,
  credentialsVolume,
  noTokenVolume,
  renderingKey,
  renderingName,
} from '../naming.ts';
import type { InjectionSettings } from './injection-settings.ts';
import type { InjectionWish } from './parse-annotations.ts';
import type { AssertionWish } from './parse-assertion.ts';
import type { Container, Mount, Volume } from './pod.ts';

/** A native sidecar: among the init containers, and restarted always (Kubernetes >= 1.29). */
export const nativeSidecarPolicy = 'Always';

/** The kubelet replaces it when a fifth of this is left. */
const assertionSeconds = 3600;

export const sidecarMounts = ({ assertion }: InjectionWish): Mount[] => [
  { name: credentialsVolume, mountPath: credentialsPath, readOnly: true },
  { name: noTokenVolume, mountPath: apiTokenPath, readOnly: true },
  ...(assertion === undefined ? [] : [{ name: assertionVolume, mountPath: assertionPath, readOnly: true }]),
];

/** The container, fit for the restricted Pod Security Standard. */
export function sidecarContainer(wish: InjectionWish, settings: InjectionSettings): Container {
  const { adminPort, resources } = wish;
  const { cpuRequest, cpuLimit, memoryRequest, memoryLimit } = resources;
  const { runAsUser } = settings;
  return {
    name: containerName,
    image: settings.image,
    imagePullPolicy: settings.imagePullPolicy,
    restartPolicy: nativeSidecarPolicy,
    args: sidecarArguments(wish),
    ports: [{ name: 'tokenward-admin', containerPort: adminPort, protocol: 'TCP' }],
    resources: {
      requests: { cpu: cpuRequest, memory: memoryRequest },
      limits: { ...(cpuLimit !== undefined && { cpu: cpuLimit }), memory: memoryLimit },
    },
    securityContext: {
      runAsNonRoot: true,
      ...(runAsUser !== undefined && { runAsUser, runAsGroup: runAsUser }),
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      privileged: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: sidecarMounts(wish),
    // Ready when it listens and has read its files. It never waits for an identity provider, whose outage must not keep pods from starting.
    startupProbe: { httpGet: { path: '/readyz', port: adminPort }, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 60 },
    livenessProbe: { httpGet: { path: '/healthz', port: adminPort }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}

function sidecarArguments({ credentials, assertion, proxyPort, adminPort, logLevel }: InjectionWish): string[] {
  const aliases = credentials.flatMap(({ alias }) => ['--alias', alias]);
  const file = assertion === undefined ? [] : ['--assertion-file', `${assertionPath}/${assertionKey}`];
  const hosts = assertion?.hosts.flatMap((host) => ['--assertion-host', host]) ?? [];
  const ports = ['--proxy-port', String(proxyPort), '--admin-port', String(adminPort)];
  return ['--config-dir', credentialsPath, ...aliases, ...file, ...hosts, ...ports, '--log-level', logLevel];
}

/** Every Secret is optional: a pod starts before its credentials are there, and gets them when they are. */
export function sidecarVolumes({ credentials, assertion }: InjectionWish): Volume[] {
  const sources = credentials.map(({ alias, credential }) => ({
    secret: { name: renderingName(credential), optional: true, items: [{ key: renderingKey, path: `${alias}.json` }] },
  }));
  // Readable by any user, for the cluster may choose the sidecar's; no other container mounts it.
  const projected = (name: string, of: readonly object[]): Volume => ({ name, projected: { defaultMode: 0o444, sources: of } });
  return [
    projected(credentialsVolume, sources),
    projected(noTokenVolume, []),
    ...(assertion === undefined ? [] : [projected(assertionVolume, [serviceAccountToken(assertion)])]),
  ];
}

const serviceAccountToken = ({ audience }: AssertionWish): object => ({
  serviceAccountToken: { audience, expirationSeconds: assertionSeconds, path: assertionKey },
});
