import { certificateBlocks } from '../../crds/render/pem.ts';
import { armouredKey } from '../../crds/render/private-key.ts';
import type { Draft } from './conversion.ts';
import type { Destination } from './destination.ts';

interface PairKeys {
  readonly certificate: string;
  readonly key: string;
}

interface Pair {
  readonly certificate: string;
  readonly key: string;
}

export const certificatesIn = (pem: string): string =>
  certificateBlocks(pem)
    .map((block) => `${block}\n`)
    .join('');
const keyIn = (pem: string): string => armouredKey(pem)?.[0] ?? '';

/** A certificate and its key: from --from-file, or of the keystore that the destination names, where that is PEM. */
export function pemPair({ certificates }: Destination, keyStore: string | undefined, keys: PairKeys, draft: Draft): Pair {
  const pem = keyStore === undefined ? '' : (certificates.get(keyStore) ?? '');
  const take = (key: string, found: string, what: string): string => {
    const given = draft.given(key) ?? found;
    if (given === '') draft.lack(`the ${what} is missing, which a destination does not hold: give it as PEM with --from-file ${key}=FILE`);
    return given;
  };
  return {
    certificate: take(keys.certificate, certificatesIn(pem), 'certificate'),
    key: take(keys.key, keyIn(pem), 'private key'),
  };
}
