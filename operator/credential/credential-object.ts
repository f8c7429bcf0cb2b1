import type { Condition, Reason } from '../../crds/reasons.ts';
import type { ApiObject } from '../kube/api-object.ts';
import { apiVersion, kind } from '../naming.ts';

/** An OAuth2Credential as the API server has it. Its spec is unknown: what an older schema let in may be there too. */
export interface CredentialObject extends ApiObject {
  readonly spec?: unknown;
  readonly status?: CredentialStatus;
}

export interface CredentialStatus {
  readonly observedGeneration?: number;
  /** Of the rendering that is in force. */
  readonly revision?: string;
  readonly conditions?: readonly CredentialCondition[];
}

/** metav1.Condition. */
export interface CredentialCondition {
  readonly type: Condition;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
  readonly reason: Reason;
  readonly message: string;
}

/** What a credential is decided on, without the bookkeeping that is larger than all the rest. */
export function readCredential(object: CredentialObject): CredentialObject {
  const { name, namespace, uid, resourceVersion, generation, deletionTimestamp } = object.metadata;
  const metadata = {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(generation !== undefined && { generation }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
  };
  return {
    // In a list the server may leave them out.
    apiVersion: object.apiVersion ?? apiVersion,
    kind: object.kind ?? kind,
    metadata,
    spec: object.spec,
    ...(object.status && { status: object.status }),
  };
}
