import { parseArgs } from 'node:util';
import type { CertificateSource } from './webhook/start-webhook.ts';

export interface Options {
  readonly namespace: string;
  readonly instance: string;
  readonly leaseName: string;
  readonly watchNamespaces: readonly string[];
  readonly healthPort: number;
  readonly healthHost: string | undefined;
  readonly logLevel: string;
  /** Whether an older definition of credentials in the cluster is brought up to date. */
  readonly upgradeCrd: boolean;
  /** Without settings for sidecars there is no webhook. */
  readonly webhook: WebhookFlags | undefined;
  readonly webhookLingerMs: number;
}

export interface WebhookFlags {
  readonly settingsFile: string;
  readonly port: number;
  readonly host: string | undefined;
  readonly certificates: CertificateSource;
}

export type ParsedOptions = { readonly ok: true; readonly options: Options } | { readonly ok: false; readonly message: string };

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

export const usage = `Usage: operator --namespace NAMESPACE --instance NAME

  --namespace NAMESPACE          the operator's own namespace
  --instance NAME                name of this replica, such as the pod's
  --lease-name NAME              Lease by which the replicas elect a leader (tokenward-operator)
  --watch-namespaces A,B         namespaces whose credentials are served (all)
  --health-port N                port of /healthz, /readyz and /metrics (8081)
  --health-host HOST             address of that port (all)
  --upgrade-crd                  bring an older definition of credentials in the cluster up to date
  --settings FILE                what injected sidecars get, as JSON; without it there is no webhook
  --webhook-port N               port of the webhook (8443)
  --webhook-host HOST            address of that port (all)
  --webhook-linger-seconds N     how long reviews are still answered after SIGTERM (5)
  --certificate-dir DIR          tls.crt and tls.key, which someone else renews; or, for certificates of the operator's own:
  --certificate-secret NAME      the Secret, which exists already, that they are kept in
  --webhook-configuration NAME   the MutatingWebhookConfiguration that gets their authority
  --webhook-service NAME         the Service that they are for
  --log-level LEVEL              ${logLevels.join(', ')} (info)
  --version, --help

The API server is the one of KUBECONFIG, else of the pod's service account.
`;

export function parseOptions(args: readonly string[]): ParsedOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        namespace: { type: 'string' },
        instance: { type: 'string' },
        'lease-name': { type: 'string', default: 'tokenward-operator' },
        'watch-namespaces': { type: 'string', default: '' },
        'health-port': { type: 'string', default: '8081' },
        'health-host': { type: 'string' },
        'log-level': { type: 'string', default: 'info' },
        'upgrade-crd': { type: 'boolean', default: false },
        settings: { type: 'string' },
        'webhook-port': { type: 'string', default: '8443' },
        'webhook-host': { type: 'string' },
        'webhook-linger-seconds': { type: 'string', default: '5' },
        'certificate-dir': { type: 'string' },
        'certificate-secret': { type: 'string' },
        'webhook-configuration': { type: 'string' },
        'webhook-service': { type: 'string' },
      },
    });
    if (!logLevels.includes(values['log-level'])) return { ok: false, message: `--log-level must be one of ${logLevels.join(', ')}` };
    return {
      ok: true,
      options: {
        namespace: name('--namespace', values.namespace),
        instance: name('--instance', values.instance),
        leaseName: name('--lease-name', values['lease-name']),
        watchNamespaces: names('--watch-namespaces', values['watch-namespaces']),
        healthPort: wholeNumber('--health-port', values['health-port'], 65_535),
        healthHost: values['health-host'],
        logLevel: values['log-level'],
        webhookLingerMs: wholeNumber('--webhook-linger-seconds', values['webhook-linger-seconds'], 600) * 1000,
        upgradeCrd: values['upgrade-crd'],
        webhook:
          values.settings === undefined
            ? undefined
            : {
                settingsFile: values.settings,
                port: wholeNumber('--webhook-port', values['webhook-port'], 65_535),
                host: values['webhook-host'],
                certificates: certificateSource(values),
              },
      },
    };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

function certificateSource(values: Readonly<Record<string, unknown>>): CertificateSource {
  const text = (flag: string): string | undefined => values[flag] as string | undefined;
  const directory = text('certificate-dir');
  if (directory !== undefined) return { kind: 'directory', directory };
  return {
    kind: 'built-in',
    secretName: name('--certificate-secret', text('certificate-secret')),
    webhookConfiguration: name('--webhook-configuration', text('webhook-configuration')),
    service: name('--webhook-service', text('webhook-service')),
  };
}

/** Object names become parts of URLs. RFC 1123 section 2.1. */
function name(flag: string, text: string | undefined): string {
  if (text === undefined) throw new Error(`${flag} is missing`);
  if (!/^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/.test(text))
    throw new RangeError(`${flag} must be the name of an object, not ${JSON.stringify(text)}`);
  return text;
}

function names(flag: string, text: string): readonly string[] {
  const listed = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  return [...new Set(listed)].map((entry) => name(flag, entry));
}

function wholeNumber(flag: string, text: string, largest: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > largest) throw new RangeError(`${flag} must be a whole number from 0 to ${largest}, not ${text}`);
  return value;
}
