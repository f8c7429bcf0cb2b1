/** The `metav1.Status` in which the API server says what went wrong. */
export interface Status {
  readonly kind?: 'Status';
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly retryAfterSeconds?: number; readonly causes?: readonly { readonly reason?: string }[] };
}

/** The API server answered, and not with success; or it said so in the middle of a watch. */
export class ApiError extends Error {
  readonly status: number;
  /** As in `metav1.Status`: `NotFound`, `Conflict`, `AlreadyExists`, `Expired`, … Empty if the answer was no Status. */
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;
  /** Reasons of the single causes, for instance `ResourceVersionTooLarge`. */
  readonly causes: readonly string[];

  constructor(status: number, answer: Status, retryAfterSeconds = answer.details?.retryAfterSeconds) {
    super(answer.message ?? `The API server answered ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.reason = answer.reason ?? '';
    this.retryAfterSeconds = retryAfterSeconds;
    this.causes = (answer.details?.causes ?? []).flatMap(({ reason }) => reason ?? []);
  }
}

/** No answer, or half of one. `code` is the system's (`ECONNRESET`), or ours: `timeout`, `silent`, `unreadable`, `history_went_back`, `no_credentials`. */
export class ConnectionError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'ConnectionError';
    this.code = code;
  }
}
