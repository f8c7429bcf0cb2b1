import { type Conversion, type ConvertOptions, Draft, type LeftOut } from './conversion.ts';
import { type Destination, normalised } from './destination.ts';
import { clientOf } from './destination-client.ts';
import { authoritiesOf, tokenEndpointOf, upstreamOf } from './destination-endpoints.ts';
import { grantOf } from './destination-grant.ts';
import { destinationProperties, grantTypes, unsupportedTypes } from './destination-properties.ts';
import { notesOn } from './property-table.ts';

const maxDescription = 1024;

/** A destination of SAP BTP as a credential that does what the Destination service does, for a technical client or user. */
export function convertDestination(given: Destination, options: ConvertOptions): Conversion | LeftOut {
  const properties = normalised(given.properties);
  const destination = { ...given, properties };
  const type = properties.get('Authentication') ?? '';
  const leftOut = whyLeftOut(properties);
  if (leftOut !== undefined || !isGrantType(type)) return { leftOut: leftOut ?? '' };
  const draft = new Draft(options);
  draft.notes.push(...notesOn(properties.keys(), destinationProperties, type));
  const { client, tls } = clientOf(destination, draft);
  const grant = grantOf(destination, grantTypes[type], draft);
  const authorities = authoritiesOf(destination, draft);
  const description = properties.get('Description');
  if (description !== undefined && description.length > maxDescription)
    draft.lose('Description', `only its first ${maxDescription} characters are`);
  const spec = {
    ...(description !== undefined && { description: description.slice(0, maxDescription) }),
    upstream: { ...upstreamOf(destination, draft), ...(authorities && { tls: authorities }) },
    tokenEndpoint: {
      ...tokenEndpointOf(destination, { client, grant }, draft),
      ...((tls ?? authorities) && { tls: { ...tls, ...authorities } }),
    },
    client,
    grant,
  };
  return draft.finish(spec);
}

const isGrantType = (type: string): type is keyof typeof grantTypes => Object.hasOwn(grantTypes, type);

function whyLeftOut(properties: ReadonlyMap<string, string>): string | undefined {
  const [kind = 'HTTP', proxy, type] = ['Type', 'ProxyType', 'Authentication'].map((name) => properties.get(name));
  if (kind.toUpperCase() !== 'HTTP') return 'its Type is not HTTP';
  if (type === undefined) return 'it has no Authentication';
  const reason = Object.hasOwn(unsupportedTypes, type) ? unsupportedTypes[type] : undefined;
  if (reason !== undefined) return `Authentication ${type} is not supported: it ${reason}`;
  if (!isGrantType(type)) return `its Authentication is unknown; those that can be converted are ${Object.keys(grantTypes).join(', ')}`;
  if (proxy?.toLowerCase() === 'onpremise') return 'ProxyType OnPremise is not supported: there is no way through the Cloud Connector';
  return undefined;
}
