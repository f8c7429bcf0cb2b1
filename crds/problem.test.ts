import { expect, test } from 'vitest';
import { formatPath } from './problem.ts';

test('a path is written as Kubernetes writes it', () => {
  expect(formatPath([])).toBe('');
  expect(formatPath(['spec', 'tokenEndpoint', 'parameters', 0, 'name'])).toBe('spec.tokenEndpoint.parameters[0].name');
  expect(formatPath(['metadata', 'labels', 'a.b/c'])).toBe('metadata.labels[a.b/c]');
});
