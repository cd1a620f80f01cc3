import type { Configuration, Member } from "@flotilla/raft";

/** Who votes, as far as majorities go. */
export type Voting = Pick<Configuration, "historyId" | "voters" | "outgoing">;

/** The configuration of somebody who has heard of nobody yet. */
export const nobody: Configuration = {
  index: 0,
  historyId: "",
  voters: [],
  outgoing: [],
  learners: [],
  leaseReads: false,
};

/** Founding members are known by id alone; everybody else is one incarnation. */
export function isSame(config: Voting, member: Member, id: string, incarnation: string): boolean {
  return member.id === id && (config.historyId === "" || member.incarnation === incarnation);
}

/** True for a voter, of either half. */
export function votes(config: Voting, id: string, incarnation: string): boolean {
  return [...config.voters, ...config.outgoing].some((member) => isSame(config, member, id, incarnation));
}

/** True for a member, be it a voter or a learner. */
export function names(config: Configuration, id: string, incarnation: string): boolean {
  return (
    votes(config, id, incarnation) ||
    config.learners.some((member) => isSame(config, member, id, incarnation))
  );
}

/** True when more than half of the voters have it; in a joint configuration, of each half. Dissertation §4.3. */
export function isMajority(config: Voting, has: (member: Member) => boolean): boolean {
  const halves = config.outgoing.length === 0 ? [config.voters] : [config.voters, config.outgoing];
  return halves.every((half) => half.filter(has).length * 2 > half.length);
}

/** True when no majority of one can do without a member of every majority of the other. */
export function overlaps(one: Voting, other: Voting): boolean {
  const byId = one.historyId === "" || other.historyId === "";
  const nameOf = ({ id, incarnation }: Member): string => (byId ? id : `${id}/${incarnation}`);
  const all = [one, other].flatMap(({ voters, outgoing }) => [...voters, ...outgoing]);
  const names = [...new Set(all.map(nameOf))];
  for (let set = 0; set < 2 ** names.length; set += 1) {
    const isIn = (member: Member): boolean => ((set >> names.indexOf(nameOf(member))) & 1) === 1;
    if (isMajority(one, isIn) && isMajority(other, (member) => !isIn(member))) return false;
  }
  return true;
}

function idsOf(members: readonly Member[]): string {
  return members.map(({ id }) => id).join(" ");
}

/** Voters for people. */
export function describeVoting({ voters, outgoing }: Voting): string {
  return outgoing.length === 0 ? idsOf(voters) : `${idsOf(voters)} | ${idsOf(outgoing)}`;
}
