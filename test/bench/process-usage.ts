import { readFileSync, readdirSync } from 'node:fs';

/** Kilobytes of a process and its children. Private dirty is what a copy more of it costs when its files are shared. */
export interface Memory {
  rss: number;
  pss: number;
  privateDirty: number;
}

/** Linux counts a process's time in ticks of 10 ms (USER_HZ, the same on all of its common architectures). */
const microsPerTick = 10_000;

/** CPU time that a process and its children have used so far, in user mode and in the kernel. */
export function cpuMicros(pid: number): number {
  return familyOf(pid).reduce((sum, member) => {
    const stat = readFileSync(`/proc/${member}/stat`, 'utf8');
    // The name in parentheses may hold spaces. After it: state, and ten fields on, utime, stime, cutime, cstime.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((total, field) => total + Number(field), 0);
    return sum + ticks * microsPerTick;
  }, 0);
}

export function memoryKilobytes(pid: number): Memory {
  const memory: Memory = { rss: 0, pss: 0, privateDirty: 0 };
  for (const member of familyOf(pid)) {
    const rollup = readFileSync(`/proc/${member}/smaps_rollup`, 'utf8');
    const line = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]);
    memory.rss += line('Rss');
    memory.pss += line('Pss');
    memory.privateDirty += line('Private_Dirty');
  }
  return memory;
}

function familyOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(familyOf)];
}
