/**
 * Credentials, whom they serve and how it goes: read from a cluster with the user's own rights, or from a process on this machine.
 * Nothing in it is, or holds, a secret or a token. Times are RFC 3339.
 */
export interface Overview {
  readonly readAt: string;
  /** Where it was read, for people: the context of the kubeconfig, or this machine. */
  readonly place: string;
  /** By namespace and name. */
  readonly credentials: readonly CredentialView[];
  /** By namespace, pod and alias; also those whose credential does not exist. */
  readonly consumers: readonly Consumer[];
  /** What could not be read: then something may be missing here that is there. */
  readonly gaps: readonly Gap[];
}

export interface CredentialView {
  /** Undefined: on this machine. */
  readonly namespace?: string;
  readonly name: string;
  readonly description?: string;
  readonly ready: ConditionStatus;
  /** Of the condition Ready; empty: there is none yet, so no operator has looked at the credential. */
  readonly reason: string;
  readonly conditions: readonly ConditionView[];
  /** What was said of it lately, newest first. */
  readonly history: readonly HistoryEntry[];
  /** Undefined: on this machine. Age is counted from here. */
  readonly createdAt?: string;
  /** Of the configuration that sidecars should have; undefined: there is none for them, or it is not known. */
  readonly revision?: string;
  /** `spec.grant.type`. */
  readonly grant: string;
  /** `spec.client.authentication`. */
  readonly authentication: string;
  readonly clientId?: string;
  readonly scope?: string;
  /** What it reaches; empty: the spec does not say, which is a mistake in it. */
  readonly upstreamUrl: string;
  readonly tokenEndpointUrl: string;
  /** Undefined: everything below the upstream's URL. */
  readonly allow?: readonly AllowRule[];
  /** What it takes values from, each once, by its name; never a value. */
  readonly sources: readonly SourceName[];
}

export type ConditionStatus = 'True' | 'False' | 'Unknown';

export interface ConditionView {
  /** Accepted, SecretsResolved or Ready. */
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
  /** Undefined: on this machine. */
  readonly lastTransitionTime?: string;
}

/** An Event of the cluster. */
export interface HistoryEntry {
  readonly at: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly note: string;
  readonly count: number;
}

export interface AllowRule {
  /** Undefined: all; as for `paths`. */
  readonly methods?: readonly string[];
  readonly paths?: readonly string[];
}

export interface SourceName {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
}

/** One alias of one sidecar. */
export interface Consumer {
  /** Both undefined: the process on this machine. */
  readonly namespace?: string;
  readonly pod?: string;
  readonly alias: string;
  /** The credential's name, in the same namespace. */
  readonly credential: string;
  /** `status.phase`, or Terminating. */
  readonly phase?: string;
  /** Tokenward's. */
  readonly sidecarVersion?: string;
  readonly sidecar: SidecarReading;
}

export type SidecarReading =
  | {
      readonly kind: 'read';
      readonly state: 'ready' | 'pending' | 'invalid';
      /** Why it is invalid. */
      readonly reason?: string;
      /** Why the newest configuration is not in force; the state is then that of the last good one. */
      readonly broken?: string;
      /** Of the configuration in force. */
      readonly revision?: string;
      /** Whether that is the credential's; undefined: one of the two is not known. */
      readonly isNewest?: boolean;
      /** Undefined: it has no configuration to ask for one with. */
      readonly token?: TokenView;
      /** All since the sidecar was started; undefined: its metrics could not be read. */
      readonly counts?: AliasCounts;
    }
  /** In a sentence, with what is to be done about it. */
  | { readonly kind: 'unread'; readonly why: string };

export interface TokenView {
  /** `none`: nobody has asked for one yet, or it has expired. `failing`: the last request brought none; an older one may still be valid. */
  readonly status: 'none' | 'valid' | 'failing';
  readonly expiresAt?: string;
  readonly failure?: { readonly code: string; readonly detail: string; readonly hint?: string };
  /** No token is asked for before. */
  readonly nextTryAt?: string;
}

export interface AliasCounts {
  readonly tokenRequests: { readonly ok: number; readonly failed: number };
  /** Calls of the workload by class of the status they were answered with: `2xx`, `4xx`. */
  readonly callsByClass: Readonly<Record<string, number>>;
  /** Tokenward's own failures by code. */
  readonly errors: Readonly<Record<string, number>>;
}

/** Something that the reader has no right to, or that did not answer. */
export interface Gap {
  /** Such as `pods in the namespace hr`. */
  readonly what: string;
  /** In a sentence. */
  readonly why: string;
  /** The right that is missing, if it is that. */
  readonly missing?: { readonly verb: string; readonly resource: string; readonly group: string; readonly namespace?: string };
}
