/** Where {@link Counts} are told and the accepted secrets set. */
export const controlPort = 14190;

/** What the servers have seen since they started. */
export interface Counts {
  readonly learning: ServerCounts;
  readonly iot: ServerCounts;
}

interface ServerCounts {
  readonly tokenRequests: number;
  /** Calls of the API with a valid token, and without one. */
  readonly served: number;
  readonly refused: number;
}
