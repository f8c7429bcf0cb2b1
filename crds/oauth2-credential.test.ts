import { expect, test } from 'vitest';
import { credentialCorpus } from '../test/cluster/credential-corpus.ts';
import { parseCredential } from './parse-credential.ts';

// test/cluster/crd.test.ts holds the same corpus against an API server's code.
test.each(credentialCorpus.filter(({ verdict }) => verdict === 'accepted'))('$title is accepted', ({ document }) => {
  expect(parseCredential(document)).toMatchObject({ ok: true });
});

test.each(credentialCorpus.filter(({ verdict }) => verdict !== 'accepted'))('$title is refused ($verdict)', ({ document }) => {
  expect(parseCredential(document)).toMatchObject({ ok: false });
});
