import type { Clock } from '../../crds/clock.ts';
import type { Examination, Step } from '../../doctor/examination.ts';
import type { DashboardSource, ExaminationRequest } from './overview.ts';

/** What the doctor does, or has done, for one credential. */
export type RunningExamination = {
  readonly request: ExaminationRequest;
  readonly startedAtMs: number;
} & (
  | { readonly state: 'running'; readonly steps: readonly Step[] }
  | { readonly state: 'done'; readonly examination: Examination }
  /** It came to no verdict. */
  | { readonly state: 'broken'; readonly steps: readonly Step[]; readonly error: string }
);

/** So many at once; each one asks somebody's token endpoint. */
const maxRunning = 4;
/** So many credentials' last ones are kept. */
const maxKept = 100;
const timeoutMs = 120_000;

type Examine = NonNullable<DashboardSource['examine']>;

/** The last examination of each credential, of which no more than one runs at a time. */
export class Examinations {
  /** Told of every step and end. */
  onChange: () => void = () => {};
  readonly #source: DashboardSource;
  readonly #clock: Clock;
  readonly #last = new Map<string, RunningExamination>();
  readonly #closing = new AbortController();

  constructor(source: DashboardSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  lastOf({ namespace, name }: { readonly namespace: string; readonly name: string }): RunningExamination | undefined {
    return this.#last.get(`${namespace}/${name}`);
  }

  /** Why it does not begin, or undefined: it has begun. */
  begin(request: ExaminationRequest): 'running' | 'busy' | 'impossible' | undefined {
    const examine = this.#source.examine?.bind(this.#source);
    if (examine === undefined) return 'impossible';
    if (this.lastOf(request)?.state === 'running') return 'running';
    if ([...this.#last.values()].filter(({ state }) => state === 'running').length >= maxRunning) return 'busy';
    void this.#run(request, examine);
    return undefined;
  }

  close(): void {
    this.#closing.abort();
  }

  async #run(request: ExaminationRequest, examine: Examine): Promise<void> {
    const begun = { request, startedAtMs: this.#clock.wallMs() };
    let steps: readonly Step[] = [];
    let hasEnded = false;
    this.#keep({ ...begun, state: 'running', steps });
    const timeout = new AbortController();
    const cancel = this.#clock.after(timeoutMs, () => timeout.abort());
    const signal = AbortSignal.any([timeout.signal, this.#closing.signal]);
    const record = (step: Step): void => {
      if (hasEnded || signal.aborted) return;
      steps = [...steps, step];
      this.#keep({ ...begun, state: 'running', steps });
    };
    try {
      const examination = await Promise.race([examine(request, record, signal), rejectOn(signal)]);
      this.#keep({ ...begun, state: 'done', examination });
    } catch (error) {
      const why = timeout.signal.aborted ? `there was no verdict after ${timeoutMs / 1000} s` : messageOf(error);
      this.#keep({ ...begun, state: 'broken', steps, error: why });
    } finally {
      hasEnded = true;
      cancel();
    }
  }

  #keep(examination: RunningExamination): void {
    const key = `${examination.request.namespace}/${examination.request.name}`;
    this.#last.delete(key);
    this.#last.set(key, examination);
    const ended = [...this.#last].filter(([, { state }]) => state !== 'running').map(([old]) => old);
    for (const old of ended.slice(0, Math.max(0, this.#last.size - maxKept))) this.#last.delete(old);
    this.onChange();
  }
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('it was ended')), { once: true }));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
