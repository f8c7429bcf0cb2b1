/** A call of the API, as a workload would make it. */
export interface ApiCall {
  /** In upper case. */
  readonly method: string;
  /** Below the base URL, with its query; begins with a slash. Undefined if nobody said which: the doctor chooses one that is permitted. */
  readonly path?: string | undefined;
}
