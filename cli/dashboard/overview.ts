import type { Examination, RecordStep } from '../../doctor/examination.ts';

/**
 * What the dashboard shows. Nothing in it is, or holds, a secret or a token; texts may be anything that somebody wrote into a cluster.
 * Times are milliseconds since the Unix epoch.
 */
export interface Overview {
  /** What is looked at, such as `context kind-dev, namespace hr` or `manifests in examples/`. */
  readonly place: string;
  readonly takenAtMs: number;
  /** What could not be read, why, and what it would take; one sentence each. Said before all else. */
  readonly gaps: readonly string[];
  /** What is wrong and belongs to no credential, such as a file that is no YAML; one line each. */
  readonly problems: readonly string[];
  readonly credentials: readonly CredentialOverview[];
}

/**
 * How a credential stands, what needs attention first. `invalid`: there is nothing to serve; `tokenFailing`: its manifest is well, a
 * consumer gets no token; `lastGoodKept`: the newest manifest is wrong, or not in force everywhere; `pending`: nobody has looked at it
 * yet; `unknown`: it could not be read.
 */
export type CredentialState = 'invalid' | 'tokenFailing' | 'lastGoodKept' | 'pending' | 'unknown' | 'ready';

export interface CredentialOverview {
  readonly namespace: string;
  readonly name: string;
  readonly description?: string;
  readonly state: CredentialState;
  /** Why, in one word, of docs/conditions.md or docs/errors.md: `Ready`, `SecretNotFound`, `token_rejected`. */
  readonly reason?: string;
  /** Why, and how to mend it. */
  readonly message?: string;
  /** What is odd though it works; one line each. */
  readonly warnings?: readonly string[];
  /** `spec.upstream.url`; absent in a manifest too broken to say. */
  readonly upstreamUrl?: string;
  /** One line a rule of `upstream.allow`, such as `GET, POST /odatav4/**`; empty: everything below the base URL. */
  readonly allow: readonly string[];
  readonly tokenUrl?: string;
  /** `grant.type` and `client.authentication`. */
  readonly grant?: string;
  readonly authentication?: string;
  readonly clientId?: string;
  readonly scope?: string;
  /** The Secrets and ConfigMaps that its values come from, by name, each once. */
  readonly sources: readonly { readonly kind: 'Secret' | 'ConfigMap'; readonly name: string }[];
  /** Of the configuration that consumers should have; undefined: there is none for them, or it is not known. */
  readonly revision?: string;
  readonly createdAtMs?: number;
  /** What it is made from comes to an end: a certificate, an assertion. */
  readonly ends: readonly { readonly what: string; readonly atMs: number }[];
  /** Undefined: not known (said in `gaps`); empty: nobody uses it. */
  readonly consumers?: readonly Consumer[];
  readonly conditions: readonly ConditionOverview[];
  /** What was told of it, in any order; what the source does not keep is not there. */
  readonly events: readonly EventOverview[];
}

/** A pod that uses the credential, or `tokenward run` itself. */
export interface Consumer {
  readonly name: string;
  /** What the credential is called there; a consumer is told from others by both. */
  readonly alias: string;
  /** In a few words, such as `Running` or `Pending`. */
  readonly phase: string;
  /** Of its sidecar. */
  readonly sidecarVersion?: string;
  /** How the sidecar serves the alias; undefined: not known. */
  readonly state?: 'ready' | 'pending' | 'invalid';
  /** Why it is invalid, or why the newest configuration is not in force. */
  readonly stateReason?: string;
  /** Which version of the configuration it has, such as a hash's beginning; undefined: not known. */
  readonly revision?: string;
  /** Whether that is the newest one. */
  readonly isCurrent?: boolean;
  readonly token: TokenOutcome;
  readonly tokenRequests?: Tally;
  /** Calls through the proxy; failed are those that Tokenward itself answered. */
  readonly calls?: Tally;
  /** Calls by class of the status they were answered with, such as `2xx`. */
  readonly callsByClass?: Readonly<Record<string, number>>;
  /** Failures of Tokenward itself, by code. */
  readonly errors?: Readonly<Record<string, number>>;
  /** Why there is no more to say of it, such as a right that is missing. */
  readonly unread?: string;
}

export interface Tally {
  readonly ok: number;
  readonly failed: number;
}

/** How the last flight for a token ended. */
export type TokenOutcome =
  /** Not known. */
  | { readonly kind: 'unknown' }
  /** Nobody has asked for one yet. */
  | { readonly kind: 'none' }
  | { readonly kind: 'valid'; readonly expiresAtMs?: number }
  /** `code` and `detail` as callers get them; `expiresAtMs`: an earlier token is good until then. */
  | {
      readonly kind: 'failing';
      readonly code: string;
      readonly detail: string;
      readonly hint?: string;
      readonly expiresAtMs?: number;
      readonly nextTryAtMs?: number;
    };

export interface ConditionOverview {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly sinceMs?: number;
}

export interface EventOverview {
  readonly atMs: number;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** What the doctor is asked. */
export interface ExaminationRequest {
  readonly namespace: string;
  readonly name: string;
  /** Name and alias of the consumer in which to examine. */
  readonly consumer: string;
  readonly alias: string;
  /** In upper case. */
  readonly method: string;
  /** Begins with a slash; absent: the doctor chooses one that is permitted. */
  readonly path?: string;
  /** Whether it may try other ways of asking for a token, at most four. */
  readonly probe: boolean;
}

/** Where the dashboard gets what it shows. */
export interface DashboardSource {
  /** Asked every few seconds while somebody looks, never twice at once. What cannot be read belongs into `gaps`; rejects only if nothing can be. */
  read(): Promise<Overview>;
  /** Absent: there is no doctor here. Tells `record` each step as soon as it can. Rejects with an Error whose message may be shown. */
  examine?(request: ExaminationRequest, record: RecordStep, signal: AbortSignal): Promise<Examination>;
}
