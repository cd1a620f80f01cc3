import type { Mutant } from "../mutant.ts";
import { counted, ids } from "./files.ts";

/** Counters and ids: what counts, and what is handed out. */
export const counting: readonly Mutant[] = [
  {
    id: "C22",
    severity: 1,
    title: "an addition reads the number and writes another one, whatever came between",
    killer: "CounterExact",
    edits: [
      {
        file: counted,
        find: "    (bounds) => session.add(path, by, bounds),\n",
        replace: `    async (bounds) => {
      const node = await session.get(path);
      const sum = by + Number(new TextDecoder().decode(node?.value));
      await session.put(path, String(sum), bounds);
      return { sum };
    },
`,
      },
    ],
  },
  {
    id: "C23",
    severity: 1,
    title: "a block of ids is handed out before it is set aside",
    killer: "IdsUnique",
    edits: [
      {
        file: ids,
        find: "    const { first, end } = await this.take(this.#block, { signal, timeoutMs: Infinity });\n",
        replace: `    const node = await this.#session.get(this.path);
    const first = this.#start + Number(new TextDecoder().decode(node?.value));
    const end = first + this.#block;
    void this.take(this.#block, { signal }).catch(() => {});
`,
      },
    ],
  },
];
