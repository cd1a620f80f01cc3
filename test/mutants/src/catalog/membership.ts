import type { Mutant } from "../mutant.ts";
import { peer, peerIdentity, quorum, refusals, tally } from "./files.ts";

/** Who is a member. */
export const membership: readonly Mutant[] = [
  {
    id: "M07",
    severity: 1,
    title: "a wiped member comes back as the voter it was",
    killer: "StateMachineSafety",
    edits: [
      {
        file: peerIdentity,
        find: 'if (voter.incarnation !== "" && voter.incarnation !== peer.incarnation) {',
        replace: 'if (peer.incarnation === "") {',
      },
      {
        file: peer,
        find: 'return this.#session !== null && incarnation !== "" && this.#session.incarnation !== incarnation;',
        replace: 'return this.#session !== null && incarnation === "none";',
      },
      {
        file: refusals,
        find: 'return isFounding(s.config) || voter.incarnation === incarnation ? null : "wrong-incarnation";',
        replace: "return null;",
      },
      {
        file: quorum,
        find: "return voter !== undefined && (isFounding(configuration) || voter.incarnation === incarnation);",
        replace: 'return voter !== undefined && incarnation !== "";',
      },
      {
        file: tally,
        find: "return incarnation !== undefined && (founding || incarnation === voter.incarnation);",
        replace: "return incarnation !== undefined;",
      },
    ],
  },
];
