import { crc32 } from "node:zlib";
import type { Entry } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";

/** No two members ever apply different entries at one index, and none skips one. */
export class StateMachineSafety implements OnlineChecker {
  readonly invariant: string = "StateMachineSafety";
  readonly #report: Report;
  readonly #applied = new Map<number, { readonly term: number; readonly checksum: number }>();

  constructor(report: Report) {
    this.#report = report;
  }

  apply(node: NodeView, { index, term, frame }: Entry): void {
    if (node.replaced)
      this.#report(`${node.id} applies entry ${index} without the data it was a member with`);
    if (index !== node.applied + 1) this.#report(`${node.id} applies entry ${index} after ${node.applied}`);
    const checksum = crc32(frame);
    const known = this.#applied.get(index);
    if (known === undefined) this.#applied.set(index, { term, checksum });
    else if (known.term !== term || known.checksum !== checksum) {
      this.#report(
        `${node.id} applies an entry of term ${term} at ${index}, others one of term ${known.term}`,
      );
    }
  }
}
