/** A world that once went wrong, and why. */
export interface Regression {
  readonly seed: number;
  readonly why: string;
}

/** Run with every test run. */
export const regressions: readonly Regression[] = [
  {
    seed: 30151,
    why: "a request lane whose last lost proposal was given up after the pause never asked for a resend",
  },
  { seed: 31265, why: "the same, with two sessions left waiting while their leases were renewed" },
];
