import { expect, test } from 'vitest';
import { type FailureCode, failures } from '../failure.ts';
import { problem } from './problem.ts';

test.each(Object.entries(failures))('%s is a problem of RFC 9457 with its code in a header', (code, { status, title }) => {
  const answer = problem({ code: code as FailureCode, detail: 'It is so: é.', hint: 'Mend it.', log: { secret: 'for the log' } }, 'lms');
  expect(answer.status).toBe(status);
  expect(answer.headers).toEqual(expect.arrayContaining(['Content-Type', 'application/problem+json', 'Tokenward-Error', code]));
  expect(answer.headers[answer.headers.indexOf('Content-Length') + 1]).toBe(String(Buffer.byteLength(answer.body)));
  expect(JSON.parse(answer.body)).toEqual({
    type: `tag:tokenward.dev,2026:${code}`,
    title,
    status,
    detail: 'It is so: é.',
    hint: 'Mend it.',
    alias: 'lms',
  });
});

test('Retry-After is whole seconds, never too few', () => {
  const { headers } = problem({ code: 'draining', detail: 'x', retryAfterSeconds: 0.2 });
  expect(headers.slice(-2)).toEqual(['Retry-After', '1']);
});

test('the connection of a caller that was too slow ends: the rest of its body would pass for a request', () => {
  expect(problem({ code: 'request_timeout', detail: 'x' }).headers.slice(-2)).toEqual(['Connection', 'close']);
});

test('what the token endpoint said is in it, status and error', () => {
  const { body } = problem({ code: 'token_rejected', detail: 'x', tokenEndpoint: { status: 401, error: 'invalid_client' } });
  expect(JSON.parse(body)).toMatchObject({ tokenEndpoint: { status: 401, error: 'invalid_client' } });
});

test('where the doctor finds out more, the caller is told how to call it', () => {
  const hintOf = (alias?: string): string =>
    JSON.parse(problem({ code: 'token_rejected', detail: 'x', hint: 'Mend it.', doctorHelps: true }, alias).body).hint;
  expect(hintOf('lms')).toBe('Mend it. To find out more: kubectl tokenward doctor POD lms, or tokenward doctor -f FILE --alias lms.');
  expect(hintOf()).toBe('Mend it.');
});
