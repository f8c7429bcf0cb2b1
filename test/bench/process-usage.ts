import { readFileSync, readdirSync } from 'node:fs';

/** Kilobytes of a process and its children. Private dirty is what a copy more of it costs when its files are shared. */
export interface Memory {
  rss: number;
  pss: number;
  privateDirty: number;
}

/** CPU time that a process's threads and its children's have used so far, in user mode and in the kernel. Threads that ended are not in it. */
export function cpuMicros(pid: number): number {
  return familyOf(pid).reduce((sum, member) => {
    // The scheduler's own count, in nanoseconds; /proc/<pid>/stat counts in steps of 10 ms.
    const threads = readdirSync(`/proc/${member}/task`).map((thread) => readFileSync(`/proc/${member}/task/${thread}/schedstat`, 'utf8'));
    return sum + threads.reduce((total, line) => total + Number(line.split(' ')[0]) / 1000, 0);
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
