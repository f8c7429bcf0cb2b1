import type { FailureCode } from '../sidecar/failure.ts';
import type { VerdictCode } from './verdicts.ts';

/** Whom a step looks at. */
export type Subject = 'credential' | 'tokenEndpoint' | 'api';

export type StepName =
  | 'Manifest'
  | 'Secret'
  | 'DNS'
  | 'Proxy'
  | 'TCP'
  | 'TLS'
  | 'Token request'
  | 'Token answer'
  | 'Token'
  | 'Try'
  | 'API request'
  | 'API answer';

/** One thing that was looked at. Nothing in it is, or holds, a secret or a token: it is redacted where it is made. */
export interface Step {
  readonly subject: Subject;
  readonly name: StepName;
  /** `odd`: it works, but is not as one would expect. */
  readonly outcome: 'ok' | 'odd' | 'failed' | 'skipped';
  readonly tookMs: number;
  /** One line. */
  readonly summary: string;
  /** More lines, in the order in which they are shown. */
  readonly details: readonly string[];
}

/** A change to the manifest. */
export interface Change {
  /** Dotted, from the root, such as `spec.client.authentication`; with `[]` at its end the value is added to the list. */
  readonly path: string;
  /** What it should be; undefined: the field is taken out. */
  readonly value: unknown;
}

/** An object that a change refers to and that is not there yet: labelled as a source of credentials, in the credential's namespace. */
export interface NewConfigMap {
  readonly name: string;
  readonly data: Readonly<Record<string, string>>;
}

/** How to make it work. */
export type Mend =
  /** A change that was tried (`tried`) and worked, or that follows from what was found. */
  | {
      readonly kind: 'manifest';
      readonly changes: readonly Change[];
      readonly tried: boolean;
      readonly configMap?: NewConfigMap;
      /** What to think of before it is applied. */
      readonly advice?: string;
    }
  /** A value in a Secret or ConfigMap that is not what it should be. */
  | {
      readonly kind: 'secret';
      readonly field: string;
      readonly advice: string;
      /** Where the value lies, if the manifest is at hand: `Secret orders, key client-secret`. */
      readonly source?: string;
    }
  /** A command to run. */
  | { readonly kind: 'command'; readonly command: string; readonly advice: string }
  /** Something that is not in the credential: a role at the endpoint, a firewall, a clock. */
  | { readonly kind: 'elsewhere'; readonly advice: string };

export interface Verdict {
  readonly code: VerdictCode;
  /** Who said no and why, in one sentence that names the host. */
  readonly sentence: string;
  readonly mend?: Mend;
  /** What callers of the sidecar get for it, if it is Tokenward that answers them. */
  readonly failure?: FailureCode;
}

/** Everything that the doctor found; `--json` prints it. */
export interface Examination {
  readonly version: 1;
  readonly alias: string;
  readonly steps: readonly Step[];
  readonly verdict: Verdict;
}

/** Takes each step as soon as it is done. */
export type RecordStep = (step: Step) => void;

/** What a part of the examination came to: what the next part needs, or the verdict. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly verdict: Verdict };
