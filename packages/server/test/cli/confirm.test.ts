import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { confirm } from "../../src/cli/confirm.ts";
import { Context } from "../../src/cli/context.ts";
import { Output } from "../../src/cli/output.ts";

interface Asked {
  readonly outcome: string;
  readonly remarks: string;
}

interface Asking {
  readonly isTTY: boolean;
  readonly yes?: true;
  /** Whether remarks go to the terminal as well, which then hands over keys as they are. */
  readonly remarksTTY?: true;
  readonly stop?: AbortSignal;
}

/** What comes of the question when this is typed. */
async function asked(typed: string, { isTTY, yes, remarksTTY, stop }: Asking): Promise<Asked> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  Object.assign(stdin, { isTTY });
  Object.assign(stderr, { isTTY: remarksTTY ?? false });
  const out = new Output(stdout as unknown as NodeJS.WriteStream, stderr as unknown as NodeJS.WriteStream);
  const surroundings = { env: {}, stdin: stdin as unknown as NodeJS.ReadStream };
  const context = new Context(out, surroundings, stop ?? new AbortController().signal);
  if (typed === "") stdin.end();
  else stdin.write(typed);
  const outcome = await confirm(context, "All is lost.", yes === undefined ? {} : { yes }).then(
    () => "goes on",
    (error: { readonly code?: string }) => error.code ?? "",
  );
  return { outcome, remarks: String(stderr.read() ?? "") };
}

test.each(["y\n", "Y\n", "yes\n", " YES \n"])("%j is a yes", async (typed) => {
  const { outcome, remarks } = await asked(typed, { isTTY: true });
  expect(outcome).toBe("goes on");
  expect(remarks).toContain("All is lost.\n");
});

test.each(["n\n", "\n", "yess\n", "no y\n"])("%j is none", async (typed) => {
  expect((await asked(typed, { isTTY: true })).outcome).toBe("ERR_FLOTILLA_ABORTED");
});

test.each([
  ["Ctrl-C", "\u0003", { isTTY: true, remarksTTY: true }],
  ["Ctrl-D", "\u0004", { isTTY: true, remarksTTY: true }],
  ["an end of the input", "", { isTTY: true }],
  ["a signal", "\r", { isTTY: true, stop: AbortSignal.abort() }],
] as const)("%s is none", async (_, typed, asking) => {
  expect((await asked(typed, asking)).outcome).toBe("ERR_FLOTILLA_ABORTED");
});

test("where nobody can be asked, only --yes goes on", async () => {
  expect(await asked("y\n", { isTTY: false })).toEqual({ outcome: "ERR_FLOTILLA_BAD_ARGUMENT", remarks: "" });
  expect(await asked("", { isTTY: false, yes: true })).toEqual({ outcome: "goes on", remarks: "" });
});
