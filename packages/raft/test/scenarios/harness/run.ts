import { Arguments } from "./arguments.ts";
import { commands } from "./commands/all.ts";
import { parseScript, renderScript, ScenarioError, type Step } from "./script.ts";
import { World } from "./world.ts";

const maxNodes = 9;

function cluster(args: Arguments): World {
  const size = args.optionCount("n") ?? 3;
  const joiners = args.optionCount("joiners") ?? 0;
  if (size < 1 || size + joiners > maxNodes) throw new ScenarioError(`a cluster has 1 to ${maxNodes} nodes`);
  const limit = (key: string, name: string): Record<string, number> => {
    const value = args.optionCount(key);
    return value === undefined ? {} : { [name]: value };
  };
  return new World({
    size,
    joiners,
    founding: args.flag("founding"),
    leases: args.flag("leases"),
    electionTicks: args.optionCount("election") ?? 10,
    trailingEntries: args.optionCount("trailing") ?? 0,
    limits: {
      ...limit("window", "inflightMessages"),
      ...limit("batch", "maxBatchEntries"),
      ...limit("uncommitted", "maxUncommittedEntries"),
      ...limit("reads", "maxReads"),
    },
  });
}

function runStep(world: World | null, step: Step): { readonly world: World; readonly lines: string[] } {
  const words = step.command.split(/\s+/);
  const quiet = words[0] === "quietly";
  if (quiet) words.shift();
  const [name = "", ...rest] = words;
  const args = new Arguments(rest);
  if (name === "cluster") {
    const made = cluster(args);
    args.end();
    return { world: made, lines: [] };
  }
  if (world === null) throw new ScenarioError("the first command is `cluster`");
  const command = commands.get(name);
  if (command === undefined) throw new ScenarioError(`there is no command ${name}`);
  command(world, args);
  args.end();
  world.invariants.compareLogs();
  const lines = world.takeLines();
  return { world, lines: quiet ? [] : lines };
}

/**
 * Carries a scenario out and returns the file as it should be: the same commands and remarks, with what
 * each command really prints.
 * @throws Error naming the line when a command cannot be carried out or an invariant breaks
 */
export function runScenario(text: string): string {
  let world: World | null = null;
  return renderScript(parseScript(text), (step) => {
    try {
      const result = runStep(world, step);
      world = result.world;
      return result.lines;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`line ${step.line}, ${step.command}: ${reason}`, { cause: error });
    }
  });
}
