import type { Mutant } from "../mutant.ts";
import {
  configDocument,
  cronClaim,
  cronJob,
  gathering,
  heldShard,
  participation,
  roster,
  supervise,
  takenItem,
} from "./files.ts";

/** What members share: queues, schedules, shards, workers, configs, groups, rounds. */
export const sharedWork: readonly Mutant[] = [
  {
    id: "C21",
    severity: 1,
    title: "an item whose claim is gone counts as acknowledged",
    killer: "test whatever people and machines do, every item is had by one at a time and acknowledged once",
    edits: [
      { file: takenItem, find: "    this.assert();\n    if (way", replace: "    if (way" },
      {
        file: takenItem,
        find: '      throw isGone(error) ? this.#lost("its claim is gone", error) : error;\n',
        replace: "      if (!isGone(error)) throw error;\n",
      },
    ],
  },
  {
    id: "C24",
    severity: 2,
    title: "a tick is run by whoever believes that it is due, also when another one has taken it up",
    killer: "test whatever people and machines do, no tick is run twice or left out",
    edits: [
      {
        file: cronClaim,
        find: '    if (FlotillaError.is(error, "ERR_FLOTILLA_FENCED")) return "moved";\n    if',
        replace:
          '    if (FlotillaError.is(error, "ERR_FLOTILLA_FENCED")) return { ...claim, epoch: 0, number, startedMs: 0 };\n    if',
      },
    ],
  },
  {
    id: "C25",
    severity: 1,
    title: "a shard is given up as soon as it is to be handed over, whatever is still at work on it",
    killer: "SingleHolder",
    edits: [
      {
        file: heldShard,
        find: "      listen(this.signal, () => resolve(giveUp()));\n",
        replace: "      listen(this.draining, () => resolve(giveUp()));\n",
      },
    ],
  },
  {
    id: "C26",
    severity: 3,
    title: "the node of a shard outlives the session of its owner",
    killer: "Convergence",
    edits: [
      {
        file: participation,
        find: '      return { type: "create", path: ownedPath(this.#paths, id), value, ephemeral: true, guarded: true };\n',
        replace: '      return { type: "create", path: ownedPath(this.#paths, id), value };\n',
      },
    ],
  },
  {
    id: "C27",
    severity: 1,
    title: "an owner believes in its shards past the end of its lease",
    killer: "SingleHolder",
    edits: [
      {
        file: heldShard,
        find: '    this.#stopListening = listen(lease.signal, (cause) => this.end("the session\'s lease is over", cause));\n',
        replace: "",
      },
    ],
  },
  {
    id: "C28",
    severity: 1,
    title: "a worker goes on when its slot is lost",
    killer: "OneWorker",
    edits: [
      {
        file: supervise,
        find: "    listen(slot.signal, () => ask(() => worker.kill(), tell)),\n",
        replace: "",
      },
    ],
  },
  {
    id: "C29",
    severity: 1,
    title: "a slot is given up once its worker was asked to end, whether it has or not",
    killer: "OneWorker",
    edits: [
      {
        file: supervise,
        find: "    return await worker.ended;\n",
        replace: `    const asked = new Promise<string>((resolve) => listen(slot.draining, () => resolve("asked to end")));
    return await Promise.race([worker.ended, asked]);
`,
      },
    ],
  },
  {
    id: "C30",
    severity: 1,
    title: "a tick is run by whoever took it up while its lease had lapsed",
    killer: "GrantBelieved",
    edits: [{ file: cronJob, find: "    run.assert();\n", replace: "" }],
  },
  {
    id: "C31",
    severity: 1,
    title: "a version of a config is written whatever came between",
    killer: "ConfigVersions",
    edits: [
      {
        file: configDocument,
        find: '          : { type: "set", path, value, mzxid: latest.stat.mzxid },\n',
        replace: '          : { type: "set", path, value },\n',
      },
      {
        file: configDocument,
        find: '        { type: "create", path: `${path}/${versionName(facts.version)}`, value },\n',
        replace: '        { type: "put", path: `${path}/${versionName(facts.version)}`, value },\n',
      },
    ],
  },
  {
    id: "C32",
    severity: 2,
    title: "a round begins while some are still in the one before",
    killer: "BarrierTogether",
    edits: [
      {
        file: gathering,
        find: "    if (chosen.length < parties || this.inside.length > 0) return null;\n",
        replace: "    if (chosen.length < parties) return null;\n",
      },
    ],
  },
  {
    id: "C33",
    severity: 2,
    title: "who follows a group keeps those who left while changes could not be told one by one",
    killer: "FollowersTrue",
    edits: [
      {
        file: roster,
        find: "new Map(found.map((entry) => [entry.id, entry]))",
        replace: "new Map([...before, ...found].map((entry) => [entry.id, entry]))",
      },
    ],
  },
];
