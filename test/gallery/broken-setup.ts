import type { Verdict } from '../../doctor/examination.ts';
import type { FailureCode } from '../../sidecar/failure.ts';
import type { Keycloak } from '../support/keycloak/keycloak.ts';
import type { JumpingClock } from '../support/jumping-clock.ts';
import type { Manifest, Manifests } from './manifests.ts';
import type { NameTable } from './name-table.ts';

/** One thing that can be wrong, as a page of the documentation tells of it and as a test sets it up. */
export interface BrokenSetup {
  /** Of the test and of the section in docs/troubleshooting.md. */
  readonly name: string;
  readonly title: string;
  /** What is wrong, in a sentence or two. */
  readonly story: string;
  readonly symptom: Symptom;
  /** What the doctor says, with the documentation's hosts in place of the real ones. */
  readonly verdict: Verdict;
  /** What the machine must have. */
  readonly needs?: 'Keycloak' | 'names';
  readonly set: (stage: Stage) => Promise<Scene>;
}

/** What callers of the sidecar get: from the sidecar if there is a code, else from the API. */
export interface Symptom {
  readonly status: number;
  readonly failure?: FailureCode;
  /** Of the token endpoint, as the sidecar passes it on. */
  readonly error?: string;
}

/** What a set-up may use. */
export interface Stage {
  /** Of all that the set-up starts. */
  readonly stack: AsyncDisposableStack;
  /** With the realms of `galleryRealm`. Throws unless the set-up says that it needs it. */
  readonly keycloak: Keycloak;
  /** What names mean to the doctor and the sidecar, if the set-up says that it needs that. */
  readonly names: NameTable;
}

/** What was set up. */
export interface Scene {
  readonly manifests: readonly Manifest[];
  /** The real texts that stand for a place, and what the documentation has instead; replaced in this order. */
  readonly places: Places;
  /** What is called; by default a slash alone, of which the doctor is not told. */
  readonly path?: string;
  /** By how much the machine's clock is wrong. */
  readonly clockAheadMs?: number;
  /** What the user's shell has set. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What a Secret should hold, if that is what is wrong. */
  readonly rightValue?: string;
  /** Does what a person does who has read the verdict, where no program can. */
  readonly byHand?: (hands: Hands) => void | Promise<void>;
}

export type Places = readonly (readonly [real: string | RegExp, documented: string])[];

export interface Hands {
  readonly manifests: Manifests;
  readonly clock: JumpingClock;
}
