import { AssertionError } from 'node:assert';
import { demoPorts } from './ports.ts';

/** Why the demo stopped, in a line or two and without a stack. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE' && 'port' in error) {
    return `port ${String(error.port)} is in use: stop what listens there and run the demo again; it needs ${Object.values(demoPorts).join(', ')}`;
  }
  if (error instanceof AssertionError) return error.message.replaceAll(/\s*\n\s*/g, ' ');
  return error.message;
}
