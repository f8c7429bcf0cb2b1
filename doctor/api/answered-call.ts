import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { AnswerWords } from './answer-words.ts';
import type { ApiCall } from './api-call.ts';
import type { NamedIssuer } from './named-issuer.ts';
import type { Issue } from './odd-claims.ts';
import type { ResourceMetadata } from './read-resource-metadata.ts';
import type { ApiAnswer } from './send-api-request.ts';
import type { TokenFacts } from './token-facts.ts';

/** A call with its answer, and all that judging it needs. */
export interface AnsweredCall {
  readonly config: SidecarConfig;
  readonly call: ApiCall;
  /** What was called, for people. */
  readonly url: string;
  readonly answer: ApiAnswer;
  readonly words: AnswerWords;
  readonly metadata: ResourceMetadata | undefined;
  readonly issuer: NamedIssuer | undefined;
  /** Undefined if only its issuer can read the token. */
  readonly facts: TokenFacts | undefined;
  readonly issue: Issue;
  /** A value that somebody else wrote, as it may be shown: without secrets. */
  readonly safe: (value: unknown) => string;
  /** The same for prose. */
  readonly redact: (text: string) => string;
}
