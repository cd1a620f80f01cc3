import { setMaxListeners } from "node:events";

/** A controller whose signal any number of waits may listen to; by default Node warns above ten. */
export function sharedController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
