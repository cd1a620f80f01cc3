import type { AppendTask, Configuration, Entry, Recovered } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";
import { describeVoting, overlaps } from "./quorums.ts";
import { configurationIn } from "./shadow-configs.ts";

/**
 * Successive configurations in a log have majorities that meet; a leader has at most one that is not committed, and
 * begins none before it committed an entry of its own term; the newest in the log is in force, and undone with its
 * entry. A member stops as removed only when a committed configuration leaves it out. Dissertation §4.1, §4.3.
 */
export class ConfigurationSafety implements OnlineChecker {
  readonly invariant: string = "ConfigurationSafety";
  readonly #report: Report;
  /** Whose log got or lost a configuration in the turn that goes on; the ones a leader appended. */
  readonly #pending = new Map<NodeView, readonly Configuration[]>();
  #committed: Configuration | null = null;

  constructor(report: Report) {
    this.#report = report;
  }

  recovered(node: NodeView, _recovered: Recovered): void {
    this.#pending.delete(node);
  }

  append(node: NodeView, { reset, truncateFrom, entries }: AppendTask): void {
    const added = entries.filter(({ kind }) => kind === "config");
    if (added.length === 0 && truncateFrom === null && reset === null) return;
    let before: Configuration | undefined;
    if (reset === null)
      before = node.configs.all.findLast(({ index }) => truncateFrom === null || index < truncateFrom);
    const own: Configuration[] = [];
    for (const entry of added) {
      const config = configurationIn(entry);
      if (before !== undefined) this.#follows(node, before, config);
      const isOwn = node.soft.role === "leader" && entry.term === node.soft.term;
      if (isOwn && before !== undefined && before.historyId !== "") own.push(config);
      before = config;
    }
    this.#pending.set(node, own);
  }

  /** The turn is over: commit index and configuration are those of its end. */
  step(node: NodeView): void {
    const own = this.#pending.get(node);
    if (own === undefined) return;
    this.#pending.delete(node);
    this.#inForce(node);
    if (own.length === 0 || node.soft.role !== "leader") return;
    const open = node.configs.above(node.commit);
    if (open > 1) this.#report(`${node.id} leads with ${open} configurations that are not committed`);
    const term = node.log.termAt(node.commit);
    if (term !== undefined && term < node.soft.term)
      this.#report(
        `${node.id} changes members in term ${node.soft.term}, of which it has committed nothing yet`,
      );
  }

  apply(_node: NodeView, entry: Entry): void {
    if (entry.kind === "config" && entry.index > (this.#committed?.index ?? 0))
      this.#committed = configurationIn(entry);
  }

  removed(node: NodeView): void {
    const { voters = [], outgoing = [], learners = [] } = this.#committed ?? {};
    const isMember = [...voters, ...outgoing, ...learners].some(
      ({ id, incarnation }) => id === node.id && incarnation === node.incarnation,
    );
    if (this.#committed === null || isMember) this.#report(`${node.id} stops as removed, but is a member`);
  }

  #follows(node: NodeView, before: Configuration, config: Configuration): void {
    if (overlaps(before, config)) return;
    this.#report(
      `${node.id} goes from ${describeVoting(before)} to ${describeVoting(config)} at entry ${config.index}, whose majorities need not meet`,
    );
  }

  /** What is in force may be too new for the disk, which writes one batch at a time. */
  #inForce({ id, configs, configuration, log }: NodeView): void {
    const { newest } = configs;
    if (newest === undefined || configuration.index === newest.index) return;
    if (configuration.index > log.lastIndex) return;
    this.#report(
      `${id} goes by configuration ${configuration.index}, while ${newest.index} is the newest in its log`,
    );
  }
}
