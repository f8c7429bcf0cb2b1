import * as z from 'zod';
import { credentialStatus } from './credential-status.ts';
import { credentialSpec, group, kind, nameIsLabel, plural, version } from './oauth2-credential.ts';
import { version as packageVersion } from './version.ts';

export const crdName = `${plural}.${group}`;
/** The version of Tokenward that a definition is of, so that an older one does not take its place. */
export const crdVersionAnnotation = `${group}/version`;

/** The CustomResourceDefinition of OAuth2Credential, from its zod schemas. */
export function buildCrd(): Record<string, unknown> {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: crdName, annotations: { [crdVersionAnnotation]: packageVersion } },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular: 'oauth2credential', shortNames: ['o2c'], categories: ['tokenward'] },
      scope: 'Namespaced',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: printerColumns,
          schema: { openAPIV3Schema: rootSchema() },
        },
      ],
    },
  };
}

/**
 * What `kubectl get` shows. Of what a path finds the API server shows the first: of the conditions that do not hold the one that tells the
 * cause, since Ready comes last. Ready's own reason says what that means for the sidecars.
 */
const printerColumns = [
  { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  {
    name: 'Reason',
    type: 'string',
    description: 'Why it is not ready: the reason of the first condition that is False.',
    jsonPath: '.status.conditions[?(@.status=="False")].reason',
  },
  {
    name: 'Sidecars',
    type: 'string',
    description: 'What sidecars have: the reason of the condition Ready.',
    jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
  },
  { name: 'Grant', type: 'string', jsonPath: '.spec.grant.type' },
  { name: 'Upstream', type: 'string', jsonPath: '.spec.upstream.url' },
  { name: 'Revision', type: 'string', priority: 1, jsonPath: '.status.revision' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];

function rootSchema(): Record<string, unknown> {
  return {
    description:
      'An OAuth 2.0 credential for calls to one API: the API, the token endpoint, the client, and the Secret that holds the secret of the client.',
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { description: 'The version of this schema.', type: 'string', maxLength: 64 },
      kind: { description: kind, type: 'string', maxLength: 64 },
      metadata: { type: 'object', properties: { name: { type: 'string' } } },
      spec: structural(credentialSpec),
      status: structural(credentialStatus),
    },
    // A schema of metadata takes no rules: the one on the name stands at the root.
    'x-kubernetes-validations': [
      { rule: nameIsLabel.cel.replace('self', 'self.metadata.name'), message: nameIsLabel.message, fieldPath: '.metadata.name' },
    ],
  };
}

/** Order of the keywords in the YAML; what is not named here follows by alphabet. */
const keywordOrder = ['description', 'type', 'format', 'default', 'enum', 'required', 'properties', 'items'];

/** A zod schema as a structural schema: what zod adds and Kubernetes refuses is taken away. */
function structural(schema: z.ZodType): unknown {
  return ordered(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', reused: 'inline' }));
}

function ordered(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return schema;
  const keywords = Object.entries(schema)
    // An API server prunes unknown fields, or refuses them on request; it takes no schema that forbids them.
    .filter(([keyword, value]) => !(keyword === 'additionalProperties' && value === false) && keyword !== '$schema')
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(([keyword, value]) => [keyword, orderedKeyword(keyword, value)]);
  return Object.fromEntries(keywords);
}

function orderedKeyword(keyword: string, value: unknown): unknown {
  if (keyword === 'items') return ordered(value);
  if (keyword !== 'properties' || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, ordered(schema)]));
}

function rank(keyword: string): number {
  const index = keywordOrder.indexOf(keyword);
  return index < 0 ? keywordOrder.length : index;
}
