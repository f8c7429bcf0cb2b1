import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChartStage, namespace } from './chart-stage.ts';
import type { Cluster } from './cluster.ts';
import { requireCluster } from './require-cluster.ts';

const provider = requireCluster({ nodes: false, purpose: "to ask a real API server for the operator's rights" });

/** A verb, a resource with its group, and the object's name or none; where, or nowhere for what is the cluster's. */
type Deed = readonly [verb: string, resource: string, name: string, where: string];

/** Whether the operator of all namespaces may, and the one that watches hr and iot. */
const table: readonly (readonly [...deed: Deed, everywhere: boolean, insideTwo: boolean])[] = [
  ['list', 'tokenward.dev/oauth2credentials', '', 'hr', true, true],
  ['watch', 'tokenward.dev/oauth2credentials', '', 'iot', true, true],
  ['list', 'tokenward.dev/oauth2credentials', '', 'default', true, false],
  ['list', 'tokenward.dev/oauth2credentials', '', '', true, false],
  ['create', 'tokenward.dev/oauth2credentials', '', 'hr', false, false],
  ['update', 'tokenward.dev/oauth2credentials', 'lms', 'hr', false, false],
  ['patch', 'tokenward.dev/oauth2credentials', 'lms', 'hr', false, false],
  ['delete', 'tokenward.dev/oauth2credentials', 'lms', 'hr', false, false],
  ['patch', 'tokenward.dev/oauth2credentials/status', 'lms', 'hr', true, true],
  ['watch', '/secrets', '', 'hr', true, true],
  ['create', '/secrets', '', 'hr', true, true],
  ['patch', '/secrets', 'tokenward-lms', 'iot', true, true],
  ['delete', '/secrets', 'tokenward-lms', 'hr', true, true],
  ['deletecollection', '/secrets', '', 'hr', false, false],
  ['get', '/secrets', 'database', 'default', true, false],
  ['list', '/secrets', '', 'default', true, false],
  ['list', '/secrets', '', '', true, false],
  ['list', '/secrets', '', namespace, true, false],
  ['update', '/secrets', 'database', namespace, false, false],
  ['watch', '/configmaps', '', 'hr', true, true],
  ['watch', '/configmaps', '', 'default', true, false],
  ['create', '/configmaps', '', 'hr', false, false],
  ['patch', '/configmaps', 'ca', 'hr', false, false],
  ['create', 'events.k8s.io/events', '', 'hr', true, true],
  ['create', 'events.k8s.io/events', '', 'default', true, false],
  ['get', '/pods', 'app', 'hr', false, false],
  ['create', '/pods', '', 'hr', false, false],
  ['create', '/pods/exec', 'app', 'hr', false, false],
  ['create', '/serviceaccounts/token', 'app', 'hr', false, false],
  ['list', '/namespaces', '', '', false, false],
  ['impersonate', '/users', '', '', false, false],
  ['escalate', 'rbac.authorization.k8s.io/clusterroles', '', '', false, false],
  ['patch', 'apiextensions.k8s.io/customresourcedefinitions', 'oauth2credentials.tokenward.dev', '', true, true],
  ['patch', 'apiextensions.k8s.io/customresourcedefinitions', 'another', '', false, false],
  ['create', 'apiextensions.k8s.io/customresourcedefinitions', '', '', false, false],
  ['delete', 'apiextensions.k8s.io/customresourcedefinitions', 'oauth2credentials.tokenward.dev', '', false, false],
  ['create', 'admissionregistration.k8s.io/mutatingwebhookconfigurations', '', '', false, false],
  ['delete', 'admissionregistration.k8s.io/mutatingwebhookconfigurations', '', '', false, false],
  ['patch', 'admissionregistration.k8s.io/mutatingwebhookconfigurations', 'another', '', false, false],
  ['patch', 'admissionregistration.k8s.io/validatingadmissionpolicies', '', '', false, false],
  ['create', 'coordination.k8s.io/leases', '', namespace, false, false],
  ['update', 'coordination.k8s.io/leases', 'another', namespace, false, false],
];

describe.skipIf(provider === undefined)("the operator's rights", () => {
  let cluster: Cluster;
  let stage: ChartStage;

  beforeAll(async () => {
    if (provider === undefined) return;
    cluster = await provider.start();
    stage = new ChartStage(cluster);
    await stage.prepare();
    for (const values of [[], ['watchNamespaces={hr,iot}', 'fullnameOverride=inside']]) {
      const manifests = await stage.template(...values);
      await stage.apply(manifests.filter(({ kind }) => /Role|ServiceAccount/.test(kind)));
    }
  });

  afterAll(() => cluster?.stop());

  const may = async (account: string, ...[verb, resource, name, where]: Deed): Promise<boolean> => {
    const [group = '', plural = '', subresource = ''] = resource.split('/');
    const resourceAttributes = { verb, group, resource: plural, subresource, name, namespace: where };
    const spec = { user: `system:serviceaccount:${namespace}:${account}`, resourceAttributes };
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
    const answer = await cluster.kubectl(['create', '--raw', '/apis/authorization.k8s.io/v1/subjectaccessreviews', '--filename', '-'], {
      input: JSON.stringify(review),
    });
    return (JSON.parse(answer) as { status: { allowed: boolean } }).status.allowed;
  };

  test.each(table)('%s %s %s in "%s": everywhere %s, in two namespaces %s', async (verb, resource, name, where, everywhere, insideTwo) => {
    expect(await may('tokenward', verb, resource, name, where)).toBe(everywhere);
    expect(await may('inside', verb, resource, name, where)).toBe(insideTwo);
  });

  test.each(['tokenward', 'inside'])('%s may write its own lease, certificates and caBundle', async (account) => {
    expect(await may(account, 'update', 'coordination.k8s.io/leases', account, namespace)).toBe(true);
    expect(await may(account, 'update', '/secrets', `${account}-webhook-certificate`, namespace)).toBe(true);
    const configuration = `${namespace}-${account}`;
    expect(await may(account, 'patch', 'admissionregistration.k8s.io/mutatingwebhookconfigurations', configuration, '')).toBe(true);
  });

  test('are none on anything of the cluster where it watches some namespaces and others look after certificates and definition', async () => {
    const others = ['webhook.certificates.source=CertManager', 'rbac.aggregate=false', 'crds.upgrade=false'];
    const manifests = await stage.template('watchNamespaces={hr,iot}', ...others);
    expect(manifests.filter(({ kind }) => kind.startsWith('ClusterRole'))).toEqual([]);
  });
});
