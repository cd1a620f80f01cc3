import { Arguments } from "../arguments.ts";
import { parseScript, renderScript, ScenarioError, type Step } from "../script.ts";
import { describe, TransferWorld } from "./world.ts";

type Command = (world: TransferWorld, args: Arguments) => Promise<void> | void;

function everything(args: Arguments): number {
  return args.count(Number.POSITIVE_INFINITY);
}

/** A sender, if one is named. */
function sender(args: Arguments): string | undefined {
  return args.option("from");
}

async function begin(args: Arguments): Promise<TransferWorld> {
  return TransferWorld.begin({
    holders: args.need("who has it").split(","),
    bytes: args.optionCount("bytes") ?? 40,
    chunkBytes: args.optionCount("chunk") ?? 8,
  });
}

const commands: Readonly<Record<string, Command>> = {
  offer: (world, args) => world.offer(args.need("a leader")),
  deliver: (world, args) => world.deliver(sender(args), everything(args)),
  drop: (world, args) => {
    for (const parcel of world.take(sender(args), everything(args))) world.say(`lost ${describe(parcel)}`);
  },
  damage: (world) => world.damage(),
  rot: (world, args) => world.rot(args.need("a holder")),
  "link-down": (world, args) => world.linkDown(args.need("a holder")),
  "link-up": (world, args) => world.linkUp(args.need("a holder")),
  pass: (world, args) => world.pass(args.count(0)),
  "lose-power": (world) => world.crash(),
  restart: (world) => world.start(),
  files: async (world) => world.say((await world.files()).join(" ") || "none"),
};

async function runStep(world: TransferWorld | null, step: Step): Promise<TransferWorld> {
  const [name = "", ...words] = step.command.split(/\s+/);
  const args = new Arguments(words);
  if (name === "snapshot") {
    const made = await begin(args);
    args.end();
    return made;
  }
  if (world === null) throw new ScenarioError("the first command is `snapshot`");
  const command = commands[name];
  if (command === undefined) throw new ScenarioError(`there is no command ${name}`);
  await command(world, args);
  args.end();
  return world;
}

/**
 * Carries a transfer out and returns the file as it should be.
 * @throws Error naming the line of a command that cannot be carried out
 */
export async function runTransfer(text: string): Promise<string> {
  const script = parseScript(text);
  const printed = new Map<Step, readonly string[]>();
  let world: TransferWorld | null = null;
  for (const step of script.parts) {
    if (typeof step === "string") continue;
    try {
      world = await runStep(world, step);
      printed.set(step, world.takeLines());
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`line ${step.line}, ${step.command}: ${reason}`, { cause: error });
    }
  }
  return renderScript(script, (step) => printed.get(step) ?? []);
}
