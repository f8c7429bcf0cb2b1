import { celString, matching, type Rule } from '../rule.ts';

/** Parameters of a token request that have a field of their own. */
const ownField: Readonly<Record<string, string>> = {
  grant_type: 'spec.grant.type',
  client_id: 'spec.client.id, or spec.client.bodyId for one that differs in the body,',
  client_secret: 'spec.client.secretRef',
  client_assertion: 'spec.client.authentication',
  client_assertion_type: 'spec.client.authentication',
  scope: 'spec.grant.scope',
  audience: 'spec.grant.audience',
  resource: 'spec.grant.resource',
};
const celMap = `{${Object.entries(ownField)
  .map(([name, field]) => `${celString(name)}: ${celString(field)}`)
  .join(', ')}}`;

interface Entry {
  readonly name: string;
  readonly value?: string | undefined;
  readonly secretKeyRef?: { readonly name: string; readonly key: string } | undefined;
  readonly in?: string | undefined;
}

export const notBlank = matching('InvalidParameter', '[^\\t\\n\\f\\r ]', 'is blank: give the name, or remove the entry');

export const notReserved: Rule<Entry> = {
  reason: 'InvalidParameter',
  at: ['name'],
  cel: `self.__in__ == 'Header' || !(self.name in ${celMap})`,
  holds: (self) => self.in === 'Header' || !Object.hasOwn(ownField, self.name),
  message: {
    cel: `'the name ' + self.name + ' is reserved: set ' + ${celMap}[self.name] + ' and remove this entry'`,
    text: (self) => `the name ${self.name} is reserved: set ${ownField[self.name]} and remove this entry`,
    otherwise: 'the name is reserved: it has a field of its own; remove this entry',
  },
};

export const noDuplicates: Rule<readonly Entry[]> = {
  reason: 'InvalidParameter',
  cel: 'self.all(a, self.exists_one(b, a == b))',
  holds: (self) => new Set(self.map(identity)).size === self.length,
  message: 'holds the same entry twice: remove one of the two',
};

const identity = (entry: Entry): string =>
  JSON.stringify([entry.in, entry.name, entry.value ?? null, entry.secretKeyRef?.name ?? null, entry.secretKeyRef?.key ?? null]);

/** What goes into the token URL's query may not be there already. */
export const notInTheQueryAlready: Rule<{
  readonly url: string;
  readonly method: string;
  readonly parameters?: readonly Entry[] | undefined;
}> = {
  reason: 'InvalidParameter',
  at: ['parameters'],
  cel:
    "!has(self.parameters) || !isURL(self.url) || self.parameters.all(p, !(p.__in__ == 'Query' || (p.__in__ == 'Body' && self.method == 'GET'))" +
    ' || !(p.name in url(self.url).getQuery()))',
  holds: (self) => {
    if (!URL.canParse(self.url)) return true;
    const { searchParams } = new URL(self.url);
    const inQuery = (entry: Entry) => entry.in === 'Query' || (entry.in === 'Body' && self.method === 'GET');
    return (self.parameters ?? []).every((entry) => !inQuery(entry) || !searchParams.has(entry.name));
  },
  message: "holds a parameter that the URL's own query has already: remove it from one of the two",
};
