import { crc32 } from "node:zlib";
import type { AppendTask, Entry, Message, Recovered } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";

interface Known {
  readonly checksum: number;
  readonly previousTerm: number;
}

/** Index and term name one entry for ever: its bytes and, by induction, everything before it. */
export class LogMatching implements OnlineChecker {
  readonly invariant: string = "LogMatching";
  readonly #report: Report;
  readonly #known = new Map<number, Map<number, Known>>();

  constructor(report: Report) {
    this.#report = report;
  }

  append(node: NodeView, task: AppendTask): void {
    const [first] = task.entries;
    if (first === undefined) return;
    const before = task.reset?.index === first.index - 1 ? task.reset.term : node.log.termAt(first.index - 1);
    const last =
      task.reset?.index ?? (task.truncateFrom === null ? node.log.lastIndex : task.truncateFrom - 1);
    if (last !== first.index - 1) this.#report(`${node.id} appends entry ${first.index} after entry ${last}`);
    this.#run(node, task.entries, before);
  }

  send(node: NodeView, _to: string, message: Message): void {
    if (message.type === "append") this.#run(node, message.entries, message.prev.term);
  }

  recovered(node: NodeView, { compacted, last, termRuns }: Recovered): void {
    for (const [position, run] of termRuns.entries()) {
      const end = (termRuns[position + 1]?.index ?? last.index + 1) - 1;
      for (let index = Math.max(run.index, compacted.index + 1); index <= end; index += 1) {
        if (this.#known.get(index)?.has(run.term) === true) continue;
        this.#report(`${node.id} recovered entry ${index} of term ${run.term}, which nobody ever appended`);
        return;
      }
    }
  }

  #run(node: NodeView, entries: readonly Entry[], before: number | undefined): void {
    let previousTerm = before;
    for (const entry of entries) {
      if (previousTerm !== undefined) this.#entry(node, entry, previousTerm);
      previousTerm = entry.term;
    }
  }

  #entry(node: NodeView, { index, term, frame }: Entry, previousTerm: number): void {
    let terms = this.#known.get(index);
    if (terms === undefined) {
      terms = new Map();
      this.#known.set(index, terms);
    }
    const checksum = crc32(frame);
    const known = terms.get(term);
    if (known === undefined) terms.set(term, { checksum, previousTerm });
    else if (known.checksum !== checksum)
      this.#report(`${node.id} has other bytes at entry ${index} of term ${term}`);
    else if (known.previousTerm !== previousTerm) {
      this.#report(`${node.id} has another entry before entry ${index} of term ${term}`);
    }
  }
}
