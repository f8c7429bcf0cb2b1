import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { admitted, arbitraryPod, injectionSettings } from '../../test/support/pod.ts';
import {
  assertionPath,
  assertionVolume,
  containerName,
  credentialsPath,
  credentialsVolume,
  injectedLabel,
  noTokenVolume,
  podAnnotations,
  statusAnnotation,
} from '../naming.ts';
import { injectSidecar } from './inject-sidecar.ts';
import type { Container, Pod } from './pod.ts';

const holds = (law: (pod: Pod) => void): void => {
  fc.assert(fc.property(arbitraryPod, law), { numRuns: 300 });
};

const isOurs = ({ name }: { readonly name: string }): boolean => [credentialsVolume, noTokenVolume, assertionVolume].includes(name);
const sidecarOf = (pod: Pod): Container | undefined => pod.spec.initContainers?.find(({ name }) => name === containerName);

/** The pod without anything that the injector may add. */
function withoutSidecar(pod: Pod, original: Pod): Pod {
  const copy = structuredClone(pod);
  const { metadata = {}, spec } = copy;
  delete metadata.annotations?.[statusAnnotation];
  delete metadata.labels?.[injectedLabel];
  if (original.metadata?.labels === undefined) delete metadata.labels;
  spec.initContainers = spec.initContainers?.filter(({ name }) => name !== containerName);
  if (original.spec.initContainers === undefined) delete spec.initContainers;
  spec.volumes = spec.volumes?.filter((volume) => !isOurs(volume));
  if (original.spec.volumes === undefined) delete spec.volumes;
  const originals = [...(original.spec.initContainers ?? []), ...original.spec.containers];
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    const before = originals.find(({ name }) => name === container.name);
    container.env = container.env?.filter(({ name }) => !name.startsWith('TOKENWARD_') || before?.env?.some((own) => own.name === name));
    if (before?.env === undefined) delete container.env;
  }
  return copy;
}

test('nothing of the pod is dropped, changed or put elsewhere', () => {
  holds((pod) => {
    expect(withoutSidecar(admitted(pod), pod)).toEqual(pod);
  });
});

test('a pod that has its sidecar gets no patch', () => {
  holds((pod) => {
    expect(injectSidecar(admitted(pod), injectionSettings).outcome).toBe('untouched');
  });
});

test('a pod that has its sidecar gets no patch once the API server has filled in its defaults', () => {
  holds((pod) => {
    const injected = admitted(pod);
    const sidecar = sidecarOf(injected);
    Object.assign(sidecar ?? {}, { terminationMessagePath: '/dev/termination-log' });
    for (const mount of sidecar?.volumeMounts ?? []) Object.assign(mount, { recursiveReadOnly: 'Disabled' });
    const noToken = injected.spec.volumes?.find(({ name }) => name === noTokenVolume);
    Object.assign(noToken ?? {}, { projected: { sources: null, defaultMode: 0o444 } });
    expect(injectSidecar(injected, injectionSettings).outcome).toBe('untouched');
  });
});

test('a token of the service account is for the sidecar of a pod whose author grants one, and for no other container', () => {
  holds((pod) => {
    const { spec } = admitted(pod);
    const audience = pod.metadata?.annotations?.[podAnnotations.assertionAudience];
    const tokens = spec.volumes?.filter((volume) => JSON.stringify(volume).includes('serviceAccountToken'));
    const serviceAccountToken = { audience, expirationSeconds: 3600, path: 'token' };
    const granted = [{ name: assertionVolume, projected: { defaultMode: 0o444, sources: [{ serviceAccountToken }] } }];
    expect(tokens).toEqual(audience === undefined ? [] : granted);
    const containers = [...(spec.initContainers ?? []), ...spec.containers];
    const readers = containers.filter(({ volumeMounts = [] }) => volumeMounts.some(({ name }) => name === assertionVolume));
    expect(readers.map(({ name }) => name)).toEqual(audience === undefined ? [] : [containerName]);
  });
});

test('the sidecar comes before all init containers but those of a service mesh that the pod begins with', () => {
  holds((pod) => {
    const names = admitted(pod).spec.initContainers?.map(({ name }) => name) ?? [];
    const before = names.slice(0, names.indexOf(containerName));
    const [after] = names.slice(before.length + 1);
    expect(before.every((name) => /^(istio|linkerd)-/.test(name))).toBe(true);
    expect(after ?? '').not.toMatch(/^(istio|linkerd)-/);
  });
});

test('every container of the app that starts after the sidecar has each variable exactly once', () => {
  holds((pod) => {
    const { spec } = admitted(pod);
    const inits = spec.initContainers ?? [];
    const position = inits.findIndex(({ name }) => name === containerName);
    const aliases = (pod.metadata?.annotations?.[podAnnotations.inject] ?? '').split(', ').map((entry) => entry.split('=')[0] ?? '');
    const wanted = ['TOKENWARD_URL', ...aliases.map((alias) => `TOKENWARD_${alias.toUpperCase().replaceAll('-', '_')}_URL`)];
    const apps = [...inits.slice(position + 1), ...spec.containers].filter(({ name }) => !/^(istio|linkerd)-/.test(name));
    for (const { env = [] } of apps) {
      for (const variable of wanted) expect(env.filter(({ name }) => name === variable)).toHaveLength(1);
    }
    for (const { name, env } of inits.slice(0, position)) {
      expect(env).toEqual(pod.spec.initContainers?.find((own) => own.name === name)?.env);
    }
  });
});

