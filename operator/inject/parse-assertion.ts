import { parseAllowedHosts } from '../../crds/render/allowed-hosts.ts';
import { podAnnotations } from '../naming.ts';
import { shown } from './shown.ts';

/** A token of the pod's service account for the sidecar: whom it is for, and the only hosts that it may be sent to. */
export interface AssertionWish {
  readonly audience: string;
  readonly hosts: readonly string[];
}

const { assertionAudience, assertionHosts } = podAnnotations;
const mostHosts = 32;
/** A URI, or a name of the provider's own. Kubernetes takes anything at all. */
const usableAudience = /^[!-+\--~]{1,512}$/;

/** The pod's author says both: a credential's author could otherwise have the token sent to any host. */
export function parseAssertion(
  annotations: Readonly<Record<string, string>>,
  apiAudiences: readonly string[],
  problems: string[],
): AssertionWish | undefined {
  const { [assertionAudience]: audience, [assertionHosts]: hosts } = annotations;
  if (audience === undefined && hosts === undefined) return undefined;
  if (hosts === undefined) {
    problems.push(
      `the annotation ${assertionAudience} comes without ${assertionHosts}: name there the hosts that the token may be sent to, such as login.example, or remove both`,
    );
  }
  if (audience === undefined) {
    problems.push(
      `the annotation ${assertionHosts} comes without ${assertionAudience}: name there the audience that the token endpoint expects, such as api://AzureADTokenExchange, or remove both`,
    );
  }
  const assertion = {
    audience: audience === undefined ? undefined : parseAudience(audience, apiAudiences, problems),
    hosts: hosts === undefined ? undefined : parseHosts(hosts, problems),
  };
  return assertion.audience === undefined || assertion.hosts === undefined
    ? undefined
    : { audience: assertion.audience, hosts: assertion.hosts };
}

function parseAudience(audience: string, apiAudiences: readonly string[], problems: string[]): string | undefined {
  const where = `the annotation ${assertionAudience} is ${shown(audience)}`;
  if (!usableAudience.test(audience)) {
    problems.push(
      `${where}: write the one audience that the token endpoint expects, such as api://AzureADTokenExchange (no list, no blanks, 512 characters at most)`,
    );
    return undefined;
  }
  if (apiAudiences.includes(audience)) {
    problems.push(
      `${where}, with which whoever gets the token could call the API server of this cluster: write the audience that the token endpoint expects, such as api://AzureADTokenExchange`,
    );
    return undefined;
  }
  return audience;
}

function parseHosts(text: string, problems: string[]): readonly string[] | undefined {
  const where = `the annotation ${assertionHosts}`;
  const hosts = parseAllowedHosts(text);
  if (!hosts.ok) {
    problems.push(
      `${where} holds ${shown(hosts.entry)}, which is no host: write names such as login.example, or *.login.example, separated by commas, without scheme, port and path`,
    );
    return undefined;
  }
  if (hosts.patterns.length === 0) {
    problems.push(`${where} is ${shown(text)} and names no host: write one such as login.example, or remove it and ${assertionAudience}`);
    return undefined;
  }
  if (hosts.patterns.length > mostHosts) {
    problems.push(`${where} has ${hosts.patterns.length} entries: ${mostHosts} at most are allowed`);
    return undefined;
  }
  return hosts.patterns;
}
