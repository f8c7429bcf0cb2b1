import { workloadImage } from '../../test/cluster/write-test-images.ts';

/** What restricted Pod Security asks of a container. */
export const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

/** A container of a workload; it knows nothing of Tokenward but a URL. */
export const container = (name: string, ...args: readonly string[]) => ({
  name,
  image: workloadImage,
  args,
  securityContext: restricted,
});

const callEverySeconds = '0.1';

/** A workload that calls a URL all day. */
export const callingDeployment = (name: string, inject: string, url: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name }, annotations: { 'tokenward.dev/inject': inject } },
      spec: { terminationGracePeriodSeconds: 2, containers: [container('app', 'repeat', url, callEverySeconds)] },
    },
  },
});
