import type { Failure } from '../failure.ts';
import type { OutgoingBody } from '../net/outgoing-request.ts';

/** A caller's body on its way to the API. */
export interface CallerBody {
  /** `whole`: it is read before anything is sent. */
  readonly kind: 'none' | 'whole' | 'stream';
  /** Reads a whole one; `refused` instead of `done` if it cannot be sent. Neither is called if the caller goes away before. */
  read(done: () => void, refused: (failure: Failure) => void): void;
  /** What goes out; a second time only if `replayable`. `token`: what is injected, for a body that takes it in. */
  content(token: string): OutgoingBody;
  readonly replayable: boolean;
  /** All of it has been read from the caller. */
  readonly complete: boolean;
  /** More is to come, and it is not the API that keeps it from coming. */
  readonly callerIsSlow: boolean;
  /** All of it has been sent, once, and answered: nothing of it is needed any more. */
  done(): void;
  /** What has not been sent is read and dropped. */
  destroy(): void;
}
