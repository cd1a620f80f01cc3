import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../../client/api.ts";
import { inTurn } from "../campaign.ts";
import { hold } from "../hold.ts";
import { pause } from "../pause.ts";
import { ignoreTyped } from "../run-held.ts";
import { appearance } from "../standing.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { QueuePlaces } from "./places.ts";

/** After what is no change of hands, ms. */
const pauseMs = 1_000;

/** Stands in line to hand out, and does so whenever it is granted, until the session ends or is about to. */
export async function keepDispatching(
  session: Session,
  places: QueuePlaces,
  maxDeliveries: number,
): Promise<void> {
  const standing = { ...appearance(session, {}), permits: 1, places: 1 };
  const { signal } = session;
  while (!signal.aborted) {
    try {
      const { holding } = await hold(session, places.line, standing, signal, inTurn());
      try {
        await new Dispatcher(session, places, maxDeliveries, holding).run();
      } finally {
        await holding.release().catch(ignoreTyped);
      }
    } catch (error) {
      if (!FlotillaError.is(error)) throw error;
      if (error.code === "ERR_FLOTILLA_CLOSED") return;
      if (!isHandOver(error)) await pause(session.clock, pauseMs, signal);
    }
  }
}

function isHandOver(error: FlotillaError): boolean {
  return error.code === "ERR_FLOTILLA_LOST" || error.code === "ERR_FLOTILLA_FENCED";
}
