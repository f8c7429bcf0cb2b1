import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { Failure } from '../failure.ts';
import { hintRows, type HintedAnswer, type HintRow } from './hint-rows.ts';

/** The row for an answer that brings no token. */
function hintRow(answer: HintedAnswer, config: SidecarConfig): HintRow | undefined {
  return hintRows.find(
    ({ status, error, content, fault, asked }) =>
      isWithin(answer.status, status) &&
      (error === undefined || error === answer.error) &&
      (content === undefined || content === answer.content) &&
      (fault === undefined || fault === answer.fault) &&
      (asked === undefined || asked(config)),
  );
}

function isWithin(status: number, sign: HintRow['status']): boolean {
  if (sign === undefined) return true;
  return typeof sign === 'number' ? status === sign : status >= sign[0] && status <= sign[1];
}

/** The advice for an answer that brings no token, in a sentence or two; nothing of the answer is in it but the host of a redirect. */
export function tokenHint(answer: HintedAnswer, config: SidecarConfig): Pick<Failure, 'hint' | 'doctorHelps'> {
  const row = hintRow(answer, config);
  if (row === undefined) return {};
  const hint = typeof row.hint === 'function' ? row.hint(config, answer) : row.hint;
  return row.doctorHelps === undefined ? { hint } : { hint, doctorHelps: row.doctorHelps };
}
