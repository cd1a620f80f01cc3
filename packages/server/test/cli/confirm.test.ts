import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { confirm } from "../../src/cli/confirm.ts";
import { Context } from "../../src/cli/context.ts";
import { Output } from "../../src/cli/output.ts";

interface Asked {
  readonly outcome: string;
  readonly remarks: string;
}

/** What comes of the question when this is typed. */
async function asked(typed: string, isTTY: boolean, yes?: true): Promise<Asked> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  Object.assign(stdin, { isTTY });
  const out = new Output(stdout as unknown as NodeJS.WriteStream, stderr as unknown as NodeJS.WriteStream);
  const surroundings = { env: {}, stdin: stdin as unknown as NodeJS.ReadStream };
  const context = new Context(out, surroundings, new AbortController().signal);
  stdin.end(typed);
  const outcome = await confirm(context, "All is lost.", yes === undefined ? {} : { yes }).then(
    () => "goes on",
    (error: { readonly code?: string }) => error.code ?? "",
  );
  return { outcome, remarks: String(stderr.read() ?? "") };
}

test.each(["y\n", "Y\n", "yes\n", " YES \n"])("%j is a yes", async (typed) => {
  const { outcome, remarks } = await asked(typed, true);
  expect(outcome).toBe("goes on");
  expect(remarks).toContain("All is lost.\n");
});

test.each(["n\n", "\n", "yess\n", "no y\n"])("%j is none", async (typed) => {
  expect((await asked(typed, true)).outcome).toBe("ERR_FLOTILLA_ABORTED");
});

test("where nobody can be asked, only --yes goes on", async () => {
  expect(await asked("y\n", false)).toEqual({ outcome: "ERR_FLOTILLA_BAD_ARGUMENT", remarks: "" });
  expect(await asked("", false, true)).toEqual({ outcome: "goes on", remarks: "" });
});
