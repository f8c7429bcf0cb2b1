import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { listPaths, readMember } from '../../sidecar/token/read-member.ts';
import { readTokenAnswer } from '../../sidecar/token/read-token-answer.ts';
import type { Mend } from '../examination.ts';
import type { Asked } from './ask-once.ts';
import { contentOf } from './describe-answer.ts';

/** The likeliest first. */
const tokenNames = [/^access_?token$/i, /^(?:jwt|bearer)_?(?:token)?$/i, /^(?:auth\w*|session)?_?token$/i, /token$/i];
const otherTokens = /refresh|id_?token|csrf|type/i;

/** Reads the very answer that came as if the manifest named another field: where that brings a token, it is the mend. */
export function findToken({ config, material, response, sentWallMs }: Asked): Mend | undefined {
  if (response === undefined) return undefined;
  const content = contentOf(response);
  if (content.kind !== 'members') return undefined;
  const paths = listPaths(content.members).filter((path) => isText(readMember(content.members, path)));
  for (const pattern of tokenNames) {
    for (const path of paths) {
      const name = path.split('.').at(-1) ?? '';
      if (!pattern.test(name) || otherTokens.test(name)) continue;
      const changed: SidecarConfig = {
        ...config,
        tokenEndpoint: { ...config.tokenEndpoint, response: { ...config.tokenEndpoint.response, accessToken: path } },
      };
      if (!readTokenAnswer(changed, { material, sentWallMs }, response).ok) continue;
      return { kind: 'manifest', changes: [{ path: 'spec.tokenEndpoint.response.accessToken', value: path }], tried: true };
    }
  }
  return undefined;
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
