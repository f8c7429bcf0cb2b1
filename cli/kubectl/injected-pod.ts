import type { ApiObject } from '../../operator/kube/api-object.ts';
import { containerName, injectedLabel, podAnnotations, statusAnnotation } from '../../operator/naming.ts';

interface ContainerStatus {
  readonly name: string;
  readonly state?: {
    readonly running?: object;
    readonly waiting?: { readonly reason?: string };
    readonly terminated?: { readonly reason?: string };
  };
}

/** A pod as the API server has it, as far as it is of interest here. */
export interface PodObject extends ApiObject {
  readonly spec?: {
    readonly initContainers?: readonly { readonly name: string; readonly args?: readonly string[]; readonly image?: string }[];
  };
  readonly status?: { readonly phase?: string; readonly initContainerStatuses?: readonly ContainerStatus[] };
}

/** A pod that has asked for a sidecar. */
export interface InjectedPod {
  readonly namespace: string;
  readonly name: string;
  /** As kubectl shows it, roughly: `Running`, `Terminating`. */
  readonly phase: string;
  readonly aliases: readonly { readonly alias: string; readonly credential: string }[];
  readonly sidecarVersion: string | undefined;
  readonly proxyPort: number;
  readonly adminPort: number;
  /** Why nobody can ask its sidecar anything. */
  readonly obstacle: string | undefined;
}

/** Undefined: the pod has not asked for one. */
export function readInjectedPod({ metadata, spec, status }: PodObject): InjectedPod | undefined {
  const { annotations = {}, labels = {}, namespace = '', name, deletionTimestamp } = metadata;
  const wish = annotations[podAnnotations.inject];
  if (wish === undefined) return undefined;
  const container = spec?.initContainers?.find((each) => each.name === containerName);
  const isInjected = container !== undefined && labels[injectedLabel] === 'true';
  return {
    namespace,
    name,
    phase: deletionTimestamp === undefined ? (status?.phase ?? 'Unknown') : 'Terminating',
    aliases: parseWish(wish),
    sidecarVersion: versionIn(annotations[statusAnnotation]),
    proxyPort: portAfter('--proxy-port', container?.args) ?? 14_080,
    adminPort: portAfter('--admin-port', container?.args) ?? 14_081,
    obstacle: isInjected ? whyNotRunning(status) : notInjected,
  };
}

const notInjected =
  'it has no sidecar: it was created while the operator did not answer, or where its webhook does not look; delete it, so that it is created anew';

function whyNotRunning(status: PodObject['status']): string | undefined {
  const state = status?.initContainerStatuses?.find(({ name }) => name === containerName)?.state;
  if (state?.running !== undefined) return undefined;
  const reason = state?.waiting?.reason ?? state?.terminated?.reason;
  return `its sidecar is not running${reason === undefined ? '' : ` (${reason})`}`;
}

/** The webhook lets no other form pass. */
function parseWish(text: string): InjectedPod['aliases'] {
  return text.split(',').map((entry) => {
    const [alias = '', credential = alias] = entry.split('=').map((part) => part.trim());
    return { alias, credential };
  });
}

function versionIn(annotation: string | undefined): string | undefined {
  try {
    const { version } = JSON.parse(annotation ?? '') as { version?: unknown };
    return typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}

function portAfter(flag: string, args: readonly string[] = []): number | undefined {
  const at = args.indexOf(flag);
  const port = Number(args[at + 1]);
  return at >= 0 && Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}
