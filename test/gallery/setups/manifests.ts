import type { BrokenSetup } from '../broken-setup.ts';
import { secret } from '../manifests.ts';
import { clientSecret } from '../gallery-realm.ts';
import { sceneOf, startProvider } from '../scenes.ts';

export const secretUnlabelled: BrokenSetup = {
  name: 'secret-unlabelled',
  title: 'The Secret has not opted in',
  story:
    'A Secret serves credentials only if it has the label `tokenward.dev/credential: "true"`, so that a credential cannot lead to Secrets of others.',
  symptom: { status: 503, failure: 'credential_invalid' },
  verdict: {
    code: 'secret_invalid',
    sentence: 'The credential orders cannot be used: spec.client.secretRef: the Secret orders has not opted in to serving credentials.',
    mend: {
      kind: 'command',
      command: 'kubectl label secret orders tokenward.dev/credential=true',
      advice: 'It needs the label tokenward.dev/credential: "true"; add it with:',
    },
    failure: 'credential_invalid',
  },
  set: async (stage) => {
    const scene = await sceneOf(stage, await startProvider());
    const [credential] = scene.manifests;
    return { ...scene, manifests: [...(credential ? [credential] : []), secret({ 'client-secret': clientSecret }, {})] };
  },
};

export const credentialMissing: BrokenSetup = {
  name: 'credential-missing',
  title: 'There is no such credential',
  story: 'The first segment of the called path names no OAuth2Credential: it has another name, or is in another file or namespace.',
  symptom: { status: 404, failure: 'unknown_alias' },
  verdict: {
    code: 'credential_missing',
    sentence: 'There is no OAuth2Credential orders in these files; there is: invoices.',
    mend: { kind: 'elsewhere', advice: 'Name one of these by --alias, or the file that has it by -f.' },
    failure: 'unknown_alias',
  },
  set: async (stage) => {
    const scene = await sceneOf(stage, await startProvider());
    const [missing, kept] = scene.manifests;
    if (missing === undefined || kept === undefined) throw new Error('nothing to take away');
    const other = { ...missing, metadata: { name: 'invoices' } };
    return { ...scene, manifests: [other, kept], byHand: ({ manifests }) => manifests.add(missing) };
  },
};
