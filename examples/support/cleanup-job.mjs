// The job of the examples: every second once in the whole cluster, whoever takes the tick up.

export const everySecond = { name: "cleanup", schedule: "* * * * * *" };

/** Runs at one tick. */
export async function cleanup({ id, fence }, session) {
  await session.put("/cleanup", id, { fence }); // refused once the run is over
  console.log(`tick ${id}`);
}
