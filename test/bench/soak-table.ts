import { table } from './report.ts';
import { growthOf, type Soak } from './soak.ts';

const shown = 12;

/** Resident and private dirty memory in the course of time, of which a dozen moments are shown. */
export function soakTable(soaks: readonly Soak[]): string {
  const rows = Array.from({ length: shown }, (_, index) => {
    const at = soaks.map(({ samples }) => samples[Math.round((index * (samples.length - 1)) / (shown - 1))]);
    const cells = at.map((sample) => `${sample?.residentMegabytes.toFixed(1)} / ${sample?.privateDirtyMegabytes.toFixed(1)}`);
    return [`${at[0]?.seconds.toFixed(0)} s`, ...cells];
  });
  const growth = ['resident, last quarter in ratio to the second', ...soaks.map((run) => growthOf(run).toFixed(3))];
  return table(['2,000/s: resident / private dirty MB', ...soaks.map(({ name }) => name)], [...rows, growth]);
}
