import type { Clock } from '../../crds/clock.ts';
import { parseSidecarConfig } from '../../crds/parse-sidecar-config.ts';
import type { Examination, RecordStep } from '../../doctor/examination.ts';
import { examine } from '../../doctor/examine.ts';
import type { Sidecar } from '../../sidecar/start-sidecar.ts';
import type { ProjectedTokenGrant } from '../../sidecar/token/projected-token.ts';
import type { Servable } from '../manifest-source.ts';
import { formatProblem } from '../manifests/manifest-problem.ts';
import { manifestOverview } from './manifest-overview.ts';
import type { ConditionOverview, DashboardSource, EventOverview, ExaminationRequest, Overview } from './overview.ts';

export interface ManifestDashboardOptions {
  /** Where the manifests are, as on the command line. */
  readonly filename: readonly string[];
  readonly sidecar: Sidecar;
  readonly projectedToken: ProjectedTokenGrant | undefined;
  readonly version: string;
  /** Of the process, for the doctor. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** So many of a credential are kept. */
const maxEvents = 50;

/** What `tokenward run` serves, and what has become of it since it began. */
export class ManifestDashboard implements DashboardSource {
  readonly #options: ManifestDashboardOptions;
  readonly #clock: Clock;
  readonly #events = new Map<string, readonly EventOverview[]>();
  readonly #conditions = new Map<string, readonly ConditionOverview[]>();
  #servable: Servable;

  constructor(servable: Servable, options: ManifestDashboardOptions, { clock }: { readonly clock: Clock }) {
    this.#options = options;
    this.#clock = clock;
    this.#servable = servable;
    this.change(servable);
  }

  /** To be told of every change of the manifests. */
  change(servable: Servable): void {
    this.#servable = servable;
    const seen = new Set<string>();
    for (const { namespace, name, conditions } of manifestOverview(servable, { aliases: [], metrics: '' })) {
      const key = `${namespace}/${name}`;
      seen.add(key);
      this.#note(key, conditions);
    }
    for (const key of [...this.#conditions.keys()].filter((known) => !seen.has(known))) {
      this.#conditions.delete(key);
      this.#events.delete(key);
    }
  }

  async read(): Promise<Overview> {
    const { filename, sidecar } = this.#options;
    // Over the network as by anybody: the registry belongs to the sidecar.
    const metrics = await (await fetch(`${sidecar.adminUrl}/metrics`)).text();
    const credentials = manifestOverview(this.#servable, { aliases: sidecar.aliases(), metrics });
    return {
      place: `manifests in ${filename.join(', ')}`,
      takenAtMs: this.#clock.wallMs(),
      gaps: [],
      problems: this.#servable.problems.filter(({ credential }) => credential === undefined).map((problem) => formatProblem(problem)),
      credentials: credentials.map((credential) => {
        const key = `${credential.namespace}/${credential.name}`;
        return { ...credential, conditions: this.#conditions.get(key) ?? credential.conditions, events: this.#events.get(key) ?? [] };
      }),
    };
  }

  examine({ alias, method, path, probe }: ExaminationRequest, record: RecordStep): Promise<Examination> {
    const { projectedToken, version, environment } = this.#options;
    const rendered = this.#servable.aliases.get(alias);
    const parsed = rendered && parseSidecarConfig(rendered.config);
    if (parsed === undefined || !parsed.ok || 'invalid' in parsed.config) {
      return Promise.reject(new Error(`${alias} is not served, so there is nothing to examine`));
    }
    return examine(
      { alias, config: parsed.config, call: { method, path }, probe, version, projectedToken, environment, record },
      { clock: this.#clock },
    );
  }

  /** What is as it was keeps its time; what is not is told. */
  #note(key: string, now: readonly ConditionOverview[]): void {
    const sinceMs = this.#clock.wallMs();
    const before = this.#conditions.get(key);
    const dated = now.map((condition) => {
      const same = before?.find(({ type, status }) => type === condition.type && status === condition.status);
      return { ...condition, sinceMs: same?.sinceMs ?? sinceMs };
    });
    this.#conditions.set(key, dated);
    const told = (conditions: readonly ConditionOverview[] = []): ConditionOverview | undefined =>
      conditions.find(({ type, status }) => type !== 'Ready' && status === 'False') ?? conditions.find(({ type }) => type === 'Ready');
    const [was, is] = [told(before), told(dated)];
    if (is === undefined || (is.reason === was?.reason && is.message === was.message)) return;
    const event: EventOverview = {
      atMs: sinceMs,
      type: is.status === 'True' ? 'Normal' : 'Warning',
      reason: is.reason,
      message: is.message,
    };
    this.#events.set(key, [event, ...(this.#events.get(key) ?? [])].slice(0, maxEvents));
  }
}
