import type { Configuration, Index, LogId, Role, Term } from "@flotilla/raft";
import { isMember } from "@flotilla/raft/parts";
import { entryText } from "./copy.ts";
import type { Node } from "./node.ts";

/** A log from `first` on; the item before it stands for what is compacted away. */
export interface LogView<T> {
  readonly first: Index;
  readonly items: readonly T[];
}

/** What the checks and choices ask of a member, gathered once for each state that it can be in. */
export interface View {
  readonly id: string;
  readonly incarnation: string;
  readonly role: Role;
  readonly term: Term;
  readonly leader: string | null;
  readonly commit: Index;
  readonly applied: Index;
  readonly last: LogId;
  /** Terms of the log in memory, from the last compacted entry on. */
  readonly terms: LogView<Term>;
  /** Entries on the disk, as text. */
  readonly stored: LogView<string>;
  readonly compacted: LogId;
  readonly durable: { readonly term: Term; readonly vote: string | null };
  /** Term of the snapshot's last entry; null when there is none. */
  readonly snapshot: LogId | null;
  /** Those of the log, newest first, down to the oldest known. */
  readonly configurations: readonly Configuration[];
  /** The newest one on the disk. */
  readonly storedConfiguration: Index;
  readonly isVoter: boolean;
  readonly isBusy: boolean;
  readonly isHeld: boolean;
  readonly isInstalling: boolean;
}

function termsOf({ raft }: Node): LogView<Term> {
  const first = raft.firstIndex - 1;
  const items: Term[] = [];
  for (let index = first; index <= raft.last.index; index += 1) items.push(raft.termAt(index) ?? 0);
  return { first, items };
}

function configurationsOf({ raft }: Node): Configuration[] {
  const found: Configuration[] = [];
  for (let { index } = raft.last; index >= 0;) {
    const configuration = raft.configurationAt(index);
    // The oldest known one is told for whatever lies before it.
    if (configuration.index > index) break;
    found.push(configuration);
    index = configuration.index - 1;
  }
  return found;
}

/** `configuration` names that data among its voters, of either half. */
function votes(configuration: Configuration, { id, incarnation }: Node): boolean {
  const { voters, outgoing } = configuration;
  return (
    isMember(configuration, id, incarnation) && [...voters, ...outgoing].some((voter) => voter.id === id)
  );
}

export function viewOf(node: Node): View {
  const { raft, disk } = node;
  return {
    id: node.id,
    incarnation: node.incarnation,
    role: raft.role,
    term: raft.term,
    leader: raft.leader,
    commit: raft.commit,
    applied: node.applied,
    last: raft.last,
    terms: termsOf(node),
    stored: { first: disk.compacted.index + 1, items: disk.entries.map((entry) => entryText(entry)) },
    compacted: disk.compacted,
    durable: disk.hardState,
    snapshot: disk.snapshot?.last ?? null,
    configurations: configurationsOf(node),
    storedConfiguration: disk.configurations().at(-1)?.index ?? 0,
    isVoter: votes(raft.configuration, node),
    isBusy: node.task !== null,
    isHeld: node.isHeld,
    isInstalling: node.installing !== null,
  };
}

/** Term of entry `index` in memory; undefined when it is not there. */
export function termAt({ terms }: View, index: Index): Term | undefined {
  return terms.items[index - terms.first];
}

/** Term of entry `index` on the disk; undefined when it is not there, or compacted away. */
export function storedTerm({ stored }: View, index: Index): Term | undefined {
  const text = stored.items[index - stored.first];
  return text === undefined ? undefined : Number.parseInt(text, 10);
}
