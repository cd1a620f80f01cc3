/** How many schedules a test runs; the environment may ask for more, from another seed on. */
export const schedules: number = Number(process.env["FLOTILLA_SCHEDULES"] ?? 15);
// A run of no schedules would find nothing wrong.
if (!(schedules >= 1)) throw new RangeError("FLOTILLA_SCHEDULES: expected a number of at least 1");
const first = Number(process.env["FLOTILLA_SCHEDULE_SEED"] ?? 1);

/** Runs the schedule of each seed, at least so many, and says which one failed. */
export async function eachSeed(
  run: (seed: number) => void | Promise<void>,
  least: number = 0,
): Promise<void> {
  for (let seed = first; seed < first + Math.max(schedules, least); seed += 1) {
    try {
      await run(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
}
