/** What the chart decides for all sidecars; a pod's annotations go before it. */
export interface InjectionSettings {
  /** The operator's own, noted on each pod. */
  readonly version: string;
  readonly image: string;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** None leaves the choice to the cluster (OpenShift). */
  readonly runAsUser: number | undefined;
  readonly resources: SidecarResources;
  readonly proxyPort: number;
  readonly adminPort: number;
  readonly logLevel: LogLevel;
  /** A token for one of these is accepted by the API server itself, so no sidecar gets one. */
  readonly apiAudiences: readonly string[];
}

/** Kubernetes quantities. There is always a memory limit; a CPU limit only slows calls down, so it has no default. */
export interface SidecarResources {
  readonly cpuRequest: string;
  readonly cpuLimit: string | undefined;
  readonly memoryRequest: string;
  readonly memoryLimit: string;
}

/** With a lower limit the sidecar's runtime does not even start. */
export const leastMemory = '48Mi';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What the sidecar needs: all but the image. */
export const defaultInjectionSettings = {
  imagePullPolicy: 'IfNotPresent',
  runAsUser: 14_080,
  resources: { cpuRequest: '10m', cpuLimit: undefined, memoryRequest: '64Mi', memoryLimit: '128Mi' },
  proxyPort: 14_080,
  adminPort: 14_081,
  logLevel: 'info',
  apiAudiences: ['https://kubernetes.default.svc.cluster.local', 'https://kubernetes.default.svc', 'kubernetes.default.svc'],
} as const satisfies Omit<InjectionSettings, 'version' | 'image'>;
