import type { Mutant } from "../mutant.ts";
import { configuration, peer, peerIdentity, refusals, tally } from "./files.ts";

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
        find: 'if (member.incarnation !== "" && member.incarnation !== peer.incarnation) {',
        replace: 'if (peer.incarnation === "") {',
      },
      {
        file: peer,
        find: 'return this.#session !== null && incarnation !== "" && this.#session.incarnation !== incarnation;',
        replace: 'return this.#session !== null && incarnation === "none";',
      },
      {
        file: refusals,
        find: 'return isMember(s.config, from, incarnation) ? null : "wrong-incarnation";',
        replace: "return null;",
      },
      {
        file: configuration,
        find: "return member !== undefined && (isFounding(configuration) || member.incarnation === incarnation);",
        replace: 'return member !== undefined && incarnation !== "";',
      },
      {
        file: tally,
        find: "return this.incarnationOf(id) === incarnation;",
        replace: 'return this.incarnationOf(id) !== undefined && incarnation !== "none";',
      },
    ],
  },
];
