/** A figure that is asked for, and what it is. Null: not measured in this run. */
export interface Asked {
  readonly figure: string;
  readonly value: number | null;
  readonly unit: string;
  /** `>=` or `<=` and the bound. */
  readonly asked: string;
  readonly ok: boolean | null;
}

/** A figure that should reach `bound`. */
export function atLeast(figure: string, value: number | null, bound: number, unit: string): Asked {
  return { figure, value, unit, asked: `>= ${bound}`, ok: value === null ? null : value >= bound };
}

/** A figure that should not exceed `bound`. */
export function atMost(figure: string, value: number | null, bound: number, unit: string): Asked {
  return { figure, value, unit, asked: `<= ${bound}`, ok: value === null ? null : value <= bound };
}
