import { expect, test } from 'vitest';
import { SourceIndex } from './source-index.ts';

const names = (secrets: readonly string[], configMaps: readonly string[] = []) => ({
  secrets: new Set(secrets),
  configMaps: new Set(configMaps),
});

test('a source leads to the credentials of its namespace that looked for it', () => {
  const index = new SourceIndex();
  index.set('hr/a', names(['s', 't']));
  index.set('hr/b', names(['t'], ['ca']));
  index.set('iot/a', names(['t']));
  expect(index.credentialsOf('Secret', 'hr/t')).toEqual(['hr/a', 'hr/b']);
  expect(index.credentialsOf('Secret', 'iot/t')).toEqual(['iot/a']);
  expect(index.credentialsOf('ConfigMap', 'hr/ca')).toEqual(['hr/b']);
  expect(index.credentialsOf('Secret', 'hr/ca')).toEqual([]);
});

test('what a credential does not look for any more does not lead to it', () => {
  const index = new SourceIndex();
  index.set('hr/a', names(['s']));
  index.set('hr/a', names(['t']));
  expect(index.credentialsOf('Secret', 'hr/s')).toEqual([]);
  expect(index.credentialsOf('Secret', 'hr/t')).toEqual(['hr/a']);
});

test('nothing is left of credentials that are gone', () => {
  const index = new SourceIndex();
  for (let n = 0; n < 100; n += 1) index.set(`hr/${n}`, names([`s${n}`, 'shared'], ['ca']));
  for (let n = 0; n < 100; n += 1) index.delete(`hr/${n}`);
  expect(index.size).toBe(0);
});
