import { pino } from 'pino';
import { expect, test } from 'vitest';
import { noteAnswers } from './note-answers.ts';

test.each(['info', 'warn', 'silent'])('at %s no call is noted, and nothing is made ready for it', (level) => {
  expect(noteAnswers(pino({ level }))).toBeUndefined();
});

test.each(['debug', 'trace'])('at %s calls are noted', (level) => {
  expect(noteAnswers(pino({ level }))).toBeDefined();
});
