import { expect, test } from 'vitest';
import { applyJsonPatch } from './apply-json-patch.ts';

test('applies the examples of RFC 6902, appendix A', () => {
  expect(applyJsonPatch({ foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }])).toEqual({ baz: 'qux', foo: 'bar' });
  expect(applyJsonPatch({ foo: ['bar', 'baz'] }, [{ op: 'add', path: '/foo/1', value: 'qux' }])).toEqual({ foo: ['bar', 'qux', 'baz'] });
  expect(applyJsonPatch({ foo: ['bar', 'qux', 'baz'] }, [{ op: 'remove', path: '/foo/1' }])).toEqual({ foo: ['bar', 'baz'] });
  expect(applyJsonPatch({ baz: 'qux', foo: 'bar' }, [{ op: 'replace', path: '/baz', value: 'boo' }])).toEqual({ baz: 'boo', foo: 'bar' });
  expect(applyJsonPatch({ foo: ['all', 'grass', 'cows', 'eat'] }, [{ op: 'move', from: '/foo/1', path: '/foo/3' }])).toEqual({
    foo: ['all', 'cows', 'eat', 'grass'],
  });
  expect(applyJsonPatch({ foo: ['bar'] }, [{ op: 'add', path: '/foo/-', value: ['abc', 'def'] }])).toEqual({
    foo: ['bar', ['abc', 'def']],
  });
  expect(applyJsonPatch({ '/': 9, '~1': 10 }, [{ op: 'replace', path: '/~01', value: 11 }])).toEqual({ '/': 9, '~1': 11 });
});

test('fails where the place is not there, and leaves the document as it was', () => {
  const document = { foo: ['bar'] };
  expect(() => applyJsonPatch(document, [{ op: 'add', path: '/baz/bat', value: 'qux' }])).toThrow('there is nothing at baz');
  expect(() => applyJsonPatch(document, [{ op: 'add', path: '/foo/2', value: 'qux' }])).toThrow('2 is no index up to 1');
  expect(() =>
    applyJsonPatch(document, [
      { op: 'add', path: '/foo/0', value: 'x' },
      { op: 'replace', path: '/x', value: 1 },
    ]),
  ).toThrow('nothing at /x');
  expect(document).toEqual({ foo: ['bar'] });
});
