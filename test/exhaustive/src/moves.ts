import type { Choice } from "./choices.ts";
import { rares } from "./scope.ts";
import type { State, World } from "./world.ts";

/** Where the default schedule stands, and how often it was left. */
export interface Place {
  readonly step: number;
  readonly deviations: number;
}

/** A choice, and where the default schedule stands then. `choice` is null where its next step comes to nothing. */
export interface Move {
  readonly choice: Choice | null;
  readonly place: Place;
}

const leaderName = "leader";

/** What may happen next in a scope, from states that are reached within its budget. */
export class Moves {
  readonly #world: World;
  /** How often each rare thing had happened when the budget began. */
  readonly #since: readonly number[];
  readonly #byText: ReadonlyMap<string, Choice>;

  constructor(world: World, start: State) {
    this.#world = world;
    this.#since = world.counts(start);
    this.#byText = new Map(world.choices.map((choice) => [choice.text, choice]));
  }

  /** Everything that may happen, what is free first. */
  from(state: State, place: Place): Move[] {
    const { script } = this.#world.scope;
    if (script === null) return this.#allowed(state).map((choice) => ({ choice, place }));
    return this.#scripted(state, place, script);
  }

  #allowed(state: State): Choice[] {
    return this.#world.choices.filter(
      (choice) => this.#isAffordable(state, choice) && this.#world.isPossible(state, choice),
    );
  }

  #isAffordable(state: State, { kind, counted, member }: Choice): boolean {
    const rare = rares[counted];
    if (rare === undefined) return true;
    const used = (this.#world.counts(state)[counted] ?? 0) - (this.#since[counted] ?? 0);
    if (used >= (this.#world.scope.budget[rare] ?? 0)) return false;
    return kind !== "timeout" || this.#mayTryFirst(state, member);
  }

  /** Where all voters are alike and nothing has happened, it is the same whoever tries first. */
  #mayTryFirst(state: State, member: number): boolean {
    const { prologue } = this.#world.scope;
    return prologue.length > 0 || member === 0 || this.#world.counts(state).some((count) => count > 0);
  }

  #scripted(state: State, { step, deviations }: Place, script: readonly string[]): Move[] {
    const found: Move[] = [];
    const free = this.#world.choices.find(
      // A write that was held back was meant to take its time.
      (choice) => choice.counted < 0 && choice.kind !== "finish" && this.#world.isPossible(state, choice),
    );
    const next = script[step];
    const scripted = free === undefined && next !== undefined ? this.#resolve(state, next) : null;
    if (free !== undefined) found.push({ choice: free, place: { step, deviations } });
    else if (next !== undefined) found.push({ choice: scripted, place: { step: step + 1, deviations } });
    // After a story its end, not all that a budget for its deviations allows.
    const isOpen = free === undefined && script.length === 0;
    if (!isOpen && deviations >= this.#world.scope.deviations) return found;
    const place = { step, deviations: isOpen ? deviations : deviations + 1 };
    for (const choice of this.#allowed(state))
      if (choice !== free && choice !== scripted) found.push({ choice, place });
    return found;
  }

  /** A step of the script; `leader` stands for the leader of the highest term. */
  #resolve(state: State, text: string): Choice | null {
    const { ids } = this.#world;
    const views = ids.map((_, member) => this.#world.view(state, member));
    const leaders = views.filter(({ role }) => role === "leader").toSorted((a, b) => b.term - a.term);
    const id = leaders[0]?.id ?? "?";
    const choice = this.#byText.get(text.replace(leaderName, id)) ?? null;
    return choice !== null && this.#world.isPossible(state, choice) ? choice : null;
  }
}
