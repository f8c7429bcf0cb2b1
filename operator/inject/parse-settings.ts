import * as z from 'zod';
import { defaultInjectionSettings, leastMemory, logLevels, type InjectionSettings } from './injection-settings.ts';
import { parseQuantity } from './quantity.ts';

const quantity = z.string().refine((text) => parseQuantity(text) !== undefined, 'must be a Kubernetes quantity');
const port = z.int().min(1024).max(65_535);
const defaults = defaultInjectionSettings;

const settingsSchema = z
  .strictObject({
    image: z.string().min(1),
    imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default(defaults.imagePullPolicy),
    /** Not there: the cluster's to choose. Never root. */
    runAsUser: z.int().min(1).optional(),
    resources: z
      .strictObject({
        cpuRequest: quantity.default(defaults.resources.cpuRequest),
        cpuLimit: quantity.optional(),
        memoryRequest: quantity.default(defaults.resources.memoryRequest),
        memoryLimit: quantity.default(defaults.resources.memoryLimit),
      })
      .prefault({}),
    proxyPort: port.default(defaults.proxyPort),
    adminPort: port.default(defaults.adminPort),
    logLevel: z.enum(logLevels).default(defaults.logLevel),
    apiAudiences: z.array(z.string().min(1)).default([...defaults.apiAudiences]),
  })
  .refine(({ proxyPort, adminPort }) => proxyPort !== adminPort, { path: ['adminPort'], message: 'must differ from proxyPort' })
  .refine(({ resources }) => isAtMost(leastMemory, resources.memoryLimit), {
    path: ['resources', 'memoryLimit'],
    message: `must be ${leastMemory} at least, for with less the sidecar cannot start`,
  })
  .refine(({ resources }) => isAtMost(resources.memoryRequest, resources.memoryLimit), {
    path: ['resources', 'memoryRequest'],
    message: 'must not be more than memoryLimit',
  })
  .refine(({ resources }) => resources.cpuLimit === undefined || isAtMost(resources.cpuRequest, resources.cpuLimit), {
    path: ['resources', 'cpuRequest'],
    message: 'must not be more than cpuLimit',
  });

export type ParsedSettings = { readonly ok: true; readonly settings: InjectionSettings } | { readonly ok: false; readonly message: string };

/** Reads the file that the chart writes: JSON, of which only `image` is required. */
export function parseSettings(text: string, version: string): ParsedSettings {
  const parsed = settingsSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`);
    return { ok: false, message: `The settings are not valid: ${problems.join('; ')}` };
  }
  const { runAsUser, resources, ...rest } = parsed.data;
  return { ok: true, settings: { ...rest, version, runAsUser, resources: { ...resources, cpuLimit: resources.cpuLimit } } };
}

const isAtMost = (a: string, b: string): boolean => (parseQuantity(a) ?? 0) <= (parseQuantity(b) ?? 0);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