type Damage = (pod: Pod) => void;
const damages: Readonly<Record<string, Damage>> = {
  'strips the restart policy': (pod) => {
    delete sidecarOf(pod)?.restartPolicy;
  },
  'drops the mounts': (pod) => {
    delete sidecarOf(pod)?.volumeMounts;
  },
  'mounts the API token in place of nothing': (pod) => {
    for (const mount of sidecarOf(pod)?.volumeMounts ?? []) if (mount.name === noTokenVolume) mount.name = 'kube-api-access-x';
  },
  'mounts one file in place of the folder': (pod) => {
    for (const mount of sidecarOf(pod)?.volumeMounts ?? []) if (mount.name === credentialsVolume) mount.subPath = 'lms.json';
  },
  'mounts a folder of the volume': (pod) => {
    for (const mount of sidecarOf(pod)?.volumeMounts ?? []) mount.subPathExpr = '$(POD_NAME)';
  },
  'mounts the volumes elsewhere': (pod) => {
    for (const mount of sidecarOf(pod)?.volumeMounts ?? []) mount.mountPath += '-new';
  },
  'mounts nothing where the credentials belong': (pod) => {
    const sidecar = sidecarOf(pod);
    if (sidecar !== undefined) sidecar.volumeMounts = [{ name: noTokenVolume, mountPath: credentialsPath }];
  },
  'mounts nothing where the service account token belongs': (pod) => {
    for (const mount of sidecarOf(pod)?.volumeMounts ?? []) if (mount.mountPath === assertionPath) mount.name = noTokenVolume;
  },
  'has the service account token be for the API server': (pod) => {
    const volume = pod.spec.volumes?.find(({ name }) => name === assertionVolume);
    if (volume !== undefined) volume['projected'] = { sources: [{ serviceAccountToken: { path: 'token' } }] };
  },
  'drops the volumes': (pod) => {
    delete pod.spec.volumes;
  },
  'makes the Secrets mandatory': (pod) => {
    const volume = pod.spec.volumes?.find(({ name }) => name === credentialsVolume);
    if (volume !== undefined) volume['projected'] = { sources: [{ secret: { name: 'tokenward-x' } }] };
  },
  'puts the API token where nothing must be': (pod) => {
    const volume = pod.spec.volumes?.find(({ name }) => name === noTokenVolume);
    if (volume !== undefined) volume['projected'] = { defaultMode: 0o444, sources: [{ serviceAccountToken: { path: 'token' } }] };
  },
  'puts the sidecar last': (pod) => {
    pod.spec.initContainers?.sort((a, b) => Number(a.name === containerName) - Number(b.name === containerName));
  },
  'begins with containers of its own': (pod) => {
    pod.spec.initContainers?.unshift({ name: 'istio-init-late' }, { name: 'vault-agent-init' });
  },
  'removes the sidecar': (pod) => {
    pod.spec.initContainers = pod.spec.initContainers?.filter(({ name }) => name !== containerName);
  },
  'takes the image from a mirror': (pod) => {
    Object.assign(sidecarOf(pod) ?? {}, { image: 'mirror.example/tokenward-sidecar:1.2.3' });
  },
};

test('whatever another webhook does to the sidecar, it is a native one with its mounts after reinvocation, and then gets no further patch', () => {
  const arbitraryDamage = fc.uniqueArray(fc.constantFrom(...Object.keys(damages)), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(arbitraryPod, arbitraryDamage, (pod, names) => {
      const damaged = admitted(pod);
      const volumes = structuredClone(damaged.spec.volumes);
      for (const name of names) damages[name]?.(damaged);
      const restored = admitted(damaged);
      expect(sidecarOf(restored)?.restartPolicy).toBe('Always');
      const mountPaths = sidecarOf(restored)?.volumeMounts?.map(({ mountPath }) => mountPath) ?? [];
      expect(new Set(mountPaths).size).toBe(mountPaths.length);
      expect(sidecarOf(restored)?.volumeMounts).toEqual(expect.arrayContaining(sidecarOf(admitted(pod))?.volumeMounts ?? []));
      const firstOfTheApp = restored.spec.initContainers?.find(({ name }) => !/^(istio|linkerd)-/.test(name));
      expect(firstOfTheApp?.name).toBe(containerName);
      expect(restored.spec.volumes?.filter(isOurs)).toEqual(volumes?.filter(isOurs));
      expect(injectSidecar(restored, injectionSettings).outcome).toBe('untouched');
    }),
    { numRuns: 300 },
  );
});
