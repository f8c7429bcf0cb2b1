import { describe, expect, test } from 'vitest';
import { chooseCluster, type GivenContext, type Surroundings } from './choose-cluster.ts';

const choose = (surroundings: Partial<Surroundings>) =>
  chooseCluster({ wanted: '', given: undefined, loadImage: 'load', hasKind: () => false, ...surroundings });
const at = (server: string, more: Partial<GivenContext> = {}): GivenContext => ({ name: 'mine', server, isIndirect: false, ...more });

describe('of itself', () => {
  test.each(['https://127.0.0.1:6443', 'https://127.8.9.1', 'https://localhost:6550', 'https://[::1]:6443', 'https://0.0.0.0:6550'])(
    'a cluster of KUBECONFIG on loopback is chosen: %s',
    (server) => {
      expect(choose({ given: at(server), hasKind: () => true })).toEqual({
        provider: 'kubeconfig',
        description: `the one that KUBECONFIG names, context mine at ${new URL(server).host}`,
        loadImage: 'load',
      });
    },
  );

  test.each([
    ['another machine', at('https://api.prod.example:6443'), 'api.prod.example:6443, which is not'],
    ['a private address', at('https://192.168.49.2:8443'), '192.168.49.2:8443, which is not'],
    ['a name that begins like loopback', at('https://127.0.0.1.example'), '127.0.0.1.example, which is not'],
    ['a proxy of kubectl', at('http://127.0.0.1:8001'), '127.0.0.1:8001, which is not'],
    ['the near end of a tunnel', at('https://127.0.0.1:6443', { isIndirect: true }), '127.0.0.1:6443, behind'],
    ['no URL', at('nowhere'), 'nowhere, which is not'],
  ])('%s is left alone, and the host and what would use it are said', (_, given, host) => {
    const choice = choose({ given });
    expect(choice).toMatchObject({ provider: 'built-here', remark: expect.stringContaining(`its context mine is at ${host}`) });
    expect(choice).toMatchObject({ remark: expect.stringContaining('TOKENWARD_CLUSTER=kubeconfig') });
    expect(choose({ given, hasKind: () => true })).toMatchObject({ provider: 'kind' });
  });

  test('a cluster that nobody says how to give images is left alone', () => {
    const remark = expect.stringContaining('TOKENWARD_LOAD_IMAGE');
    expect(choose({ given: at('https://127.0.0.1:6443'), loadImage: '' })).toMatchObject({ provider: 'built-here', remark });
  });

  test('what cannot be read is left alone, and the reason is said', () => {
    expect(choose({ given: 'there is no kubectl' })).toEqual({
      provider: 'built-here',
      remark: 'what KUBECONFIG names is left alone: there is no kubectl',
    });
  });

  test('without KUBECONFIG it is kind where that is, else one that is built here, and there is nothing to remark', () => {
    expect(choose({ hasKind: () => true })).toEqual({ provider: 'kind', remark: undefined });
    expect(choose({})).toEqual({ provider: 'built-here', remark: undefined });
  });
});

describe('asked for by TOKENWARD_CLUSTER', () => {
  test('the cluster of KUBECONFIG is taken wherever it is, and its host is said', () => {
    const given = at('https://api.test.example', { isIndirect: true });
    expect(choose({ wanted: 'kubeconfig', given })).toMatchObject({ description: expect.stringContaining('at api.test.example') });
  });

  test.each([
    ['it is not set', undefined, 'load', 'that is not set'],
    ['it cannot be read', 'there is no kubectl', 'load', 'there is no kubectl'],
    ['it cannot be given images', at('https://api.test.example'), '', 'TOKENWARD_LOAD_IMAGE'],
  ])('nothing takes the place of the one that KUBECONFIG names when %s', (_, given, loadImage, why) => {
    const choice = choose({ wanted: 'kubeconfig', given, loadImage, hasKind: () => true });
    expect(choice).toEqual({ provider: 'none', reason: expect.stringContaining(why) });
  });

  test.each(['kind', 'built-here'])('%s is taken, whatever KUBECONFIG names', (wanted) => {
    expect(choose({ wanted, given: at('https://127.0.0.1:6443') })).toEqual({ provider: wanted, remark: undefined });
  });

  test('a provider that there is none of is refused, not passed over', () => {
    expect(choose({ wanted: 'minikube' })).toEqual({ provider: 'none', reason: expect.stringContaining('TOKENWARD_CLUSTER is minikube') });
  });
});

describe('images', () => {
  const loadImageOf = (name: string) => choose({ given: at('https://127.0.0.1:6443', { name }), loadImage: '' });

  test.each([
    ['kind-dev', 'kind load image-archive --name dev'],
    ['k3d-dev', 'k3d image import --cluster dev'],
    ['minikube', 'minikube image load'],
  ])('a context named %s gets them as its maker gives them', (name, loadImage) => {
    expect(loadImageOf(name)).toMatchObject({ provider: 'kubeconfig', loadImage });
  });

  test('a name that the shell would understand otherwise is no command', () => {
    expect(loadImageOf('kind-a;b')).toMatchObject({ provider: 'built-here' });
  });
});
