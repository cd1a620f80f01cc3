import type { Edit, Mutant } from "./mutant.ts";
import { MutantError } from "./mutant.ts";

/** How often `part` stands in `text`, overlaps not counted. */
function occurrences(text: string, part: string): number {
  return part === "" ? 0 : text.split(part).length - 1;
}

function applyOne(id: string, source: string, { file, find, replace }: Edit): string {
  const count = occurrences(source, find);
  if (count !== 1)
    throw new MutantError(
      `${id}: its text stands ${count} times in ${file}, not once: ${JSON.stringify(find)}`,
    );
  if (find === replace) throw new MutantError(`${id}: changes nothing in ${file}`);
  const at = source.indexOf(find);
  return source.slice(0, at) + replace + source.slice(at + find.length);
}

/**
 * The files a mutant changes, with what is in them then. Edits of one file apply in order.
 * @param read gives the unchanged source of a file
 * @throws MutantError when a text is not there exactly once
 */
export function mutatedFiles(mutant: Mutant, read: (file: string) => string): Map<string, string> {
  if (mutant.edits.length === 0) throw new MutantError(`${mutant.id}: has no edits`);
  const files = new Map<string, string>();
  for (const edit of mutant.edits) {
    files.set(edit.file, applyOne(mutant.id, files.get(edit.file) ?? read(edit.file), edit));
  }
  return files;
}

/**
 * Checks a catalogue against the source.
 * @returns what is wrong, one line for each mutant that does not fit
 */
export function misfits(mutants: readonly Mutant[], read: (file: string) => string): string[] {
  const seen = new Set<string>();
  return mutants.flatMap((mutant) => {
    if (seen.has(mutant.id)) return [`${mutant.id}: stands in the catalogue twice`];
    seen.add(mutant.id);
    try {
      mutatedFiles(mutant, read);
      return [];
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  });
}
