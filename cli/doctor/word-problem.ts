import type { Problem } from '../../crds/problem.ts';
import type { Mend, Verdict } from '../../doctor/examination.ts';

/** What is wrong with a credential, as a verdict. Every problem says first what is wrong, and behind a colon how to mend it. */
export function wordProblem(name: string, { condition, reason, path, message }: Problem): Verdict {
  const isSecret = condition === 'SecretsResolved';
  const [what, mend] = split(message);
  return {
    code: isSecret ? 'secret_invalid' : 'manifest_invalid',
    sentence: `The credential ${name} cannot be used: ${path === '' ? '' : `${path}: `}${what}.`,
    mend: mendOf(reason, path, mend ?? message),
    failure: 'credential_invalid',
  };
}

function split(message: string): readonly [what: string, mend?: string] {
  const at = message.indexOf(': ');
  return at < 0 ? [message] : [message.slice(0, at), message.slice(at + 2)];
}

function mendOf(reason: Problem['reason'], path: string, text: string): Mend {
  const command = /\bkubectl [^;]+/.exec(text)?.[0]?.trim();
  const whole = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  // The command follows.
  if (command !== undefined)
    return { kind: 'command', command, advice: whole.endsWith(`: ${command}`) ? whole.slice(0, -command.length - 1) : whole };
  const advice = `${whole}${/[.?]$/.test(text) ? '' : '.'}`;
  return reason === 'InvalidSecretValue' ? { kind: 'secret', field: path, advice } : { kind: 'elsewhere', advice };
}
