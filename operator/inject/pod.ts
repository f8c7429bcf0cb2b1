import * as z from 'zod';

const mount = z.looseObject({
  name: z.string(),
  mountPath: z.string(),
  subPath: z.string().optional(),
  subPathExpr: z.string().optional(),
});

/** What the injector reads of a pod (core/v1); the rest is kept as it is, for a patch touches none of it. */
const container = z.looseObject({
  name: z.string(),
  restartPolicy: z.string().optional(),
  ports: z.array(z.looseObject({ containerPort: z.number(), protocol: z.string().optional() })).optional(),
  env: z.array(z.looseObject({ name: z.string() })).optional(),
  volumeMounts: z.array(mount).optional(),
});

export const podSchema = z.looseObject({
  metadata: z
    .looseObject({
      labels: z.record(z.string(), z.string()).optional(),
      annotations: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  spec: z.looseObject({
    os: z.looseObject({ name: z.string() }).optional(),
    nodeSelector: z.record(z.string(), z.string()).optional(),
    hostNetwork: z.boolean().optional(),
    hostPID: z.boolean().optional(),
    shareProcessNamespace: z.boolean().optional(),
    /** Null where there is none: the API server's to refuse, after all webhooks. */
    containers: z
      .array(container)
      .nullable()
      .transform((containers) => containers ?? []),
    initContainers: z.array(container).optional(),
    volumes: z.array(z.looseObject({ name: z.string() })).optional(),
  }),
});

export type Pod = z.output<typeof podSchema>;
export type Container = z.output<typeof container>;
export type Mount = z.output<typeof mount>;
export type Volume = NonNullable<Pod['spec']['volumes']>[number];
