import { expect, test } from 'vitest';
import { type Member, Roster } from './roster.ts';

interface Named extends Member {
  readonly name: string;
}

function rosterOf(names: string): { roster: Roster<Named>; members: Named[] } {
  const roster = new Roster<Named>();
  const members = names.split('').map((name) => ({ name, place: -1 }));
  for (const member of members) roster.add(member);
  return { roster, members };
}

const namesIn = (roster: Roster<Named>): string =>
  Array.from(roster, ({ name }) => name)
    .toSorted()
    .join('');

test('whoever left is not in it, whoever did not is, in whatever order they left', () => {
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
    [1, 2, 0],
  ]) {
    const { roster, members } = rosterOf('abc');
    let left = 'abc';
    for (const index of order) {
      const member = members[index] as Named;
      roster.delete(member);
      left = left.replace(member.name, '');
      expect(namesIn(roster)).toBe(left);
      expect(roster.size).toBe(left.length);
    }
  }
});

test('leaving twice, or without having been in, changes nothing', () => {
  const { roster, members } = rosterOf('ab');
  roster.delete(members[0] as Named);
  roster.delete(members[0] as Named);
  roster.delete({ name: 'b', place: 0 });
  expect(namesIn(roster)).toBe('b');
});

test('a walk through it meets everyone who is in it then and stays, whoever leaves meanwhile', () => {
  const { roster } = rosterOf('abcdef');
  const met: string[] = [];
  for (const member of roster) {
    met.push(member.name);
    if ('bdf'.includes(member.name)) roster.delete(member);
  }
  expect(met.toSorted().join('')).toBe('abcdef');
  expect(namesIn(roster)).toBe('ace');
});
