/** One replacement in a source file: `find` must stand there exactly once. */
export interface Edit {
  /** Path from the repository root, with forward slashes. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** 1: loses or invents committed state; 2: wrong answer to a client; 3: the cluster stops; 4: a detail. */
export type Severity = 1 | 2 | 3 | 4;

/** A known bug, as a small change of the source that must not go unnoticed. */
export interface Mutant {
  readonly id: string;
  readonly severity: Severity;
  /** What the changed code does wrong. */
  readonly title: string;
  /** The checker expected to find it first; a stronger one may. */
  readonly killer: string;
  /** True when the worlds would find it for a reason of their own; default false. */
  readonly onlySuites?: boolean;
  readonly edits: readonly Edit[];
}

/** The catalogue does not fit the source, or contradicts itself. */
export class MutantError extends Error {
  override readonly name: string = "MutantError";
}
