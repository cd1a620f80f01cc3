import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../jepsen/src/processes/until.ts";
import { CommandLine, flotilla } from "../support/command-line.ts";
import { LoneServer } from "../support/lone-server.ts";

let server: LoneServer;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  server = await LoneServer.start("cli-keep");
  env = server.env;
}, 120_000);

afterAll(() => server[Symbol.asyncDispose]());

/** Runs of a script in slots, each of which writes the id of its process to a file. */
class Kept implements AsyncDisposable {
  readonly #name: string;
  readonly line: CommandLine;

  constructor(name: string, who: string, flags: readonly string[], work = "wait") {
    this.#name = server.file(`${name}-${who}`);
    const script = `sleep 1000 & echo $! > ${this.#name}-$FLOTILLA_SLOT.below; echo $$ > ${this.#name}-$FLOTILLA_SLOT; echo "slot $FLOTILLA_SLOT epoch $FLOTILLA_EPOCH"; ${work}`;
    this.line = new CommandLine(["keep", name, ...flags, "--", "sh", "-c", script], { env });
  }

  /** Slots and epochs, in the order in which runs began. */
  get begun(): readonly { readonly slot: number; readonly epoch: number }[] {
    return [...this.line.stdout.matchAll(/slot (\d+) epoch (\d+)/g)].map(([, slot, epoch]) => ({
      slot: Number(slot),
      epoch: Number(epoch),
    }));
  }

  /** Waits until so many runs began in all. */
  async runs(many: number): Promise<void> {
    await until(`${many} runs`, () => (this.begun.length >= many ? true : undefined), {
      hopeless: () => false,
      diagnose: () => this.line.stdout,
    });
  }

  async pid(file: string): Promise<number> {
    return Number(await readFile(`${this.#name}-${file}`, "utf8"));
  }

  async isGone(slot: number): Promise<void> {
    const pids = [await this.pid(`${slot}`), await this.pid(`${slot}.below`)];
    await until(`the end of ${this.#name}-${slot}`, async () => ((await allDead(pids)) ? true : undefined), {
      hopeless: () => false,
      diagnose: () => pids.join(),
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.line[Symbol.asyncDispose]();
  }
}

async function allDead(pids: readonly number[]): Promise<boolean> {
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => null)));
  // What nobody waited for is dead all the same.
  return stats.every((stat) => stat === null || stat.includes(") Z "));
}

const run = (args: readonly string[]): ReturnType<typeof flotilla> => flotilla(args, { env });

describe("commands that are kept", { timeout: 240_000 }, () => {
  test("are replaced when they end, and end with whoever keeps them", async () => {
    await using kept = new Kept("jobs", "a", ["--replicas", "2"]);
    await kept.runs(2);
    expect(kept.begun.map(({ slot }) => slot).toSorted((a, b) => a - b)).toEqual([0, 1]);
    process.kill(await kept.pid("1"), "SIGKILL");
    await kept.runs(3);
    expect(kept.begun[2]).toEqual(kept.begun.find(({ slot }) => slot === 1));
    await kept.line.printed(/slot 1: ended with code 137/);
    kept.line.signal("SIGTERM");
    expect(await kept.line.ended()).toMatchObject({ code: 0 });
    await Promise.all([kept.isGone(0), kept.isGone(1)]);
  });

  test("are handed over when another one comes or dies", async () => {
    await using first = new Kept("spread", "a", ["--replicas", "2", "--session-ttl", "2s"]);
    await first.runs(2);
    await using second = new Kept("spread", "b", ["--replicas", "2", "--session-ttl", "2s"]);
    await second.runs(1);
    const [moved] = second.begun;
    await first.isGone(moved?.slot ?? -1);
    first.line.signal("SIGKILL");
    await second.runs(2);
    const before = first.begun.find(({ slot }) => slot !== moved?.slot);
    const after = second.begun.find(({ slot }) => slot === before?.slot);
    expect(after?.epoch).toBeGreaterThan(before?.epoch ?? Number.POSITIVE_INFINITY);
    second.line.signal("SIGTERM");
    expect(await second.line.ended()).toMatchObject({ code: 0 });
    process.kill(-(await first.pid(String(before?.slot))), "SIGKILL");
  });

  test("are killed when they do not care to be stopped", async () => {
    const deaf = "trap '' TERM; while :; do sleep 0.1; done";
    await using kept = new Kept("stubborn", "a", ["--kill-after", "200ms"], deaf);
    await kept.runs(1);
    kept.line.signal("SIGTERM");
    expect(await kept.line.ended()).toMatchObject({ code: 0 });
    await kept.isGone(0);
  });

  test("are asked to end, then killed, when no renewal gets through, and run again later", async () => {
    const stubborn = "trap 'echo asked' TERM; while :; do sleep 0.1; done";
    await using kept = new Kept("lost", "a", ["--session-ttl", "2s"], stubborn);
    await kept.runs(1);
    const [before] = kept.begun;
    server.signal("SIGSTOP");
    try {
      await kept.isGone(0);
    } finally {
      server.signal("SIGCONT");
    }
    await kept.runs(2);
    expect(kept.line.stdout).toMatch(/asked/);
    expect(kept.begun[1]?.epoch).toBeGreaterThan(before?.epoch ?? Number.POSITIVE_INFINITY);
    kept.line.signal("SIGTERM");
    expect(await kept.line.ended()).toMatchObject({ code: 0 });
  });

  test.each([
    ["nothing to run", ["keep", "x"]],
    ["a command that is not there", ["keep", "x", "--", "/no/such/command"]],
    ["a number that is none", ["keep", "x", "--replicas", "many", "--", "true"]],
  ])("%s is refused", async (_, args) => {
    expect(await run(args)).toMatchObject({ code: 2, stderr: expect.stringContaining("hint: ") });
  });
});
