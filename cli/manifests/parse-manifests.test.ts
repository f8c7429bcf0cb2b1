import { describe, expect, it } from 'vitest';
import { parsePath } from './manifest-object.ts';
import { parseManifests } from './parse-manifests.ts';

const values = (text: string) => parseManifests('x.yaml', text).objects.map((object) => object.value);
const problems = (text: string) => parseManifests('x.yaml', text).problems;

describe('parseManifests', () => {
  it('counts documents from 1 and lets empty ones pass', () => {
    const { objects } = parseManifests('x.yaml', '# a comment\n---\nkind: A\n---\n---\nkind: B\n');
    expect(objects.map(({ document, value }) => [document, value['kind']])).toEqual([
      [1, 'A'],
      [3, 'B'],
    ]);
  });

  it('opens lists of any kind, and prefixes the paths of their items', () => {
    const { objects } = parseManifests('x.yaml', 'kind: List\nitems:\n- kind: A\n  spec:\n    b: 1\n- kind: B\n');
    expect(objects.map(({ pathPrefix, value }) => [pathPrefix, value['kind']])).toEqual([
      ['items[0].', 'A'],
      ['items[1].', 'B'],
    ]);
    expect(objects[0]?.lineOf(parsePath('spec.b'))).toBe(5);
  });

  it('reads JSON', () => {
    expect(values('{\n\t"kind": "A",\n\t"spec": {"a": "yes"}\n}\n')).toEqual([{ kind: 'A', spec: { a: 'yes' } }]);
  });

  it('reads scalars as kubectl does: yes is true, 010 is eight, a time is text, and << merges', () => {
    const [value] = values('kind: A\na: yes\nb: 010\nc: 12:30:45\nd: 2026-01-02\ne: &e {f: 1}\ng: {<<: *e}\n');
    expect(value).toEqual({ kind: 'A', a: true, b: 8, c: '12:30:45', d: '2026-01-02', e: { f: 1 }, g: { f: 1 } });
  });

  it('finds the line of a field, of a list entry, of a field behind an alias, and of the nearest field above one that is missing', () => {
    const text =
      'kind: A\nbase: &base\n  url: u\nspec:\n  parameters:\n    - name: a\n      value: >-\n        text\n    - name: b\n  upstream: *base\n';
    const line = (path: string) => parseManifests('x.yaml', text).objects[0]?.lineOf(parsePath(path));
    expect(line('spec.parameters[0].value')).toBe(7);
    expect(line('spec.parameters[1]')).toBe(9);
    expect(line('spec.upstream.url')).toBe(3);
    expect(line('spec.grant.scope')).toBe(4);
    expect(line('status')).toBe(1);
  });

  it('finds a label by its bracketed path', () => {
    const [object] = parseManifests('x.yaml', 'kind: A\nmetadata:\n  labels:\n    a/b.c: d\n').objects;
    expect(object?.lineOf(parsePath('metadata.labels[a/b.c]'))).toBe(4);
  });

  it('names line and document of bad YAML, and still reads the documents around it', () => {
    const { objects, problems: found } = parseManifests('x.yaml', 'kind: A\n---\nkind: B\n  bad: indent\n---\nkind: C\n');
    expect(objects.map(({ value }) => value['kind'])).toEqual(['A', 'C']);
    expect(found).toEqual([expect.objectContaining({ file: 'x.yaml', line: 3, document: 2 })]);
    expect(found[0]?.message).toMatch(/^not valid YAML: \w/);
  });

  it.each([
    ['an unclosed quote', 'kind: Secret\nstringData:\n  a: "hunter2\n'],
    ['an escape that does not exist', 'kind: Secret\nstringData:\n  a: "\\hunter2"\n'],
    ['text after a quoted string', 'kind: Secret\nstringData:\n  a: "x" hunter2\n'],
    ['text that is no token', 'kind: Secret\nstringData:\n  a: [hunter2}\n'],
    ['an unknown alias', 'kind: Secret\nstringData:\n  a: *hunter2\n'],
    ['a block scalar with text in its header', 'kind: Secret\nstringData:\n  a: |hunter2\n    b\n'],
    ['a key that is given twice', 'kind: Secret\nstringData:\n  a: hunter2\n  a: hunter2\n'],
    ['a reserved character', 'kind: Secret\nstringData:\n  a: @hunter2\n'],
  ])('never quotes the file: %s', (_what, text) => {
    const found = problems(text);
    expect(found).toHaveLength(1);
    expect(JSON.stringify(found)).toContain('not valid YAML');
    expect(JSON.stringify(found)).not.toContain('hunter');
  });

  it.each([
    [
      'a: x: y',
      'nested mappings are not allowed in compact mappings; put the value in single quotes if it holds a colon, or begin a new line',
    ],
    ['a: @x', 'plain value cannot start with reserved character @; put the value in single quotes'],
    ['a: 1\n  a: 2', 'map keys must be unique; remove one of the two'],
    ['a: "x', 'missing closing quotation mark; add what is missing, here or above'],
    ['a:\n\tb: 1', 'tabs are not allowed as indentation; indent with spaces'],
  ])('says how to mend bad YAML: %j', (yaml, message) => {
    expect(problems(`kind: A\nstringData:\n  ${yaml}\n`)).toMatchObject([{ message: `not valid YAML: ${message}` }]);
  });

  it.each(['just text\n', '- a\n', 'apiVersion: v1\n', 'kind: 5\n'])('refuses what is no Kubernetes object: %s', (text) => {
    expect(problems(text)).toEqual([
      { file: 'x.yaml', document: 1, line: 1, message: 'not a Kubernetes object: it needs apiVersion and kind' },
    ]);
  });

  it('stops at aliases that multiply without end', () => {
    const nine = (what: string) => `[${`${what}, `.repeat(9)}]`;
    const bomb = ['kind: A', `a1: &a1 ${nine('x')}`, ...[1, 2, 3, 4, 5, 6].map((n) => `a${n + 1}: &a${n + 1} ${nine(`*a${n}`)}`)];
    expect(problems(bomb.join('\n'))).toEqual([expect.objectContaining({ file: 'x.yaml', document: 1, line: 1 })]);
  });

  it('calls an empty file empty, for an editor may be about to fill it', () => {
    expect(problems(' \n')).toEqual([{ file: 'x.yaml', message: 'the file is empty' }]);
    expect(problems('# only a comment\n')).toEqual([]);
  });
});
