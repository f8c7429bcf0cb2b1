export const port = 8080;

/** A token request that waits to be judged. */
export interface TokenQuestion {
  readonly form: string;
  readonly authorization: string | null;
  readonly contentType: string | null;
}
