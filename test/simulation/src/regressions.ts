/** A world that once went wrong, and why. */
export interface Regression {
  readonly seed: number;
  readonly why: string;
}

/** Run with every test run. */
export const regressions: readonly Regression[] = [];
