import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../jepsen/src/processes/until.ts";
import { flotillaBinary } from "../../jepsen/src/processes/member-process.ts";
import { CommandLine, flotilla, type Ran } from "../support/command-line.ts";
import { LoneServer } from "../support/lone-server.ts";

let server: LoneServer;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  server = await LoneServer.start("cli-guarded");
  env = { ...server.env, FLOTILLA: flotillaBinary };
}, 120_000);

afterAll(() => server[Symbol.asyncDispose]());

const run = (args: readonly string[]): Promise<Ran> => flotilla(args, { env });
const begin = (args: readonly string[]): CommandLine => new CommandLine(args, { env });

/** A script that writes its process id, and that of what it started in turn, to files. */
function script(name: string, work = "wait"): readonly string[] {
  const file = server.file(name);
  return [
    "sh",
    "-c",
    `sleep 1000 & echo $! > ${file}.below; echo $$ > ${file}; echo "runs $FLOTILLA_EPOCH"; ${work}`,
  ];
}

async function isGone(name: string): Promise<true> {
  const pid = Number(await readFile(server.file(name), "utf8"));
  return until(
    `the end of ${name}`,
    async () => {
      const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
      // What nobody waited for is dead all the same.
      return stat === null || stat.includes(") Z ") ? true : undefined;
    },
    { hopeless: () => false, diagnose: () => String(pid) },
  );
}

async function free(name: string): Promise<void> {
  expect(await run(["lock", name, "--try", "--", "true"])).toMatchObject({ code: 0 });
}

describe("a command under a lock", { timeout: 240_000 }, () => {
  test("has the epoch and the fence, and its code is that of the whole", async () => {
    const fenced = `node $FLOTILLA put /deployed "$FLOTILLA_EPOCH" --fence "$FLOTILLA_FENCE"; echo "$FLOTILLA_FENCE"; exit 9`;
    const { code, stdout } = await run(["lock", "deploy", "--value", "release 42", "--", "sh", "-c", fenced]);
    const [written, fence = ""] = stdout.trim().split("\n");
    expect({ code, written }).toEqual({
      code: 9,
      written: expect.stringContaining("/deployed is at version 0"),
    });
    expect((await run(["get", "/deployed"])).stdout).toBe(fence.split(":")[0]);
    const late = await run(["put", "/deployed", "late", "--fence", fence]);
    expect(late).toMatchObject({ code: 5, stderr: expect.stringContaining("ERR_FLOTILLA_FENCED") });
    await free("deploy");
  });

  test("has its own code when nobody is there to take the lock back", async () => {
    const stops = `kill -STOP ${server.pid}; exit 9`;
    const command = ["lock", "late", "--session-ttl", "60s", "--", "sh", "-c", stops];
    try {
      const ran = await flotilla(command, { env: { ...env, FLOTILLA_TIMEOUT: "1s" } });
      expect(ran).toMatchObject({ code: 9, stderr: expect.stringContaining("when the session ends") });
    } finally {
      server.signal("SIGCONT");
    }
  });

  test("keeps others out until it has ended", async () => {
    await using first = begin(["lock", "one", "--", ...script("one")]);
    await first.printed(/runs \d/);
    for (const bound of [["--try"], ["--wait", "300ms"]]) {
      const other = await run(["lock", "one", ...bound, "--", "true"]);
      expect(other).toMatchObject({
        code: 5,
        stdout: "",
        stderr: expect.stringContaining("others hold one"),
      });
    }
    await using permit = begin(["semaphore", "few", "3", "--take", "2", "--", ...script("few")]);
    await permit.printed(/runs \d/);
    expect(await run(["semaphore", "few", "3", "--try", "--", "true"])).toMatchObject({ code: 0 });
    const two = ["semaphore", "few", "3", "--try", "--take", "2", "--", "true"];
    expect(await run(two)).toMatchObject({ code: 5 });
    for (const command of [first, permit]) {
      command.signal("SIGTERM");
      expect(await command.ended()).toMatchObject({ code: 143 });
    }
  });

  test("ends with the one who runs it, with all that it started, and gives the lock back", async () => {
    await using command = begin(["lock", "stopped", "--", ...script("stopped")]);
    await command.printed(/runs \d/);
    command.signal("SIGTERM");
    expect(await command.ended()).toMatchObject({ code: 143 });
    await Promise.all([isGone("stopped"), isGone("stopped.below")]);
    await free("stopped");
  });

  test("is killed when it does not care to be stopped", async () => {
    const deaf = script("stubborn", "trap '' TERM; while :; do sleep 0.1; done");
    await using command = begin(["lock", "stubborn", "--kill-after", "200ms", "--", ...deaf]);
    await command.printed(/runs \d/);
    command.signal("SIGTERM");
    expect(await command.ended()).toMatchObject({ code: 137 });
    await Promise.all([isGone("stubborn"), isGone("stubborn.below")]);
    await free("stubborn");
  });

  test("is given all the time that was asked for, more than a timer takes as well", async () => {
    const slow = script("slow", "trap 'sleep 0.5; exit 7' TERM; while :; do sleep 0.1; done");
    await using command = begin(["lock", "slow", "--kill-after", "1000h", "--", ...slow]);
    await command.printed(/runs \d/);
    command.signal("SIGTERM");
    expect(await command.ended()).toMatchObject({ code: 7 });
  });

  test("does not outlive an end in a hurry", async () => {
    await using command = begin(["lock", "hurry", "--", ...script("hurry", "trap '' TERM; wait; wait")]);
    await command.printed(/runs \d/);
    command.signal("SIGINT");
    command.signal("SIGTERM");
    expect(await command.ended()).toMatchObject({ code: 130 });
    await Promise.all([isGone("hurry"), isGone("hurry.below")]);
  });

  test("is asked to end, then killed, when no renewal gets through", async () => {
    const stubborn = "trap 'echo asked' TERM; while :; do sleep 0.1; done";
    await using lost = begin(["lock", "lost", "--session-ttl", "2s", "--", ...script("lost", stubborn)]);
    await using polite = begin(["lock", "polite", "--session-ttl", "2s", "--", ...script("polite")]);
    await Promise.all([lost.printed(/runs \d/), polite.printed(/runs \d/)]);
    server.signal("SIGSTOP");
    try {
      await Promise.all(["lost", "lost.below", "polite", "polite.below"].map(isGone));
    } finally {
      server.signal("SIGCONT");
    }
    for (const command of [lost, polite]) {
      expect(await command.ended()).toMatchObject({
        code: 8,
        stderr: expect.stringContaining("ERR_FLOTILLA_LOST"),
      });
    }
    expect(lost.stdout).toMatch(/asked/);
    await free("lost");
    await free("polite");
  });

  test.each([
    ["nothing to run", ["lock", "x"], 2],
    ["a command that is not there", ["lock", "x", "--", "/no/such/command"], 2],
    ["permits that are none", ["semaphore", "x", "many", "--", "true"], 2],
    ["a grace that is none", ["elect", "x", "--kill-after", "soon", "--", "true"], 2],
    ["a fence that is none", ["put", "/x", "1", "--fence", "deploy"], 2],
    ["a ttl that is too short", ["lock", "x", "--session-ttl", "1ms", "--", "true"], 2],
  ])("%s is refused", async (_, args, code) => {
    expect(await run(args)).toMatchObject({ code, stdout: "", stderr: expect.stringContaining("hint: ") });
  });
});

