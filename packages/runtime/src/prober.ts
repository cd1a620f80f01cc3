/** Asks whether something answers, for health checks. The signal bounds each question; nothing is asked twice. */
export interface Prober {
  /**
   * The status of the answer to a GET; its body is left unread, and redirections are answers.
   * @throws FlotillaError `ERR_FLOTILLA_UNREACHABLE`, `ERR_FLOTILLA_BAD_ADDRESS`, or `signal.reason`
   */
  http(url: string, signal: AbortSignal): Promise<number>;
  /**
   * Resolves when a connection to `host:port` was accepted; it is closed again.
   * @throws FlotillaError as `http`
   */
  tcp(address: string, signal: AbortSignal): Promise<void>;
}
