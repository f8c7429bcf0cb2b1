import type { Mend, NewConfigMap } from '../../doctor/examination.ts';
import type { Hands, Scene } from './broken-setup.ts';
import { consent, type Manifest, type Manifests } from './manifests.ts';

/** Does what a verdict proposes, and no more than it says. */
export async function applyMend(mend: Mend, scene: Scene, hands: Hands): Promise<void> {
  switch (mend.kind) {
    case 'manifest':
      if (mend.configMap !== undefined) hands.manifests.add(configMap(mend.configMap));
      for (const { path, value } of mend.changes) hands.manifests.change(path, value);
      return;
    case 'secret':
      if (scene.rightValue === undefined) throw new Error('the set-up knows no better value');
      hands.manifests.keep(keyOf(hands.manifests, mend.field), scene.rightValue);
      return;
    case 'command':
      run(mend.command, hands.manifests);
      return;
    case 'elsewhere':
      if (scene.byHand === undefined) throw new Error('the set-up does not know what to do by hand');
      await scene.byHand(hands);
  }
}

const configMap = ({ name, data }: NewConfigMap): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: consent },
  data,
});

/** The key of the Secret to which a field of the credential refers. */
function keyOf(manifests: Manifests, field: string): string {
  const [last = '', ...within] = field.split('.').toReversed();
  let at: unknown = manifests.the('OAuth2Credential');
  for (const key of within.toReversed()) at = Reflect.get(Object(at), key);
  const reference: unknown = Reflect.get(Object(at), last);
  if (typeof reference !== 'object' || reference === null) throw new Error(`the credential has no ${field}`);
  const inner: unknown = 'secretKeyRef' in reference ? reference.secretKeyRef : reference;
  const key: unknown = Reflect.get(Object(inner), 'key') ?? (last === 'secretRef' ? 'client-secret' : undefined);
  if (typeof key !== 'string') throw new Error(`${field} refers to no key`);
  return key;
}

/** What is proposed as a command is for kubectl; here it is done to the files. */
function run(command: string, manifests: Manifests): void {
  const [, name, key, value] = /^kubectl label secret (\S+) ([^\s=]+)=(\S+)$/.exec(command) ?? [];
  if (name !== manifests.the('Secret').metadata.name || key === undefined || value === undefined) {
    throw new Error(`nothing is known of the command ${command}`);
  }
  manifests.label(key, value);
}
