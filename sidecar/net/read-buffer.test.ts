import { expect, test } from 'vitest';
import { LargeBuffers, ReadBuffer } from './read-buffer.ts';

const [small, medium, large] = [16 * 1024, 64 * 1024, 256 * 1024];

/** A connection that reads as much as fits, and has passed all of it on. */
function greedy(buffers: LargeBuffers): ReadBuffer {
  const buffer = new ReadBuffer(buffers);
  buffer.filled(buffer.next().length);
  buffer.released();
  return buffer;
}

test('a read that fills its memory gets more for the next, and the end of an answer gives it back', () => {
  const buffer = greedy(new LargeBuffers());
  expect(buffer.next()).toHaveLength(large);
  buffer.filled(100);
  buffer.released();
  expect(buffer.next()).toHaveLength(large);
  buffer.answerOver();
  expect(buffer.next()).toHaveLength(small);
});

test('memory whose bytes are still needed is not read to again before they are not', () => {
  const buffer = new ReadBuffer(new LargeBuffers());
  const first = buffer.next();
  buffer.filled(10);
  const second = buffer.next();
  expect(second.buffer).not.toBe(first.buffer);
  buffer.filled(10);
  expect([first.buffer, second.buffer]).not.toContain(buffer.next().buffer);
});

test('only so many connections have large memory at a time, whether it is in use, kept or given back', () => {
  const buffers = new LargeBuffers();
  const those = Array.from({ length: 40 }, () => greedy(buffers));
  const sizes = those.map((buffer) => buffer.next().length);
  expect(sizes.filter((size) => size === large)).toHaveLength(32);
  expect(sizes.filter((size) => size === medium)).toHaveLength(8);
  // One keeps it, one ends an answer, one closes.
  those[0]?.filled(10);
  expect(those[0]?.next()).toHaveLength(small);
  expect(greedy(buffers).next()).toHaveLength(medium);
  those[1]?.released();
  those[1]?.answerOver();
  those[1]?.next();
  expect(greedy(buffers).next()).toHaveLength(large);
  those[2]?.close();
  expect(greedy(buffers).next()).toHaveLength(large);
  expect(greedy(buffers).next()).toHaveLength(medium);
  those[0]?.close();
  expect(greedy(buffers).next()).toHaveLength(large);
});
