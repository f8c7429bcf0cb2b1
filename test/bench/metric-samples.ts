/** The sum of a metric's samples in Prometheus' text format, of those that have all these labels. */
export function sumOf(text: string, name: string, labels: Readonly<Record<string, string | RegExp>> = {}): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const sample = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (sample?.[1] !== name) continue;
    const own = new Map([...(sample[2] ?? '').matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]));
    const matches = ([key, wanted]: [string, string | RegExp]): boolean =>
      typeof wanted === 'string' ? own.get(key) === wanted : wanted.test(own.get(key) ?? '');
    if (Object.entries(labels).every(matches)) sum += Number(sample[3]);
  }
  return sum;
}