describe("a command of the leader", { timeout: 240_000 }, () => {
  test("runs with whoever leads, and again once it leads again", async () => {
    await using first = begin(["elect", "job", "--value", "first", "--", ...script("first")]);
    await first.printed(/runs \d/);
    await using second = begin(["elect", "job", "--value", "second", "--", ...script("second")]);
    await until(
      "two in line",
      async () => {
        const { stdout } = await run(["elections", "ls", "job", "--json"]);
        return stdout.includes("second") ? true : undefined;
      },
      { hopeless: () => false, diagnose: () => second.stdout },
    );
    expect(second.stdout).toBe("");
    expect(await run(["elections", "evict", "job", "--yes"])).toMatchObject({ code: 0 });
    await second.printed(/runs \d/);
    await Promise.all([isGone("first"), isGone("first.below")]);
    second.signal("SIGTERM");
    expect(await second.ended()).toMatchObject({ code: 143 });
    await first.printed(/runs \d+\nruns \d+\n/);
    const epochs = [...first.stdout.matchAll(/runs (\d+)/g)].map(([, epoch]) => Number(epoch));
    const [before = 0, after = 0] = epochs;
    const between = Number(/runs (\d+)/.exec(second.stdout)?.[1]);
    expect(before < between && between < after).toBe(true);
    first.signal("SIGTERM");
    expect(await first.ended()).toMatchObject({ code: 143 });
  });

  test("ends the whole with its own code, and leaves nothing running", async () => {
    const { code } = await run(["elect", "short", "--", ...script("short", "exit 3")]);
    expect(code).toBe(3);
    await isGone("short.below");
  });
});
