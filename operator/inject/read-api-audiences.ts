import { readFile } from 'node:fs/promises';

/**
 * Whom the API server takes tokens for (`--api-audiences`): a pod's own token is for all of them, the operator's too. None where there is no
 * such token, as on a developer's machine.
 */
export async function readApiAudiences(tokenFile: string): Promise<readonly string[]> {
  const token = await readFile(tokenFile, 'utf8').catch(() => '');
  try {
    const { aud } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { aud?: unknown };
    return [aud].flat().filter((audience) => typeof audience === 'string');
  } catch {
    return [];
  }
}
