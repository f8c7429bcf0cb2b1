import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { exposedMetrics } from '../support/exposed-metrics.ts';
import { requireTool } from '../support/require-tool.ts';
import { chart, root } from './chart-stage.ts';
import { buildPromtool, runPromtool } from './promtool.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
}

interface Case {
  readonly alertname: string;
  readonly exp_alerts?: readonly unknown[];
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const rulesFile = join(chart, 'files/alerts.yaml');
const casesFile = join(import.meta.dirname, 'alert-cases.yaml');
const { groups } = parse(await readFile(rulesFile, 'utf8')) as { groups: readonly { rules: readonly Rule[] }[] };
const { tests } = parse(await readFile(casesFile, 'utf8')) as { tests: readonly { alert_rule_test: readonly Case[] }[] };
const rules = groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(await readFile(join(chart, 'files/dashboard.json'), 'utf8')) as {
  panels: readonly Panel[];
  templating: { list: readonly { query: unknown }[] };
};
const expressions = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
const go = requireTool('go', 'to build promtool, which judges the alerts and the expressions of the dashboard');

describe.skipIf(go === undefined)('promtool', () => {
  let promtool = '';
  let folder = '';

  beforeAll(async () => {
    promtool = await buildPromtool(go ?? '');
    folder = await mkdtemp(join(tmpdir(), 'tokenward-promtool-'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('finds nothing wrong with the alerts', async () => {
    expect(await runPromtool(promtool, 'check', 'rules', '--lint-fatal', rulesFile)).toContain(`SUCCESS: ${rules.length} rules found`);
  });

  test('has each alert fire where it should, and not where it should not', async () => {
    expect(await runPromtool(promtool, 'test', 'rules', casesFile)).toContain('SUCCESS');
  });

  test('has a case fail that expects what is not so', async () => {
    const wrong = join(folder, 'wrong.yaml');
    const cases = await readFile(casesFile, 'utf8');
    await writeFile(wrong, cases.replace('../../charts/tokenward/files/alerts.yaml', rulesFile).replace('In 2 sidecars', 'In 3 sidecars'));
    await expect(runPromtool(promtool, 'test', 'rules', wrong)).rejects.toThrow('In 3 sidecars');
  });

  test('understands every expression of the dashboard', async () => {
    const file = join(folder, 'dashboard.yaml');
    const recorded = expressions.map(({ expr }, index) => ({ record: `panel:${index}`, expr: expr.replaceAll('$__rate_interval', '5m') }));
    await writeFile(file, stringify({ groups: [{ name: 'dashboard', rules: recorded }] }));
    expect(await runPromtool(promtool, 'check', 'rules', file)).toContain(`SUCCESS: ${expressions.length} rules found`);
  });
});

test('each alert has a case in which it fires and one in which it does not', () => {
  const cases = tests.flatMap((suite) => suite.alert_rule_test);
  const fires = (expected: boolean): Set<string> =>
    new Set(cases.filter(({ exp_alerts: alerts = [] }) => alerts.length > 0 === expected).map(({ alertname }) => alertname));
  const names = new Set(rules.map(({ alert }) => alert));
  expect(names.size).toBe(rules.length);
  expect(fires(true)).toEqual(names);
  // The ones that a state has ended for are among those that never fire.
  expect(fires(false)).toEqual(names);
});

test('docs/guides/alerts.md says of each alert what to do, and of no other', async () => {
  const page = await readFile(join(root, 'docs/guides/alerts.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\w+) \| .{80,} \|$/gm)].map(([, alert, severity]) => ({ alert, severity }));
  expect(rows).toEqual(rules.map(({ alert, labels }) => ({ alert, severity: labels.severity })));
});

test('alerts and dashboard ask for metrics and labels that there are, and the dashboard for all of them', async () => {
  const metrics = await exposedMetrics();
  const names = new Set(metrics.map(({ name }) => name));
  const variables = dashboard.templating.list.map(({ query }) => JSON.stringify(query));
  const shown = metricsIn(expressions.map(({ expr }) => expr).join('\n'));
  expect(shown).toEqual(names);
  expect([...metricsIn([...variables, ...rules.map(({ expr }) => expr)].join('\n'))].filter((name) => !names.has(name))).toEqual([]);

  // Prometheus adds the others to all it reads.
  const labels = new Set([...metrics.flatMap((metric) => metric.labels), 'le', 'namespace', 'pod']);
  const asked = [...expressions, ...rules].flatMap(({ expr }) => [
    ...[...expr.matchAll(/(?:by|on|without|ignoring) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', ')),
    ...[...expr.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label),
  ]);
  expect(asked.filter((label) => !labels.has(label))).toEqual([]);
});

/** A histogram by its own name. */
function metricsIn(text: string): Set<string> {
  return new Set([...text.matchAll(/\btokenward_\w+/g)].map(([name]) => name.replace(/_(?:bucket|sum|count)$/, '')));
}
