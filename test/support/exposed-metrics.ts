import { OperatorMetrics } from '../../operator/operator-metrics.ts';
import { systemClock } from '../../crds/clock.ts';
import { SidecarMetrics } from '../../sidecar/metrics/sidecar-metrics.ts';

export interface ExposedMetric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  /** How many lines it has. */
  readonly samples: number;
}

/** What `/metrics` of a sidecar and of the operator show once each thing has happened that they count. */
export async function exposedMetrics(): Promise<ExposedMetric[]> {
  const texts = await Promise.all([busySidecar(), await busyOperator()].map(({ registry }) => registry.metrics()));
  return texts.flatMap(readMetrics);
}

function busySidecar(): SidecarMetrics {
  const metrics = new SidecarMetrics();
  const alias = metrics.alias('any');
  alias.answered(200, 0.1);
  alias.hits = 1;
  alias.replays = 1;
  alias.authorizationsDropped = 1;
  metrics.refused({ code: 'not_allowed', detail: 'x' }, 'any');
  metrics.tokenObserver('any').attempted(undefined, 1);
  metrics.tokenObserver('any').obtained(1);
  metrics.reloaded('any', 'applied');
  return metrics;
}

async function busyOperator(): Promise<OperatorMetrics> {
  const credentials = new Map([['Ready', 1]]);
  const metrics = new OperatorMetrics(() => ({ leading: true, queueDepth: 0, silentForMs: 0, credentials, certificateEndMs: 1 }));
  await metrics.timed(systemClock, () => Promise.resolve());
  metrics.wrote('status', 'update');
  metrics.reviewed('injected', 1);
  metrics.reflector('secrets').listed(1);
  metrics.reflector('secrets').failed('410');
  return metrics;
}

/** Prometheus' text format, version 0.0.4. */
function readMetrics(text: string): ExposedMetric[] {
  return [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => {
    const samples = [...text.matchAll(new RegExp(`^${name}(?:_bucket|_sum|_count)?(?:\\{(.*)\\})? `, 'gm'))];
    const labels = samples.flatMap(([, inner = '']) => [...inner.matchAll(/(\w+)="/g)].map(([, label = '']) => label));
    return { name, type, labels: [...new Set(labels)].filter((label) => label !== 'le'), samples: samples.length };
  });
}
