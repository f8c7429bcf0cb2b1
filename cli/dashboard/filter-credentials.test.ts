import { describe, expect, it } from 'vitest';
import { overviews } from '../../test/support/dashboard-overviews.ts';
import { countStates, filterCredentials, readFilter, writeFilter } from './filter-credentials.ts';

const { credentials } = overviews.all;
const found = (query: string): string[] => filterCredentials(credentials, readFilter(new URLSearchParams(query))).map(({ name }) => name);

describe('filterCredentials', () => {
  it('puts what needs attention first', () => {
    expect(found('')).toEqual(['payroll', 'iot-telemetry', 'crm-contacts', 'quotes', 'lms-admin']);
  });

  it.each([
    ['q=PAYROLL', ['payroll']],
    ['q=login.example', ['payroll', 'crm-contacts', 'quotes']],
    ['q=login.example+jwtbearer', ['quotes']],
    ['q=gateway-2', ['iot-telemetry']],
    ['q=token_rejected', ['iot-telemetry']],
    ['q=hr%2Flms', ['lms-admin']],
    ['q=nothing+of+that', []],
    ['namespace=sales', ['crm-contacts', 'quotes']],
    ['state=ready', ['lms-admin']],
    ['state=ready&namespace=sales', []],
    ['state=other', ['payroll', 'iot-telemetry', 'crm-contacts', 'quotes', 'lms-admin']],
  ])('finds by words in whatever is shown, by state and namespace: %s', (query, names) => {
    expect(found(query)).toEqual(names);
  });

  it('counts states of what the rest of the filter lets through, whichever state is chosen', () => {
    expect(countStates(credentials, { q: 'login.example', state: 'pending' })).toEqual(
      new Map([
        ['invalid', 1],
        ['lastGoodKept', 1],
        ['pending', 1],
      ]),
    );
  });

  it('reads what it has written', () => {
    for (const query of ['', '?q=a%26b+c&state=ready&namespace=hr', '?namespace=hr']) {
      expect(writeFilter(readFilter(new URLSearchParams(query)))).toBe(query);
    }
  });
});
