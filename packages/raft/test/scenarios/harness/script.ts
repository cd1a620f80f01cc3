/** A command of a scenario with the output that stands below it. */
export interface Step {
  /** Line of the command, from 1. */
  readonly line: number;
  readonly command: string;
}

/** A scenario file: commands, and everything else as it stands. */
export interface Script {
  /** Lines in order: text to keep, or a step whose output follows. */
  readonly parts: readonly (string | Step)[];
}

const prompt = "> ";
const indent = "  ";

/** A scenario that cannot be carried out as it is written. */
export class ScenarioError extends Error {}

/**
 * Reads a scenario. A line that begins with `> ` is a command, the indented lines right below it are its
 * output, `#` begins a remark. Output is dropped: it is made anew.
 * @throws ScenarioError when a line is none of these
 */
export function parseScript(text: string): Script {
  const parts: (string | Step)[] = [];
  for (const [position, line] of text.trimEnd().split("\n").entries()) {
    if (line.startsWith(prompt))
      parts.push({ line: position + 1, command: line.slice(prompt.length).trim() });
    else if (line.startsWith(indent)) refuseStray(parts, position + 1);
    else if (line === "" || line.startsWith("#")) parts.push(line);
    else throw new ScenarioError(`line ${position + 1} is neither command, output nor remark: ${line}`);
  }
  return { parts };
}

function refuseStray(parts: readonly (string | Step)[], line: number): void {
  if (typeof parts.at(-1) !== "object") throw new ScenarioError(`line ${line} is output of no command`);
}

/** The scenario as it should stand in its file, given what each command prints. */
export function renderScript(script: Script, run: (step: Step) => readonly string[]): string {
  const lines: string[] = [];
  for (const part of script.parts) {
    if (typeof part === "string") {
      lines.push(part);
      continue;
    }
    lines.push(prompt + part.command);
    for (const line of run(part)) lines.push(indent + line);
  }
  return `${lines.join("\n")}\n`;
}
